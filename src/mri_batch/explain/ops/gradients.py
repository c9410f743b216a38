"""Gradients of the class score as the methods ask for them: with respect to the pixels, and to the last feature map."""

from __future__ import annotations

from mri_batch.arrays import Float32, Int64
from mri_batch.card import ModelCard
from mri_batch.explain.base import Forward
from mri_batch.notes import Note

ROLE = "input_gradient"
CAM_ROLES = ("feature_map", "feature_gradient")


def gradient_reason(card: ModelCard) -> Note | None:
    """Say why a model has no gradient with respect to its pixels; None where it has."""
    return None if ROLE in card.wiring.gradient else Note("NO_GRADIENT")


def input_gradient(forward: Forward, pixels: Float32, target: Int64, *, guided: bool = False) -> Float32:
    """Gradient of the target's logit, float32[n, c, rows, cols]."""
    name = forward.wiring.gradient[ROLE]
    return forward.gradients(pixels, target, (name,), guided=guided)[name]


def cam_reason(card: ModelCard) -> Note | None:
    """Say why a model has no Grad-CAM graph; None where it has."""
    return None if set(CAM_ROLES) <= card.wiring.gradcam.keys() else Note("NO_GRADCAM")


def cam_inputs(forward: Forward, pixels: Float32, target: Int64) -> tuple[Float32, Float32]:
    """The last feature map and the gradient with respect to it, float32[n, channels, grid_rows, grid_cols] each."""
    names = tuple(forward.wiring.gradcam[role] for role in CAM_ROLES)
    outputs = forward.gradients(pixels, target, names)
    return outputs[names[0]], outputs[names[1]]


def chained_reason(card: ModelCard, role: str) -> Note | None:
    """Say why a model's gradient graph has no such chained map; None where it has."""
    return None if role in card.wiring.gradient else Note("NO_ATTENTION_GRADIENT")


def chained_map(forward: Forward, pixels: Float32, target: Int64, role: str) -> Float32:
    """A map that the gradient graph of a ViT chains through its layers itself: float32[n, grid_rows, grid_cols]."""
    name = forward.wiring.gradient[role]
    return forward.gradients(pixels, target, (name,))[name]
