"""Heat: as a method gives it, and as a report ships it."""

from __future__ import annotations

from dataclasses import dataclass

from mri_batch.arrays import Float32, Uint8
from mri_batch.notes import Note
from mri_batch.placement import Placement
from mri_batch.records.series import Slice


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
