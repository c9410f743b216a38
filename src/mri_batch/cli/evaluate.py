"""``mri-batch evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mri_batch.cli.common import choose_tried_model

if TYPE_CHECKING:
    from mri_batch.progress import Progress, Step
    from mri_batch.records import StudyResult


@click.command(name="evaluate")
@click.argument("datasets", metavar="DATASET...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", metavar="PKG", help="Model package: a folder, or a bundled name. Default: brain-vit.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results.")
@click.option(
    "--split",
    type=click.Choice(["train", "val", "test", "all"]),
    help="Which pictures. Default: test where there are splits, else all.",
)
@click.option(
    "--ood",
    multiple=True,
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Pictures that the model should refuse; may be given several times.",
)
@click.option(
    "--from-scan",
    "scan",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Take the predictions from a finished scan of these pictures.",
)
@click.option(
    "--explain", default="auto", show_default=True, metavar="METHOD[,METHOD]|auto|all|none", help="Heatmaps to measure."
)
@click.option("--map-slices", type=click.IntRange(min=1), default=100, show_default=True, help="Slices for them.")
@click.option(
    "--faith-slices",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Of these, slices for faithfulness against random orders and for shuffled weights (some 400 passes a slice).",
)
@click.option(
    "--map-passes",
    type=click.IntRange(min=1),
    default=4000,
    show_default=True,
    help="Passes of the model for a method's maps: the most expensive methods use fewer slices, at least ten.",
)
@click.option(
    "--write-validation",
    is_flag=True,
    help="Write into the model package which methods passed and which failed; this changes its digest.",
)
@click.option("--write-licences", "write_validation_before_0_2", is_flag=True, hidden=True)
@click.option("--draws", type=click.IntRange(min=20), default=1000, show_default=True, help="Draws of the bootstrap.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--threads", type=click.IntRange(min=0), default=0, show_default=True, help="0: all cores.")
@click.option("-q", "--quiet", is_flag=True, help="Only errors.")
def command(**words: Any) -> int:
    """Measure a model on labelled pictures: metrics with intervals, calibration, refusals, heatmaps."""
    from mri_batch.commands.evaluate.estimate import Bootstrap
    from mri_batch.commands.evaluate.evaluation import EvaluateSettings, evaluate
    from mri_batch.commands.evaluate.folder import prepare_folder
    from mri_batch.commands.evaluate.heatmap_scores import MapBudget
    from mri_batch.commands.evaluate.validation import write_validation
    from mri_batch.commands.evaluate.write import RESULT, write_evaluation
    from mri_batch.model.package import read_package

    settings = EvaluateSettings(
        datasets=words["datasets"],
        model=choose_tried_model(words["model"]),
        split=words["split"],
        scan=words["scan"],
        ood=words["ood"],
        explain=tuple(name.strip() for name in words["explain"].split(",") if name.strip()),
        maps=MapBudget(
            slices=words["map_slices"],
            faith_slices=words["faith_slices"],
            passes=words["map_passes"],
            seed=words["seed"],
        ),
        bootstrap=Bootstrap(n_draws=words["draws"], seed=words["seed"]),
        threads=words["threads"],
    )
    prepare_folder(words["out"], RESULT)
    evaluation, predictions = evaluate(settings, _choose_progress(quiet=words["quiet"]))
    package = read_package(settings.model, check_digests=False)
    write_evaluation(words["out"], evaluation, predictions, package.card)
    if words["write_validation"] or words["write_validation_before_0_2"]:
        write_validation(package, evaluation.validations, evaluation.tested_on)
    click.echo(str(words["out"] / "index.html"))
    return 0


def _choose_progress(*, quiet: bool) -> Progress:
    from mri_batch.progress import Progress

    if quiet:
        return Progress()
    from threading import RLock

    from tqdm import tqdm

    tqdm.set_lock(RLock())  # its own would be one of the system's, a file in shared memory

    class Bars(Progress):
        """A bar for each step, on a terminal only."""

        def __init__(self) -> None:
            self._bar: tqdm[None] | None = None

        def started(self, step: Step, total: int, pending: int) -> None:
            if self._bar is not None:
                self._bar.close()
            self._bar = tqdm(total=total, initial=total - pending, desc=step, disable=None)

        def advanced(self, n: int = 1, result: StudyResult | None = None) -> None:
            assert self._bar is not None
            self._bar.update(n)

    return Bars()
