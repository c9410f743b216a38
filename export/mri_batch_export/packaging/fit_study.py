"""Fit the rule over a volume on validation volumes: window, shift, smoothing, and the thresholds of its sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mri_batch.commands.evaluate.volumes import Volume, judge, without_finding
from mri_batch.study_rule import (
    StudyRule,
    StudySet,
    find_least,
    list_windows,
    measure_spacing,
    smooth_slices,
    to_probabilities,
)

Doubles = npt.NDArray[np.float64]

WINDOWS_MM = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0)
SMOOTHS_MM = (0.0, 10.0, 15.0, 20.0, 30.0)
SHIFTS = tuple(np.linspace(-4.0, 8.0, 97).tolist())
WORTH_MORE = 0.01  # of log loss: less is not worth a longer window


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRule:
    """A rule, and its mean log loss of tumour or not on the volumes that it was fitted on: by study and by slice."""

    rule: StudyRule
    log_loss: float
    slice_log_loss: float
    n_volumes: int


def fit_rule(
    volumes: Sequence[Volume], background: int, temperature: float, windows_mm: Sequence[float] = WINDOWS_MM
) -> FittedRule:
    """Fit window and shift on volumes with a finding and on the same less their findings, both weighing alike.

    The temperature is that of slices: a few volumes that a window tells apart would make any model look certain. The
    shortest window whose log loss is within 0.01 of the least: it names the fewest slices. What is said of single
    slices is fitted on the labelled slices of the volumes, those with and those without a finding weighing alike.
    """
    studies = [*volumes, *(without_finding(volume, background) for volume in volumes)]
    studies = [study for study in studies if study.usable.any()]
    rules = [StudyRule(background=background, window_mm=mm, temperature=temperature) for mm in windows_mm]
    fits = [_fit_window(studies, rule) for rule in rules]
    least = min(cost for cost, _ in fits)
    cost, rule = next((cost, rule) for cost, rule in fits if cost <= least + WORTH_MORE)
    slice_cost, rule = _fit_slices(volumes, rule)
    return FittedRule(rule=rule, log_loss=cost, slice_log_loss=slice_cost, n_volumes=len(volumes))


def measure_log_loss(studies: Sequence[Volume], rule: StudyRule) -> float:
    """Mean of -log of the probability of the truth, tumour or not; the two kinds of studies weigh alike."""
    p = [1.0 - float(judge(study, rule).probabilities[rule.background]) for study in studies]
    return _log_loss(p, [study.target != rule.background for study in studies])


def _fit_window(studies: Sequence[Volume], rule: StudyRule) -> tuple[float, StudyRule]:
    truth = [study.target != rule.background for study in studies]
    means = [_window_means(study, rule.window_mm) for study in studies]
    best = (np.inf, rule)
    for shift in SHIFTS:
        tried = replace(rule, shift=shift)
        p = [
            1.0 - float((mean @ to_probabilities(study.logits, tried)[:, rule.background]).min())
            for mean, study in zip(means, studies, strict=True)
        ]
        best = min(best, (_log_loss(p, truth), tried), key=lambda pair: pair[0])
    return best


def _fit_slices(volumes: Sequence[Volume], rule: StudyRule) -> tuple[float, StudyRule]:
    told = [(volume.labels >= 0) & volume.usable for volume in volumes]
    truth = np.concatenate(
        [volume.labels[use] != rule.background for volume, use in zip(volumes, told, strict=True)]
    ).tolist()
    best = (np.inf, rule)
    for mm in SMOOTHS_MM:
        for shift in SHIFTS[::2]:
            p = np.concatenate(
                [
                    1.0
                    - smooth_slices(to_probabilities(v.logits, rule, shift), v.positions_mm, mm)[use, rule.background]
                    for v, use in zip(volumes, told, strict=True)
                ]
            )
            cost = _log_loss(p.tolist(), truth)
            best = min(best, (cost, replace(rule, slice_shift=shift, slice_smooth_mm=mm)), key=lambda pair: pair[0])
    return best


def _window_means(study: Volume, window_mm: float) -> Doubles:
    """Matrix [windows, n] that takes the mean over each window of a study."""
    places = np.abs(study.positions_mm - study.positions_mm[0])
    windows = list_windows(places, study.usable, window_mm, measure_spacing(places))
    means = np.zeros((len(windows), len(places)))
    for row, window in enumerate(windows):
        means[row, list(window)] = 1.0 / len(window)
    return means


def _log_loss(p: Sequence[float], truth: Sequence[bool]) -> float:
    said, true = np.array(p), np.array(truth)
    costs = -np.log(np.clip(np.where(true, said, 1.0 - said), 1e-12, 1.0))
    return float(np.mean([costs[true == kind].mean() for kind in np.unique(true)]))


def fit_set(
    volumes: Sequence[Volume],
    logits: npt.NDArray[np.floating],
    targets: npt.NDArray[np.int64],
    units: Sequence[str],
    rule: StudyRule,
    alpha: float,
    alpha_kinds: float,
) -> tuple[StudySet, dict[str, float]]:
    """Fit the thresholds of the sets, and tell the error rate that each keeps to.

    Tumour or not on volumes; which tumour on patients of slices that all show it (``logits`` [n, k] and so on).
    """
    p = np.array([1.0 - judge(volume, rule).probabilities[rule.background] for volume in volumes])
    apart = [without_finding(volume, rule.background) for volume in volumes]
    q = np.array([judge(volume, rule).probabilities[rule.background] for volume in apart if volume.usable.any()])
    finding, kept_finding = find_least(p, alpha)
    no_finding, kept_nothing = find_least(q, alpha)
    kinds, told = [0.0] * logits.shape[1], {"finding": kept_finding, "no_finding": kept_nothing}
    slices = to_probabilities(logits, rule)
    for k in range(logits.shape[1]):
        if k != rule.background:
            names = sorted({unit for unit, target in zip(units, targets, strict=True) if target == k})
            of = np.array(
                [_share(slices[(np.array(units) == name) & (targets == k)], k, rule.background) for name in names]
            )
            kinds[k], told[str(k)] = find_least(of, alpha_kinds)
    return StudySet(background=rule.background, finding=finding, no_finding=no_finding, kinds=tuple(kinds)), told


def _share(slices: Doubles, k: int, background: int) -> float:
    mean = slices.mean(axis=0)
    return float(mean[k] / (1.0 - mean[background]))
