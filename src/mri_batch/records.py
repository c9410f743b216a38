"""The frozen things that travel between the rooms. Valid once constructed, keyword-only, no behaviour but geometry.

Pixel coordinates: ``(row, col)``, continuous, where the centre of the first pixel is ``(0.5, 0.5)`` and the
picture spans ``0..rows`` by ``0..cols``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from mri_batch.arrays import Float32, Uint8
from mri_batch.notes import Note
from mri_batch.placement import Placement


class FileKind(StrEnum):
    """What a file is, judged by its content."""

    DICOM = "dicom"
    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    OTHER = "other"

    @property
    def is_picture(self) -> bool:
        """Whether it is an ordinary picture rather than DICOM."""
        return self in (FileKind.PNG, FileKind.JPEG, FileKind.TIFF)


class FileStatus(StrEnum):
    """What became of a file; every file found has exactly one."""

    USED = "used"
    SKIPPED = "skipped"
    FAILED = "failed"


class StudyStatus(StrEnum):
    """What became of a study."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class Verdict(StrEnum):
    """What a reader should do with the model's output."""

    REPORT = "report"
    CAUTION = "caution"
    ABSTAIN = "abstain"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file as the walk met it. ``relative`` has forward slashes, from the scanned root.

    ``by_name``: the person named this very file, so that a picture is a study of its own.
    """

    path: Path
    relative: str
    file_id: str
    kind: FileKind
    size_bytes: int
    modified_ns: int
    by_name: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One row of ``files.csv``: what became of one file. ``code``, ``reason`` and ``hint`` where it was not used.

    ``sha256``: of the content of a file that was used.
    """

    file_id: str
    relative: str
    kind: FileKind
    size_bytes: int
    status: FileStatus
    code: str = ""
    reason: Note | None = None
    hint: Note | None = None
    study_id: str = ""
    series_id: str = ""
    sha256: str = ""


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
    contrast_agent: bool = False  # ContrastBolusAgent names one
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A calibrated answer for one slice, series or study. ``probabilities`` follow the card's labels."""

    probabilities: tuple[float, ...]
    label: str
    prediction_set: tuple[str, ...]
    verdict: Verdict
    reasons: tuple[Note, ...] = ()

    @property
    def probability(self) -> float:
        """The probability of the label."""
        return max(self.probabilities)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faithfulness:
    """Deletion and insertion of one heatmap against random orders of the same picture.

    ``score`` in -1..1: how much better than the mean random order, 0 = as good as chance; ``p_value``: the share of
    random orders (with the map counted in) that do at least as well; ``n_random`` orders were tried.
    """

    score: float
    p_value: float
    deletion: float
    insertion: float
    n_random: int
    better_than_chance: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Heat for n pictures on a grid of the model's input: float32[n, grid_rows, grid_cols], unscaled.

    ``label``: the class it explains, or None when the method is class-agnostic; ``signed``: whether negative heat means
    evidence against; ``passes``: cost per picture in forward passes of the model.
    """

    heat: Float32
    method: str
    label: str | None
    signed: bool = False
    passes: float = 1.0
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heatmap:
    """Heatmap metadata on one slice. ``peak_px``: row and column index in the slice's own pixels.

    ``layer`` and ``head``: from 0, where the map shows one of them alone. ``family``: the method's own, which decides
    the caveat that a reader is given; empty: unknown.
    """

    method: str
    label: str | None
    grid: tuple[int, int]
    peak_px: tuple[int, int]
    scale_max: float
    signed: bool = False
    layer: int | None = None
    head: int | None = None
    faithfulness: Faithfulness | None = None
    family: str = ""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceResult:
    """The calibrated answer for one slice."""

    file: str
    frame: int
    series_id: str
    label: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySlice:
    """A slice that the report shows, with its heatmaps. ``index`` points into the study's slices."""

    index: int
    file: str
    frame: int
    label: str
    probability: float
    heatmaps: tuple[Heatmap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesResult:
    """The calibrated answer for one series. ``reason``: why the series was used."""

    series_id: str
    n_slices: int
    label: str
    probabilities: tuple[float, ...]
    info: SeriesInfo = field(default_factory=SeriesInfo)
    reason: Note | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCounts:
    """found = used + skipped + failed, always."""

    used: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def found(self) -> int:
        """All of them."""
        return self.used + self.skipped + self.failed

    def __add__(self, other: FileCounts) -> FileCounts:
        return FileCounts(
            used=self.used + other.used,
            skipped=self.skipped + other.skipped,
            failed=self.failed + other.failed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """What became of one study; no arrays. ``code``, ``reason`` and ``hint`` where it is not done.

    ``patient``: keyword and value of tags that name the patient, only where that was asked for.
    """

    study_id: str
    source: str
    kind: str
    key: str
    status: StudyStatus
    code: str = ""
    reason: Note | None = None
    hint: Note | None = None
    labels: tuple[str, ...] = ()
    model_name: str = ""
    model_version: str = ""
    model_sha256: str = ""
    prediction: Prediction | None = None
    series: tuple[SeriesResult, ...] = ()
    slices: tuple[SliceResult, ...] = ()
    key_slices: tuple[KeySlice, ...] = ()
    files: tuple[FileRecord, ...] = ()
    notes: tuple[Note, ...] = ()
    patient: tuple[tuple[str, str], ...] = ()
    timings_ms: tuple[tuple[str, float], ...] = ()

    @property
    def n_files(self) -> FileCounts:
        """Its files by what became of them."""
        status = [f.status for f in self.files]
        return FileCounts(
            used=status.count(FileStatus.USED),
            skipped=status.count(FileStatus.SKIPPED),
            failed=status.count(FileStatus.FAILED),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSummary:
    """Counts over a whole scan; owns the exit code."""

    done: int = 0
    skipped: int = 0
    failed: int = 0
    resumed: int = 0
    files: FileCounts = field(default_factory=FileCounts)
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 all done, 3 no readable study, 4 some failed, 5 all failed, 130 interrupted."""
        if self.interrupted:
            return 130
        if self.done == 0 and self.failed == 0:
            return 3
        if self.failed and not self.done:
            return 5
        return 4 if self.failed else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHeat:
    """One heatmap as a report ships it: float32[grid_rows, grid_cols], unscaled, and its metadata."""

    heat: Float32
    about: Heatmap


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerHeads:
    """What the class token attends to on one slice: float32[layers, heads, grid_rows, grid_cols], weights of 0..1.

    ``first_layer``: the number of the first of these layers in the model, from 0.
    """

    weights: Float32
    first_layer: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSlice:
    """One slice as a report shows it. ``index`` points into the study's slices; key slices carry heat and ``prepared``.

    ``prepared``: uint8[rows, cols] or [rows, cols, 3], the picture that the model saw. ``heads``: single layers and
    heads, on the slice that speaks loudest for its series.
    """

    index: int
    picture: Slice
    placement: Placement
    heats: tuple[ReportHeat, ...] = ()
    prepared: Uint8 | None = None
    heads: LayerHeads | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodPanel:
    """One method, layer or head over one picture: its heat, or the ``reason`` why there is none.

    ``name``: the panel's key in machine files; ``part``: the layer and head or the stage, where it shows one of them.
    ``passes``: cost in forward passes; ``ms``: wall time of this one call, a hint and no benchmark.
    """

    name: str
    part: Note | None = None
    heat: ReportHeat | None = None
    reason: Note | None = None
    passes: float = 0.0
    ms: float = 0.0
