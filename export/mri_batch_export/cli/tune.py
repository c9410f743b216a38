"""``mri-batch tune``."""

from __future__ import annotations

from pathlib import Path

import click
import optuna  # noqa: F401  imported here so that a missing Optuna is reported before any work

from mri_batch_export.cli.training import (
    datasets_argument,
    epochs_option,
    init_option,
    load_shortened_recipe,
    make_reporter,
    quiet_option,
    seed_option,
)


@click.command(name="tune")
@datasets_argument
@click.option("--recipe", required=True, metavar="NAME|FILE", help="A recipe with a [search] table.")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the search; an unfinished one is resumed.",
)
@init_option
@click.option(
    "--trials", type=click.IntRange(min=1), default=30, show_default=True, help="All trials, earlier ones included."
)
@epochs_option
@seed_option
@quiet_option
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
    best = tune(datasets, chosen, out, init, seed, n_trials=trials, tell=make_reporter(quiet)).describe()
    (out / "best.json").write_text(json.dumps(best, indent=1), "utf-8")
    click.echo(str(out / "best.json"))
    return 0
