"""A study's prediction from the logits of its slices: the mean over the most suspicious window.

A tumour shows on neighbouring slices, a false alarm mostly on one. A window of fixed length in mm slides along the
stack; the window in which the background label (no finding) is least probable decides. The mean probabilities of its
slices are the study's prediction, and its slices are the deciding slices. A length in mm makes the rule independent of
the slice spacing.

Searching for the most suspicious window makes every volume look more suspicious than its slices. The shift, fitted on
whole volumes through the same search, corrects for this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float64
from mri_batch.probabilities import softmax

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]

MIN_COVERAGE = 0.5  # share of a window's length that usable slices must cover
DEFAULT_SPACING_MM = 5.0  # for a stack of a single slice, or of unknown positions
TOLERANCE_MM = 1e-6  # positions closer than this are equal


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRule:
    """How slices are aggregated to a study. ``background``: index of the label without a finding.

    ``window_mm``: length over which a finding must persist. ``temperature`` divides the logits; ``shift`` is then added
    to the background logit (natural log-odds). ``slice_shift`` replaces ``shift`` for the predictions of single slices,
    which are not searched for the worst; they are smoothed along the stack over ``slice_smooth_mm`` (0: not at all).
    """

    background: int
    window_mm: float
    temperature: float = 1.0
    shift: float = 0.0
    slice_shift: float = 0.0
    slice_smooth_mm: float = 0.0

    def __post_init__(self) -> None:
        if self.background < 0:
            raise ValueError("background must be the index of a label")
        if not self.window_mm > 0 or not self.temperature > 0:
            raise ValueError("window_mm and temperature must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPrediction:
    """Prediction for a volume of n slices and k labels.

    ``probabilities`` float64[k], sums to 1: mean of ``shifted_slices`` over the ``deciding_slices``, indices in stack
    order. ``span_mm``: from the first to the last deciding slice, slice thickness included. ``shifted_slices``
    float64[n, k]: probabilities with the study's shift, for every slice, unusable ones included. ``slices``
    float64[n, k]: predictions of single slices, with ``slice_shift`` and smoothed along the stack.
    """

    probabilities: Float64
    deciding_slices: tuple[int, ...]
    span_mm: float
    shifted_slices: Float64
    slices: Float64

    @property
    def label(self) -> int:
        """Index of the most probable label."""
        return int(self.probabilities.argmax())

    def choose_key_slices(self, background: int, most: int) -> tuple[int, ...]:
        """Choose up to ``most`` deciding slices, those with the least background probability, in stack order."""
        suspicion = 1.0 - self.shifted_slices[list(self.deciding_slices), background]
        chosen = np.argsort(-suspicion, kind="stable")[:most]
        return tuple(sorted(self.deciding_slices[i] for i in chosen.tolist()))


def predict_study(
    logits: Floats, rule: StudyRule, *, positions_mm: Floats | None = None, usable: Bools | None = None
) -> StudyPrediction:
    """Predict a study from the logits [n, k] of its slices in stack order.

    ``positions_mm`` [n] along the stack's normal, ascending or descending; by default 5 mm apart. Slices that are not
    ``usable`` bool[n] are never deciding. Raises ValueError if none is usable.
    """
    n = len(logits)
    allowed = np.ones(n, np.bool_) if usable is None else usable.astype(np.bool_)
    if not allowed.any():
        raise ValueError("no usable slice")
    offsets = np.arange(n) * DEFAULT_SPACING_MM if positions_mm is None else np.abs(positions_mm - positions_mm[0])
    shifted = calibrate_slices(logits, rule, rule.shift)
    spacing = estimate_spacing_mm(offsets)
    windows = list_windows(offsets, allowed, rule.window_mm, spacing)
    means = np.array([shifted[list(window)].mean(axis=0) for window in windows])
    best = int(means[:, rule.background].argmin())
    deciding = windows[best]
    return StudyPrediction(
        probabilities=means[best],
        deciding_slices=deciding,
        span_mm=float(offsets[deciding[-1]] - offsets[deciding[0]] + spacing),
        shifted_slices=shifted,
        slices=smooth_slices(calibrate_slices(logits, rule, rule.slice_shift), offsets, rule.slice_smooth_mm),
    )


def calibrate_slices(logits: Floats, rule: StudyRule, shift: float) -> Float64:
    """Probabilities float64[n, k] of slices at the rule's temperature, with a shift of the background logit."""
    scaled = logits.astype(np.float64) / rule.temperature
    scaled[:, rule.background] += shift
    return softmax(scaled)


def estimate_spacing_mm(offsets_mm: Floats) -> float:
    """Distance between neighbouring slices: the median, so that a missing slice has no effect."""
    steps = np.diff(offsets_mm)
    steps = steps[steps > TOLERANCE_MM]
    return float(np.median(steps)) if steps.size else DEFAULT_SPACING_MM


def list_windows(offsets_mm: Floats, usable: Bools, window_mm: float, spacing_mm: float) -> tuple[tuple[int, ...], ...]:
    """List the windows as slice indices: each starts at a usable slice and holds those less than ``window_mm`` further.

    A window must lie within the usable stack, and usable slices must cover at least half of it. If there is no such
    window, all usable slices form one.
    """
    at = np.flatnonzero(usable)
    windows = []
    for first in at.tolist():
        distance = offsets_mm[at] - offsets_mm[first]
        members = at[(distance >= -TOLERANCE_MM) & (distance < window_mm - TOLERANCE_MM)]
        inside = distance.max() + spacing_mm >= window_mm - TOLERANCE_MM
        if inside and len(members) * spacing_mm >= MIN_COVERAGE * window_mm:
            windows.append(tuple(members.tolist()))
    return tuple(windows) or (tuple(at.tolist()),)


def smooth_slices(probabilities: Float64, offsets_mm: Floats, reach_mm: float) -> Float64:
    """Smooth probabilities [n, k] along the stack with a triangular kernel of half-width ``reach_mm``."""
    distance = np.abs(offsets_mm[:, None] - offsets_mm[None, :])
    weights = np.clip(1.0 - distance / reach_mm, 0.0, None) if reach_mm > 0 else (distance == 0).astype(np.float64)
    smooth: Float64 = (weights / weights.sum(axis=1, keepdims=True)) @ probabilities
    return smooth


def to_slice_range(deciding_slices: Sequence[int], n: int) -> tuple[int, int, int]:
    """First and last deciding slice and number of slices, counted from 1: "slices 12 to 17 of 28"."""
    return deciding_slices[0] + 1, deciding_slices[-1] + 1, n


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyConformal:
    """Thresholds of a study's prediction set, in two steps: finding or not, then which finding.

    ``finding``: labels with a finding are kept if their summed probability is at least this; ``no_finding``: likewise
    the background. ``kinds`` [k]: a label with a finding is kept if its share of the summed probability is at least
    this (the background's entry is unused). Two steps, because few studies exist for each kind of finding.
    """

    background: int
    finding: float
    no_finding: float
    kinds: tuple[float, ...]

    def prediction_set(self, probabilities: Float64) -> tuple[int, ...]:
        """Label indices that cannot be ruled out; always holds the most probable label."""
        no_finding = float(probabilities[self.background])
        finding = 1.0 - no_finding
        kept = {int(probabilities.argmax())}
        if no_finding >= self.no_finding:
            kept.add(self.background)
        if finding >= self.finding and finding > 0:
            shares = probabilities / finding
            kept |= {k for k, least in enumerate(self.kinds) if k != self.background and shares[k] >= least}
        return tuple(sorted(kept))
