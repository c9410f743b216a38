"""``mri-batch verify``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="verify")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--head", metavar="SHA256", help="Head that an earlier 'verify' printed; the log must hold it.")
def command(folder: Path, head: str | None) -> int:
    """Check that the finished scan in DIR is as it was written: every byte, every file, and the chained log of runs."""
    from mri_batch.errors import OutputError
    from mri_batch.run.store.runlog import verify_scan
    from mri_batch.text import to_visible

    verified = verify_scan(folder, head=head)
    for what, name in verified.differences:
        click.echo(to_visible(f"{what}  {name}"))
    for words in verified.broken:
        click.echo(words)
    if not verified.ok:
        raise OutputError("the scan is not as it was written", code="OUTPUT_ALTERED", file=str(folder))
    click.echo(f"as written: {verified.n_files} files, {verified.n_runs} runs")
    click.echo(f"head {verified.head}")
    return 0
