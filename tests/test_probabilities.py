"""One arithmetic of probabilities, checked against plain formulas."""

from __future__ import annotations

import numpy as np
import pytest

from mri_batch.probabilities import (
    conformal_floor,
    conformal_set,
    conformal_thresholds,
    expected_calibration_error,
    mahalanobis_score,
    softmax,
    weighted_calibration_error,
)


def test_softmax_is_the_textbook_formula_in_float64() -> None:
    """Each row sums to 1, is exp(x / T) over its sum, and does not overflow."""
    logits = np.random.default_rng(0).normal(0, 3, (20, 4)).astype(np.float32)
    plain = np.exp(logits.astype(np.float64) / 1.7)
    assert softmax(logits, 1.7) == pytest.approx(plain / plain.sum(axis=1, keepdims=True), rel=1e-12)
    assert softmax(np.array([[1e4, 0.0]], np.float32))[0] == pytest.approx([1.0, 0.0])
    assert softmax(logits).dtype == np.float64


def test_calibration_error_is_the_gap_of_confidence_and_accuracy() -> None:
    """Predictions of 0.8 that are right half of the time are off by 0.3; without any, by nothing."""
    probabilities = np.tile([0.8, 0.1, 0.1], (10, 1))
    assert expected_calibration_error(probabilities, np.array([0, 1] * 5)) == pytest.approx(0.3)
    assert expected_calibration_error(probabilities[:0], np.zeros(0, np.int64)) == 0.0


def test_calibration_error_is_that_of_a_loop_over_bins() -> None:
    """The matrix products are the definition's sum over bins."""
    rng = np.random.default_rng(1)
    probabilities, targets = softmax(rng.normal(0, 2, (500, 3))), rng.integers(0, 3, 500)
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    bins = np.minimum((confidence * 15).astype(int), 14)
    plain = sum(abs(correct[bins == b].sum() - confidence[bins == b].sum()) for b in range(15)) / 500
    assert expected_calibration_error(probabilities, targets) == pytest.approx(plain, rel=1e-12)


def test_a_weight_of_two_counts_a_prediction_twice() -> None:
    """Weights stand for repetitions; without any weight there is no error to speak of."""
    confidence, correct = np.array([0.9, 0.6, 0.7]), np.array([True, False, True])
    twice = np.array([0, 0, 1, 2])
    weights = np.array([[2.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    weighted = weighted_calibration_error(confidence, correct, weights)
    repeated = weighted_calibration_error(confidence[twice], correct[twice], np.ones((1, 4)))
    assert weighted[0] == pytest.approx(repeated[0])
    assert np.isnan(weighted[1])


def test_conformal_sets_cover_each_class_on_new_samples() -> None:
    """On samples that were not used in fitting, each class is missed in about alpha of its samples."""
    rng = np.random.default_rng(2)
    probabilities = softmax(rng.normal(0, 2, (8000, 3)))
    targets = (rng.random((8000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    thresholds = conformal_thresholds(probabilities[:4000], targets[:4000], 0.1)
    kept = [
        t in conformal_set(p, thresholds.tolist()) for p, t in zip(probabilities[4000:], targets[4000:], strict=True)
    ]
    for k in range(3):
        assert np.mean(np.array(kept)[targets[4000:] == k]) == pytest.approx(0.9, abs=0.03)


def test_conformal_keeps_a_class_with_too_few_samples() -> None:
    """Eight samples cannot promise 90 %, so the class is always kept."""
    thresholds = conformal_thresholds(np.full((8, 3), 1 / 3), np.zeros(8, np.int64), 0.1)
    assert thresholds.tolist() == [1.0, 1.0, 1.0]
    assert conformal_set(np.array([1.0, 0.0, 0.0]), thresholds.tolist()) == (0, 1, 2)


def test_mahalanobis_score_is_the_distance_to_the_nearest_mean() -> None:
    """With a precision of 1/4 a distance of 6 from the nearer of two means scores 9."""
    means = np.array([[0.0, 0.0], [10.0, 0.0]], np.float32)
    features = np.array([[0.0, 6.0], [10.0, 0.0]], np.float32)
    assert mahalanobis_score(features, means, np.eye(2, dtype=np.float32) / 4).tolist() == [9.0, 0.0]


def test_a_conformal_floor_of_few_values_guarantees_less() -> None:
    """Four values guarantee one in five, not one in ten; without any, nothing is ruled out."""
    assert conformal_floor(np.array([0.4, 0.2, 0.9, 0.6]), 0.1) == (0.2, 0.2)
    least, alpha = conformal_floor(np.linspace(0.1, 1.9, 19), 0.1)
    assert (least, alpha) == pytest.approx((0.2, 0.1))
    assert conformal_floor(np.zeros(0), 0.1) == (0.0, 0.0)
