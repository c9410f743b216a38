"""Calibration recovers the parameters that synthetic predictions were drawn with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mri_batch.card import ModelCard
from mri_batch.dataset import Item
from mri_batch.probabilities import expected_calibration_error, mahalanobis_score, softmax
from mri_batch_export.packaging.calibrate import (
    RawOutputs,
    fit_conformal,
    fit_gate,
    fit_temperature,
    measure,
)

LABELS = ("a", "b", "c")
Targets = npt.NDArray[np.int64]


def draw_predictions(n: int, sharpness: float, seed: int = 0) -> tuple[npt.NDArray[np.float32], Targets]:
    """Draw logits and targets that follow softmax(logits / sharpness) exactly."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 2, (n, 3)).astype(np.float32)
    shares = softmax(honest)
    targets = (rng.random((n, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    return honest * np.float32(sharpness), targets.astype(np.int64)


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 4.0])
def test_temperature_is_found_when_logits_are_too_sharp_or_dull(sharpness: float) -> None:
    """The temperature undoes the factor on the logits, and with it most of the calibration error."""
    logits, targets = draw_predictions(6000, sharpness)
    temperature = fit_temperature(logits, targets)
    assert temperature == pytest.approx(sharpness, rel=0.06)
    assert expected_calibration_error(softmax(logits, temperature), targets) < 0.02


def test_temperature_stays_within_bounds_when_every_prediction_is_right() -> None:
    """Perfect predictions call for ever sharper probabilities; the search stops at its bound."""
    logits = np.eye(3, dtype=np.float32)[np.arange(30) % 3]
    assert fit_temperature(logits, np.arange(30) % 3) == pytest.approx(1 / 20, rel=1e-3)


def test_ece_is_the_gap_of_confidence_and_accuracy() -> None:
    """Predictions at a confidence of 0.8 that are right half of the time have an error of 0.3."""
    probabilities = np.tile([0.8, 0.1, 0.1], (10, 1))
    targets = np.array([0, 1] * 5)
    assert expected_calibration_error(probabilities, targets) == pytest.approx(0.3)


def test_conformal_sets_cover_each_class_on_new_slices() -> None:
    """On new predictions, sets miss each class on about alpha of its slices."""
    logits, targets = draw_predictions(4000, 3.0, seed=1)
    new_logits, new_targets = draw_predictions(4000, 3.0, seed=2)
    fitted = fit_conformal(softmax(logits), targets, LABELS, 0.1, "synthetic predictions")
    new = softmax(new_logits)
    for k, label in enumerate(LABELS):
        kept = 1 - new[new_targets == k, k] <= fitted.thresholds[label]
        margin = 3 * np.sqrt(0.09 / len(kept)) + 3 * np.sqrt(0.09 / fitted.n_slices[label])
        assert abs(kept.mean() - 0.9) < margin


def test_conformal_keeps_a_label_always_when_its_slices_are_too_few() -> None:
    """Eight slices cannot guarantee 90 %, so the threshold includes the label always."""
    fitted = fit_conformal(np.full((8, 3), 1 / 3), np.zeros(8, np.int64), LABELS, 0.1, "")
    assert fitted.thresholds == {"a": 1.0, "b": 1.0, "c": 1.0}
    assert fitted.n_slices == {"a": 8, "b": 0, "c": 0}


def test_gate_scores_the_squared_distance_in_the_classes_own_units() -> None:
    """With many slices the score of new ones has the mean of a chi-square distribution; far away it is large."""
    rng = np.random.default_rng(3)
    mix = np.diag(np.linspace(1, 2, 6))
    centres = rng.normal(0, 20, (3, 6))
    targets = rng.integers(0, 3, 3000)
    features = (centres[targets] + rng.normal(size=(3000, 6)) @ mix).astype(np.float32)
    gate = fit_gate(features[:2000], targets[:2000], 3)
    assert mahalanobis_score(features[2000:], gate["means"], gate["precision"]).mean() == pytest.approx(6, rel=0.1)
    assert mahalanobis_score(features[2000:] + 100, gate["means"], gate["precision"]).min() > 100


def test_gate_is_sound_when_features_outnumber_slices() -> None:
    """Shrinkage keeps the precision positive definite when the sample covariance is singular."""
    rng = np.random.default_rng(4)
    features = rng.normal(size=(30, 80)).astype(np.float32)
    gate = fit_gate(features, np.arange(30) % 3, 3)
    assert np.linalg.eigvalsh(gate["precision"]).min() > 0


def test_measures_count_a_patient_once() -> None:
    """A patient with many misclassified slices counts as much as one with a single correct slice."""
    logits = np.array([[0, 5, 0]] * 9 + [[5, 0, 0], [0, 0, 5]], np.float32)
    given = zip("a" * 10 + "c", ("p1",) * 9 + ("p2", "p3"), strict=True)
    items = tuple(Item(path=Path(f"{i}.png"), label=label, group=group) for i, (label, group) in enumerate(given))
    outputs = RawOutputs(
        items=items,
        logits=logits,
        features=np.zeros((11, 0), np.float32),
        targets=np.array([0] * 10 + [2]),
        peaks=np.zeros(0, np.float32),
    )
    figures = measure(outputs, ModelCard(name="m", version="1", labels=LABELS))
    assert figures["slice_accuracy"] == pytest.approx(2 / 11)
    assert figures["patient_accuracy"] == pytest.approx(2 / 3)
    assert figures["slice_recall"] == {"a": pytest.approx(0.1), "c": 1.0}
    assert (figures["n_slices"], figures["n_patients"]) == (11, 3)
