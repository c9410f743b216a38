"""What grouping needs of a DICOM header, read without its pixels and kept small."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag

from mri_batch.errors import Damaged
from mri_batch.read.bounded import open_plain
from mri_batch.read.facts import Facts, choose_modality, list_facts
from mri_batch.read.functional import Groups
from mri_batch.read.problems import foreign_errors
from mri_batch.read.roles import Role, choose_role
from mri_batch.read.tags import PIXEL_TAGS, TAGS, WANTED, Raw
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
        reached: list[int] = []
        dataset = read_partial(stream, _stop_at_pixels(reached), force=True, specific_tags=WANTED)
        header = _to_header(dataset, has_pixels=any(reached))
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


def _stop_at_pixels(reached: list[int]) -> Callable[[BaseTag, str | None, int], bool]:
    def stop(tag: BaseTag, vr: str | None, length: int) -> bool:
        if tag in PIXEL_TAGS:
            reached.append(length)
            return True
        return False

    return stop


def _to_header(dataset: Dataset, *, has_pixels: bool) -> Header:
    raw = Raw(dataset)
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", ""))
    n_frames = max(1, int(raw.number("NumberOfFrames") or 1))
    orientation, position = raw.numbers("ImageOrientationPatient"), raw.numbers("ImagePositionPatient")
    role = choose_role(raw, has_pixels=has_pixels)
    if n_frames > 1:
        orientation, role = _look_into_frames(dataset, n_frames, orientation, role)
    return Header(
        study_uid=raw.text("StudyInstanceUID"),
        series_uid=raw.text("SeriesInstanceUID"),
        instance_uid=raw.text("SOPInstanceUID"),
        class_uid=raw.text("SOPClassUID"),
        patient=_digest_patient(raw),
        modality=choose_modality(raw),
        syntax=syntax,
        role=role,
        has_pixels=has_pixels,
        rows=raw.unsigned("Rows"),
        cols=raw.unsigned("Columns"),
        n_frames=n_frames,
        samples=raw.unsigned("SamplesPerPixel"),
        orientation=orientation if len(orientation) == 6 else (),
        position_mm=position if len(position) == 3 else (),
        echo=raw.text("EchoNumbers"),
        order=tuple(raw.number(key) or 0.0 for key in _ORDER),
        facts=list_facts(raw, syntax),
    )


def _look_into_frames(
    dataset: Dataset, n_frames: int, orientation: tuple[float, ...], role: Role
) -> tuple[tuple[float, ...], Role]:
    """Complete what an enhanced object tells only in its functional groups: the last frame has the largest b-value."""
    b_value = Groups(dataset, n_frames - 1).number("DiffusionBValue") or 0.0
    orientation = orientation or Groups(dataset, 0).numbers("ImageOrientationPatient")
    return orientation, Role.DIFFUSION if role is Role.PICTURE and b_value > 0.0 else role


_ORDER = ("TemporalPositionIdentifier", "AcquisitionNumber", "InstanceNumber")


def _digest_patient(raw: Raw) -> str:
    """Digest what tells patients apart, so that the values themselves are kept nowhere."""
    keys = ("PatientID", "PatientName", "IssuerOfPatientID")
    parts = (raw.content(TAGS[key]).strip(b" \0^") for key in keys)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
