"""``mri-batch tune``."""

from __future__ import annotations

from pathlib import Path

import click
import optuna  # noqa: F401  told of here where it is absent, rather than in the middle of the work


@click.command(name="tune")
@click.argument("datasets", metavar="DATASET...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--recipe", required=True, metavar="NAME|FILE", help="A recipe with a table [search].")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="An unfinished search goes on."
)
@click.option("--init", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Checkpoint to start from.")
@click.option(
    "--trials", type=click.IntRange(min=1), default=30, show_default=True, help="All trials, earlier ones too."
)
@click.option("--epochs", type=click.IntRange(min=1), help="Other than the recipe's, for a quick try.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("-q", "--quiet", is_flag=True, help="Only errors.")
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
    """Search the choices of a recipe's [search]; prints the best ones."""
    import json
    from dataclasses import replace

    from mri_batch_export.training.recipe import load_recipe
    from mri_batch_export.training.tune import tune

    chosen = load_recipe(recipe)
    if epochs is not None:
        chosen = replace(chosen, epochs=epochs, head_epochs=min(chosen.head_epochs, epochs - 1))

    def tell(words: str) -> None:
        if not quiet:
            click.echo(words, err=True)

    best = tune(datasets, chosen, out, init, seed, n_trials=trials, tell=tell).describe()
    (out / "best.json").write_text(json.dumps(best, indent=1), "utf-8")
    click.echo(str(out / "best.json"))
    return 0
