"""Where the model's grid lies on a slice: pure functions of heat and placement, for every room."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float32

Cells = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a model grid lies on a slice: turn, crop, scale; each invertible.

    The slice (``rows`` x ``cols``) is mirrored left to right where ``mirrored``, then turned by ``quarter_turns`` (as
    :func:`numpy.rot90`, counter-clockwise); of the result the box ``top, left, height, width`` (continuous
    pixels, may reach outside, where it is black) is scaled to the whole of the model's grid.
    """

    rows: int
    cols: int
    quarter_turns: int = 0
    mirrored: bool = False
    top: float = 0.0
    left: float = 0.0
    height: float
    width: float

    def __post_init__(self) -> None:
        if min(self.rows, self.cols) < 1 or not (self.height > 0 and self.width > 0):
            raise ValueError("a placement needs a slice and a box of positive size")
        if not all(map(math.isfinite, (self.top, self.left, self.height, self.width))):
            raise ValueError("a placement needs finite numbers")

    @property
    def turned_shape_px(self) -> tuple[int, int]:
        """Rows and columns of the slice after turning."""
        return (self.rows, self.cols) if self.quarter_turns % 2 == 0 else (self.cols, self.rows)

    def to_unit(self, rows: Float32, cols: Float32) -> tuple[Float32, Float32]:
        """Map slice coordinates (px) to the model's box, which spans 0..1 by 0..1. Any shapes that broadcast."""
        r, c = np.asarray(rows, np.float32), np.asarray(cols, np.float32)
        if self.mirrored:
            c = np.float32(self.cols) - c
        height, width = np.float32(self.rows), np.float32(self.cols)
        for _ in range(self.quarter_turns % 4):
            r, c, height, width = width - c, r, width, height
        return (r - np.float32(self.top)) / np.float32(self.height), (c - np.float32(self.left)) / np.float32(
            self.width
        )

    def from_unit(self, rows: Float32, cols: Float32) -> tuple[Float32, Float32]:
        """Map the model's box (0..1 by 0..1) back to slice coordinates in px: the inverse of :meth:`to_unit`."""
        r = np.asarray(rows, np.float32) * np.float32(self.height) + np.float32(self.top)
        c = np.asarray(cols, np.float32) * np.float32(self.width) + np.float32(self.left)
        height, width = map(np.float32, self.turned_shape_px)
        for _ in range(self.quarter_turns % 4):
            r, c, height, width = c, height - r, width, height
        return r, (np.float32(self.cols) - c if self.mirrored else c)


def place_heat(heat: Float32, placement: Placement) -> Float32:
    """Lay heat float32[grid_rows, grid_cols] on the slice: float32[rows, cols], bilinear, 0 outside the view."""
    rows = np.arange(placement.rows, dtype=np.float32)[:, None] + np.float32(0.5)
    cols = np.arange(placement.cols, dtype=np.float32)[None, :] + np.float32(0.5)
    unit_row, unit_col = map(np.ravel, placement.to_unit(rows, cols))  # each depends on one axis of the slice alone
    c0, c1, across = _neighbours(unit_col, heat.shape[1])
    r0, r1, down = _neighbours(unit_row, heat.shape[0])
    wide: Float32 = heat[:, c0] * (1 - across) + heat[:, c1] * across
    laid: Float32 = wide[r0] * (1 - down)[:, None] + wide[r1] * down[:, None]
    laid[(unit_row < 0) | (unit_row > 1)] = 0.0
    laid[:, (unit_col < 0) | (unit_col > 1)] = 0.0
    return laid if placement.quarter_turns % 2 == 0 else np.ascontiguousarray(laid.T)


def find_peak(heat: Float32, placement: Placement) -> tuple[int, int]:
    """Find where a heat grid float32[grid_rows, grid_cols] is hottest: the pixel (row, col) of the slice.

    The centre of gravity of the positive heat in the hottest cell and its eight neighbours: a blob that lies over two
    cells peaks between them, and the answer does not depend on how a map is interpolated.
    """
    row, col = locate_peak(heat)
    unit = np.array([(row + 0.5) / heat.shape[0]], np.float32), np.array([(col + 0.5) / heat.shape[1]], np.float32)
    peak_row, peak_col = placement.from_unit(*unit)
    return (
        int(np.clip(np.floor(peak_row[0]), 0, placement.rows - 1)),
        int(np.clip(np.floor(peak_col[0]), 0, placement.cols - 1)),
    )


def locate_peak(heat: Float32) -> tuple[float, float]:
    """Locate the peak in cells (row, col), whole numbers at cells' centres; that of the hottest where none is warm."""
    row, col = (int(at) for at in np.unravel_index(int(np.argmax(heat)), heat.shape))
    top, left = max(0, row - 1), max(0, col - 1)
    around = np.maximum(heat[top : row + 2, left : col + 2].astype(np.float64), 0.0)
    if not around.sum() > 0:
        return float(row), float(col)
    down, across = np.mgrid[0 : around.shape[0], 0 : around.shape[1]]
    return top + float(np.average(down, weights=around)), left + float(np.average(across, weights=around))


def _neighbours(unit: Float32, cells: int) -> tuple[Cells, Cells, Float32]:
    """Return, for places 0..1 along an axis, the two cells about each, and how far it lies towards the second."""
    at: Float32 = np.clip(unit * np.float32(cells) - np.float32(0.5), 0, cells - 1)
    first = np.floor(at).astype(np.intp)
    return first, np.minimum(first + 1, cells - 1), at - first.astype(np.float32)
