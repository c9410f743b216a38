"""All figures of a set of answers with their intervals: by slice, by patient, by source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mri_batch.card import ModelCard
from mri_batch.commands.evaluate import metrics as f
from mri_batch.commands.evaluate.metrics import Doubles, Ints
from mri_batch.commands.evaluate.predictions import Answers
from mri_batch.model.decide import aggregate

INTERVAL = (2.5, 97.5)  # percentiles of the bootstrap: 95 %
CURVE_POINTS = 200  # more would not show in a picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure and its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, draws: Doubles) -> Figure:
        """Make one from float64[1 + draws], the figure itself first."""
        sampled = draws[1:][~np.isnan(draws[1:])]
        low, high = np.percentile(sampled, INTERVAL) if sampled.size else (np.nan, np.nan)
        return cls(value=float(draws[0]), low=float(low), high=float(high))


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
    """Figures over ``n`` answers of ``n_units`` patients (a picture of unknown patient counts as one).

    ``per_class``: label -> figure -> value. ``confusion``: true label down, predicted label across.
    """

    title: str
    n: int
    n_units: int
    overall: dict[str, Figure]
    per_class: dict[str, dict[str, Figure]]
    support: dict[str, int]
    confusion: tuple[tuple[int, ...], ...]
    bins: tuple[Bin, ...]
    roc: tuple[Curve, ...]
    pr: tuple[Curve, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What is summed up: ``probabilities`` float64[n, k], ``targets`` int64[n], ``units`` n names to draw together."""

    labels: tuple[str, ...]
    probabilities: Doubles
    targets: Ints
    units: tuple[str, ...]


def rows_by_slice(answers: Answers) -> Rows:
    """One row per slice."""
    return Rows(
        labels=answers.labels,
        probabilities=answers.probabilities.astype(np.float64),
        targets=answers.targets,
        units=tuple(item.unit for item in answers.items),
    )


def rows_by_patient(answers: Answers, card: ModelCard) -> Rows:
    """One row per patient, put together from the slices by the card's rule.

    A patient whose slices carry several labels counts once for each.
    """
    members: dict[tuple[str, int], list[int]] = {}
    for i, (item, target) in enumerate(zip(answers.items, answers.targets.tolist(), strict=True)):
        members.setdefault((item.unit, target), []).append(i)
    joined = [aggregate(answers.probabilities[rows], card) for rows in members.values()]
    return Rows(
        labels=answers.labels,
        probabilities=np.stack(joined).astype(np.float64),
        targets=np.array([target for _, target in members], np.int64),
        units=tuple(unit for unit, _ in members),
    )


def sum_up(title: str, rows: Rows, *, n_draws: int, seed: int) -> Summary:
    """Work out every figure, with intervals from ``n_draws`` bootstrap draws of whole patients."""
    weights = f.draw_weights(rows.units, n_draws, seed)
    predicted = rows.probabilities.argmax(axis=1)
    confusion = f.count_confusion(rows.targets, predicted, weights, len(rows.labels))
    confidence, right = rows.probabilities.max(axis=1), predicted == rows.targets
    return Summary(
        title=title,
        n=len(rows.targets),
        n_units=len(set(rows.units)),
        overall={name: Figure.of(draws) for name, draws in _overall(rows, confusion, weights).items()},
        per_class=_per_class(rows, confusion, weights),
        support={label: int((rows.targets == k).sum()) for k, label in enumerate(rows.labels)},
        confusion=tuple(tuple(int(n) for n in line) for line in confusion[0]),
        bins=_bins(confidence, right, weights[:1]),
        roc=_curves(rows, f.roc_points),
        pr=_curves(rows, f.pr_points),
    )


def _overall(rows: Rows, confusion: Doubles, weights: Doubles) -> dict[str, Doubles]:
    predicted = rows.probabilities.argmax(axis=1)
    confidence, right = rows.probabilities.max(axis=1), predicted == rows.targets
    seen = np.unique(rows.targets)
    return {
        "accuracy": f.accuracy(confusion),
        "balanced_accuracy": _mean_over(f.recall(confusion), seen),
        "macro_precision": _mean_over(f.precision(confusion), seen),
        "macro_f1": _mean_over(f.f1(confusion), seen),
        "mcc": f.mcc(confusion),
        "ece": f.ece(confidence, right, weights),
        "mean_confidence": f.mean(confidence, weights),
        "brier": f.brier(rows.probabilities, rows.targets, weights),
        "log_loss": f.log_loss(rows.probabilities, rows.targets, weights),
    }


def _mean_over(values: Doubles, classes: Ints) -> Doubles:
    """Mean over the classes that occur; a class that a draw left out does not count in it."""
    chosen = values[:, classes]
    there = ~np.isnan(chosen)
    return f.share(np.where(there, chosen, 0.0).sum(axis=1), there.sum(axis=1).astype(np.float64))


def _per_class(rows: Rows, confusion: Doubles, weights: Doubles) -> dict[str, dict[str, Figure]]:
    by_class = {
        "recall": f.recall(confusion),
        "precision": f.precision(confusion),
        "specificity": f.specificity(confusion),
        "f1": f.f1(confusion),
    }
    told: dict[str, dict[str, Figure]] = {}
    for k, label in enumerate(rows.labels):
        scores, positive = rows.probabilities[:, k], rows.targets == k
        told[label] = {name: Figure.of(draws[:, k]) for name, draws in by_class.items()}
        told[label]["roc_auc"] = Figure.of(f.roc_auc(scores, positive, weights))
        told[label]["pr_auc"] = Figure.of(f.average_precision(scores, positive, weights))
    return told


def _bins(confidence: Doubles, right: f.Bools, ones: Doubles) -> tuple[Bin, ...]:
    counts, sure, correct = (part[0] for part in f.calibration_bins(confidence, right, ones))
    return tuple(
        Bin(n=float(n), confidence=float(c / n), accuracy=float(a / n))
        for n, c, a in zip(counts, sure, correct, strict=True)
        if n
    )


def _curves(rows: Rows, points_of: f.Points) -> tuple[Curve, ...]:
    ones = np.ones((1, len(rows.targets)))
    curves = []
    for k, label in enumerate(rows.labels):
        positive = rows.targets == k
        if positive.any() and not positive.all():
            x, y = (axis[0] for axis in points_of(rows.probabilities[:, k], positive, ones))
            chosen = np.unique(np.linspace(0, len(x) - 1, CURVE_POINTS).round().astype(int))
            curves.append(Curve(label=label, points=tuple(zip(x[chosen].tolist(), y[chosen].tolist(), strict=True))))
    return tuple(curves)
