"""``mri-batch inspect``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from mri_batch.cli.common import printable


@click.command(name="inspect")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
def command(path: Path) -> int:
    """List what a scan of PATH would read: studies, series, and each file that it would skip, with the reason."""
    return show_inspection((path,), None)


def show_inspection(paths: Sequence[Path], out: Path | None) -> int:
    """Print what a scan of ``paths`` would read; returns the exit code."""
    from mri_batch.run.inspect import inspect

    for line in inspect(paths, out):
        click.echo(printable(line))
    return 0
