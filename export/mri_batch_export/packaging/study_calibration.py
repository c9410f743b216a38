"""Fit the study rule on validation volumes: window, shifts, smoothing, and the thresholds of prediction sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float64, Int64
from mri_batch.commands.evaluate.volumes import (
    UNLABELLED,
    Volume,
    background_probabilities,
    remove_finding,
    with_removed,
)
from mri_batch.probabilities import conformal_floor
from mri_batch.study_rule import (
    StudyConformal,
    StudyRule,
    calibrate_slices,
    estimate_spacing_mm,
    list_windows,
    smooth_slices,
)

Bools = npt.NDArray[np.bool_]

WINDOWS_MM = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0)
SMOOTHS_MM = (0.0, 10.0, 15.0, 20.0, 30.0)
SHIFTS = tuple(np.linspace(-4.0, 8.0, 97).tolist())
MIN_GAIN = 0.01  # of log loss: a longer window must gain more than this


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRule:
    """A rule with its mean log loss, finding or not, on the volumes it was fitted on: by study and by slice."""

    rule: StudyRule
    log_loss: float
    slice_log_loss: float
    n_volumes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSlices:
    """Single slices with a label: ``logits`` [n, k], ``targets`` int64[n], ``units`` n names of patients."""

    logits: npt.NDArray[np.floating]
    targets: Int64
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedConformal:
    """Thresholds of prediction sets, and the error rate that each guarantees: ``kinds`` by index of the label."""

    thresholds: StudyConformal
    finding_alpha: float
    no_finding_alpha: float
    kind_alphas: Mapping[int, float]


def fit_rule(
    volumes: Sequence[Volume], background: int, temperature: float, windows_mm: Sequence[float] = WINDOWS_MM
) -> FittedRule:
    """Fit window and shift on volumes with a finding and on the same volumes without it, both weighted equally.

    The temperature is that of slices: on a few volumes that a window separates, any model would look certain. The
    shortest window within 0.01 of the least log loss is chosen, since it names the fewest slices. ``slice_shift`` and
    ``slice_smooth_mm`` are fitted on the labelled slices, those with and without a finding weighted equally.
    """
    studies = [study for study in with_removed(volumes, background) if study.usable.any()]
    rules = [StudyRule(background=background, window_mm=mm, temperature=temperature) for mm in windows_mm]
    fits = [_fit_shift(studies, rule) for rule in rules]
    least = min(cost for cost, _ in fits)
    cost, rule = next((cost, rule) for cost, rule in fits if cost <= least + MIN_GAIN)
    slice_cost, rule = _fit_slices(volumes, rule)
    return FittedRule(rule=rule, log_loss=cost, slice_log_loss=slice_cost, n_volumes=len(volumes))


def measure_log_loss(studies: Sequence[Volume], rule: StudyRule) -> float:
    """Mean log loss, finding or not, of studies; those with and without a finding are weighted equally."""
    return balanced_log_loss(1.0 - background_probabilities(studies, rule), has_finding(studies, rule.background))


def has_finding(studies: Sequence[Volume], background: int) -> Bools:
    """Whether each study has a finding: bool[m]."""
    return np.array([study.target != background for study in studies])


def balanced_log_loss(probabilities: Float64, truth: Bools) -> float:
    """Log loss of probabilities [m] of a finding, averaged by class and then over the classes that occur."""
    costs = -np.log(np.clip(np.where(truth, probabilities, 1.0 - probabilities), 1e-12, 1.0))
    return float(np.mean([costs[truth == kind].mean() for kind in np.unique(truth)]))


def _fit_shift(studies: Sequence[Volume], rule: StudyRule) -> tuple[float, StudyRule]:
    truth = has_finding(studies, rule.background)
    averages = [_window_averages(study, rule.window_mm) for study in studies]

    def cost(tried: StudyRule) -> float:
        background = [
            (average @ calibrate_slices(study.logits, tried, tried.shift)[:, rule.background]).min()
            for average, study in zip(averages, studies, strict=True)
        ]
        return balanced_log_loss(1.0 - np.array(background), truth)

    costs = [(cost(tried), tried) for tried in (replace(rule, shift=shift) for shift in SHIFTS)]
    return min(costs, key=lambda pair: pair[0])


def _fit_slices(volumes: Sequence[Volume], rule: StudyRule) -> tuple[float, StudyRule]:
    labelled = [(volume.labels != UNLABELLED) & volume.usable for volume in volumes]
    truth = np.concatenate([v.labels[use] != rule.background for v, use in zip(volumes, labelled, strict=True)])

    def cost(tried: StudyRule) -> float:
        p = [
            smooth_slices(
                calibrate_slices(volume.logits, tried, tried.slice_shift), volume.positions_mm, tried.slice_smooth_mm
            )[use, rule.background]
            for volume, use in zip(volumes, labelled, strict=True)
        ]
        return balanced_log_loss(1.0 - np.concatenate(p), truth)

    costs = [(cost(tried), tried) for tried in _iter_slice_rules(rule)]
    return min(costs, key=lambda pair: pair[0])


def _iter_slice_rules(rule: StudyRule) -> Iterator[StudyRule]:
    for mm in SMOOTHS_MM:
        for shift in SHIFTS[::2]:
            yield replace(rule, slice_shift=shift, slice_smooth_mm=mm)


def _window_averages(study: Volume, window_mm: float) -> Float64:
    """Matrix float64[windows, n] that averages over each window of a study."""
    offsets = np.abs(study.positions_mm - study.positions_mm[0])
    windows = list_windows(offsets, study.usable, window_mm, estimate_spacing_mm(offsets))
    averages = np.zeros((len(windows), len(offsets)))
    for row, window in enumerate(windows):
        averages[row, list(window)] = 1.0 / len(window)
    return averages


def fit_conformal_sets(
    volumes: Sequence[Volume], slices: LabelledSlices, rule: StudyRule, *, alpha: float, alpha_kinds: float
) -> FittedConformal:
    """Fit the thresholds of prediction sets: finding or not on volumes, which finding on patients of single slices.

    ``slices`` of a label with a finding all show it.
    """
    removed = [remove_finding(volume, rule.background) for volume in volumes]
    without = [volume for volume in removed if volume.usable.any()]
    finding, finding_alpha = conformal_floor(1.0 - background_probabilities(volumes, rule), alpha)
    no_finding, no_finding_alpha = conformal_floor(background_probabilities(without, rule), alpha)
    n_labels = slices.logits.shape[1]
    floors = {
        k: conformal_floor(_kind_shares(slices, k, rule), alpha_kinds) for k in range(n_labels) if k != rule.background
    }
    return FittedConformal(
        thresholds=StudyConformal(
            background=rule.background,
            finding=finding,
            no_finding=no_finding,
            kinds=tuple(floors[k][0] if k in floors else 0.0 for k in range(n_labels)),
        ),
        finding_alpha=finding_alpha,
        no_finding_alpha=no_finding_alpha,
        kind_alphas={k: kept for k, (_, kept) in floors.items()},
    )


def _kind_shares(slices: LabelledSlices, k: int, rule: StudyRule) -> Float64:
    """Share of label k in the probability of any finding, for each patient with that label: float64[m]."""
    probabilities = calibrate_slices(slices.logits, rule, rule.shift)
    members: dict[str, list[int]] = {}
    for i in np.flatnonzero(slices.targets == k).tolist():
        members.setdefault(slices.units[i], []).append(i)
    means = [probabilities[rows].mean(axis=0) for _, rows in sorted(members.items())]
    return np.array([mean[k] / (1.0 - mean[rule.background]) for mean in means], np.float64)
