"""The part of a DICOM header that grouping needs, read without pixels and kept small."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag

from mri_batch.errors import Damaged
from mri_batch.notes import Note
from mri_batch.read.file_errors import COPY_AGAIN, foreign_errors
from mri_batch.read.header.attributes import load_info
from mri_batch.read.header.element_scanner import PIXEL_TAGS, Scan, scan_file
from mri_batch.read.header.frames import look_into_frames
from mri_batch.read.header.image_role import choose_role
from mri_batch.read.header.tags import TAGS, WANTED, Raw
from mri_batch.read.inflate import open_plain
from mri_batch.read.spacing import Spacing
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
    frame_of_reference: str = ""  # a digest
    study_date: str = ""  # YYYYMMDD
    image_words: tuple[str, ...] = ()  # ImageType from its third value on
    frame_spacing: Spacing = Spacing()  # of an enhanced object
    birth_date: str = ""  # YYYYMMDD; like ``sex``, never written to disk
    sex: str = ""

    def with_role(self, role: Role) -> Self:
        """Return this header with another role."""
        return self._replace(info=replace(self.info, role=role))


def load_header(path: Path, limits: ReadLimits) -> Header:
    """Read one file's header. Raises Damaged where there is none, or it is hostile."""
    reason = Note("HEADER_UNREADABLE")
    with foreign_errors("HEADER_DAMAGED", reason), open_plain(path, limits) as stream:
        header = _to_header(scan_file(stream, _WANTED, limits))
        if header.n_frames > 1:
            header = _look_into_frames(stream, header)
    if not (header.class_uid or header.study_uid or header.rows):
        raise Damaged(reason, code="HEADER_DAMAGED", hint=COPY_AGAIN)
    return header


def to_json(header: Header) -> str:
    """Return a header as one line of text, without the person's birth date and sex."""
    return json.dumps(header[:_N_KEPT], separators=(",", ":"), default=_info_values)


def from_json(line: str) -> Header:
    """Return the header that :func:`to_json` wrote."""
    values = json.loads(line)
    values[_INFO] = _to_info(values[_INFO])
    values[_SPACING] = Spacing(*values[_SPACING])
    kept = (tuple(value) if type(value) is list else value for value in values)
    return Header._make((*kept, "", ""))


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
    role = choose_role(raw, has_pixels=has_pixels)
    if role is Role.PICTURE and _is_ge_component(raw):
        role = Role.PHASE
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
        info=load_info(raw, scan.syntax, role),
        frame_of_reference=_digest(frame) if (frame := _text(raw, _FRAME_OF_REFERENCE)) else "",
        study_date=_date(raw, _STUDY_DATE),
        image_words=raw.words("ImageType")[2:],
        birth_date=_date(raw, _BIRTH_DATE),
        sex=_text(raw, _SEX).upper(),
    )


def _look_into_frames(stream: BinaryIO, header: Header) -> Header:
    """Add what an enhanced object keeps in its functional groups."""
    stream.seek(0)
    dataset = read_partial(stream, lambda tag, vr, length: tag in PIXEL_TAGS, force=True, specific_tags=_GROUPS)
    frames = look_into_frames(dataset, header.n_frames)
    if header.info.role is Role.PICTURE and frames.role:
        header = header.with_role(frames.role)
    return header._replace(orientation=header.orientation or frames.orientation, frame_spacing=frames.spacing)


def _text(raw: Raw, tag: int) -> str:
    return raw.content(tag).decode("ascii", "replace").strip(" \0")


def _date(raw: Raw, tag: int) -> str:
    """Return a date as YYYYMMDD, in the standard's notation or with full stops; nothing where it is no date."""
    digits = _text(raw, tag).replace(".", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).strftime("%Y%m%d") if len(digits) == 8 else ""
    except ValueError:
        return ""


def _is_ge_component(raw: Raw) -> bool:
    """Whether GE's private (0043,102F) names a phase, real or imaginary part; the real part of an IR is a picture."""
    for creator, element in _GE_COMPONENTS.items():
        if _text(raw, creator) == "GEMS_PARM_01":
            content = raw.content(element)
            component = max(content[:2], default=0)  # a number up to 3, in either byte order
            return component in (1, 3) or (component == 2 and "IR" not in raw.words("ScanningSequence"))
    return False


_FRAME_OF_REFERENCE, _STUDY_DATE, _BIRTH_DATE, _SEX = (
    int(Tag(keyword)) for keyword in ("FrameOfReferenceUID", "StudyDate", "PatientBirthDate", "PatientSex")
)
_GE_COMPONENTS = {0x00430010 + block: 0x0043002F + (0x10 + block) * 0x100 for block in range(4)}
_WANTED = WANTED | {_FRAME_OF_REFERENCE, _STUDY_DATE, _BIRTH_DATE, _SEX, *_GE_COMPONENTS, *_GE_COMPONENTS.values()}
_INFO = Header._fields.index("info")
_SPACING = Header._fields.index("frame_spacing")
_N_KEPT = Header._fields.index("birth_date")
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


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]
