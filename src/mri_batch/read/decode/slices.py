"""The slices of a series, one at a time, in order; one bad file never stops the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mri_batch.errors import FileProblem, NotUsable
from mri_batch.notes import Note
from mri_batch.read.decode.dicom import iter_dicom
from mri_batch.read.decode.image import iter_pictures
from mri_batch.read.file_errors import NOTHING_TO_DO, problem_record
from mri_batch.records import FileKind, FileRecord, FoundFile, Series, Slice
from mri_batch.settings import ReadLimits


def iter_slices(series: Series, *, limits: ReadLimits) -> Iterator[Slice | FileRecord]:
    """Yield every slice of a series in order, or the record of a file of which nothing can be used.

    A file is used or not, as a whole: where some of its frames cannot be decoded, its last good one carries a note.
    The notes on the series as a whole are added to those of its first slice.
    """
    notes = series.info.notes
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
    raise NotUsable(Note("NOT_A_PICTURE"), code="NOT_A_PICTURE", hint=NOTHING_TO_DO)


def _lost(problems: list[FileProblem]) -> Note:
    return Note("FRAMES_LOST", {"n": len(problems), "reason": problems[0].reason})
