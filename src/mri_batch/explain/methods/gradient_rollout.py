"""Attention rollout weighted by gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mri_batch.arrays import Float32, Int64
from mri_batch.card import ModelCard
from mri_batch.explain.base import GRADIENT_PASSES, Family, Forward, Method
from mri_batch.explain.ops.gradients import chained_map, chained_reason
from mri_batch.explain.ops.grid import name_label
from mri_batch.notes import Note
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientRollout(Method):
    """Attention rollout over the mean over heads of (A * dA)+: only attention that helps the class counts.

    Source: Abnar & Zuidema 2020 with the weighting of Barkan et al., "Grad-SAM", CIKM 2021. Needs: the gradient graph
    of a ViT, which chains the layers itself. Knobs: none at run time.
    Shapes: heat on the patch grid. Sign: never negative. Cost: a gradient (3 passes).
    Known failure: that of rollout; and gradients vanish where the model is very sure.
    """

    name: ClassVar[str] = "gradient_rollout"
    family: ClassVar[Family] = "relevance"

    @classmethod
    def absent_reason(cls, card: ModelCard) -> Note | None:
        """Say why it cannot run; None where it can."""
        return chained_reason(card, cls.name)

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        heat = chained_map(forward, pixels, target, self.name)
        return Attribution(heat=heat, method=self.name, label=name_label(forward, target), passes=GRADIENT_PASSES)
