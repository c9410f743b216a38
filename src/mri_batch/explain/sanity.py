"""Parameter randomisation: a map that a network with other weights gives as well says nothing about the weights.

Source: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, with rank correlation as the likeness.
"""

from __future__ import annotations

from mri_batch.explain.base import Forward, Int64, Method
from mri_batch.explain.metrics import rank_agreement
from mri_batch.records import Float32


def compare_models(forward: Forward, other: Forward, method: Method, pixels: Float32, target: Int64) -> list[float]:
    """Rank correlation of a method's maps by two models with the same wiring, for each of n pictures; 1 is suspicious.

    Absolute heat is compared, as the sign of the gradient of a network with other weights is chance.
    """
    ours, theirs = (abs(method(each, pixels, target).heat) for each in (forward, other))
    return [rank_agreement(a, b) for a, b in zip(ours, theirs, strict=True)]
