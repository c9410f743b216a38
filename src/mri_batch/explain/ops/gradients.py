"""The gradient of the class score with respect to the pixels, as the methods ask for it."""

from __future__ import annotations

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard
from mri_batch.explain.base import Forward, Int64

ROLE = "input_gradient"


def gradient_reason(card: ModelCard) -> str:
    """Say why a model has no gradient with respect to its pixels, or nothing."""
    return "" if ROLE in card.wiring.gradient else "the package has no gradient graph"


def input_gradient(forward: Forward, pixels: Float32, target: Int64, *, guided: bool = False) -> Float32:
    """Gradient of the target's logit, float32[n, c, rows, cols]."""
    name = forward.wiring.gradient[ROLE]
    return forward.gradients(pixels, target, (name,), guided=guided)[name]
