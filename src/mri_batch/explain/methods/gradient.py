"""The plain gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard
from mri_batch.explain.base import GRADIENT_PASSES, Forward, Int64
from mri_batch.explain.ops.gradients import gradient_reason, input_gradient
from mri_batch.explain.ops.grid import choose_grid, name_label, pool_cells
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient:
    """How strongly the class score answers to each pixel: the largest absolute gradient over the channels.

    Source: Simonyan, Vedaldi & Zisserman, "Deep Inside Convolutional Networks", ICLR workshop 2014. Needs: the gradient
    graph. Heat is the mean over each cell. Sign: never negative. Cost: a gradient. Known failure: noisy, and it
    vanishes where the model is very sure.
    """

    name: ClassVar[str] = "gradient"

    @classmethod
    def absent_reason(cls, card: ModelCard) -> str:
        """Say why it cannot run, or nothing."""
        return gradient_reason(card)

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        strength = np.abs(input_gradient(forward, pixels, target)).max(axis=1)
        heat = pool_cells(strength, choose_grid(forward.wiring, pixels))
        return Attribution(heat=heat, method=self.name, label=name_label(forward, target), passes=GRADIENT_PASSES)
