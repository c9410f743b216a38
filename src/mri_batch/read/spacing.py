"""The usual distance between slices, and what is odd about their positions."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

_GAP = 1.5  # of the usual spacing: halfway to a missing slice


class Spacing(NamedTuple):
    """The usual distance between neighbours in mm, 0 where there is none, and counts of slices."""

    usual_mm: float = 0.0
    n_missing: int = 0
    n_repeated: int = 0
    n_unplaced: int = 0


def measure_spacing(distances_mm: Sequence[float | None]) -> Spacing:
    """Measure sorted distances along a normal; where one is unknown, only such are counted."""
    known = [distance for distance in distances_mm if distance is not None]
    if len(known) < len(distances_mm):
        return Spacing(n_unplaced=len(distances_mm) - len(known))
    n_repeated = len(known) - len({round(distance, 2) for distance in known})
    return Spacing(*find_gaps(known), n_repeated)


def find_gaps(distances_mm: Sequence[float]) -> tuple[float, int]:
    """Return the usual spacing in mm and how many slices seem to be missing from sorted distances."""
    steps = [b - a for a, b in pairwise(distances_mm) if b - a > 1e-3]
    if len(steps) < 2:
        return (steps[0] if steps else 0.0), 0
    usual = statistics.median(steps)
    return usual, sum(round(step / usual) - 1 for step in steps if step > _GAP * usual)
