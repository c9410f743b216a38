"""Integrated Gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.card import ModelCard
from mri_batch.explain.base import GRADIENT_PASSES, Family, Forward, Method
from mri_batch.explain.ops.gradients import gradient_reason, input_gradient
from mri_batch.explain.ops.grid import choose_grid, name_label, pool_cells
from mri_batch.explain.ops.perturb import Fill, fill_picture
from mri_batch.notes import Note
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegratedGradients(Method):
    """The change of the class score from a baseline to the picture, distributed over the pixels.

    Source: Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017. Needs: the gradient graph.
    Knobs: ``baseline``, where the straight path starts; ``steps``, midpoints on it. All heat should add up to the
    change of the score (completeness); a note states the error.
    Shapes: heat on the model's grid or cells of 8 px, the mean over each cell.
    Sign: signed, positive speaks for the class. Cost: ``steps`` gradients of 3 passes each, and 2 passes.
    Known failure: blind to pixels that equal the baseline; the path leaves the training distribution.
    """

    name: ClassVar[str] = "integrated_gradients"
    family: ClassVar[Family] = "gradient"
    baseline: Fill = "black"
    steps: int = 16

    @classmethod
    def absent_reason(cls, card: ModelCard) -> Note | None:
        """Say why it cannot run; None where it can."""
        return gradient_reason(card)

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        start = fill_picture(pixels, self.baseline)
        shares = np.stack([self._integrate(forward, *one) for one in zip(start, pixels, target, strict=True)])
        heat = pool_cells(shares.sum(axis=1), choose_grid(forward.wiring, pixels))
        return Attribution(
            heat=heat,
            method=self.name,
            label=name_label(forward, target),
            signed=True,
            passes=self.steps * GRADIENT_PASSES + 2,
            notes=(_measure_completeness(forward, start, pixels, target, shares),),
        )

    def _integrate(self, forward: Forward, start: Float32, picture: Float32, target: np.int64) -> Float32:
        along = ((np.arange(self.steps, dtype=np.float32) + 0.5) / self.steps)[:, None, None, None]
        path = start + along * (picture - start)
        slopes = input_gradient(forward, path, np.full(self.steps, target, np.int64))
        share: Float32 = (picture - start) * slopes.mean(axis=0)
        return share


def _measure_completeness(forward: Forward, start: Float32, pixels: Float32, target: Int64, shares: Float32) -> Note:
    rows = np.arange(len(target))
    change = forward.logits(pixels)[rows, target] - forward.logits(np.ascontiguousarray(start))[rows, target]
    error = np.abs(shares.sum(axis=(1, 2, 3), dtype=np.float64) - change)
    worst = float((error / np.maximum(np.abs(change), 1e-6)).max()) if len(rows) else 0.0
    return Note("COMPLETENESS_ERROR", {"share": worst})
