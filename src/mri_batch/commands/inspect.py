"""What a scan would read, without running the model and without writing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from mri_batch.model.package import read_package
from mri_batch.read.find.walk import iter_files
from mri_batch.read.group import Grouper
from mri_batch.read.series_choice import choose_series
from mri_batch.records import FileRecord, Study
from mri_batch.settings import ReadLimits


def inspect(paths: Sequence[Path], out: Path | None, model: Path) -> Iterator[str]:
    """Yield lines on each study, series and unused file, and a last one with the counts; ``model``: for whose card."""
    limits, card = ReadLimits(), read_package(model, check_digests=False).card
    n_used, unused = 0, 0
    with (
        tempfile.TemporaryDirectory(prefix="mri-batch-") as work,
        Grouper(Path(work), limits=limits) as grouper,
    ):
        strays = []
        for item in iter_files(paths, limits=limits, avoid=out):
            if isinstance(item, FileRecord):
                strays.append(item)
            else:
                grouper.add(item)
        for study in grouper.iter_studies():
            chosen = choose_series(study, card)
            yield from _describe(chosen)
            n_used += sum(len(series.files) for series in chosen.series)
            unused += len(chosen.unused)
        strays += grouper.iter_leftovers()
        for record in strays:
            yield f"{record.status}  {record.relative}  {record.code}: {record.reason}"
    unused += len(strays)
    yield f"{n_used + unused} files: {n_used} would be read, {unused} not"


def _describe(study: Study) -> Iterator[str]:
    yield f"{study.study_id}  {study.source or '.'}  ({study.kind})"
    for series in study.series:
        facts = ", ".join(f"{name} {value}" for name, value in series.facts)
        yield f"  {series.series_id}  {len(series.files)} files  {series.modality} {facts}".rstrip()
        yield f"    used: {series.reason}"
    for record in study.unused:
        yield f"  {record.status}  {record.relative}  {record.code}: {record.reason}"
