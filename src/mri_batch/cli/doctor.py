"""``mri-batch doctor``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="doctor")
@click.option("--model", metavar="PKG", help="Model package to test; default: the bundled one.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder to test for writing.",
)
def command(model: str | None, out: Path) -> int:
    """Check the runtime, decoders, telemetry, model and write access; one line each, exit code 1 if any fails."""
    from mri_batch.commands.doctor import examine
    from mri_batch.model.bundled import choose_model
    from mri_batch.text import to_visible

    checks = list(examine(choose_model(model), out))
    for check in checks:
        click.echo(to_visible(f"{'ok  ' if check.ok else 'FAIL'}  {check.subject}: {check.finding}"))
    return 0 if all(check.ok for check in checks) else 1
