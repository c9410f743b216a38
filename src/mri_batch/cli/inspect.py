"""``mri-batch inspect``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mri_batch.model.bundled import choose_model
from mri_batch.report.i18n.words import to_text
from mri_batch.text import to_visible

if TYPE_CHECKING:
    from mri_batch.commands.inspect import Found
    from mri_batch.records import FileRecord, Series, SeriesInfo, Study


@click.command(name="inspect")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--model", metavar="PKG", help="Model package whose card chooses the series. Default: brain-vit.")
def command(path: Path, model: str | None) -> int:
    """List what a scan of PATH would read: studies, series, and each file that it would skip, with the reason."""
    return show_inspection((path,), None, choose_model(model))


def show_inspection(paths: Sequence[Path], out: Path | None, model: Path) -> int:
    """Print what a scan of ``paths`` with ``model`` would read; returns the exit code."""
    from mri_batch.commands.inspect import inspect

    for found in inspect(paths, out, model):
        for line in _describe(found):
            click.echo(to_visible(line))
    return 0


def _describe(found: Found) -> Iterator[str]:
    from mri_batch.records import FileRecord, Study

    if isinstance(found, Study):
        yield from _describe_study(found)
    elif isinstance(found, FileRecord):
        yield _describe_file(found)
    else:
        total = found.used + found.unused
        yield f"{total} {'file' if total == 1 else 'files'}: {found.used} would be read, {found.unused} not"


def _describe_study(study: Study) -> Iterator[str]:
    yield f"{study.study_id}  {study.source or '.'}  ({study.kind})"
    for series in study.series:
        yield from _describe_series(series)
    for record in study.unused:
        yield f"  {_describe_file(record)}"


def _describe_series(series: Series) -> Iterator[str]:
    n = len(series.files)
    yield f"  {series.series_id}  {n} {'file' if n == 1 else 'files'}  {_describe_info(series.info)}".rstrip()
    if series.reason:
        yield f"    used: {to_text(series.reason)}"
    for note in series.info.notes:
        yield f"    note: {to_text(note)}"


def _describe_info(info: SeriesInfo) -> str:
    spacing = f"slices every {info.slice_spacing_mm:.3g} mm" if info.slice_spacing_mm else ""
    frames = f"{info.n_frames} frames" if info.n_frames > 1 else ""
    plane = f"{info.plane}, oblique" if info.plane and info.oblique else info.plane or ""
    contrast = "contrast agent" if info.contrast_agent else ""
    parts = (info.modality, info.body_part_examined, info.weighting or "", contrast, plane, spacing, frames)
    return ", ".join(part for part in parts if part)


def _describe_file(record: FileRecord) -> str:
    reason = "; ".join(to_text(note) for note in (record.reason, record.hint) if note)
    return f"{record.status}  {record.relative}  {record.code}: {reason}"
