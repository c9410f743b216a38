"""RISE: randomised input sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.explain.base import Family, Forward, Method
from mri_batch.explain.ops.grid import choose_grid, name_label, pool_cells
from mri_batch.explain.ops.perturb import Fill, fill_picture, masked_probability
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise(Method):
    """How much a visible place raises the class probability above its mean over random soft masks.

    Source: Petsiuk, Das & Saenko, "RISE", BMVC 2018, eq. 6, less the mean probability over all masks, so that places
    without effect are 0 rather than as warm as the class is likely. Needs: any classifier. Knobs: number of ``masks``;
    ``coarse``, cells along a side of a mask before it is enlarged and shifted; ``keep``, the share of open cells; the
    ``fill`` behind closed ones; ``seed``. Shapes: heat on the model's grid or cells of 8 px, the mean over each cell.
    Sign: signed, positive speaks for the class. Cost: one pass per mask.
    Known failure: noisy with few masks; blurs whatever is smaller than a mask's cell.
    """

    name: ClassVar[str] = "rise"
    family: ClassVar[Family] = "perturbation"
    masks: int = 400
    coarse: int = 7
    keep: float = 0.5
    fill: Fill = "blur"
    seed: int = 0

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        rng = np.random.default_rng(self.seed)
        masks = draw_masks(self.masks, self.coarse, self.keep, pixels.shape[2], pixels.shape[3], rng)
        filler = fill_picture(pixels, self.fill)
        heat = np.stack([self._weigh(forward, *one, masks) for one in zip(pixels, filler, target, strict=True)])
        return Attribution(
            heat=pool_cells(heat, choose_grid(forward.wiring, pixels)),
            method=self.name,
            label=name_label(forward, target),
            signed=True,
            passes=float(self.masks),
        )

    def _weigh(self, forward: Forward, picture: Float32, filler: Float32, target: np.int64, masks: Float32) -> Float32:
        seen = masked_probability(forward, picture, filler, masks, int(target))
        above = (seen - seen.mean()) / np.float32(len(masks) * self.keep)
        heat: Float32 = np.tensordot(above.astype(np.float32), masks, axes=1)
        return heat


def draw_masks(n: int, coarse: int, keep: float, rows: int, cols: int, rng: np.random.Generator) -> Float32:
    """Draw n soft masks float32[n, rows, cols] in 0..1: random cells, enlarged bilinearly, shifted by up to a cell."""
    cell = -(-rows // coarse), -(-cols // coarse)
    cells = (rng.random((n, coarse + 1, coarse + 1)) < keep).astype(np.float32)
    shifts = rng.integers(0, cell, (n, 2))
    masks = np.empty((n, rows, cols), np.float32)
    for i, (down, across) in enumerate(shifts):
        row_weights = _bilinear(rows, cell[0], int(down), coarse + 1)
        masks[i] = row_weights @ cells[i] @ _bilinear(cols, cell[1], int(across), coarse + 1).T
    return masks


def _bilinear(n_px: int, cell_px: int, shift_px: int, n_cells: int) -> Float32:
    """Weights float32[n_px, n_cells] that interpolate cells of ``cell_px`` at pixel centres, shifted."""
    at = np.clip((np.arange(n_px) + shift_px + 0.5) / cell_px - 0.5, 0, n_cells - 1)
    weights: Float32 = np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(n_cells))).astype(np.float32)
    return weights
