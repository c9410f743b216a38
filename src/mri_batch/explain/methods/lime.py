"""LIME on superpixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.explain.base import Family, Forward, Method
from mri_batch.explain.ops.grid import choose_grid, name_label, pool_cells
from mri_batch.explain.ops.perturb import Fill, fill_picture, masked_probability
from mri_batch.explain.ops.superpixels import cut_superpixels, open_segments
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Lime(Method):
    """Weights of a linear model of the class probability in which superpixels are switched on or off.

    Source: Ribeiro, Singh & Guestrin, "Why Should I Trust You?", KDD 2016: random halves of the superpixels, weighted
    by exp(-d^2 / width^2) with d the cosine distance to the whole picture, fitted by ridge regression.
    Needs: any classifier. Knobs: ``segments``, ``samples``, ``width``, ``ridge``, the ``fill`` of segments switched
    off, ``seed``. Shapes: heat on the model's grid or cells of 8 px, the mean over each cell.
    Sign: signed, positive speaks for the class. Cost: ``samples`` passes.
    Known failure: another seed or another segmentation can give another map.
    """

    name: ClassVar[str] = "lime"
    family: ClassVar[Family] = "perturbation"
    segments: int = 60
    samples: int = 300
    width: float = 0.25
    ridge: float = 1.0
    fill: Fill = "blur"
    seed: int = 0

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        filler = fill_picture(pixels, self.fill)
        heat = np.stack([self._explain(forward, *one) for one in zip(pixels, filler, target, strict=True)])
        return Attribution(
            heat=pool_cells(heat, choose_grid(forward.wiring, pixels)),
            method=self.name,
            label=name_label(forward, target),
            signed=True,
            passes=float(self.samples),
        )

    def _explain(self, forward: Forward, picture: Float32, filler: Float32, target: np.int64) -> Float32:
        segments = cut_superpixels(picture, self.segments)
        rng = np.random.default_rng(self.seed)
        switched = rng.integers(0, 2, (self.samples, int(segments.max()) + 1)).astype(np.float32)
        switched[0] = 1.0
        seen = masked_probability(forward, picture, filler, open_segments(segments, switched), int(target))
        distance = 1.0 - np.sqrt(switched.mean(axis=1))  # cosine distance of a 0-1 vector to all ones
        weights = np.exp(-((distance / self.width) ** 2))
        return fit_ridge(switched, seen, weights, self.ridge)[segments]


def fit_ridge(x: Float32, y: Float32, weights: Float32, ridge: float) -> Float32:
    """Weighted ridge regression of y float32[m] on x float32[m, s] with a free intercept: slopes float32[s]."""
    w = weights.astype(np.float64)
    centre, level = np.average(x, axis=0, weights=w), np.average(y, weights=w)
    from_centre = (x - centre) * np.sqrt(w)[:, None]
    right = from_centre.T @ ((y - level) * np.sqrt(w))
    slopes: Float32 = np.linalg.solve(from_centre.T @ from_centre + ridge * np.eye(x.shape[1]), right).astype(
        np.float32
    )
    return slopes
