"""``mri-batch audit``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="audit")
@click.argument("datasets", metavar="DATASET...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("-q", "--quiet", is_flag=True, help="Only errors.")
def command(datasets: tuple[Path, ...], out: Path, seed: int, quiet: bool) -> int:
    """Look for duplicates, leaks between splits and shortcuts in one or more data sets, taken together."""
    from mri_batch.cli.progress import choose_progress
    from mri_batch.commands.audit.audit import audit
    from mri_batch.commands.audit.write import RESULT, write_audit
    from mri_batch.commands.evaluate.folder import prepare_folder

    prepare_folder(out, RESULT)
    found = audit(datasets, seed=seed, progress=choose_progress(quiet=quiet))
    write_audit(out, found)
    for finding in found.findings:
        click.echo(f"{finding.code}: {finding.text}")
    click.echo(str(out / "index.html"))
    return 0
