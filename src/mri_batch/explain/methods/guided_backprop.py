"""Guided backpropagation."""

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
class GuidedBackprop:
    """The gradient, let through a ReLU only where it is positive; then as the plain gradient.

    Source: Springenberg et al., "Striving for Simplicity", ICLR workshop 2015. Needs: the gradient graph of a network
    with ReLU or ReLU6. Heat is the mean over each cell. Sign: never negative. Cost: a gradient. Known failure: it
    follows edges of the picture more than the class (Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS
    2018).
    """

    name: ClassVar[str] = "guided_backprop"

    @classmethod
    def absent_reason(cls, card: ModelCard) -> str:
        """Say why it cannot run, or nothing."""
        if "guided" in card.wiring.gradient:
            return ""
        return gradient_reason(card) or "the network has no ReLU, and guided backpropagation is defined for ReLU alone"

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        strength = np.abs(input_gradient(forward, pixels, target, guided=True)).max(axis=1)
        heat = pool_cells(strength, choose_grid(forward.wiring, pixels))
        return Attribution(heat=heat, method=self.name, label=name_label(forward, target), passes=GRADIENT_PASSES)
