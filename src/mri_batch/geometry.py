"""Where the model's grid lies on a slice: pure functions of heat and placement, for every room."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mri_batch.records import Float32, Placement

Cells = npt.NDArray[np.intp]


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
