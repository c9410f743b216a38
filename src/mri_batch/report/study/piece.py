"""One slice of a report as its page gets it: coded values, heat on its own grid, ready-made pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.notes import Note
from mri_batch.placement import Placement
from mri_batch.records import Heatmap
from mri_batch.report.study.grid_codec import decode_grid


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceHeat:
    """One heatmap: uint16 ``coded`` on ``about.grid``; heat = low + number * step."""

    about: Heatmap
    low: float
    step: float
    coded: bytes

    def heat(self) -> Float32:
        """float32[grid_rows, grid_cols], unscaled."""
        heat: Float32 = (self.low + decode_grid(self.coded, *self.about.grid) * self.step).astype(np.float32)
        return heat


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceHeads:
    """Single layers and heads in 8 bits: ``coded`` is one uint16 grid, all layers' heads one below the other.

    Weight = number * the layer's own of ``steps``, so that 255 is the layer's largest weight on this slice.
    """

    first_layer: int
    heads: int
    grid: tuple[int, int]
    steps: tuple[float, ...]
    coded: bytes

    def weights(self) -> Float32:
        """float32[layers, heads, grid_rows, grid_cols]."""
        shape = (len(self.steps), self.heads, *self.grid)
        numbers = decode_grid(self.coded, len(self.steps) * self.heads * self.grid[0], self.grid[1]).reshape(shape)
        weights: Float32 = (numbers * np.array(self.steps)[:, None, None, None]).astype(np.float32)
        return weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One slice as the page gets it. ``planes``: one coded uint16[rows, cols] for grey, three for colour, upright.

    Value = ``intercept`` + number * ``slope``, in modality units; right to ``error`` (0: exactly). ``rows`` and
    ``cols`` may be fewer than the slice's own, of which ``placement`` speaks.
    """

    index: int
    rows: int
    cols: int
    planes: tuple[bytes, ...]
    slope: float
    intercept: float
    error: float
    window: tuple[float, float]
    spacing_mm: tuple[float, float] | None
    orientation: tuple[float, ...] | None
    placement: Placement
    notes: tuple[Note, ...] = ()
    heats: tuple[PieceHeat, ...] = ()
    prepared: bytes = b""
    still: bytes = b""
    heads: PieceHeads | None = None

    def values(self) -> Float32:
        """float32[rows, cols] or [rows, cols, 3] in modality units, upright."""
        planes = [decode_grid(plane, self.rows, self.cols) for plane in self.planes]
        numbers = planes[0] if len(planes) == 1 else np.stack(planes, axis=2)
        values: Float32 = (self.intercept + numbers * self.slope).astype(np.float32)
        return values

    @property
    def n_bytes(self) -> int:
        """Bytes of the slice's values."""
        return sum(map(len, self.planes))

    @property
    def n_extra_bytes(self) -> int:
        """Bytes of all that a key slice carries besides."""
        heats = [heat.coded for heat in self.heats] + ([self.heads.coded] if self.heads else [])
        return len(self.prepared) + len(self.still) + sum(map(len, heats))
