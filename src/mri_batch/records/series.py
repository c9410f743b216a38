"""Studies, series and slices, and what a model takes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from mri_batch.arrays import Float32
from mri_batch.notes import Note
from mri_batch.placement import Placement
from mri_batch.records.files import FileRecord, FoundFile


class Role(StrEnum):
    """What a DICOM object is for, as far as its header tells."""

    PICTURE = "picture"
    LOCALIZER = "localizer"
    DERIVED = "derived"
    CAPTURE = "capture"
    PHASE = "phase"
    FIELD_MAP = "field_map"
    DIFFUSION = "diffusion"
    PERFUSION = "perfusion"
    TIME_SERIES = "time_series"
    ECHO_PLANAR = "echo_planar"
    NO_IMAGE = "no_image"


class Weighting(StrEnum):
    """What an MR series is weighted by."""

    T1 = "T1"
    T2 = "T2"
    T2STAR = "T2STAR"
    PD = "PD"
    FLAIR = "FLAIR"


class Plane(StrEnum):
    """The anatomical plane nearest to a slice."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesInfo:
    """What the headers tell of a series: numbers and defined terms alone, no patient data, no free text.

    Fields named after a DICOM keyword hold its value; ``None`` or empty: not told. ``weighting`` and ``plane`` are
    derived; ``oblique``: more than 15 degrees off the plane. ``slice_spacing_mm`` is measured between the positions.
    """

    role: Role = Role.PICTURE
    modality: str = ""
    body_part_examined: str = ""
    weighting: Weighting | None = None
    contrast_agent: bool | None = None  # by ContrastBolus attributes and words of the description; None: not told
    plane: Plane | None = None
    oblique: bool = False
    n_frames: int = 1
    slice_spacing_mm: float | None = None
    series_number: int | None = None
    repetition_time_ms: float | None = None
    echo_time_ms: float | None = None
    inversion_time_ms: float | None = None
    flip_angle_deg: float | None = None
    magnetic_field_strength_t: float | None = None
    slice_thickness_mm: float | None = None
    spacing_between_slices_mm: float | None = None
    image_type: tuple[str, ...] = ()
    scanning_sequence: tuple[str, ...] = ()
    mr_acquisition_type: str = ""
    photometric_interpretation: str = ""
    lossy_image_compression: bool = False
    burned_in_annotation: bool = False
    transfer_syntax: str = ""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Files that belong together, in slice order, without pixels. ``reason``: why it is used, once it was chosen."""

    series_id: str
    files: tuple[FoundFile, ...]
    info: SeriesInfo = field(default_factory=SeriesInfo)
    reason: Note | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One study: a StudyInstanceUID of one patient, or a folder of pictures. ``source`` is its relative path.

    ``caution_reasons``: what about the chosen series asks for caution.
    """

    study_id: str
    source: str
    kind: Literal["dicom", "pictures"]
    series: tuple[Series, ...]
    unused: tuple[FileRecord, ...] = ()
    caution_reasons: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One picture. ``pixels``: float32[rows, cols] in modality units, or float32[rows, cols, 3] in 0..255 for colour.

    ``window``: the (low, high) values that a viewer shows as black and white. ``orientation``: the six direction
    cosines of ImageOrientationPatient (along a row, then down a column); ``position_mm``: ImagePositionPatient.
    """

    file: FoundFile
    frame: int
    pixels: Float32
    window: tuple[float, float]
    spacing_mm: tuple[float, float] | None = None
    orientation: tuple[float, float, float, float, float, float] | None = None
    position_mm: tuple[float, float, float] | None = None
    sop_instance_uid: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def shape_px(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.pixels.shape[0]), int(self.pixels.shape[1])

    @property
    def aspect(self) -> float:
        """Height of a pixel over its width; 1 where the spacing is unknown."""
        return self.spacing_mm[0] / self.spacing_mm[1] if self.spacing_mm else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInput:
    """float32[n, c, rows, cols] as the model takes it, and where each of the n lies on its slice."""

    pixels: Float32
    placements: tuple[Placement, ...]
