"""The plain gradient."""

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
class Gradient(Method):
    """Sensitivity of the class score to each pixel: the largest absolute gradient over the channels.

    Source: Simonyan, Vedaldi & Zisserman, "Deep Inside Convolutional Networks", ICLR workshop 2014.
    Needs: the gradient graph. Shapes: heat on the model's grid or cells of 8 px, the mean over each cell.
    Sign: never negative. Cost: a gradient (3 passes).
    Known failure: noisy; vanishes where the model is very sure.
    """

    name: ClassVar[str] = "gradient"
    family: ClassVar[Family] = "gradient"

    @classmethod
    def absent_reason(cls, card: ModelCard) -> Note | None:
        """Say why it cannot run; None where it can."""
        return gradient_reason(card)

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        strength = np.abs(input_gradient(forward, pixels, target)).max(axis=1)
        heat = pool_cells(strength, choose_grid(forward.wiring, pixels))
        return Attribution(heat=heat, method=self.name, label=name_label(forward, target), passes=GRADIENT_PASSES)
