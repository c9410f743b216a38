"""What grouping needs of a DICOM header, read without its pixels and kept small."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag

from mri_batch.errors import Damaged
from mri_batch.read.decode.functional_groups import Groups
from mri_batch.read.file_errors import foreign_errors
from mri_batch.read.header.attributes import Facts, choose_modality, list_facts
from mri_batch.read.header.element_scanner import PIXEL_TAGS, Scan, scan_file
from mri_batch.read.header.image_role import Role, choose_role
from mri_batch.read.header.tags import TAGS, WANTED, Raw
from mri_batch.read.inflate import open_plain
from mri_batch.settings import ReadLimits


class Header(NamedTuple):
    """One DICOM object without its pixels. ``patient`` is a digest; ``facts`` hold numbers and known words alone."""

    study_uid: str
    series_uid: str
    instance_uid: str
    class_uid: str
    patient: str
    modality: str
    syntax: str
    role: str
    has_pixels: bool
    rows: int
    cols: int
    n_frames: int
    samples: int
    orientation: tuple[float, ...]
    position_mm: tuple[float, ...]
    echo: str
    order: tuple[float, ...]  # breaks ties between slices at one position
    facts: Facts


def load_header(path: Path, limits: ReadLimits) -> Header:
    """Read one file's header. Raises Damaged where it is none, or hostile."""
    reason = "the DICOM header cannot be read"
    with foreign_errors("HEADER_DAMAGED", reason), open_plain(path, limits) as stream:
        header = _to_header(scan_file(stream, WANTED, limits))
        if header.n_frames > 1:
            header = _look_into_frames(stream, header)
    if not (header.class_uid or header.study_uid or header.rows):
        raise Damaged(reason, code="HEADER_DAMAGED", hint="copy the file again from its source")
    return header


def to_json(header: Header) -> str:
    """Return a header as one line of text."""
    return json.dumps(header, separators=(",", ":"))


def from_json(line: str) -> Header:
    """Return the header that :func:`to_json` wrote."""
    return Header._make(_freeze(json.loads(line)))


def _freeze(value: Any) -> Any:
    return tuple(map(_freeze, value)) if isinstance(value, list) else value


def _to_header(scan: Scan) -> Header:
    raw = Raw(scan)
    orientation, position = raw.numbers("ImageOrientationPatient"), raw.numbers("ImagePositionPatient")
    has_pixels = bool(scan.pixel_bytes)
    return Header(
        study_uid=raw.text("StudyInstanceUID"),
        series_uid=raw.text("SeriesInstanceUID"),
        instance_uid=raw.text("SOPInstanceUID"),
        class_uid=raw.text("SOPClassUID"),
        patient=_digest_patient(raw),
        modality=choose_modality(raw),
        syntax=scan.syntax,
        role=choose_role(raw, has_pixels=has_pixels),
        has_pixels=has_pixels,
        rows=raw.unsigned("Rows"),
        cols=raw.unsigned("Columns"),
        n_frames=max(1, int(raw.number("NumberOfFrames") or 1)),
        samples=raw.unsigned("SamplesPerPixel"),
        orientation=orientation if len(orientation) == 6 else (),
        position_mm=position if len(position) == 3 else (),
        echo=raw.text("EchoNumbers"),
        order=tuple(raw.number(key) or 0.0 for key in _ORDER),
        facts=list_facts(raw, scan.syntax),
    )


def _look_into_frames(stream: BinaryIO, header: Header) -> Header:
    """Complete what an enhanced object tells only in its functional groups: the last frame has the largest b-value."""
    stream.seek(0)
    dataset = read_partial(stream, lambda tag, vr, length: tag in PIXEL_TAGS, force=True, specific_tags=_GROUPS)
    orientation = header.orientation or Groups(dataset, 0).numbers("ImageOrientationPatient")
    b_value = Groups(dataset, header.n_frames - 1).number("DiffusionBValue") or 0.0
    role = Role.DIFFUSION if header.role == Role.PICTURE and b_value > 0.0 else header.role
    return header._replace(orientation=orientation, role=role)


_GROUPS: list[BaseTag | int] = [
    Tag("SharedFunctionalGroupsSequence"),
    Tag("PerFrameFunctionalGroupsSequence"),
    Tag("PixelRepresentation"),
]
_ORDER = ("TemporalPositionIdentifier", "AcquisitionNumber", "InstanceNumber")


def _digest_patient(raw: Raw) -> str:
    """Digest what tells patients apart, so that the values themselves are kept nowhere."""
    keys = ("PatientID", "PatientName", "IssuerOfPatientID")
    parts = (raw.content(TAGS[key]).strip(b" \0^") for key in keys)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
