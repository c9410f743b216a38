"""``mri-batch inspect``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from mri_batch.cli.common import choose_model, printable


@click.command(name="inspect")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--model", metavar="PKG", help="Model package whose card chooses the series. Default: brain-vit.")
def command(path: Path, model: str | None) -> int:
    """List what a scan of PATH would read: studies, series, and each file that it would skip, with the reason."""
    return show_inspection((path,), None, choose_model(model))


def show_inspection(paths: Sequence[Path], out: Path | None, model: Path) -> int:
    """Print what a scan of ``paths`` with ``model`` would read; returns the exit code."""
    from mri_batch.commands.inspect import inspect

    for line in inspect(paths, out, model):
        click.echo(printable(line))
    return 0
