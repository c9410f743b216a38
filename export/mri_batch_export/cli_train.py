"""``mri-batch train``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="train")
@click.argument("datasets", metavar="DATASET...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--recipe", required=True, metavar="NAME|FILE", help="A bundled recipe's name, or a TOML file.")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Run folder; an unfinished run in it goes on.",
)
@click.option(
    "--init",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Checkpoint of the backbone (safetensors).",
)
@click.option("--seed", type=int, default=0, show_default=True)
def command(datasets: tuple[Path, ...], recipe: str, out: Path, init: Path | None, seed: int) -> int:
    """Train a classifier on one or more data sets by a recipe."""
    from mri_batch_export.train import load_recipe, train

    click.echo(str(train(datasets, load_recipe(recipe), out, init, seed)))
    return 0
