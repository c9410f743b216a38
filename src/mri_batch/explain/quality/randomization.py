"""Parameter randomisation: a map that a network with other weights gives as well says nothing about the weights.

Source: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, with rank correlation as the likeness.
"""

from __future__ import annotations

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.explain.base import Forward, Int64, Method
from mri_batch.explain.quality.localization import rank_agreement


def compare_heat(ours: Float32, theirs: Float32) -> float:
    """Rank correlation of the absolute heat of two networks on one picture, as the sign with other weights is chance.

    A map that only one of the two has, the other being flat as where a ReLU leaves nothing, is another map: 0.
    """
    ours, theirs = abs(ours), abs(theirs)
    if (np.ptp(ours) > 0) != (np.ptp(theirs) > 0):
        return 0.0
    return rank_agreement(ours, theirs)


def compare_models(forward: Forward, other: Forward, method: Method, pixels: Float32, target: Int64) -> list[float]:
    """Compare a method's maps by two models with the same wiring, for each of n pictures; 1 is suspicious."""
    ours, theirs = (method(each, pixels, target).heat for each in (forward, other))
    return [compare_heat(a, b) for a, b in zip(ours, theirs, strict=True)]
