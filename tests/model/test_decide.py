"""Calibration, aggregation, prediction sets, and verdicts with their reasons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri_batch.card import Calibration, Conformal, Decision, ModelCard, OutOfDistribution
from mri_batch.model.decide import aggregate, calibrate, choose_key_slices, decide, prediction_set
from mri_batch.model.gate import Gate
from mri_batch.notes import Note
from mri_batch.records import Verdict
from tests.arrays import f32

LABELS = ("glioma", "meningioma", "no_tumor")


def card(**decision: object) -> ModelCard:
    """Make a card of three labels."""
    return ModelCard(name="tiny", labels=LABELS, decision=Decision.model_validate(decision))


def test_calibrate_is_softmax_at_the_temperature() -> None:
    """Halved logits at temperature 2; rows sum to 1."""
    model = card().model_copy(update={"calibration": Calibration(method="temperature", temperature=2.0)})
    probabilities = calibrate(f32([[2.0, 0.0, -2.0]]), model)
    expected = np.exp([1.0, 0.0, -1.0]) / np.exp([1.0, 0.0, -1.0]).sum()
    assert np.allclose(probabilities[0], expected, atol=1e-6)


def test_calibrate_survives_huge_logits() -> None:
    """No overflow at a thousand."""
    assert np.allclose(calibrate(f32([[1000.0, -1000.0, 0.0]]), card())[0], [1, 0, 0])


def test_aggregate_looks_at_the_slices_with_evidence() -> None:
    """Three suspicious slices among forty are not drowned by empty ones."""
    slices = np.tile(f32([[0.01, 0.01, 0.98]]), (40, 1))
    slices[10:13] = [0.9, 0.05, 0.05]
    mean = aggregate(slices, card())
    quarter = aggregate(slices[:12], card(aggregation="top_quarter_mean", background_label="no_tumor"))
    assert int(np.argmax(mean)) == 2
    assert int(np.argmax(quarter)) == 0


def test_aggregate_of_one_slice_is_that_slice() -> None:
    """A study of one picture keeps its probabilities."""
    one = f32([[0.2, 0.5, 0.3]])
    for rule in ({}, {"aggregation": "top_quarter_mean", "background_label": "no_tumor"}):
        assert np.array_equal(aggregate(one, card(**rule)), one[0])


@given(n=st.integers(1, 200), most=st.integers(1, 6), seed=st.integers(0, 99))
def test_key_slices_hold_the_most_probable_one(n: int, most: int, seed: int) -> None:
    """Never more than asked, in order, apart, and always with the top slice."""
    probabilities = np.random.default_rng(seed).random((n, 3)).astype(np.float32)
    chosen = choose_key_slices(probabilities, 1, most)
    assert 1 <= len(chosen) <= most
    assert list(chosen) == sorted(set(chosen))
    assert int(probabilities[:, 1].argmax()) in chosen


def test_conformal_set_holds_every_plausible_label() -> None:
    """A label stays while 1 - p is within its own threshold."""
    model = card(conformal=Conformal(thresholds={"glioma": 0.5, "meningioma": 0.8, "no_tumor": 0.5}))
    assert prediction_set(f32([0.6, 0.3, 0.1]), model) == ("glioma", "meningioma")
    assert prediction_set(f32([0.4, 0.15, 0.45]), model) == ()


@pytest.mark.parametrize(
    ("probabilities", "score", "verdict", "codes"),
    [
        ([0.95, 0.03, 0.02], 1.0, Verdict.REPORT, []),
        ([0.70, 0.20, 0.10], 1.0, Verdict.CAUTION, ["PROBABILITY_CAUTION"]),
        ([0.45, 0.35, 0.20], 1.0, Verdict.ABSTAIN, ["PROBABILITY_ABSTAIN"]),
        ([0.95, 0.03, 0.02], 15.0, Verdict.CAUTION, ["GATE_CAUTION"]),
        ([0.95, 0.03, 0.02], 25.0, Verdict.ABSTAIN, ["GATE_REFUSED"]),
        ([0.45, 0.35, 0.20], 15.0, Verdict.ABSTAIN, ["PROBABILITY_ABSTAIN", "GATE_CAUTION"]),
    ],
)
def test_verdict_follows_probability_and_gate(
    probabilities: list[float], score: float, verdict: Verdict, codes: list[str]
) -> None:
    """High and usual: report. Low or unusual: caution. Lower or foreign: abstain, with reasons."""
    model = card(out_of_distribution=OutOfDistribution(refuse_above=20, caution_above=10))
    prediction = decide(f32(probabilities), model, gate_score=score)
    assert prediction.verdict is verdict
    assert [reason.code for reason in prediction.reasons] == codes


def test_caution_reasons_turn_a_report_into_caution() -> None:
    """What the reader should know of the input is a reason of its own."""
    prediction = decide(f32([0.95, 0.03, 0.02]), card(), gate_score=None, caution_reasons=(Note("SERIES_DISAGREE"),))
    assert (prediction.verdict, prediction.reasons) == (Verdict.CAUTION, (Note("SERIES_DISAGREE"),))


def test_gate_is_the_distance_to_the_nearest_class() -> None:
    """With the identity as precision it is the squared distance to the nearest mean."""
    gate = Gate(means=f32([[0, 0], [10, 0]]), precision=np.eye(2, dtype=np.float32))
    assert np.allclose(gate.score(f32([[1, 1], [9, 0], [5, 5]])), [2, 1, 50])
