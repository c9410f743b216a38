"""The slices of a series, one at a time, in order; one bad file never stops the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mri_batch.errors import FileProblem, NotUsable
from mri_batch.read.decode.dicom import iter_dicom
from mri_batch.read.decode.image import iter_pictures
from mri_batch.read.file_errors import problem_record
from mri_batch.read.header.series_info import series_notes
from mri_batch.records import FileKind, FileRecord, FoundFile, Series, Slice
from mri_batch.settings import ReadLimits


def iter_slices(series: Series, *, limits: ReadLimits) -> Iterator[Slice | FileRecord]:
    """Yield every slice of a series in order, or the record of a file of which nothing can be used.

    A file is either used or not: where some of its frames cannot be decoded, the last good one carries a note of it.
    What is odd about the series as a whole stands in the notes of its first slice.
    """
    notes = series_notes(series)
    for file in series.files:
        for item in _read_file(file, limits):
            if isinstance(item, Slice) and notes:
                item, notes = replace(item, notes=tuple(dict.fromkeys((*item.notes, *notes)))), ()
            yield item


def _read_file(file: FoundFile, limits: ReadLimits) -> Iterator[Slice | FileRecord]:
    problems: list[FileProblem] = []
    last: Slice | None = None  # held back by one, so that it can carry the note
    try:
        for item in _iter_frames(file, limits):
            if isinstance(item, FileProblem):
                problems.append(item)
                continue
            if last is not None:
                yield last
            last = item
    except FileProblem as problem:
        problems.append(problem)
    if last is not None:
        yield replace(last, notes=(*last.notes, _lost(problems))) if problems else last
    elif problems:
        yield problem_record(file, problems[0])


def _iter_frames(file: FoundFile, limits: ReadLimits) -> Iterator[Slice | FileProblem]:
    if file.kind is FileKind.DICOM:
        return iter_dicom(file, limits)
    if file.kind.is_picture:
        return iter_pictures(file, limits)
    raise NotUsable("neither DICOM nor PNG, JPEG or TIFF", code="NOT_A_PICTURE", hint="nothing to do")


def _lost(problems: list[FileProblem]) -> str:
    return f"{len(problems)} frame(s) of a file cannot be used: {problems[0].reason}"
