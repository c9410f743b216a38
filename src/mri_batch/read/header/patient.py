"""The tags that identify a patient, read only where ``--show-phi`` asks for them."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom import dcmread

from mri_batch.notes import Note
from mri_batch.read.file_errors import foreign_errors
from mri_batch.records import FileKind, FoundFile, Study

SHOWN = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "AccessionNumber",
    "InstitutionName",
)
LONGEST = 200  # characters of a value; the standard's longest has 64


def read_patient(study: Study) -> tuple[tuple[str, str], ...]:
    """Read keyword and value of the tags that identify the patient of a DICOM study, from its first file."""
    files = [file for series in study.series for file in series.files if file.kind is FileKind.DICOM]
    return tuple(_iter_tags(files[0])) if files else ()


def _iter_tags(file: FoundFile) -> Iterator[tuple[str, str]]:
    with foreign_errors("UNREADABLE", Note("HEADER_UNREADABLE")):
        dataset = dcmread(file.path, stop_before_pixels=True, force=True, specific_tags=list(SHOWN))
        values = [(keyword, str(dataset.get(keyword, "")).strip()) for keyword in SHOWN]
    yield from ((keyword, value[:LONGEST]) for keyword, value in values if value)
