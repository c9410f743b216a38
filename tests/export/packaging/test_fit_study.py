"""The fitted rule: better than an unfitted one on what it was fitted on, and its sets keep what they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mri_batch.commands.evaluate.volumes import (
    Reading,
    Volume,
    judge,
    measure_studies,
    measure_volumes,
    without_finding,
)
from mri_batch.study_rule import StudyRule, StudySet, find_least
from mri_batch_export.packaging.fit_study import fit_rule, fit_set, measure_log_loss

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
        shows=labels == GLIOMA,
        hits=labels == GLIOMA,
        logits=np.stack([suspicion, np.zeros(30), np.full(30, -6.0)], axis=1),
        positions_mm=np.arange(30, dtype=np.float64) * 5,
        usable=np.arange(30) > 1,
    )


@pytest.fixture(scope="module")
def volumes() -> list[Volume]:
    """Forty volumes of a model that sees tumours everywhere."""
    rng = np.random.default_rng(0)
    return [make_volume(number, rng, bias=1.0) for number in range(40)]


def test_fitting_lowers_the_log_loss_and_prefers_what_persists(volumes: list[Volume]) -> None:
    """Below that of the rule as it stands, with a window of more than one slice, and a shift against false alarms."""
    fitted = fit_rule(volumes, NOTHING, 1.0, (5.0, 15.0, 25.0))
    plain = StudyRule(background=NOTHING, window_mm=25.0)
    studies = [*volumes, *(without_finding(volume, NOTHING) for volume in volumes)]
    assert fitted.log_loss == pytest.approx(measure_log_loss(studies, fitted.rule))
    assert fitted.log_loss < measure_log_loss(studies, plain)
    assert fitted.rule.window_mm > 5.0
    assert fitted.rule.shift > 0
    assert fitted.n_volumes == 40
    assert fitted.rule.slice_smooth_mm > 0
    assert fitted.rule.slice_shift < fitted.rule.shift


def test_figures_by_study_tell_a_rule_that_is_right_from_one_that_is_not(volumes: list[Volume]) -> None:
    """With the shift the wrong way all heads without a tumour are called one."""
    rule = fit_rule(volumes, NOTHING, 1.0, (25.0,)).rule
    studies = [*volumes, *(without_finding(volume, NOTHING) for volume in volumes)]
    assert measure_studies(studies, rule)["accuracy"].value > 0.9
    assert measure_studies(studies, replace(rule, shift=-9.0))["accuracy"].value == 0.5


def test_figures_of_volumes_count_what_they_say(volumes: list[Volume]) -> None:
    """On one volume, against a count by hand."""
    volume = volumes[0]
    rule = StudyRule(background=NOTHING, window_mm=15.0)
    measured = measure_volumes([volume], Reading(rule=rule, max_key_slices=2), n_draws=10)
    free = (volume.labels == NOTHING) & volume.usable
    assert measured["tumour-free slices called so"].value == pytest.approx((volume.logits[free, 0] < 0).mean())
    deciding = judge(volume, rule).deciding
    key = sorted(deciding, key=lambda i: -volume.logits[i, 0])[:2]
    assert measured["key slices that show the tumour"].value == pytest.approx(volume.shows[key].mean())
    assert measured["called a tumour and not abstained"].value == 1.0


def test_sets_hold_the_label_as_often_as_promised() -> None:
    """Fitted on one half, counted on another: at least 0.9 less chance, for tumours and for none."""
    rng = np.random.default_rng(1)
    rule = StudyRule(background=NOTHING, window_mm=20.0, shift=2.0)
    fitting, held = ([make_volume(i, rng) for i in range(200)] for _ in range(2))
    chosen, told = fit_set(fitting, np.zeros((0, 3)), np.zeros(0, np.int64), (), rule, 0.1, 0.2)
    assert told["finding"] == told["no_finding"] == 0.1
    for studies in (held, [without_finding(volume, NOTHING) for volume in held]):
        covered = [study.target in chosen.choose(judge(study, rule).probabilities) for study in studies]
        assert np.mean(covered) > 0.84


def test_too_few_studies_promise_less() -> None:
    """Of four values the smallest keeps to one in five, not one in ten; without any, all stays in the set."""
    assert find_least(np.array([0.4, 0.2, 0.9, 0.6]), 0.1) == (0.2, 0.2)
    least, alpha = find_least(np.linspace(0.1, 1.9, 19), 0.1)
    assert (least, alpha) == pytest.approx((0.2, 0.1))
    assert find_least(np.zeros(0), 0.1) == (0.0, 0.0)


def test_a_set_is_never_without_the_label() -> None:
    """However high the thresholds are; kinds are judged by their share of the tumours."""
    strict = StudySet(background=1, finding=1.0, no_finding=1.0, kinds=(1.0, 1.0, 1.0))
    assert strict.choose(np.array([0.3, 0.6, 0.1])) == (1,)
    mild = StudySet(background=1, finding=0.2, no_finding=0.5, kinds=(0.3, 0.0, 0.3))
    assert mild.choose(np.array([0.3, 0.6, 0.1])) == (0, 1)
    assert mild.choose(np.array([0.36, 0.3, 0.34])) == (0, 2)
