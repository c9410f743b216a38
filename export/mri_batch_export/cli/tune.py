"""``mri-batch tune``."""

from __future__ import annotations

from pathlib import Path

import click
import optuna  # noqa: F401  imported here so that a missing Optuna is reported before any work

from mri_batch_export.cli.training import load_shortened_recipe, make_reporter, training_options


@click.command(name="tune")
@training_options(
    recipe_help="A recipe with a [search] table.", out_help="Folder of the search; an unfinished one is resumed."
)
@click.option(
    "--trials", type=click.IntRange(min=1), default=30, show_default=True, help="All trials, earlier ones included."
)
def command(
    datasets: tuple[Path, ...],
    recipe: str,
    out: Path,
    init: Path | None,
    trials: int,
    epochs: int | None,
    seed: int,
    quiet: bool,
) -> int:
    """Search the choices in a recipe's [search] table and write the best recipe."""
    import json

    from mri_batch_export.training.tune import tune

    chosen = load_shortened_recipe(recipe, epochs)
    best = tune(datasets, chosen, out, init, seed, n_trials=trials, report=make_reporter(quiet)).describe()
    (out / "best.json").write_text(json.dumps(best, indent=1), "utf-8")
    click.echo(str(out / "best.json"))
    return 0
