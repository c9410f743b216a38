"""``mri-batch report``."""

from __future__ import annotations

from pathlib import Path

import click

from mri_batch.report.i18n.catalogue import LANGUAGES


@click.command(name="report")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default=None,
    help="First language of the pages; default: the scan's.",
)
@click.option(
    "--feedback",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Readers' feedback, saved from the work list.",
)
def command(folder: Path, lang: str | None, feedback: Path | None) -> int:
    """Render the pages of the finished scan in DIR again from its recorded results; no model is needed."""
    from mri_batch.commands.rerender import rerender

    click.echo(f"{rerender(folder, lang=lang, feedback=feedback)} pages written")
    return 0
