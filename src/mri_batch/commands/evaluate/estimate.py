"""Estimates with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float64
from mri_batch.commands.evaluate.metrics import draw_weights

INTERVAL = (2.5, 97.5)  # percentiles of the bootstrap: 95 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number and its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, draws: Float64) -> Estimate:
        """Make one from float64[1 + draws], the number itself first."""
        sampled = draws[1:][~np.isnan(draws[1:])]
        low, high = np.percentile(sampled, INTERVAL) if sampled.size else (np.nan, np.nan)
        return cls(value=float(draws[0]), low=float(low), high=float(high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """How intervals are drawn: from whole patients, ``n_draws`` times, reproducibly."""

    n_draws: int = 1000  # usual for a 95 % interval by percentiles
    seed: int = 0

    def weights(self, units: Sequence[str]) -> Float64:
        """Draw weights float64[1 + n_draws, n] of n slices of these patients; the first row is ones."""
        return draw_weights(units, self.n_draws, self.seed)
