"""Metrics of whole volumes: slices, deciding slices, heat and study predictions, with intervals by patient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float64, Int64
from mri_batch.commands.evaluate import metrics
from mri_batch.commands.evaluate.estimate import Bootstrap, Estimate
from mri_batch.probabilities import weighted_calibration_error
from mri_batch.study_rule import StudyPrediction, StudyRule, predict_study

Bools = npt.NDArray[np.bool_]

UNLABELLED = -1

Counts = dict[str, tuple[float, float]]  # metric -> numerator, denominator


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """The n slices of one volume in stack order, with their ground truth.

    ``unit``: the patient. ``target``: index of the study's label. ``labels`` int64[n]: label of each slice, -1 without
    one. ``has_outline`` bool[n]: the finding is outlined on the slice. ``peak_hits`` bool[n]: the heat peaks within
    4 px of the outline. ``logits`` [n, k]; ``positions_mm`` float64[n]; ``usable`` bool[n]: the slice shows brain.
    """

    unit: str
    source: str
    target: int
    labels: Int64
    has_outline: Bools
    peak_hits: Bools
    logits: npt.NDArray[np.floating]
    positions_mm: Float64
    usable: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumePolicy:
    """How volumes are predicted: the rule, the thresholds of the verdict, the number of key slices."""

    rule: StudyRule
    abstain_below: float = 0.5
    report_above: float = 0.8
    max_key_slices: int = 5


def remove_finding(volume: Volume, background: int) -> Volume:
    """Return the volume without the slices not labelled as background: a stand-in for a volume without a finding.

    Positions keep the gap. It is not a normal head: a tumour nearby may have displaced what is seen.
    """
    kept = volume.labels == background
    return Volume(
        unit=volume.unit,
        source=volume.source,
        target=background,
        labels=volume.labels[kept],
        has_outline=volume.has_outline[kept],
        peak_hits=volume.peak_hits[kept],
        logits=volume.logits[kept],
        positions_mm=volume.positions_mm[kept],
        usable=volume.usable[kept],
    )


def with_removed(volumes: Sequence[Volume], background: int) -> list[Volume]:
    """Return the volumes, followed by the same volumes without their findings where these have a usable slice."""
    removed = (remove_finding(volume, background) for volume in volumes)
    return [*volumes, *(volume for volume in removed if volume.usable.any())]


def predict_volume(volume: Volume, rule: StudyRule) -> StudyPrediction:
    """Predict one volume by the rule."""
    return predict_study(volume.logits, rule, positions_mm=volume.positions_mm, usable=volume.usable)


def background_probabilities(volumes: Iterable[Volume], rule: StudyRule) -> Float64:
    """Probability of no finding in each volume: float64[m]."""
    return np.array([predict_volume(volume, rule).probabilities[rule.background] for volume in volumes], np.float64)


def count_volume(volume: Volume, policy: VolumePolicy) -> Counts:
    """Numerator and denominator of every metric in one volume."""
    prediction = predict_volume(volume, policy.rule)
    return (
        _count_slices(volume, prediction, policy.rule.background)
        | _count_study(volume, prediction, policy)
        | (_count_finding(volume, prediction, policy) if volume.target != policy.rule.background else {})
    )


def _count_slices(volume: Volume, prediction: StudyPrediction, background: int) -> Counts:
    negative = (volume.labels == background) & volume.usable
    positive = _with_finding(volume, background)
    called = prediction.slices.argmax(axis=1) != background
    labelled = negative | positive
    return {
        "tumour-free slices predicted tumour-free": (float((negative & ~called).sum()), float(negative.sum())),
        "tumour slices predicted as tumour": (float((positive & called).sum()), float(positive.sum())),
        "confidence of slices": (float(prediction.slices.max(axis=1)[labelled].sum()), float(labelled.sum())),
    }


def _count_study(volume: Volume, prediction: StudyPrediction, policy: VolumePolicy) -> Counts:
    top = float(prediction.probabilities.max())
    right = prediction.label == volume.target
    return {
        "correct and not abstained": (float(right and top >= policy.abstain_below), 1.0),
        "abstained": (float(top < policy.abstain_below), 1.0),
        "reported": (float(top >= policy.report_above), 1.0),
        "reported and wrong": (float(top >= policy.report_above and not right), 1.0),
    }


def _count_finding(volume: Volume, prediction: StudyPrediction, policy: VolumePolicy) -> Counts:
    background = policy.rule.background
    found = prediction.label != background and float(prediction.probabilities.max()) >= policy.abstain_below
    key = list(prediction.choose_key_slices(background, policy.max_key_slices))
    first = prediction.choose_key_slices(background, 1)[0]
    shown = volume.has_outline[key]
    called = _with_finding(volume, background) & (prediction.slices.argmax(axis=1) != background)
    return {
        "predicted as tumour and not abstained": (float(found), 1.0),
        "key slices that show the tumour": (float(shown.sum()), float(len(key))),
        "first key slice shows the tumour": (float(volume.has_outline[first]), 1.0),
        "heat peak within 4 px, key slices with tumour": (
            float((volume.peak_hits[key] & shown).sum()),
            float(shown.sum()),
        ),
        "heat peak within 4 px, tumour slices": (float((volume.peak_hits & called).sum()), float(called.sum())),
    }


def measure_volumes(
    volumes: Sequence[Volume], policy: VolumePolicy, bootstrap: Bootstrap | None = None
) -> dict[str, Estimate]:
    """Metrics over volumes, with intervals from a bootstrap of patients."""
    counts = [count_volume(volume, policy) for volume in volumes]
    weights = (bootstrap or Bootstrap()).weights([volume.unit for volume in volumes])
    measured = {}
    for name in dict.fromkeys(name for count in counts for name in count):
        part, whole = np.array([count.get(name, (0.0, 0.0)) for count in counts]).T
        measured[name] = Estimate.of(metrics.share(weights @ part, weights @ whole))
    measured["area under the ROC curve, slices"] = Estimate.of(_slice_auc(volumes, policy.rule, weights))
    return measured


def measure_studies(
    volumes: Sequence[Volume], rule: StudyRule, bootstrap: Bootstrap | None = None
) -> dict[str, Estimate]:
    """Area under the ROC curve, accuracy, log loss and calibration error of finding or not, by study.

    Needs volumes of both kinds: see :func:`with_removed`.
    """
    p = 1.0 - background_probabilities(volumes, rule)
    truth = np.array([volume.target != rule.background for volume in volumes])
    weights = (bootstrap or Bootstrap()).weights([volume.unit for volume in volumes])
    right = (p >= 0.5) == truth
    of_truth = np.where(truth, p, 1 - p)
    return {
        "area under the ROC curve": Estimate.of(metrics.roc_auc(p, truth, weights)),
        "accuracy": Estimate.of(metrics.mean(right.astype(np.float64), weights)),
        "log loss": Estimate.of(metrics.mean(-np.log(np.maximum(of_truth, 1e-12)), weights)),
        "calibration error": Estimate.of(weighted_calibration_error(np.maximum(p, 1 - p), right, weights)),
    }


def _with_finding(volume: Volume, background: int) -> Bools:
    found: Bools = (volume.labels != UNLABELLED) & (volume.labels != background)
    return found


def _slice_auc(volumes: Sequence[Volume], rule: StudyRule, weights: Float64) -> Float64:
    scores, positive, of = [], [], []
    for number, volume in enumerate(volumes):
        slices = predict_volume(volume, rule).slices
        labelled = (volume.labels != UNLABELLED) & volume.usable
        scores.append(1.0 - slices[labelled, rule.background])
        positive.append(volume.labels[labelled] != rule.background)
        of += [number] * int(labelled.sum())
    return metrics.roc_auc(np.concatenate(scores), np.concatenate(positive), weights[:, of])
