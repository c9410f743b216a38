"""The out-of-distribution gate: how far the features of a picture lie from those of the training data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.model.package import Package
from mri_batch.probabilities import mahalanobis_score


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The out-of-distribution gate: class means float32[k, d] and shared precision float32[d, d] of the features."""

    means: Float32
    precision: Float32

    def score(self, features: Float32) -> Float32:
        """Squared Mahalanobis distance of float32[n, d] to the nearest class mean: float32[n] (Lee et al. 2018)."""
        return mahalanobis_score(features, self.means, self.precision).astype(np.float32)


def load_gate(package: Package) -> Gate | None:
    """Load a package's out-of-distribution gate; None where it has none."""
    arrays = package.load_gate()
    if package.card.decision.out_of_distribution is None or not arrays:
        return None
    return Gate(means=arrays["means"].astype(np.float32), precision=arrays["precision"].astype(np.float32))
