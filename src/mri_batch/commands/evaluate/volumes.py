"""Figures of whole volumes: slices, deciding slices, heat and the answer by study, with intervals by patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mri_batch.commands.evaluate import metrics as f
from mri_batch.commands.evaluate.estimate import Estimate
from mri_batch.probabilities import weighted_calibration_error
from mri_batch.study_rule import StudyAnswer, StudyRule, judge_study

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

UNLABELLED = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One volume's slices in order, and what is true of them.

    ``target``: index of the study's label; ``labels`` int64[n]: of each slice, -1 without one; ``shows`` bool[n]: the
    outline is on it; ``hits`` bool[n]: the heat peaks within 4 px of the outline; ``logits`` [n, k];
    ``positions_mm`` [n]; ``usable`` bool[n]: a slice that a model for brains should judge.
    """

    unit: str
    source: str
    target: int
    labels: Ints
    shows: Bools
    hits: Bools
    logits: npt.NDArray[np.floating]
    positions_mm: Doubles
    usable: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a volume is read: the rule, and when it abstains."""

    rule: StudyRule
    abstain_below: float = 0.5
    report_above: float = 0.8
    max_key_slices: int = 5


def without_finding(volume: Volume, background: int) -> Volume:
    """The volume less all slices that are not labelled as without a finding: what stands in for a head without one.

    The gap stays in the positions. It is no normal head: a tumour nearby may have moved what is seen.
    """
    kept = volume.labels == background
    return Volume(
        unit=volume.unit,
        source=volume.source,
        target=background,
        labels=volume.labels[kept],
        shows=volume.shows[kept],
        hits=volume.hits[kept],
        logits=volume.logits[kept],
        positions_mm=volume.positions_mm[kept],
        usable=volume.usable[kept],
    )


def judge(volume: Volume, rule: StudyRule) -> StudyAnswer:
    """Judge one volume by the rule."""
    return judge_study(volume.logits, rule, positions_mm=volume.positions_mm, usable=volume.usable)


def count_volume(volume: Volume, reading: Reading) -> dict[str, tuple[float, float]]:
    """Every figure's numerator and denominator in one volume."""
    background = reading.rule.background
    answer = judge(volume, reading.rule)
    slices = answer.own
    free = (volume.labels == background) & volume.usable
    found = (volume.labels >= 0) & (volume.labels != background)
    called = slices.argmax(axis=1) != background
    top = float(answer.probabilities[answer.label])
    tumour = volume.target != background
    said_tumour = answer.label != background and top >= reading.abstain_below
    key = list(answer.choose_key_slices(background, reading.max_key_slices))
    showing = volume.shows[key]
    counts = {
        "tumour-free slices called so": (float((free & ~called).sum()), float(free.sum())),
        "slices with a tumour called a tumour": (float((found & called).sum()), float(found.sum())),
        "probability of slices": (float(slices.max(axis=1)[free | found].sum()), float((free | found).sum())),
        "answered rightly and not abstained": (
            float(answer.label == volume.target and top >= reading.abstain_below),
            1.0,
        ),
        "abstained": (float(top < reading.abstain_below), 1.0),
        "reported": (float(top >= reading.report_above), 1.0),
        "reported and wrong": (float(top >= reading.report_above and answer.label != volume.target), 1.0),
    }
    if tumour:
        hit = volume.hits[key] & showing
        counts |= {
            "called a tumour and not abstained": (float(said_tumour), 1.0),
            "key slices that show the tumour": (float(showing.sum()), float(len(key))),
            "first key slice shows the tumour": (float(volume.shows[_first(answer, background)]), 1.0),
            "heat peak within 4 px, key slices with a tumour": (float(hit.sum()), float(showing.sum())),
            "heat peak within 4 px, slices with a tumour": (
                float((volume.hits & found & called).sum()),
                float((found & called).sum()),
            ),
        }
    return counts


def measure_volumes(
    volumes: Sequence[Volume], reading: Reading, *, n_draws: int = 1000, seed: int = 0
) -> dict[str, Estimate]:
    """Figures over volumes, with intervals from draws of whole patients."""
    counts = [count_volume(volume, reading) for volume in volumes]
    weights = f.draw_weights([volume.unit for volume in volumes], n_draws, seed)
    measured = {}
    for name in dict.fromkeys(name for count in counts for name in count):
        part = np.array([count.get(name, (0.0, 0.0))[0] for count in counts])
        whole = np.array([count.get(name, (0.0, 0.0))[1] for count in counts])
        measured[name] = Estimate.of(f.share(weights @ part, weights @ whole))
    measured["area under the ROC curve, slices"] = Estimate.of(_slice_auc(volumes, reading, weights))
    return measured


def measure_studies(
    volumes: Sequence[Volume], rule: StudyRule, *, n_draws: int = 1000, seed: int = 0
) -> dict[str, Estimate]:
    """Area under the ROC curve, log loss and calibration error of tumour or not, by study.

    Volumes without a finding must be among them: see :func:`without_finding`.
    """
    p = np.array([1.0 - judge(volume, rule).probabilities[rule.background] for volume in volumes])
    truth = np.array([volume.target != rule.background for volume in volumes])
    weights = f.draw_weights([volume.unit for volume in volumes], n_draws, seed)
    confidence = np.maximum(p, 1 - p)
    right = (p >= 0.5) == truth
    chosen = np.where(truth, p, 1 - p)
    return {
        "area under the ROC curve": Estimate.of(f.roc_auc(p, truth, weights)),
        "accuracy": Estimate.of(f.mean(right.astype(np.float64), weights)),
        "log loss": Estimate.of(f.mean(-np.log(np.maximum(chosen, 1e-12)), weights)),
        "calibration error": Estimate.of(weighted_calibration_error(confidence, right, weights)),
    }


def with_logits(volume: Volume, logits: npt.NDArray[np.floating]) -> Volume:
    """The volume as another model sees it."""
    return replace(volume, logits=logits)


def _first(answer: StudyAnswer, background: int) -> int:
    return answer.choose_key_slices(background, 1)[0]


def _slice_auc(volumes: Sequence[Volume], reading: Reading, weights: Doubles) -> Doubles:
    background = reading.rule.background
    scores, positive, of = [], [], []
    for number, volume in enumerate(volumes):
        own = judge(volume, reading.rule).own
        told = (volume.labels >= 0) & volume.usable
        scores.append(1.0 - own[told, background])
        positive.append(volume.labels[told] != background)
        of += [number] * int(told.sum())
    return f.roc_auc(np.concatenate(scores), np.concatenate(positive), weights[:, of])
