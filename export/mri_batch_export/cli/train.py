"""``mri-batch train``."""

from __future__ import annotations

from pathlib import Path

import click
import torch  # noqa: F401  imported here so that a missing PyTorch is reported before any work

from mri_batch_export.cli.training import load_shortened_recipe, make_reporter, training_options


@click.command(name="train")
@training_options(
    recipe_help="A bundled recipe's name, or a TOML file.", out_help="Run folder; an unfinished run in it is resumed."
)
@click.option(
    "--fold",
    type=click.IntRange(1, 5),
    help="Cross-validate: validate on this fifth of the patients, train on the others.",
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of cached tokens, shared by runs.  [default: in RUN]",
)
def command(
    datasets: tuple[Path, ...],
    recipe: str,
    out: Path,
    init: Path | None,
    epochs: int | None,
    seed: int,
    fold: int | None,
    cache: Path | None,
    quiet: bool,
) -> int:
    """Train a classifier on one or more data sets by a recipe."""
    from mri_batch_export.training.run import train

    chosen = load_shortened_recipe(recipe, epochs)
    index = None if fold is None else fold - 1
    run = train(datasets, chosen, out, init, seed, fold=index, cache_folder=cache, report=make_reporter(quiet))
    click.echo(str(run))
    return 0
