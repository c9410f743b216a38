"""SmoothGrad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.card import ModelCard
from mri_batch.explain.base import GRADIENT_PASSES, Family, Forward, Method
from mri_batch.explain.ops.gradients import gradient_reason, input_gradient
from mri_batch.explain.ops.grid import choose_grid, name_label, pool_cells
from mri_batch.notes import Note
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothGrad(Method):
    """The plain gradient, averaged over noisy copies of the picture.

    Source: Smilkov et al., "SmoothGrad: removing noise by adding noise", 2017. Needs: the gradient graph.
    Knobs: ``samples``; ``noise``, standard deviation as a share of the picture's range of values; ``seed``. Every
    picture gets the same noise. Shapes: heat on the model's grid or cells of 8 px, the mean over each cell.
    Sign: never negative. Cost: ``samples`` gradients of 3 passes each.
    Known failure: smooth maps look right more often than they are.
    """

    name: ClassVar[str] = "smoothgrad"
    family: ClassVar[Family] = "gradient"
    samples: int = 16
    noise: float = 0.1
    seed: int = 0

    @classmethod
    def absent_reason(cls, card: ModelCard) -> Note | None:
        """Say why it cannot run; None where it can."""
        return gradient_reason(card)

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        mean = np.stack([self._mean_gradient(forward, *one) for one in zip(pixels, target, strict=True)])
        heat = pool_cells(np.abs(mean).max(axis=1), choose_grid(forward.wiring, pixels))
        passes = self.samples * GRADIENT_PASSES
        return Attribution(heat=heat, method=self.name, label=name_label(forward, target), passes=passes)

    def _mean_gradient(self, forward: Forward, picture: Float32, target: np.int64) -> Float32:
        rng = np.random.default_rng(self.seed)
        noise = rng.standard_normal((self.samples, *picture.shape), np.float32)
        noisy = picture + noise * np.float32(self.noise * float(picture.max() - picture.min()))
        mean: Float32 = input_gradient(forward, noisy, np.full(self.samples, target, np.int64)).mean(axis=0)
        return mean
