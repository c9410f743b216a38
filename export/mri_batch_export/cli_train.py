"""``mri-batch train``."""

from __future__ import annotations

from pathlib import Path

import click
import torch  # noqa: F401  told of here where it is absent, rather than in the middle of the work


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
    help="Checkpoint to start from; its last layer is not used.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Other than the recipe's, for a quick try.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--fold",
    type=click.IntRange(1, 5),
    help="Cross-validate: train on four fifths of the patients, validate on this one.",
)
@click.option(
    "--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder of cached tokens, shared by runs."
)
@click.option("-q", "--quiet", is_flag=True, help="Only errors.")
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
    from dataclasses import replace

    from mri_batch_export.recipe import load_recipe
    from mri_batch_export.train import train

    chosen = load_recipe(recipe)
    if epochs is not None:
        chosen = replace(chosen, epochs=epochs, head_epochs=min(chosen.head_epochs, epochs - 1))

    def tell(words: str) -> None:
        if not quiet:
            click.echo(words, err=True)

    click.echo(
        str(
            train(
                datasets,
                chosen,
                out,
                init,
                seed,
                fold=None if fold is None else fold - 1,
                cache_folder=cache,
                tell=tell,
            )
        )
    )
    return 0
