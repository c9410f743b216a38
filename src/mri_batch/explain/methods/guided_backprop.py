"""Guided backpropagation."""

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
class GuidedBackprop(Method):
    """The plain gradient, but backpropagated through a ReLU only where it is positive.

    Source: Springenberg et al., "Striving for Simplicity", ICLR workshop 2015. Needs: the gradient graph of a network
    with ReLU or ReLU6. Shapes: heat on the model's grid or cells of 8 px, the mean over each cell.
    Sign: never negative. Cost: a gradient (3 passes). Known failure: follows edges in the picture more than the class
    (Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018).
    """

    name: ClassVar[str] = "guided_backprop"
    family: ClassVar[Family] = "guided"

    @classmethod
    def absent_reason(cls, card: ModelCard) -> Note | None:
        """Say why it cannot run; None where it can."""
        return None if "guided" in card.wiring.gradient else gradient_reason(card) or Note("NO_RELU")

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        strength = np.abs(input_gradient(forward, pixels, target, guided=True)).max(axis=1)
        heat = pool_cells(strength, choose_grid(forward.wiring, pixels))
        return Attribution(heat=heat, method=self.name, label=name_label(forward, target), passes=GRADIENT_PASSES)
