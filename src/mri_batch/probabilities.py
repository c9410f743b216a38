"""The arithmetic of calibrated probabilities: softmax, calibration error, conformal sets, Mahalanobis score.

Everything is computed in float64. What is fitted on export, what is served and what is evaluated use these functions,
so that a figure on a model card is a figure of what is served.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float64, Int64

Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]

ECE_BINS = 15  # as in Guo et al. 2017


def softmax(logits: Floats, temperature: float = 1.0) -> Float64:
    """Probabilities float64[n, k] of logits [n, k], divided by a temperature first (Guo et al. 2017, section 4.2)."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    probabilities: Float64 = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def calibration_bins(
    confidence: Floats, correct: Bools, weights: Float64, n_bins: int = ECE_BINS
) -> tuple[Float64, Float64, Float64]:
    """Weight, summed confidence and summed correctness in equal bins of confidence: three arrays float64[r, n_bins].

    ``confidence`` [n] in 0..1 and ``correct`` bool[n] describe n predictions; ``weights`` float64[r, n] weighs them in
    r ways, such as resampled data sets.
    """
    member = np.zeros((len(confidence), n_bins))
    member[np.arange(len(confidence)), np.minimum((confidence * n_bins).astype(np.int64), n_bins - 1)] = 1.0
    return weights @ member, weights @ (member * confidence[:, None]), weights @ (member * correct[:, None])


def weighted_calibration_error(confidence: Floats, correct: Bools, weights: Float64, n_bins: int = ECE_BINS) -> Float64:
    """Expected calibration error of n predictions under r weightings: float64[r]; NaN where all weights are 0.

    For the arguments see :func:`calibration_bins`.
    """
    _, sure, right = calibration_bins(confidence, correct, weights, n_bins)
    total = weights.sum(axis=1)
    error: Float64 = np.full(len(total), np.nan)
    np.divide(np.abs(sure - right).sum(axis=1), total, out=error, where=total > 0)
    return error


def expected_calibration_error(probabilities: Floats, targets: Int64, n_bins: int = ECE_BINS) -> float:
    """Expected calibration error (Guo et al. 2017, equation 3): mean gap of confidence and accuracy over the bins.

    ``probabilities`` [n, k]; ``targets`` int64[n]. 0 for n = 0.
    """
    if not len(targets):
        return 0.0
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    return float(weighted_calibration_error(confidence, correct, np.ones((1, len(targets))), n_bins)[0])


def conformal_thresholds(probabilities: Floats, targets: Int64, alpha: float) -> Float64:
    """Fit class-conditional conformal thresholds on 1 - p[k]: float64[k] (Vovk 2012).

    A set of the classes whose score is within its threshold misses class k in at most a share ``alpha`` of its
    samples. Of n scores of a class it is the ceil((n + 1) (1 - alpha))-th smallest; 1, which always keeps the class,
    where there are too few. ``probabilities`` [n, k]; ``targets`` int64[n].
    """
    thresholds = np.ones(probabilities.shape[1])
    for k in range(len(thresholds)):
        scores = np.sort(1 - probabilities[targets == k, k])
        rank = int(np.ceil((len(scores) + 1) * (1 - alpha)))
        if rank <= len(scores):
            thresholds[k] = scores[rank - 1]
    return thresholds


def conformal_floor(values: Floats, alpha: float) -> tuple[float, float]:
    """Conformal lower threshold of exchangeable values [n], and the error rate that it guarantees.

    At most a share ``alpha`` of further values falls below the floor((n + 1) alpha)-th smallest (Vovk 2012). With too
    few values for that it is the smallest, which guarantees 1 / (n + 1); without any it is 0, which rules out nothing.
    """
    n = len(values)
    if n == 0:
        return 0.0, 0.0
    rank = max(1, int(np.floor((n + 1) * alpha + 1e-9)))
    return float(np.sort(values)[rank - 1]), max(alpha, 1.0 / (n + 1))


def conformal_set(probabilities: Floats, thresholds: Sequence[float]) -> tuple[int, ...]:
    """Class indices that cannot be ruled out, for the probabilities [k] of one sample and a threshold per class."""
    return tuple(
        k for k, (p, threshold) in enumerate(zip(probabilities, thresholds, strict=True)) if 1.0 - float(p) <= threshold
    )


def mahalanobis_score(features: Floats, means: Floats, precision: Floats) -> Float64:
    """Squared Mahalanobis distance of features [n, d] to the nearest class mean: float64[n] (Lee et al. 2018).

    ``means`` [k, d]; ``precision`` [d, d], the inverse of the covariance that the classes share.
    """
    apart = features[:, None, :].astype(np.float64) - means[None].astype(np.float64)
    distances = np.einsum("nkd,de,nke->nk", apart, precision.astype(np.float64), apart)
    nearest: Float64 = distances.min(axis=1)
    return nearest
