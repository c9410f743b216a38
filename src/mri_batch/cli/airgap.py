"""``mri-batch airgap build|verify``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


@click.group(name="airgap")
def command() -> None:
    """Build or verify one folder to install from where there is no network."""


@command.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to make.")
@click.option(
    "--platform",
    "systems",
    multiple=True,
    type=click.Choice(["linux", "windows"]),
    help="System to install on, x86-64; may be given several times. Default: both.",
)
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="3.N",
    help="Version of Python to install on; may be given several times. Default: the one that runs.",
)
@click.option("--model", "models", multiple=True, metavar="PKG", help="Model package to add to the bundled ones.")
def build(out: Path, systems: tuple[str, ...], pythons: tuple[str, ...], models: tuple[str, ...]) -> int:
    """Make a folder of wheels, models, licences, bill of materials, digests and install scripts. Needs an index."""
    from datetime import UTC, datetime

    from mri_batch.commands.airgap.build import build_bundle
    from mri_batch.commands.airgap.wheels import Target
    from mri_batch.errors import UsageError
    from mri_batch.model.bundled import bundled_models, choose_model

    odd = [python for python in pythons if python not in ("3.11", "3.12", "3.13")]
    if odd:
        raise UsageError(f"--python {odd[0]}: 3.11, 3.12 and 3.13 are known")
    targets = [Target(system=s, python=p) for s in systems or ("linux", "windows") for p in pythons or (_HERE,)]
    packages = {**bundled_models(), **{choose_model(m).resolve().name: choose_model(m) for m in models}}
    digest = build_bundle(out, targets, packages, datetime.now(UTC))
    click.echo(str(out))
    click.echo(f"sha256 of SHA256SUMS {digest}")
    return 0


@command.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
def verify(folder: Path) -> int:
    """Check that every file of an air-gap folder is as it was built, and that none was added or removed."""
    from mri_batch.checksums import SUMS, digest_file
    from mri_batch.commands.airgap.build import verify_bundle
    from mri_batch.errors import OutputError
    from mri_batch.text import to_visible

    differences = verify_bundle(folder)
    for what, name in differences:
        click.echo(to_visible(f"{what}  {name}"))
    if differences:
        raise OutputError("the folder is not as it was built", code="BUNDLE_ALTERED", file=str(folder))
    click.echo(f"as built; sha256 of SHA256SUMS {digest_file(folder / SUMS)}")
    return 0
