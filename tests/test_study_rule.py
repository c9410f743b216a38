"""The study rule: findings must persist over some mm, deciding slices give the prediction, unusable ones never do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri_batch.study_rule import StudyRule, calibrate_slices, list_windows, predict_study, smooth_slices, to_slice_range

RULE = StudyRule(background=1, window_mm=15.0)


def make_logits(suspicion: list[float]) -> np.ndarray:
    """Logits of glioma against no tumour, the log-odds given."""
    return np.array([[value, 0.0] for value in suspicion])


def test_a_finding_must_persist() -> None:
    """Three neighbours of moderate confidence outweigh a single slice of high confidence."""
    alone = predict_study(make_logits([-4, -4, 6, -4, -4, -4, -4, -4, -4]), RULE)
    together = predict_study(make_logits([-4, -4, -4, 1, 1, 1, -4, -4, -4]), RULE)
    assert alone.label == 1
    assert together.label == 0
    assert together.deciding_slices == (3, 4, 5)


def test_the_prediction_does_not_depend_on_slice_spacing() -> None:
    """Slices five times as thin give the same probabilities; a single thin slice is not a finding."""
    thick = make_logits([-4, -4, 2, 2, 2, -4, -4, -4])
    thin = np.repeat(thick, 5, axis=0)
    of_thick = predict_study(thick, RULE, positions_mm=np.arange(8) * 5.0)
    of_thin = predict_study(thin, RULE, positions_mm=np.arange(40) * 1.0)
    assert of_thin.probabilities == pytest.approx(of_thick.probabilities)
    assert len(of_thin.deciding_slices) == 15
    assert of_thin.span_mm == of_thick.span_mm == 15.0
    one = thin.copy()
    one[:, 0] = -4
    one[20, 0] = 9
    assert predict_study(one, RULE, positions_mm=np.arange(40) * 1.0).label == 1


def test_unusable_slices_never_decide() -> None:
    """However suspicious they are; their probabilities are still returned."""
    logits = make_logits([9, 9, 9, -4, -4, -4, -4, -4])
    usable = np.array([False] * 3 + [True] * 5)
    prediction = predict_study(logits, RULE, usable=usable)
    assert prediction.label == 1
    assert not set(prediction.deciding_slices) & {0, 1, 2}
    assert len(prediction.shifted_slices) == 8
    with pytest.raises(ValueError, match="no usable slice"):
        predict_study(logits, RULE, usable=np.zeros(8, bool))


def test_the_direction_of_the_stack_does_not_matter() -> None:
    """From the vertex or from the neck: the same slices decide."""
    logits = make_logits([-4, -3, 2, 3, 1, -4, -4])
    up = predict_study(logits, RULE, positions_mm=np.arange(7) * 4.0)
    down = predict_study(logits[::-1], RULE, positions_mm=-np.arange(7) * 4.0)
    assert up.probabilities == pytest.approx(down.probabilities)
    assert up.deciding_slices == tuple(sorted(6 - i for i in down.deciding_slices))


def test_prediction_is_the_mean_of_the_slices_that_are_named() -> None:
    """What the page prints can be worked out from the slices' own probabilities."""
    rng = np.random.default_rng(0)
    prediction = predict_study(
        rng.normal(size=(28, 4)), StudyRule(background=2, window_mm=30.0, temperature=1.7, shift=0.4)
    )
    assert prediction.probabilities == pytest.approx(
        prediction.shifted_slices[list(prediction.deciding_slices)].mean(axis=0)
    )
    first, last, n = to_slice_range(prediction.deciding_slices, 28)
    assert (last - first + 1, n) == (6, 28)


def test_key_slices_are_the_most_suspicious_of_the_deciding_ones() -> None:
    """Two of four, in the order of the volume."""
    prediction = predict_study(make_logits([-4, 1, 3, 2, 0.5, -4]), StudyRule(background=1, window_mm=20.0))
    assert prediction.deciding_slices == (1, 2, 3, 4)
    assert prediction.choose_key_slices(1, 2) == (2, 3)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=40), st.floats(0.5, 60), st.floats(0.5, 10))
def test_every_volume_gets_an_prediction(suspicion: list[float], window: float, spacing: float) -> None:
    """Any number of slices, window and spacing; the prediction is a probability and more suspicion never lowers it."""
    rule = StudyRule(background=1, window_mm=window)
    places = np.arange(len(suspicion)) * spacing
    prediction = predict_study(make_logits(suspicion), rule, positions_mm=places)
    assert prediction.probabilities.sum() == pytest.approx(1.0)
    more = predict_study(make_logits([value + 1 for value in suspicion]), rule, positions_mm=places)
    assert more.probabilities[0] >= prediction.probabilities[0]


def test_windows_lie_within_the_stack_and_are_covered_by_half() -> None:
    """A volume shorter than a window is one window; a gap within is allowed, a window that is mostly gap is not."""
    windows = list_windows(np.arange(6) * 5.0, np.ones(6, bool), 20.0, 5.0)
    assert windows == ((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5))
    gap = np.array([True, False, True, False, False, False, True, True, True, True])
    assert list_windows(np.arange(10) * 5.0, gap, 20.0, 5.0) == ((0, 2), (6, 7, 8, 9))
    assert list_windows(np.arange(2) * 1.0, np.ones(2, bool), 20.0, 1.0) == ((0, 1),)


def test_shift_and_temperature_move_the_odds() -> None:
    """The shift adds to the log-odds of no tumour, the temperature divides what the model says."""
    p = calibrate_slices(make_logits([2.0]), StudyRule(background=1, window_mm=1, temperature=2.0), 0.5)
    assert np.log(p[0, 0] / p[0, 1]) == pytest.approx(2.0 / 2.0 - 0.5)


def test_smoothing_keeps_probabilities_and_stays_within_reach() -> None:
    """A slice's neighbours within reach share in it, others do not."""
    p = calibrate_slices(make_logits([-5, -5, 5, -5, -5]), RULE, 0.0)
    smooth = smooth_slices(p, np.arange(5) * 5.0, 10.0)
    assert smooth.sum(axis=1) == pytest.approx(np.ones(5))
    assert smooth[1, 0] > p[1, 0]
    assert smooth[0, 0] == pytest.approx(p[0, 0], abs=1e-3)
    assert smooth_slices(p, np.arange(5) * 5.0, 0.0) == pytest.approx(p)


def test_invalid_rules_are_refused() -> None:
    """No window, no temperature."""
    with pytest.raises(ValueError, match="above 0"):
        StudyRule(background=0, window_mm=0)
    with pytest.raises(ValueError, match="above 0"):
        StudyRule(background=0, window_mm=1, temperature=0)
