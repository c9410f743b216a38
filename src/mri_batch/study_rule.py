"""A study's answer from the logits of its slices: the mean of the most suspicious slices that lie together.

A tumour is seen on neighbouring slices, a false alarm mostly on one. So a window of some mm is moved along the stack,
and where the label without a finding is least probable decides, whichever way: the mean of that window is the answer,
its slices are the deciding ones. Its length is in mm, so that thin slices count no more than thick ones.

Looking for the most suspicious window makes every volume look more suspicious than its slices do; the temperature and
the shift, fitted on whole volumes, correct for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Real = npt.NDArray[np.floating]

FEWEST_COVERED = 0.5  # of a window's length must be covered by slices, as at the edge of slices left out
DEFAULT_SPACING_MM = 5.0  # where one slice is all there is


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRule:
    """How slices become an answer. ``background``: index of the label without a finding.

    ``window_mm``: how far a finding has to persist. ``temperature`` divides the logits of a slice, ``shift`` is added
    to its background logit after that (natural logarithm of the odds). ``slice_shift`` and ``slice_smooth_mm`` are for
    what is said of each slice by itself: there is no search for the worst, but neighbours have a say.
    """

    background: int
    window_mm: float
    temperature: float = 1.0
    shift: float = 0.0
    slice_shift: float = 0.0
    slice_smooth_mm: float = 0.0

    def __post_init__(self) -> None:
        if self.background < 0:
            raise ValueError("background is the index of a label")
        if not self.window_mm > 0 or not self.temperature > 0:
            raise ValueError("window_mm and temperature must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyAnswer:
    """What a rule says of a volume. ``probabilities`` float64[k], sums to 1: the mean over the deciding slices.

    ``deciding``: indices of the slices of the window, in order; ``span_mm``: from the first to the last of them, slice
    thickness included; ``slices`` float64[n, k]: what the mean is of, for every slice, also those left out;
    ``own`` float64[n, k]: probabilities of each slice by itself, neighbours smoothed in.
    """

    probabilities: Doubles
    deciding: tuple[int, ...]
    span_mm: float
    slices: Doubles
    own: Doubles

    @property
    def label(self) -> int:
        """Index of the most probable label."""
        return int(self.probabilities.argmax())

    def choose_key_slices(self, background: int, most: int) -> tuple[int, ...]:
        """Choose up to ``most`` of the deciding slices, the most suspicious ones, in the volume's order."""
        suspicion = 1.0 - self.slices[list(self.deciding), background]
        chosen = np.argsort(-suspicion, kind="stable")[:most]
        return tuple(sorted(self.deciding[i] for i in chosen.tolist()))


def judge_study(
    logits: Real, rule: StudyRule, *, positions_mm: Real | None = None, usable: Bools | None = None
) -> StudyAnswer:
    """Judge a volume by the logits [n, k] of its slices in order.

    ``positions_mm`` [n] along the axis of the stack, rising or falling; without them slices are 5 mm apart. Slices
    that are not ``usable`` bool[n] decide nothing. Raises ValueError where none is usable.
    """
    n = len(logits)
    allowed = np.ones(n, np.bool_) if usable is None else usable.astype(np.bool_)
    if not allowed.any():
        raise ValueError("no usable slice")
    places = np.arange(n) * DEFAULT_SPACING_MM if positions_mm is None else np.abs(positions_mm - positions_mm[0])
    probabilities = to_probabilities(logits, rule)
    spacing = measure_spacing(places)
    windows = list_windows(places, allowed, rule.window_mm, spacing)
    means = np.array([probabilities[list(window)].mean(axis=0) for window in windows])
    best = int(means[:, rule.background].argmin())
    deciding = windows[best]
    return StudyAnswer(
        probabilities=means[best],
        deciding=deciding,
        span_mm=float(places[deciding[-1]] - places[deciding[0]] + spacing),
        slices=probabilities,
        own=smooth_slices(to_probabilities(logits, rule, rule.slice_shift), places, rule.slice_smooth_mm),
    )


def to_probabilities(logits: Real, rule: StudyRule, shift: float | None = None) -> Doubles:
    """Probabilities float64[n, k] of slices by the rule's temperature and its shift, or another."""
    scaled = logits.astype(np.float64) / rule.temperature
    scaled[:, rule.background] += rule.shift if shift is None else shift
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: Doubles = powers / powers.sum(axis=1, keepdims=True)
    return shares


def measure_spacing(places_mm: Real) -> float:
    """Distance of neighbouring slices: the median, so that a missing slice does not count."""
    apart = np.diff(places_mm)
    apart = apart[apart > 1e-6]
    return float(np.median(apart)) if apart.size else DEFAULT_SPACING_MM


def list_windows(places_mm: Real, usable: Bools, window_mm: float, spacing_mm: float) -> tuple[tuple[int, ...], ...]:
    """List the windows: each starts at a usable slice and holds the usable ones less than ``window_mm`` further on.

    A window ends before the last usable slice does, and slices cover at least half of it; where there is none such,
    all usable slices are one window.
    """
    at = np.flatnonzero(usable)
    windows = []
    for first in at.tolist():
        ahead = places_mm[at] - places_mm[first]
        held = at[(ahead >= -1e-6) & (ahead < window_mm - 1e-6)]
        inside = ahead.max() + spacing_mm >= window_mm - 1e-6
        if inside and len(held) * spacing_mm >= FEWEST_COVERED * window_mm:
            windows.append(tuple(held.tolist()))
    return tuple(windows) or (tuple(at.tolist()),)


def smooth_slices(probabilities: Doubles, places_mm: Real, reach_mm: float) -> Doubles:
    """Average each slice's probabilities [n, k] with its neighbours' within ``reach_mm``, nearer ones more."""
    apart = np.abs(places_mm[:, None] - places_mm[None, :])
    weights = np.clip(1.0 - apart / reach_mm, 0.0, None) if reach_mm > 0 else (apart == 0).astype(np.float64)
    smooth: Doubles = (weights / weights.sum(axis=1, keepdims=True)) @ probabilities
    return smooth


def tell_slices(deciding: Sequence[int], n: int) -> tuple[int, int, int]:
    """First, last and number of slices, counted from 1, as in "slices 12 to 17 of 28"."""
    return deciding[0] + 1, deciding[-1] + 1, n


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySet:
    """Which labels a study's set keeps: tumour or not first, then which, for which there are fewer studies.

    ``finding``: the tumour labels stay while the probability of any of them is at least this; ``no_finding``: likewise
    of the background. ``kinds`` [k]: a tumour label stays while its share of the probability of any is at least this
    (the background's is not used).
    """

    background: int
    finding: float
    no_finding: float
    kinds: tuple[float, ...]

    def choose(self, probabilities: Doubles) -> tuple[int, ...]:
        """Choose the indices that cannot be ruled out; the most probable label is always among them."""
        nothing = float(probabilities[self.background])
        tumour = 1.0 - nothing
        kept = {int(probabilities.argmax())}
        if nothing >= self.no_finding:
            kept.add(self.background)
        if tumour >= self.finding and tumour > 0:
            shares = probabilities / tumour
            kept |= {k for k, least in enumerate(self.kinds) if k != self.background and shares[k] >= least}
        return tuple(sorted(kept))


def find_least(values: Real, alpha: float) -> tuple[float, float]:
    """Conformal threshold below which at most ``alpha`` of exchangeable values fall, and the alpha that it keeps to.

    The floor((n + 1) alpha)-th smallest of n values (Vovk 2012). Where n is too small for that it is the smallest,
    which keeps to 1 / (n + 1); without a value 0, which keeps everything.
    """
    n = len(values)
    if n == 0:
        return 0.0, 0.0
    rank = max(1, int(np.floor((n + 1) * alpha + 1e-9)))
    return float(np.sort(values)[rank - 1]), max(alpha, 1.0 / (n + 1))
