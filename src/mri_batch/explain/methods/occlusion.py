"""Occlusion sensitivity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.explain.base import Family, Forward, Method
from mri_batch.explain.ops.grid import choose_grid, name_label, pool_cells
from mri_batch.explain.ops.perturb import Fill, class_probability, fill_picture, masked_probability
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Occlusion(Method):
    """The drop in class probability when a window is covered; each pixel gets the mean over the windows on it.

    Source: Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014 (fig. 7).
    Needs: any classifier. Knobs: ``window_px``, ``stride_px``, and the ``fill`` of the window.
    Shapes: heat on the model's grid or cells of 8 px, the mean over each cell.
    Sign: signed, positive speaks for the class. Cost: one pass per window and one more, 170 at 224 px.
    Known failure: redundant evidence in two places is missed, as one window is covered at a time.
    """

    name: ClassVar[str] = "occlusion"
    family: ClassVar[Family] = "perturbation"
    default_rank: ClassVar[int] = 3
    window_px: int = 32
    stride_px: int = 16
    fill: Fill = "blur"

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        covered = place_windows(pixels.shape[2], pixels.shape[3], self.window_px, self.stride_px)
        filler = fill_picture(pixels, self.fill)
        heat = np.stack([_measure_drop(forward, *one, covered) for one in zip(pixels, filler, target, strict=True)])
        return Attribution(
            heat=pool_cells(heat, choose_grid(forward.wiring, pixels)),
            method=self.name,
            label=name_label(forward, target),
            signed=True,
            passes=len(covered) + 1.0,
        )


def _measure_drop(forward: Forward, picture: Float32, filler: Float32, target: np.int64, covered: Float32) -> Float32:
    whole = class_probability(forward, picture[None], int(target))[0]
    drop = whole - masked_probability(forward, picture, filler, 1.0 - covered, int(target))
    mean: Float32 = np.tensordot(drop, covered, axes=1) / covered.sum(axis=0)
    return mean


def place_windows(rows: int, cols: int, window_px: int, stride_px: int) -> Float32:
    """Masks float32[m, rows, cols], 1 inside each of m windows; the last ones of a row or column end at the edge."""
    down, across = _starts(rows, window_px, stride_px), _starts(cols, window_px, stride_px)
    masks = np.zeros((len(down) * len(across), rows, cols), np.float32)
    for i, (top, left) in enumerate((t, c) for t in down for c in across):
        masks[i, top : top + window_px, left : left + window_px] = 1.0
    return masks


def _starts(size_px: int, window_px: int, stride_px: int) -> list[int]:
    last = max(0, size_px - window_px)
    return [*range(0, last, stride_px), last]
