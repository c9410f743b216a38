"""The grid of cells that heat stands on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.card import Wiring
from mri_batch.explain.base import Forward

CELL_PX = 8  # side of a cell where the model has no grid of its own: 28 x 28 cells on 224 px
CHUNK = 8  # pictures whose attention is held at once


def choose_grid(wiring: Wiring, pixels: Float32) -> tuple[int, int]:
    """Choose rows and columns of heat for pictures float32[n, c, rows, cols]: the model's patches, or cells of 8 px."""
    rows, cols = pixels.shape[2:]
    return wiring.grid or (max(1, rows // CELL_PX), max(1, cols // CELL_PX))


def pool_cells(per_pixel: Float32, grid: tuple[int, int]) -> Float32:
    """Average float32[n, rows, cols] over the cells of a grid: float32[n, grid_rows, grid_cols]."""
    down, across = _edges(per_pixel.shape[1], grid[0]), _edges(per_pixel.shape[2], grid[1])
    sums = np.add.reduceat(np.add.reduceat(per_pixel.astype(np.float64), down[:-1], axis=1), across[:-1], axis=2)
    pooled: Float32 = (sums / np.diff(down)[:, None] / np.diff(across)).astype(np.float32)
    return pooled


def spread_cells(cells: Float32, rows: int, cols: int) -> Float32:
    """Give every pixel its cell's value: float32[..., grid_rows, grid_cols] to float32[..., rows, cols]."""
    down, across = _edges(rows, cells.shape[-2]), _edges(cols, cells.shape[-1])
    return np.repeat(np.repeat(cells, np.diff(down), axis=-2), np.diff(across), axis=-1)


def _edges(n_px: int, n_cells: int) -> Int64:
    return np.arange(n_cells + 1, dtype=np.int64) * n_px // n_cells


def to_patches(token_row: Float32, wiring: Wiring) -> Float32:
    """Arrange token weights float32[n, t] on the patch grid float32[n, grid_rows, grid_cols], without prefix tokens."""
    grid = wiring.grid or (1, 1)
    return np.ascontiguousarray(token_row[:, wiring.prefix_tokens :].reshape(-1, *grid))


def name_label(forward: Forward, target: Int64) -> str:
    """The label that all targets share; empty where they differ."""
    return forward.labels[int(target[0])] if len(set(target.tolist())) == 1 else ""


def iter_chunks(n: int) -> Iterator[slice]:
    """Yield slices of a few pictures, so that large outputs are not held for all of them."""
    for start in range(0, n, CHUNK):
        yield slice(start, start + CHUNK)
