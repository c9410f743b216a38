"""Figures agree with scikit-learn, whose weights mean the same, and say nothing where they are not defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from mri_batch.arrays import Float64, Int64
from mri_batch.commands.evaluate import metrics as f
from mri_batch.probabilities import weighted_calibration_error

K = 3


def draw(seed: int, n: int = 60, *, coarse: bool = False) -> tuple[Int64, Float64, Float64]:
    """Draw targets, probabilities (with ties where ``coarse``) and integer weights, all classes present."""
    rng = np.random.default_rng(seed)
    targets = np.concatenate([np.arange(K), rng.integers(0, K, n - K)]).astype(np.int64)
    logits = rng.normal(size=(n, K)) + 1.2 * np.eye(K)[targets]
    if coarse:
        logits = np.round(logits)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return targets, probabilities, rng.integers(0, 3, n).astype(np.float64) + (np.arange(n) < K)


@pytest.mark.parametrize("seed", range(5))
def test_confusion_figures_agree_with_scikit_learn(seed: int) -> None:
    """Accuracy, recall, precision, F1 and MCC, weighted as a bootstrap weights."""
    targets, probabilities, weights = draw(seed)
    predicted = probabilities.argmax(axis=1)
    confusion = f.count_confusion(targets, predicted, weights[None], K)
    assert np.array_equal(confusion[0], sk.confusion_matrix(targets, predicted, sample_weight=weights))
    precision, recall, f1, _ = sk.precision_recall_fscore_support(
        targets, predicted, sample_weight=weights, zero_division=np.nan
    )
    assert np.allclose(f.precision(confusion)[0], precision, equal_nan=True)
    assert np.allclose(f.recall(confusion)[0], recall)
    assert np.allclose(f.f1(confusion)[0], f1)
    assert np.isclose(f.accuracy(confusion)[0], sk.accuracy_score(targets, predicted, sample_weight=weights))
    assert np.isclose(f.mcc(confusion)[0], sk.matthews_corrcoef(targets, predicted, sample_weight=weights))


@pytest.mark.parametrize("seed", range(5))
def test_specificity_is_the_recall_of_all_other_classes(seed: int) -> None:
    """The definition, worked out the long way."""
    targets, probabilities, weights = draw(seed)
    predicted = probabilities.argmax(axis=1)
    told = f.specificity(f.count_confusion(targets, predicted, weights[None], K))[0]
    for k in range(K):
        expected = sk.recall_score(targets != k, predicted != k, sample_weight=weights)
        assert np.isclose(told[k], expected)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), coarse=st.booleans())
def test_curve_areas_agree_with_scikit_learn(seed: int, coarse: bool) -> None:
    """ROC AUC and average precision, with ties and with weights of zero."""
    targets, probabilities, weights = draw(seed, coarse=coarse)
    scores, positive = probabilities[:, 0], targets == 0
    roc = sk.roc_auc_score(positive, scores, sample_weight=weights)
    pr = sk.average_precision_score(positive, scores, sample_weight=weights)
    assert np.isclose(f.roc_auc(scores, positive, weights[None])[0], roc)
    assert np.isclose(f.average_precision(scores, positive, weights[None])[0], pr)


@pytest.mark.parametrize("seed", range(3))
def test_losses_agree_with_scikit_learn(seed: int) -> None:
    """Log loss, and the Brier score as the sum over classes."""
    targets, probabilities, weights = draw(seed)
    assert np.isclose(
        f.log_loss(probabilities, targets, weights[None])[0], sk.log_loss(targets, probabilities, sample_weight=weights)
    )
    parts = [sk.brier_score_loss(targets == k, probabilities[:, k], sample_weight=weights) for k in range(K)]
    assert np.isclose(f.brier(probabilities, targets, weights[None])[0], sum(parts))


def test_ece_is_the_gap_of_confidence_and_accuracy() -> None:
    """Ten answers at 0.9 of which seven are right: 0.2 off; those at 0.5 that are half right: not off."""
    confidence = np.array([0.9] * 10 + [0.5] * 4)
    right = np.array([True] * 7 + [False] * 3 + [True, False] * 2)
    assert np.isclose(weighted_calibration_error(confidence, right, np.ones((1, 14)))[0], 0.2 * 10 / 14)


def test_figures_say_nothing_of_a_class_that_is_absent() -> None:
    """NaN rather than zero, so that a mean does not count it."""
    targets = np.array([0, 0, 1])
    confusion = f.count_confusion(targets, targets, np.ones((1, 3)), K)
    assert np.isnan(f.recall(confusion)[0, 2])
    assert np.isnan(f.roc_auc(np.array([0.1, 0.2, 0.3]), targets == 2, np.ones((1, 3)))[0])


def test_bootstrap_keeps_a_patient_together() -> None:
    """Slices of one patient always count equally often, and a draw has as many patients as there are."""
    units = ["a", "a", "b", "c", "c", "c"]
    weights = f.draw_weights(units, 50, seed=1)
    assert np.array_equal(weights[0], np.ones(6))
    assert np.array_equal(weights[:, 0], weights[:, 1])
    assert np.array_equal(weights[:, 3], weights[:, 5])
    assert (weights[1:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert np.array_equal(weights, f.draw_weights(units, 50, seed=1))
