"""Parameter randomisation: a map that stays the same when the weights are shuffled says nothing about the model.

Source: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, with rank correlation as the similarity.
"""

from __future__ import annotations

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.explain.base import Forward, Method
from mri_batch.explain.quality.localization import rank_agreement


def compare_heat(ours: Float32, theirs: Float32) -> float:
    """Rank correlation of the absolute heat of two networks on one picture; the sign with other weights is chance.

    0 where only one of the two maps is flat, as happens where a ReLU passes nothing.
    """
    ours, theirs = abs(ours), abs(theirs)
    if (np.ptp(ours) > 0) != (np.ptp(theirs) > 0):
        return 0.0
    return rank_agreement(ours, theirs)


def compare_models(forward: Forward, other: Forward, method: Method, pixels: Float32, target: Int64) -> list[float]:
    """Compare a method's maps of n pictures by two models with the same wiring; 1 is suspicious."""
    ours, theirs = (method(each, pixels, target).heat for each in (forward, other))
    return [compare_heat(a, b) for a, b in zip(ours, theirs, strict=True)]
