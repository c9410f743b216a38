"""The DICOM outputs of a study: which kinds were asked for, what was written, and why something was not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mri_batch.card import ModelCard
from mri_batch.notes import Note
from mri_batch.records import ReportSlice, StudyResult
from mri_batch.settings import DicomOutput

if TYPE_CHECKING:  # highdicom comes with it, and takes a second to load
    from mri_batch.report.dicom.common import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomWritten:
    """The files written, and for each output that is missing its reason."""

    paths: tuple[Path, ...] = ()
    notes: tuple[Note, ...] = ()


def write_dicom(
    folder: Path,
    result: StudyResult,
    shown: Sequence[ReportSlice],
    card: ModelCard,
    kinds: tuple[DicomOutput, ...],
    *,
    version: str,
    now: datetime | None = None,
) -> DicomWritten:
    """Write the kinds asked for into ``folder``.

    ``shown``: the key slices, with heat. ``now``: the date of the objects where the study itself bears none.
    A kind that cannot be written is a note, never a failed study. Raises OSError where the folder cannot be written.
    """
    if result.kind != "dicom" or not kinds:
        return DicomWritten(notes=(Note("DICOM_SOURCE_NOT_DICOM"),) if kinds else ())
    if not shown:
        return DicomWritten(notes=(Note("DICOM_NO_KEY_SLICE"),))
    from mri_batch.report.dicom.common import Origin, load_sources, quietly

    with quietly():
        try:
            sources = load_sources(shown)
        except (OSError, ValueError, AttributeError, KeyError) as error:
            return DicomWritten(notes=(Note("DICOM_SOURCE_UNREADABLE", {"error": type(error).__name__}),))
        origin = Origin(result=result, card=card, sources=sources, version=version, now=now)
        if origin.date_and_time() is None:
            return DicomWritten(notes=(Note("DICOM_NO_DATE"),))
        written = [_write_kind(kind, folder, origin) for kind in kinds]
    return DicomWritten(
        paths=tuple(path for one in written for path in one.paths), notes=tuple(n for one in written for n in one.notes)
    )


def _write_kind(kind: DicomOutput, folder: Path, origin: Origin) -> DicomWritten:
    try:
        paths, notes = _WRITERS[kind](folder, origin)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        # Not the message: it may quote a patient tag.
        refused = Note("DICOM_HEADER_REFUSED", {"output": kind, "error": type(error).__name__})
        return DicomWritten(notes=(refused,))
    return DicomWritten(paths=tuple(paths), notes=tuple(notes))


def _write_sr(folder: Path, origin: Origin) -> tuple[list[Path], list[Note]]:
    from mri_batch.report.dicom.sr import write_report

    return write_report(folder, origin), []


def _write_sc(folder: Path, origin: Origin) -> tuple[list[Path], list[Note]]:
    from mri_batch.report.dicom.sc import write_captures

    paths = write_captures(folder, origin)
    return paths, [] if paths else [Note("DICOM_NO_HEAT", {"output": "sc"})]


def _write_pm(folder: Path, origin: Origin) -> tuple[list[Path], list[Note]]:
    from mri_batch.report.dicom.pm import write_maps

    paths, notes = write_maps(folder, origin)
    return paths, notes if paths or notes else [Note("DICOM_NO_HEAT", {"output": "pm"})]


_WRITERS: dict[DicomOutput, Callable[[Path, Origin], tuple[list[Path], list[Note]]]] = {
    "sr": _write_sr,
    "sc": _write_sc,
    "pm": _write_pm,
}
