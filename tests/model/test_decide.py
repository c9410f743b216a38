"""Calibration, aggregation, prediction sets, and verdicts with their reasons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri_batch.card import Calibration, Conformal, Decision, ModelCard, OutOfDistribution, WindowMean
from mri_batch.model.decide import (
    aggregate,
    answer_series,
    calibrate,
    choose_key_slices,
    decide,
    measure_evidence,
    prediction_set,
)
from mri_batch.model.gate import Gate
from mri_batch.notes import Note
from mri_batch.records import Verdict
from mri_batch.study_rule import StudyRule, predict_study
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
def test_key_slices_are_deciding_ones_and_hold_the_strongest(n: int, most: int, seed: int) -> None:
    """Never more than asked, in order, among those that decided, and always with the one of most evidence."""
    random = np.random.default_rng(seed)
    evidence = random.random(n).astype(np.float32)
    deciding = sorted(random.choice(n, random.integers(1, n + 1), replace=False).tolist())
    chosen = choose_key_slices(evidence, deciding, most)
    assert 1 <= len(chosen) <= most
    assert list(chosen) == sorted(set(chosen))
    assert set(chosen) <= set(deciding)
    assert max(deciding, key=lambda i: evidence[i]) in chosen


def test_evidence_of_no_finding_is_suspicion() -> None:
    """A reader of "no tumor" is shown what looked most like one."""
    slices = f32([[0.1, 0.1, 0.8], [0.3, 0.3, 0.4]])
    model = card(background_label="no_tumor")
    assert np.allclose(measure_evidence(slices, 2, model), [0.2, 0.6])
    assert np.allclose(measure_evidence(slices, 0, model), [0.1, 0.3])
    assert np.allclose(measure_evidence(slices, 2, card()), [0.8, 0.4])


@given(n=st.integers(1, 60), seed=st.integers(0, 99))
def test_answer_is_the_mean_of_its_deciding_slices(n: int, seed: int) -> None:
    """Of a quarter, at least three; in order; none outside is more suspicious than one inside."""
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(3), n).astype(np.float32)
    answer = answer_series(probabilities, card(aggregation="top_quarter_mean", background_label="no_tumor"))
    deciding = list(answer.deciding)
    assert len(deciding) == min(n, max(3, -(-n // 4)))
    assert deciding == sorted(deciding)
    assert np.allclose(answer.probabilities, probabilities[deciding].mean(axis=0), atol=1e-6)
    others = np.delete(probabilities[:, 2], deciding)
    assert not others.size or others.min() >= probabilities[deciding, 2].max()
    assert answer_series(probabilities, card()).deciding == tuple(range(n))


def window_card(**window: float) -> ModelCard:
    """A card that decides by a window of 20 mm, calibrated at temperature 2."""
    rule = WindowMean.model_validate({"window_mm": 20.0} | window)
    model = card(aggregation="window_mean", background_label="no_tumor", window=rule)
    return model.model_copy(update={"calibration": Calibration(method="temperature", temperature=2.0)})


def test_window_answers_as_the_study_rule_does_on_logits() -> None:
    """Calibrated probabilities carry all that the rule needs of the logits."""
    logits = np.random.default_rng(1).normal(size=(30, 3)).astype(np.float32) * 3
    positions = -np.linspace(0.0, 72.5, 30, dtype=np.float64)
    model = window_card(temperature=1.5, shift=0.7, slice_shift=-0.2, slice_smooth_mm=6.0)
    answer = answer_series(calibrate(logits, model), model, positions)
    rule = StudyRule(background=2, window_mm=20, temperature=1.5, shift=0.7, slice_shift=-0.2, slice_smooth_mm=6.0)
    expected = predict_study(logits, rule, positions_mm=positions)
    assert answer.deciding == expected.deciding_slices
    assert len(answer.deciding) == 8
    assert np.allclose(answer.probabilities, expected.probabilities, atol=1e-6)
    assert np.allclose(answer.slices, expected.slices, atol=1e-6)


def test_window_survives_certainty() -> None:
    """A probability of 0 has no logarithm."""
    answer = answer_series(f32([[0, 0, 1], [1, 0, 0]] * 5), window_card())
    assert np.isfinite(answer.probabilities).all()
    assert answer.probabilities.sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    "decision",
    [
        {"aggregation": "window_mean", "background_label": "no_tumor"},
        {"aggregation": "window_mean", "window": {"window_mm": 20}},
        {"aggregation": "mean", "background_label": "no_tumor", "window": {"window_mm": 20}},
        {"aggregation": "window_mean", "background_label": "no_tumor", "window": {"window_mm": 0}},
    ],
)
def test_half_a_rule_is_refused(decision: dict[str, object]) -> None:
    """The window's parameters, its name and the background label belong together."""
    with pytest.raises(ValueError, match=r"need|greater"):
        card(**decision)


def test_label_outside_its_own_set_abstains() -> None:
    """A set without the label contradicts it, however probable it is."""
    model = card(conformal=Conformal(thresholds={"glioma": 0.05, "meningioma": 0.99, "no_tumor": 0.05}))
    prediction = decide(f32([0.9, 0.06, 0.04]), model, gate_score=None)
    assert prediction.prediction_set == ("meningioma",)
    assert (prediction.verdict, prediction.reasons) == (Verdict.ABSTAIN, (Note("LABEL_OUTSIDE_SET"),))


@given(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_set_holds_the_label_unless_the_model_abstains(weights: list[float], thresholds: list[float]) -> None:
    """Whatever the thresholds of the card are."""
    model = card(conformal=Conformal(thresholds=dict(zip(LABELS, thresholds, strict=True))))
    prediction = decide(f32([w / sum(weights) for w in weights]), model, gate_score=None)
    assert prediction.label in prediction.prediction_set or prediction.verdict is Verdict.ABSTAIN


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
