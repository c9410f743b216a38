"""Where the model's grid lies on a slice: pure functions of heat and placement, for every room."""

from __future__ import annotations

import numpy as np

from mri_batch.records import Float32, Placement


def place_heat(heat: Float32, placement: Placement) -> Float32:
    """Lay heat float32[grid_rows, grid_cols] on the slice: float32[rows, cols], bilinear, 0 outside the view."""
    rows, cols = np.mgrid[0 : placement.rows, 0 : placement.cols].astype(np.float32) + np.float32(0.5)
    unit_row, unit_col = placement.to_unit(rows, cols)
    inside = (unit_row >= 0) & (unit_row <= 1) & (unit_col >= 0) & (unit_col <= 1)
    grid_row = np.clip(unit_row * heat.shape[0] - 0.5, 0, heat.shape[0] - 1)
    grid_col = np.clip(unit_col * heat.shape[1] - 0.5, 0, heat.shape[1] - 1)
    r0, c0 = np.floor(grid_row).astype(np.intp), np.floor(grid_col).astype(np.intp)
    r1, c1 = np.minimum(r0 + 1, heat.shape[0] - 1), np.minimum(c0 + 1, heat.shape[1] - 1)
    fr, fc = grid_row - r0, grid_col - c0
    upper = heat[r0, c0] * (1 - fc) + heat[r0, c1] * fc
    lower = heat[r1, c0] * (1 - fc) + heat[r1, c1] * fc
    placed: Float32 = np.where(inside, upper * (1 - fr) + lower * fr, 0.0).astype(np.float32)
    return placed


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
