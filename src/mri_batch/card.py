"""The model card: what a model package says of itself, in words that the runtime obeys.

The card is the one truth about labels, preprocessing, calibration, thresholds and which graph output
is what. ``model.json`` in a package is this schema; reading and writing stand in :mod:`mri_batch.model.package`.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from mri_batch.text import JsonObject

Unit = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
ResizeFilter = Literal["bilinear", "bicubic", "lanczos", "box", "nearest"]
Sequence = Literal["T1", "T2", "T2STAR", "FLAIR", "PD"]
Plane = Literal["axial", "sagittal", "coronal"]
Knob = bool | int | float | str | None
Knobs = dict[str, Knob]  # a method\'s parameters by name


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Intensity(_Part):
    """How slice values become the range 0 to 1, before mean and standard deviation.

    ``percentile``: ``low`` and ``high`` are percentiles of the values inside the crop, clipped.
    ``range``: ``low`` and ``high`` are values of the slice, clipped.
    """

    kind: Literal["percentile", "range"] = "percentile"
    low: float = 0.5
    high: float = 99.5

    @model_validator(mode="after")
    def _ordered(self) -> Intensity:
        if not self.low < self.high:
            raise ValueError(f"intensity.low ({self.low}) must be below intensity.high ({self.high})")
        if self.kind == "percentile" and not (self.low >= 0 and self.high <= 100):
            raise ValueError("intensity percentiles lie between 0 and 100")
        return self


class Crop(_Part):
    """Which part of the slice the model sees.

    ``foreground``: the bounding box of what is brighter than ``threshold`` (share of the way from the
    darkest to the 99.5th percentile), grown by ``margin`` (share of its longer side). ``none``: the whole slice.
    """

    kind: Literal["foreground", "none"] = "foreground"
    threshold: Unit = 0.1
    margin: Unit = 0.04


class Preprocessing(_Part):
    """From a slice in modality units to the model's input, exactly as in training."""

    colour: Literal["grey", "rgb"] = "grey"
    channels: Literal[1, 3] = 3
    upright: bool = Field(
        default=True,
        description="turn slices of known orientation as radiologists view them, before anything else",
    )
    intensity: Intensity = Intensity()
    crop: Crop = Crop()
    fit: Literal["pad", "stretch"] = Field(
        default="pad", description="pad the crop to the input's aspect ratio with black, or stretch it"
    )
    rows: Annotated[int, Field(ge=8, le=2048)] = 224
    cols: Annotated[int, Field(ge=8, le=2048)] = 224
    resize_filter: ResizeFilter = "bilinear"
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[Positive, ...] = (0.25, 0.25, 0.25)

    @model_validator(mode="after")
    def _channel_counts(self) -> Preprocessing:
        if len(self.mean) != self.channels or len(self.std) != self.channels:
            raise ValueError(f"mean and std need {self.channels} numbers each, one per channel")
        if self.colour == "rgb" and self.channels != 3:
            raise ValueError("colour models have 3 channels")
        return self


class Calibration(_Part):
    """Temperature scaling (Guo et al. 2017): probabilities = softmax(logits / temperature)."""

    method: Literal["none", "temperature"] = "none"
    temperature: Positive = 1.0
    fitted_on: str = Field(default="", description="the data it was fitted on, in words")
    n_slices: Annotated[int, Field(ge=0)] = 0
    ece_before: float | None = None
    ece_after: float | None = None


class Conformal(_Part):
    """Class-conditional (Mondrian) conformal sets: label k is in the set when 1 - p[k] <= thresholds[k].

    ``n_slices`` or ``n_studies``: how many of each label they were fitted on.
    """

    alpha: Unit = 0.1
    thresholds: dict[str, Unit] = {}
    n_slices: dict[str, int] = {}
    n_studies: dict[str, int] = {}
    fitted_on: str = ""


class WindowMean(_Part):
    """The rule of :mod:`mri_batch.study_rule`: the most suspicious window of ``window_mm`` along a series decides.

    ``temperature`` divides the logits of the slices, in place of the calibration's; ``shift`` is then added to the
    background logit. What is said of single slices has ``slice_shift`` and is smoothed over ``slice_smooth_mm``.
    """

    window_mm: Positive
    temperature: Positive = 1.0
    shift: float = 0.0
    slice_shift: float = 0.0
    slice_smooth_mm: Annotated[float, Field(ge=0.0)] = 0.0
    fitted_on: str = ""
    n_studies: dict[str, int] = {}


class OutOfDistribution(_Part):
    """A gate on one forward-only score of the input; above ``refuse_above`` the verdict is to abstain.

    ``mahalanobis``: squared distance of the ``features`` output to the nearest class mean (Lee et al. 2018),
    with arrays ``means`` [labels, d] and ``precision`` [d, d] in the package's ``gate.npz``.
    """

    method: Literal["mahalanobis"] = "mahalanobis"
    refuse_above: float
    caution_above: float
    fitted_on: str = ""


class Decision(_Part):
    """How slices become a series and a study, and when the tool cautions or abstains.

    ``mean``: mean of the calibrated probabilities over the slices. ``top_quarter_mean``: mean over the
    quarter of the slices (at least three) with the least probability of ``background_label``. ``window_mean``: by the
    parameters in ``window``. A study is the plain mean of its series. Thresholds are of a study's probabilities.
    """

    aggregation: Literal["mean", "top_quarter_mean", "window_mean"] = "mean"
    window: WindowMean | None = None
    background_label: str | None = None
    caution_below: Unit = Field(default=0.8, description="caution when the top probability is below this")
    abstain_below: Unit = Field(default=0.5, description="abstain when the top probability is below this")
    conformal: Conformal | None = None
    out_of_distribution: OutOfDistribution | None = None


class MethodEntry(_Part):
    """One explanation method as this package offers it."""

    method: str
    available: bool = True
    reason: str = Field(default="", description="why it is absent, or what to keep in mind")
    knobs: Knobs = {}
    scale_max: float | None = Field(
        default=None, description="heat at the top of the colour bar, from the validation set"
    )
    validation: Literal["untested", "passed", "failed"] = Field(
        default="untested",
        validation_alias=AliasChoices("validation", "licence"),
        description="did its maps pass the faithfulness tests for this model? (packages before 0.2: licence)",
    )
    validation_reason: str = Field(
        default="",
        validation_alias=AliasChoices("validation_reason", "licence_reason"),
        description="what the verdict rests on, or in what the method failed (packages before 0.2: licence_reason)",
    )


class Wiring(_Part):
    """Which graph input and output is what. ``None`` or empty: the graph does not offer it.

    Shapes, with n slices, k labels, l layers, h heads, t tokens: ``input`` float32[n, c, rows, cols];
    ``logits`` float32[n, k]; ``attention`` l outputs float32[n, h, t, t] with rows that sum to 1;
    ``rollout`` float32[n, grid_rows, grid_cols]; ``cam`` float32[n, k, rows, cols], the Grad-CAM of every label;
    ``features`` float32[n, d].
    """

    input: str = "pixels"
    logits: str = "logits"
    features: str | None = None
    rollout: str | None = None
    cam: str | None = None
    attention: tuple[str, ...] = ()
    grid: tuple[int, int] | None = None
    prefix_tokens: Annotated[int, Field(ge=0)] = 0
    gradient: dict[str, str] = Field(
        default={},
        description="outputs of explain.onnx by their role, where the package has that graph: input_gradient, "
        "gradient_rollout, relevance, activation_0, activation_1, ... (from the input on); and its input guided",
    )
    gradcam: dict[str, str] = Field(
        default={},
        description="outputs of gradcam.onnx by role, where the package has that graph: feature_map, feature_gradient",
    )

    @property
    def plain_outputs(self) -> tuple[str, ...]:
        """Every output of ``model.onnx`` that has a role."""
        named = (self.logits, self.features, self.rollout, self.cam, *self.attention)
        return tuple(name for name in named if name)


class ModelCard(_Part):
    """The whole of ``model.json``."""

    schema_version: Literal[1] = 1
    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    version: Annotated[str, Field(min_length=1, max_length=32)] = "0"
    architecture: str = ""
    arithmetic: Literal["float32", "int8"] = Field(
        default="float32", description="of the plain graph; int8 runs one picture at a time"
    )
    labels: Annotated[tuple[str, ...], Field(min_length=2)]
    labels_in: dict[str, dict[str, str]] = Field(
        default={}, description="names of labels by language, such as {de: {glioma: Gliom}}, for the pages"
    )
    preprocessing: Preprocessing = Preprocessing()
    calibration: Calibration = Calibration()
    decision: Decision = Decision()
    wiring: Wiring = Wiring()
    explanations: tuple[MethodEntry, ...] = ()
    default_method: str | None = None
    modalities: tuple[str, ...] = Field(default=(), description="DICOM Modality values it is for; empty: any")
    body_parts: tuple[str, ...] = Field(default=(), description="DICOM BodyPartExamined values it is for; empty: any")
    sequences: tuple[Sequence, ...] = Field(default=(), description="what its series are weighted by; empty: any")
    contrast: Literal["with", "without"] | None = Field(
        default=None, description="whether its series are acquired with a contrast agent; None: either"
    )
    planes: tuple[Plane, ...] = Field(default=(), description="planes of the slices that it is for; empty: any")
    training: JsonObject = {}
    metrics: JsonObject = {}
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    licence: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> ModelCard:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels repeat")
        unknown = {label for names in self.labels_in.values() for label in names} - set(self.labels)
        if unknown:
            raise ValueError(f"labels_in names {sorted(unknown)[0]!r}, which is not one of the labels")
        background = self.decision.background_label
        if background is not None and background not in self.labels:
            raise ValueError(f"decision.background_label {background!r} is not one of the labels")
        rule = self.decision.aggregation
        if rule != "mean" and background is None:
            raise ValueError(f"decision.aggregation {rule!r} needs decision.background_label")
        if (rule == "window_mean") != (self.decision.window is not None):
            raise ValueError("decision.aggregation 'window_mean' and decision.window need one another")
        return self


Part = TypeVar("Part", bound=_Part)


def with_fields(part: Part, **fields: object) -> Part:
    """Return a card, or a part of one, with other ``fields``, validated; pydantic's ``model_copy`` skips validation."""
    return type(part).model_validate({**dict(part), **fields})
