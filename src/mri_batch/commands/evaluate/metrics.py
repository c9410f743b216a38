"""Classification metrics in numpy. Each takes weights float64[r, n] and returns one number per row of them.

The weights say how often each of n slices counts: ones for the metric itself, the draws of a bootstrap for its
interval. A metric that is not defined (the recall of a class without a slice) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float64, Int64

Bools = npt.NDArray[np.bool_]

Points = Callable[[Float64, Bools, Float64], tuple[Float64, Float64]]


def count_confusion(targets: Int64, predicted: Int64, weights: Float64, k: int) -> Float64:
    """Confusion matrices float64[r, k, k]: true label down, predicted label across."""
    cells = np.zeros((len(targets), k * k))
    cells[np.arange(len(targets)), targets * k + predicted] = 1.0
    counted: Float64 = (weights @ cells).reshape(len(weights), k, k)
    return counted


def accuracy(confusion: Float64) -> Float64:
    """Share on the diagonal: [r]."""
    return share(np.trace(confusion, axis1=1, axis2=2), confusion.sum(axis=(1, 2)))


def recall(confusion: Float64) -> Float64:
    """Of each true class, the share that is found (sensitivity): [r, k]."""
    return share(_diagonal(confusion), confusion.sum(axis=2))


def precision(confusion: Float64) -> Float64:
    """Of the slices predicted as each class, the share that is right: [r, k]."""
    return share(_diagonal(confusion), confusion.sum(axis=1))


def specificity(confusion: Float64) -> Float64:
    """Of the slices of all other classes, the share not predicted as the class: [r, k]."""
    others = confusion.sum(axis=(1, 2))[:, None] - confusion.sum(axis=2)
    false = confusion.sum(axis=1) - _diagonal(confusion)
    return share(others - false, others)


def f1(confusion: Float64) -> Float64:
    """Harmonic mean of precision and recall: [r, k]."""
    return share(2 * _diagonal(confusion), confusion.sum(axis=1) + confusion.sum(axis=2))


def mcc(confusion: Float64) -> Float64:
    """Matthews correlation coefficient for k classes (Gorodkin 2004): [r]; 0 where a single row or column holds all."""
    total = confusion.sum(axis=(1, 2))
    right = np.trace(confusion, axis1=1, axis2=2)
    true, predicted = confusion.sum(axis=2), confusion.sum(axis=1)
    above = right * total - (true * predicted).sum(axis=1)
    below = np.sqrt((total**2 - (predicted**2).sum(axis=1)) * (total**2 - (true**2).sum(axis=1)))
    found: Float64 = np.where(below > 0, above / np.where(below > 0, below, 1.0), 0.0)
    return found


def roc_points(scores: Float64, positive: Bools, weights: Float64) -> tuple[Float64, Float64]:
    """False and true positive rates, each [r, m + 1], for the m distinct scores from the highest; from 0, 0 on."""
    true, false = _counts_above(scores, positive, weights)
    return share(false, false[:, -1:]), share(true, true[:, -1:])


def roc_auc(scores: Float64, positive: Bools, weights: Float64) -> Float64:
    """Area under the ROC curve, ties counting half: [r]."""
    across, up = roc_points(scores, positive, weights)
    area: Float64 = ((up[:, 1:] + up[:, :-1]) / 2 * np.diff(across, axis=1)).sum(axis=1)
    return area


def pr_points(scores: Float64, positive: Bools, weights: Float64) -> tuple[Float64, Float64]:
    """Recall and precision, each [r, m + 1], for the m distinct scores from the highest down; starts at recall 0."""
    true, false = _counts_above(scores, positive, weights)
    found = true + false
    exact = np.where(found > 0, true / np.where(found > 0, found, 1.0), 1.0)
    return share(true, true[:, -1:]), exact


def average_precision(scores: Float64, positive: Bools, weights: Float64) -> Float64:
    """Area under the precision-recall curve as the sum of its steps (average precision): [r]."""
    across, up = pr_points(scores, positive, weights)
    area: Float64 = (np.diff(across, axis=1) * up[:, 1:]).sum(axis=1)
    return area


def brier(probabilities: Float64, targets: Int64, weights: Float64) -> Float64:
    """Squared distance to the truth, summed over the classes (Brier 1950): [r], 0 to 2."""
    truth = np.eye(probabilities.shape[1])[targets]
    return mean(((probabilities - truth) ** 2).sum(axis=1), weights)


def log_loss(probabilities: Float64, targets: Int64, weights: Float64) -> Float64:
    """Mean of -log of the true class's probability: [r]."""
    chosen = probabilities[np.arange(len(targets)), targets]
    return mean(-np.log(np.maximum(chosen, np.finfo(np.float32).tiny)), weights)


def mean(values: Float64, weights: Float64) -> Float64:
    """Weighted mean of values [n]: [r]."""
    return share(weights @ values, weights.sum(axis=1))


def share(part: Float64, whole: Float64) -> Float64:
    """Divide; NaN where the whole is 0."""
    divided: Float64 = np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)
    return divided


def draw_weights(units: Sequence[str], n_draws: int, seed: int) -> Float64:
    """Weights float64[1 + n_draws, n] of n slices: ones, then how often a bootstrap drew the unit of each slice."""
    names, member = np.unique(np.array(units), return_inverse=True)
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_draws)
    return np.concatenate([np.ones((1, len(units))), drawn[:, member].astype(np.float64)])


def _diagonal(confusion: Float64) -> Float64:
    return np.diagonal(confusion, axis1=1, axis2=2)


def _counts_above(scores: Float64, positive: Bools, weights: Float64) -> tuple[Float64, Float64]:
    """Weights of the true and of the false slices at or above each distinct score: [r, m + 1] each, the first none."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    ordered = weights[:, order]
    true = np.cumsum(ordered * positive[order], axis=1)[:, last]
    false = np.cumsum(ordered * ~positive[order], axis=1)[:, last]
    nothing = np.zeros((len(weights), 1))
    return np.concatenate([nothing, true], axis=1), np.concatenate([nothing, false], axis=1)
