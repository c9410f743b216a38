"""Input times gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mri_batch.arrays import Float32, Int64
from mri_batch.card import ModelCard
from mri_batch.explain.base import GRADIENT_PASSES, Family, Forward, Method
from mri_batch.explain.ops.gradients import gradient_reason, input_gradient
from mri_batch.explain.ops.grid import choose_grid, name_label, pool_cells
from mri_batch.notes import Note
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class InputXGradient(Method):
    """Each pixel's contribution to the score, to first order: pixel times gradient, summed over the channels.

    Source: Shrikumar et al., "Not Just a Black Box", 2016. Needs: the gradient graph. The pixel is the model's input
    value, so zero is the training mean. Shapes: heat on the model's grid or cells of 8 px, the mean over each cell.
    Sign: signed, positive speaks for the class. Cost: a gradient (3 passes).
    Known failure: exact for linear models only; blind to pixels at the mean grey.
    """

    name: ClassVar[str] = "input_x_gradient"
    family: ClassVar[Family] = "gradient"

    @classmethod
    def absent_reason(cls, card: ModelCard) -> Note | None:
        """Say why it cannot run; None where it can."""
        return gradient_reason(card)

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        share = (pixels * input_gradient(forward, pixels, target)).sum(axis=1)
        heat = pool_cells(share, choose_grid(forward.wiring, pixels))
        label = name_label(forward, target)
        return Attribution(heat=heat, method=self.name, label=label, signed=True, passes=GRADIENT_PASSES)
