"""Fit the rule over a volume on validation volumes: window, temperature, shift, and the thresholds of its sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mri_batch.evaluate.volumes import Volume, judge, without_finding
from mri_batch.study_rule import StudyRule, StudySet, find_least, list_windows, measure_spacing, to_probabilities

Doubles = npt.NDArray[np.float64]

WINDOWS_MM = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0)
TEMPERATURES = tuple(np.exp(np.linspace(np.log(0.5), np.log(4.0), 13)).tolist())
SHIFTS = tuple(np.linspace(-4.0, 6.0, 41).tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRule:
    """A rule, and its mean log loss of tumour or not on the volumes that it was fitted on."""

    rule: StudyRule
    log_loss: float
    n_volumes: int


def fit_rule(volumes: Sequence[Volume], background: int, windows_mm: Sequence[float] = WINDOWS_MM) -> FittedRule:
    """Fit on volumes with a finding and on the same less their findings, both weighing alike.

    The least log loss of tumour or not; of windows within 0.005 of the best the shortest, which names fewer slices.
    """
    studies = [*volumes, *(without_finding(volume, background) for volume in volumes)]
    studies = [study for study in studies if study.usable.any()]
    fits = [_fit_window(studies, StudyRule(background=background, window_mm=mm)) for mm in windows_mm]
    least = min(fit.log_loss for fit in fits)
    return next(fit for fit in fits if fit.log_loss <= least + 0.005)


def measure_log_loss(studies: Sequence[Volume], rule: StudyRule) -> float:
    """Mean of -log of the probability of the truth, tumour or not; the two kinds of studies weigh alike."""
    p = [1.0 - float(judge(study, rule).probabilities[rule.background]) for study in studies]
    return _log_loss(p, [study.target != rule.background for study in studies])


def _fit_window(studies: Sequence[Volume], rule: StudyRule) -> FittedRule:
    truth = [study.target != rule.background for study in studies]
    means = [_window_means(study, rule.window_mm) for study in studies]
    best = (np.inf, rule)
    for temperature in TEMPERATURES:
        for shift in SHIFTS:
            tried = replace(rule, temperature=temperature, shift=shift)
            p = [
                1.0 - float((mean @ to_probabilities(study.logits, tried)[:, rule.background]).min())
                for mean, study in zip(means, studies, strict=True)
            ]
            best = min(best, (_log_loss(p, truth), tried), key=lambda pair: pair[0])
    return FittedRule(rule=best[1], log_loss=best[0], n_volumes=len(studies))


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
