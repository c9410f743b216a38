"""Options and helpers that ``mri-batch train`` and ``mri-batch tune`` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mri_batch_export.training.recipe import Recipe

Command = Callable[..., int]


def training_options(*, recipe_help: str, out_help: str) -> Callable[[Command], Command]:
    """Decorate a command with the options that train and tune share."""
    options = (
        click.argument("datasets", metavar="DATASET...", nargs=-1, required=True, type=click.Path(path_type=Path)),
        click.option("--recipe", required=True, metavar="NAME|FILE", help=recipe_help),
        click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help=out_help),
        click.option(
            "--init",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Checkpoint to start from; its last layer is not used.",
        ),
        click.option("--epochs", type=click.IntRange(min=1), help="In place of the recipe's, for a quick try."),
        click.option("--seed", type=int, default=0, show_default=True),
        click.option("-q", "--quiet", is_flag=True, help="Only errors."),
    )

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def load_shortened_recipe(name: str, epochs: int | None) -> Recipe:
    """Load a recipe, with ``epochs`` in place of its own where given."""
    from dataclasses import replace

    from mri_batch_export.training.recipe import load_recipe

    recipe = load_recipe(name)
    if epochs is None:
        return recipe
    return replace(recipe, epochs=epochs, head_epochs=min(recipe.head_epochs, epochs - 1))


def make_reporter(quiet: bool) -> Callable[[str], None]:
    """Return a callback that writes progress lines to standard error, or nothing if ``quiet``."""

    def report(line: str) -> None:
        if not quiet:
            click.echo(line, err=True)

    return report
