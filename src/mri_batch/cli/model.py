"""``mri-batch model show|verify|list``."""

from __future__ import annotations

from pathlib import Path

import click

from mri_batch.cli.common import choose_tried_model
from mri_batch.model.bundled import bundled_models, choose_model
from mri_batch.text import to_visible


@click.group(name="model")
def command() -> None:
    """Show, verify or list model packages (a folder, or the name of a bundled one)."""


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


@command.command(name="list")
@click.argument(
    "folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
def list_all(folder: Path | None) -> int:
    """List the packages and training runs below DIR; without it, the bundled packages.

    One line each: kind, name, version, digest, figures (a package's on its test split, a run's last ones on its
    validation split), folder.
    """
    from mri_batch.model.registry import iter_entries

    for root in [folder] if folder else bundled_models().values():
        for entry in iter_entries(root):
            figures = entry.problem or " ".join(f"{name}={value:.4g}" for name, value in entry.figures)
            words = (entry.kind, entry.name, entry.version, entry.sha256[:12], figures, str(entry.folder))
            click.echo("\t".join(to_visible(word) or "-" for word in words))
    return 0
