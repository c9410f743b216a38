"""The fitted study rule has a lower log loss than an unfitted one, and its sets keep their error rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mri_batch.commands.evaluate.estimate import Bootstrap
from mri_batch.commands.evaluate.volumes import (
    Volume,
    VolumePolicy,
    measure_studies,
    measure_volumes,
    predict_volume,
    remove_finding,
    with_removed,
)
from mri_batch.study_rule import StudyConformal, StudyRule
from mri_batch_export.packaging.study_calibration import (
    LabelledSlices,
    fit_conformal_sets,
    fit_rule,
    measure_log_loss,
)

GLIOMA, NOTHING = 0, 1


def make_volume(number: int, rng: np.random.Generator, *, bias: float = 0.0) -> Volume:
    """Thirty slices 5 mm apart; six in the middle show a tumour, with false alarms elsewhere."""
    labels = np.full(30, NOTHING)
    labels[12:18] = GLIOMA
    labels[[11, 18]] = -1
    suspicion = rng.normal(-2.0, 2.0, 30) + bias
    suspicion[12:18] += 4.0
    return Volume(
        unit=f"p{number}",
        source="site",
        target=GLIOMA,
        labels=labels,
        has_outline=labels == GLIOMA,
        peak_hits=labels == GLIOMA,
        logits=np.stack([suspicion, np.zeros(30), np.full(30, -6.0)], axis=1),
        positions_mm=np.arange(30, dtype=np.float64) * 5,
        usable=np.arange(30) > 1,
    )


@pytest.fixture(scope="module")
def volumes() -> list[Volume]:
    """Forty volumes of a model that is too suspicious."""
    rng = np.random.default_rng(0)
    return [make_volume(number, rng, bias=1.0) for number in range(40)]


def test_fitting_lowers_the_log_loss_and_chooses_a_long_window(volumes: list[Volume]) -> None:
    """Below that of the default rule, with more than one slice per window and a shift against false alarms."""
    fitted = fit_rule(volumes, NOTHING, 1.0, (5.0, 15.0, 25.0))
    plain = StudyRule(background=NOTHING, window_mm=25.0)
    studies = with_removed(volumes, NOTHING)
    assert fitted.log_loss == pytest.approx(measure_log_loss(studies, fitted.rule))
    assert fitted.log_loss < measure_log_loss(studies, plain)
    assert fitted.rule.window_mm > 5.0
    assert fitted.rule.shift > 0
    assert fitted.n_volumes == 40
    assert fitted.rule.slice_smooth_mm > 0
    assert fitted.rule.slice_shift < fitted.rule.shift


def test_study_metrics_separate_a_good_rule_from_a_bad_one(volumes: list[Volume]) -> None:
    """With a shift in the wrong direction every study is predicted to have a tumour."""
    rule = fit_rule(volumes, NOTHING, 1.0, (25.0,)).rule
    studies = with_removed(volumes, NOTHING)
    assert measure_studies(studies, rule)["accuracy"].value > 0.9
    assert measure_studies(studies, replace(rule, shift=-9.0))["accuracy"].value == 0.5


def test_volume_metrics_match_a_count_by_hand(volumes: list[Volume]) -> None:
    """On one volume."""
    volume = volumes[0]
    rule = StudyRule(background=NOTHING, window_mm=15.0)
    measured = measure_volumes([volume], VolumePolicy(rule=rule, max_key_slices=2), Bootstrap(n_draws=10))
    free = (volume.labels == NOTHING) & volume.usable
    assert measured["tumour-free slices predicted tumour-free"].value == pytest.approx(
        (volume.logits[free, 0] < 0).mean()
    )
    deciding = predict_volume(volume, rule).deciding_slices
    key = sorted(deciding, key=lambda i: -volume.logits[i, 0])[:2]
    assert measured["key slices that show the tumour"].value == pytest.approx(volume.has_outline[key].mean())
    assert measured["predicted as tumour and not abstained"].value == 1.0


def test_sets_keep_their_error_rate() -> None:
    """Fitted on 200 volumes and counted on others: coverage of 0.9 within chance, with and without a tumour."""
    rng = np.random.default_rng(1)
    rule = StudyRule(background=NOTHING, window_mm=20.0, shift=2.0)
    fitting, held = ([make_volume(i, rng) for i in range(200)] for _ in range(2))
    none = LabelledSlices(logits=np.zeros((0, 3)), targets=np.zeros(0, np.int64), units=())
    fitted = fit_conformal_sets(fitting, none, rule, alpha=0.1, alpha_kinds=0.2)
    assert fitted.finding_alpha == fitted.no_finding_alpha == 0.1
    for studies in (held, [remove_finding(volume, NOTHING) for volume in held]):
        sets = [fitted.thresholds.prediction_set(predict_volume(study, rule).probabilities) for study in studies]
        assert np.mean([study.target in chosen for study, chosen in zip(studies, sets, strict=True)]) > 0.84


def test_a_set_always_holds_the_label() -> None:
    """Whatever the thresholds; kinds of tumour are compared by their share of the tumour probability."""
    strict = StudyConformal(background=1, finding=1.0, no_finding=1.0, kinds=(1.0, 1.0, 1.0))
    assert strict.prediction_set(np.array([0.3, 0.6, 0.1])) == (1,)
    mild = StudyConformal(background=1, finding=0.2, no_finding=0.5, kinds=(0.3, 0.0, 0.3))
    assert mild.prediction_set(np.array([0.3, 0.6, 0.1])) == (0, 1)
    assert mild.prediction_set(np.array([0.36, 0.3, 0.34])) == (0, 2)


def test_kinds_are_fitted_on_patients(volumes: list[Volume]) -> None:
    """Nine patients of one kind: the smallest of their mean shares is guaranteed to one in ten; slices do not count."""
    rule = StudyRule(background=NOTHING, window_mm=20.0)
    logits = np.array([[float(patient), -9.0, 0.0] for patient in range(9) for _ in range(3)])
    units = tuple(f"p{patient}" for patient in range(9) for _ in range(3))
    slices = LabelledSlices(logits=logits, targets=np.full(27, GLIOMA), units=units)
    fitted = fit_conformal_sets(volumes, slices, rule, alpha=0.1, alpha_kinds=0.1)
    assert fitted.thresholds.kinds == pytest.approx((0.5, 0.0, 0.0), abs=1e-3)
    assert fitted.kind_alphas == {GLIOMA: 0.1, 2: 0.0}
