"""What several methods need: the grid of cells that heat stands on, blurred pictures, class probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard, Wiring
from mri_batch.explain.base import Forward, Int64

CELL_PX = 8  # side of a cell where the model has no grid of its own: 28 x 28 cells on 224 px
CHUNK = 8  # pictures whose attention is held at once
Fill = Literal["blur", "mean", "black"]


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
    """From weights of tokens float32[n, t] to the patches' grid, without the tokens before them."""
    grid = wiring.grid or (1, 1)
    return np.ascontiguousarray(token_row[:, wiring.prefix_tokens :].reshape(-1, *grid))


def fill_picture(pixels: Float32, kind: Fill) -> Float32:
    """Make what stands where evidence is taken away, float32[n, c, rows, cols] like the pictures.

    ``blur``: the picture without its detail; ``mean``: its mean colour; ``black``: its darkest value, per channel.
    """
    if kind == "blur":
        return blur_picture(pixels, max(1, max(pixels.shape[2:]) // 16))
    flat = (pixels.mean if kind == "mean" else pixels.min)(axis=(2, 3), keepdims=True)
    return np.broadcast_to(flat.astype(np.float32), pixels.shape)


def blur_picture(pixels: Float32, radius_px: int) -> Float32:
    """Blur float32[n, c, rows, cols] by three box filters of that radius, near a Gaussian; edges are repeated."""
    blurred = pixels.astype(np.float64)
    for axis in (2, 3) * 3:
        pad = [(0, 0)] * 4
        pad[axis] = (radius_px + 1, radius_px)
        sums = np.cumsum(np.pad(blurred, pad, mode="edge"), axis=axis)
        width = 2 * radius_px + 1
        high = np.take(sums, range(width, sums.shape[axis]), axis=axis)
        low = np.take(sums, range(sums.shape[axis] - width), axis=axis)
        blurred = (high - low) / width
    return blurred.astype(np.float32)


def class_probability(forward: Forward, pixels: Float32, target: int) -> Float32:
    """Softmax probability (uncalibrated) of one class: float32[n]."""
    logits = forward.logits(pixels).astype(np.float64)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    probability: Float32 = (odds[:, target] / odds.sum(axis=1)).astype(np.float32)
    return probability


def blend(picture: Float32, filler: Float32, keep: Float32) -> Float32:
    """Mix one picture float32[c, rows, cols] with its filler by m masks of 0..1 float32[m, rows, cols]."""
    return filler + (picture - filler) * keep[:, None]


def masked_probability(
    forward: Forward, picture: Float32, filler: Float32, keep: Sequence[Float32] | Float32, target: int
) -> Float32:
    """Probability of a class for each mask, float32[m], a few masked pictures in memory at a time."""
    parts = [
        class_probability(forward, blend(picture, filler, np.asarray(keep[i : i + 4 * CHUNK], np.float32)), target)
        for i in range(0, len(keep), 4 * CHUNK)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def cam_reason(card: ModelCard) -> str:
    """Say why a model has no Grad-CAM, or nothing."""
    return (
        "" if {"feature_map", "feature_gradient"} <= card.wiring.gradcam.keys() else "the package has no Grad-CAM graph"
    )


def cam_inputs(forward: Forward, pixels: Float32, target: Int64) -> tuple[Float32, Float32]:
    """The last feature map and the gradient with respect to it, float32[n, channels, grid_rows, grid_cols] each."""
    names = forward.wiring.gradcam["feature_map"], forward.wiring.gradcam["feature_gradient"]
    outputs = forward.gradients(pixels, target, names)
    return outputs[names[0]], outputs[names[1]]


def name_label(forward: Forward, target: Int64) -> str:
    """The label that all targets share, or nothing where they differ."""
    return forward.labels[int(target[0])] if len(set(target.tolist())) == 1 else ""


def iter_chunks(n: int) -> Iterator[slice]:
    """Yield slices of a few pictures, so that large outputs are not held for all of them."""
    for start in range(0, n, CHUNK):
        yield slice(start, start + CHUNK)
