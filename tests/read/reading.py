"""What the tests of reading do again and again: walk, group, choose, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mri_batch.card import ModelCard
from mri_batch.read.collect import collect
from mri_batch.read.decode.slices import iter_slices
from mri_batch.read.find.walk import iter_files
from mri_batch.read.series_choice import choose_series
from mri_batch.records import FileKind, FileRecord, FileStatus, FoundFile, Series, Slice, Study
from mri_batch.settings import ReadLimits

LIMITS = ReadLimits()
CARD = ModelCard(
    name="head",
    labels=("a", "b"),
    modalities=("MR",),
    body_parts=("HEAD", "BRAIN"),
    sequences=("T1",),
    planes=("axial", "sagittal"),
)


@dataclass(frozen=True)
class Outcome:
    """All that became of some paths. ``n_met``: what the walk met, usable or not."""

    n_met: int
    studies: tuple[Study, ...]
    leftovers: tuple[FileRecord, ...]

    @property
    def series(self) -> list[Series]:
        """Every series of every study."""
        return [series for study in self.studies for series in study.series]

    @property
    def unused(self) -> list[FileRecord]:
        """Every file not used, wherever it is listed."""
        return [*(record for study in self.studies for record in study.unused), *self.leftovers]

    @property
    def codes(self) -> list[str]:
        """Codes of the files not used, sorted."""
        return sorted(record.code for record in self.unused)

    @property
    def failed(self) -> list[str]:
        """Codes of the failed ones among them, sorted."""
        return sorted(record.code for record in self.unused if record.status is FileStatus.FAILED)

    @property
    def n_accounted(self) -> int:
        """Files used, skipped or failed."""
        return sum(len(series.files) for series in self.series) + len(self.unused)


def read_paths(*paths: Path, card: ModelCard = CARD, avoid: Path | None = None) -> Outcome:
    """Walk, group and choose."""
    n_met = sum(1 for _ in iter_files(paths, limits=LIMITS, avoid=avoid))
    with collect(paths, limits=LIMITS, avoid=avoid) as grouper:
        studies = tuple(choose_series(study, card) for study in grouper.iter_studies())
        return Outcome(n_met, studies, tuple(grouper.iter_leftovers()))


def read_slices(series: Series, limits: ReadLimits = LIMITS) -> tuple[list[Slice], list[FileRecord]]:
    """Read a series: its slices, and the files that could not be used."""
    items = list(iter_slices(series, limits=limits))
    return [i for i in items if isinstance(i, Slice)], [i for i in items if isinstance(i, FileRecord)]


def found(path: Path, kind: FileKind = FileKind.DICOM) -> FoundFile:
    """Return a found file without a walk."""
    about = path.stat()
    return FoundFile(
        path=path,
        relative=path.name,
        file_id="f-0",
        kind=kind,
        size_bytes=about.st_size,
        modified_ns=about.st_mtime_ns,
    )


def read_file(path: Path, kind: FileKind = FileKind.DICOM, limits: ReadLimits = LIMITS) -> list[Slice | FileRecord]:
    """Read one file by itself."""
    series = Series(series_id="se-0", files=(found(path, kind),))
    return list(iter_slices(series, limits=limits))


def only_slice(items: Sequence[Slice | FileRecord]) -> Slice:
    """Return the one slice that was read."""
    assert len(items) == 1
    assert isinstance(items[0], Slice), items[0]
    return items[0]


def only_problem(items: Sequence[Slice | FileRecord]) -> FileRecord:
    """Return the one problem that was met."""
    assert len(items) == 1
    assert isinstance(items[0], FileRecord)
    return items[0]
