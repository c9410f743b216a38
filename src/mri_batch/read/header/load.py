"""The part of a DICOM header that grouping needs, read without pixels and kept small."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag

from mri_batch.errors import Damaged
from mri_batch.notes import Note
from mri_batch.read.file_errors import COPY_AGAIN, foreign_errors
from mri_batch.read.functional_groups import Groups
from mri_batch.read.header.attributes import load_info
from mri_batch.read.header.element_scanner import PIXEL_TAGS, Scan, scan_file
from mri_batch.read.header.image_role import choose_role
from mri_batch.read.header.tags import TAGS, WANTED, Raw
from mri_batch.read.inflate import open_plain
from mri_batch.records import Role, SeriesInfo, Weighting
from mri_batch.settings import ReadLimits


class Header(NamedTuple):
    """One DICOM object without its pixels. ``patient`` is a digest; ``info``: of this one object, without its stack."""

    study_uid: str
    series_uid: str
    instance_uid: str
    class_uid: str
    patient: str
    syntax: str
    has_pixels: bool
    rows: int
    cols: int
    n_frames: int
    samples: int
    orientation: tuple[float, ...]
    position_mm: tuple[float, ...]
    echo: str
    order: tuple[float, ...]  # breaks ties between slices at one position
    info: SeriesInfo

    def with_role(self, role: Role) -> Self:
        """Return this header with another role."""
        return self._replace(info=replace(self.info, role=role))


def load_header(path: Path, limits: ReadLimits) -> Header:
    """Read one file's header. Raises Damaged where there is none, or it is hostile."""
    reason = Note("HEADER_UNREADABLE")
    with foreign_errors("HEADER_DAMAGED", reason), open_plain(path, limits) as stream:
        header = _to_header(scan_file(stream, WANTED, limits))
        if header.n_frames > 1:
            header = _look_into_frames(stream, header)
    if not (header.class_uid or header.study_uid or header.rows):
        raise Damaged(reason, code="HEADER_DAMAGED", hint=COPY_AGAIN)
    return header


def to_json(header: Header) -> str:
    """Return a header as one line of text."""
    return json.dumps(header, separators=(",", ":"), default=_info_values)


def from_json(line: str) -> Header:
    """Return the header that :func:`to_json` wrote."""
    *values, info = json.loads(line)
    return Header._make((*(tuple(value) if isinstance(value, list) else value for value in values), _to_info(info)))


def _info_values(info: SeriesInfo) -> list[object]:
    return [getattr(info, name) for name in _INFO_FIELDS]


def _to_info(values: list[Any]) -> SeriesInfo:
    known = dict(zip(_INFO_FIELDS, values, strict=True))
    known["role"] = Role(known["role"])
    known["weighting"] = Weighting(known["weighting"]) if known["weighting"] else None
    for name in ("image_type", "scanning_sequence"):
        known[name] = tuple(known[name])
    return SeriesInfo(**known)


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
        syntax=scan.syntax,
        has_pixels=has_pixels,
        rows=raw.unsigned("Rows"),
        cols=raw.unsigned("Columns"),
        n_frames=max(1, int(raw.number("NumberOfFrames") or 1)),
        samples=raw.unsigned("SamplesPerPixel"),
        orientation=orientation if len(orientation) == 6 else (),
        position_mm=position if len(position) == 3 else (),
        echo=raw.text("EchoNumbers"),
        order=tuple(raw.number(key) or 0.0 for key in _ORDER),
        info=load_info(raw, scan.syntax, choose_role(raw, has_pixels=has_pixels)),
    )


def _look_into_frames(stream: BinaryIO, header: Header) -> Header:
    """Add what an enhanced object keeps in its functional groups; its last frame has the largest b-value."""
    stream.seek(0)
    dataset = read_partial(stream, lambda tag, vr, length: tag in PIXEL_TAGS, force=True, specific_tags=_GROUPS)
    orientation = header.orientation or Groups(dataset, 0).numbers("ImageOrientationPatient")
    b_value = Groups(dataset, header.n_frames - 1).number("DiffusionBValue") or 0.0
    if header.info.role is Role.PICTURE and b_value > 0.0:
        header = header.with_role(Role.DIFFUSION)
    return header._replace(orientation=orientation)


_GROUPS: list[BaseTag | int] = [
    Tag("SharedFunctionalGroupsSequence"),
    Tag("PerFrameFunctionalGroupsSequence"),
    Tag("PixelRepresentation"),
]
_STACK_FIELDS = frozenset({"plane", "oblique", "n_frames", "slice_spacing_mm", "notes"})  # not of one object
_INFO_FIELDS = tuple(field.name for field in fields(SeriesInfo) if field.name not in _STACK_FIELDS)
_ORDER = ("TemporalPositionIdentifier", "AcquisitionNumber", "InstanceNumber")


def _digest_patient(raw: Raw) -> str:
    """Digest the identity of the patient, so that the values themselves are not kept."""
    keys = ("PatientID", "PatientName", "IssuerOfPatientID")
    parts = (raw.content(TAGS[key]).strip(b" \0^") for key in keys)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
