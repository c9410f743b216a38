"""Attention rollout weighted by gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard
from mri_batch.explain.base import GRADIENT_PASSES, Forward, Int64
from mri_batch.explain.ops.grid import name_label
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientRollout:
    """Attention rollout over mean over heads of (A * dA)+, so that only attention that helps the class counts.

    Source: Abnar & Zuidema 2020 with the weighting of Barkan et al., "Grad-SAM", CIKM 2021. Needs: the gradient graph
    of a ViT, which chains the layers itself. Knobs: none at run time. Sign: never negative. Cost: a gradient. Known
    failure: as rollout's; and gradients vanish where the model is very sure.
    """

    name: ClassVar[str] = "gradient_rollout"

    @classmethod
    def absent_reason(cls, card: ModelCard) -> str:
        """Say why it cannot run, or nothing."""
        return "" if cls.name in card.wiring.gradient else "the package has no gradient of attention"

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        name = forward.wiring.gradient[self.name]
        heat = forward.gradients(pixels, target, (name,))[name]
        return Attribution(heat=heat, method=self.name, label=name_label(forward, target), passes=GRADIENT_PASSES)
