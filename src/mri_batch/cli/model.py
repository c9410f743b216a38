"""``mri-batch model show|verify``."""

from __future__ import annotations

import click

from mri_batch.cli.common import choose_model, choose_tried_model


@click.group(name="model")
def command() -> None:
    """Show or verify a model package (a folder, or the name of a bundled one)."""


@command.command()
@click.argument("package", metavar="PKG", required=False)
def show(package: str | None) -> int:
    """Print the model card in words."""
    from mri_batch.model.card_text import describe
    from mri_batch.model.package import read_package

    click.echo(describe(read_package(choose_model(package)).card))
    return 0


@command.command()
@click.argument("package", metavar="PKG", required=False)
def verify(package: str | None) -> int:
    """Check the digests and run the model against its stored golden answers."""
    from mri_batch.model.package import read_package
    from mri_batch.model.selftest import verify_package

    folder = choose_tried_model(package)
    for line in verify_package(folder):
        click.echo(line)
    click.echo(f"sha256 {read_package(folder, check_digests=False).sha256}")
    return 0
