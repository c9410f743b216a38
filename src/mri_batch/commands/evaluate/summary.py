"""All metrics of a set of predictions with their intervals: by slice, by patient, by source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float64, Int64
from mri_batch.card import ModelCard
from mri_batch.commands.evaluate import metrics
from mri_batch.commands.evaluate.estimate import Bootstrap, Estimate
from mri_batch.commands.evaluate.predictions import Predictions
from mri_batch.model.decide import aggregate
from mri_batch.probabilities import calibration_bins, weighted_calibration_error

CURVE_POINTS = 200  # more would not show in a picture


Estimates = dict[str, Estimate]  # by name of the metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One bar of a reliability diagram: ``n`` slices, their mean confidence and their accuracy."""

    n: float
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A curve as points (x, y), each 0 to 1."""

    label: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Metrics over ``n`` predictions of ``n_units`` patients (a picture of unknown patient counts as one).

    ``name``: of the source, else empty. ``per_class``: label -> metric -> estimate. ``confusion``: true label down,
    predicted label across.
    """

    name: str
    n: int
    n_units: int
    overall: Estimates
    per_class: dict[str, Estimates]
    support: dict[str, int]
    confusion: tuple[tuple[int, ...], ...]
    bins: tuple[Bin, ...]
    roc: tuple[Curve, ...]
    pr: tuple[Curve, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What is summarised: ``probabilities`` float64[n, k], ``targets`` int64[n], ``units`` n names of patients."""

    labels: tuple[str, ...]
    probabilities: Float64
    targets: Int64
    units: tuple[str, ...]


def rows_by_slice(predictions: Predictions) -> Rows:
    """One row per slice."""
    return Rows(
        labels=predictions.labels,
        probabilities=predictions.probabilities.astype(np.float64),
        targets=predictions.targets,
        units=predictions.units,
    )


def rows_by_patient(predictions: Predictions, card: ModelCard) -> Rows:
    """One row per patient, aggregated from the slices by the card's rule.

    A patient whose slices carry several labels counts once for each.
    """
    members: dict[tuple[str, int], list[int]] = {}
    for i, (item, target) in enumerate(zip(predictions.items, predictions.targets.tolist(), strict=True)):
        members.setdefault((item.unit, target), []).append(i)
    joined = [aggregate(predictions.probabilities[rows], card) for rows in members.values()]
    return Rows(
        labels=predictions.labels,
        probabilities=np.stack(joined).astype(np.float64),
        targets=np.array([target for _, target in members], np.int64),
        units=tuple(unit for unit, _ in members),
    )


def summarise(rows: Rows, bootstrap: Bootstrap, name: str = "") -> Summary:
    """Compute every metric with its interval."""
    weights = bootstrap.weights(rows.units)
    predicted = rows.probabilities.argmax(axis=1)
    confusion = metrics.count_confusion(rows.targets, predicted, weights, len(rows.labels))
    confidence, right = rows.probabilities.max(axis=1), predicted == rows.targets
    return Summary(
        name=name,
        n=len(rows.targets),
        n_units=len(set(rows.units)),
        overall={name: Estimate.of(draws) for name, draws in _overall(rows, confusion, weights).items()},
        per_class=_per_class(rows, confusion, weights),
        support={label: int((rows.targets == k).sum()) for k, label in enumerate(rows.labels)},
        confusion=tuple(tuple(int(n) for n in line) for line in confusion[0]),
        bins=_bins(confidence, right, weights[:1]),
        roc=_curves(rows, metrics.roc_points),
        pr=_curves(rows, metrics.pr_points),
    )


def _overall(rows: Rows, confusion: Float64, weights: Float64) -> dict[str, Float64]:
    predicted = rows.probabilities.argmax(axis=1)
    confidence, right = rows.probabilities.max(axis=1), predicted == rows.targets
    seen = np.unique(rows.targets)
    return {
        "accuracy": metrics.accuracy(confusion),
        "balanced_accuracy": _mean_over(metrics.recall(confusion), seen),
        "macro_precision": _mean_over(metrics.precision(confusion), seen),
        "macro_f1": _mean_over(metrics.f1(confusion), seen),
        "mcc": metrics.mcc(confusion),
        "ece": weighted_calibration_error(confidence, right, weights),
        "mean_confidence": metrics.mean(confidence, weights),
        "brier": metrics.brier(rows.probabilities, rows.targets, weights),
        "log_loss": metrics.log_loss(rows.probabilities, rows.targets, weights),
    }


def _mean_over(values: Float64, classes: Int64) -> Float64:
    """Mean over the classes that occur; a class absent from a draw does not count."""
    chosen = values[:, classes]
    defined = ~np.isnan(chosen)
    return metrics.share(np.where(defined, chosen, 0.0).sum(axis=1), defined.sum(axis=1).astype(np.float64))


def _per_class(rows: Rows, confusion: Float64, weights: Float64) -> dict[str, Estimates]:
    by_class = {
        "recall": metrics.recall(confusion),
        "precision": metrics.precision(confusion),
        "specificity": metrics.specificity(confusion),
        "f1": metrics.f1(confusion),
    }
    estimates: dict[str, Estimates] = {}
    for k, label in enumerate(rows.labels):
        scores, positive = rows.probabilities[:, k], rows.targets == k
        estimates[label] = {name: Estimate.of(draws[:, k]) for name, draws in by_class.items()}
        estimates[label]["roc_auc"] = Estimate.of(metrics.roc_auc(scores, positive, weights))
        estimates[label]["pr_auc"] = Estimate.of(metrics.average_precision(scores, positive, weights))
    return estimates


def _bins(confidence: Float64, right: metrics.Bools, ones: Float64) -> tuple[Bin, ...]:
    counts, confident, correct = (part[0] for part in calibration_bins(confidence, right, ones))
    return tuple(
        Bin(n=float(n), confidence=float(c / n), accuracy=float(a / n))
        for n, c, a in zip(counts, confident, correct, strict=True)
        if n
    )


def _curves(rows: Rows, points_of: metrics.Points) -> tuple[Curve, ...]:
    ones = np.ones((1, len(rows.targets)))
    curves = []
    for k, label in enumerate(rows.labels):
        positive = rows.targets == k
        if positive.any() and not positive.all():
            x, y = (axis[0] for axis in points_of(rows.probabilities[:, k], positive, ones))
            chosen = np.unique(np.linspace(0, len(x) - 1, CURVE_POINTS).round().astype(int))
            curves.append(Curve(label=label, points=tuple(zip(x[chosen].tolist(), y[chosen].tolist(), strict=True))))
    return tuple(curves)
