"""From logits to a prediction: calibration, aggregation over slices, prediction set, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float32, Float64
from mri_batch.card import ModelCard
from mri_batch.notes import Note
from mri_batch.probabilities import conformal_set, softmax
from mri_batch.records import Prediction, Verdict
from mri_batch.study_rule import StudyRule, predict_study


def calibrate(logits: Float32, card: ModelCard) -> Float32:
    """Calibrated probabilities float32[n, k] of logits float32[n, k]: softmax at the card's temperature."""
    return softmax(logits, card.calibration.temperature).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesAnswer:
    """The answer for a series of n slices. ``probabilities``: float32[k], the mean over the deciding slices.

    ``deciding``: indices of the slices that the answer rests on, in order. ``slices``: float32[n, k], what is said of
    each slice.
    """

    probabilities: Float32
    deciding: tuple[int, ...]
    slices: Float32


def answer_series(probabilities: Float32, card: ModelCard, positions_mm: Float64 | None = None) -> SeriesAnswer:
    """Answer for a series from the calibrated probabilities of its slices float32[n, k], by the card's named rule.

    ``positions_mm`` float64[n]: along the slices' normal; unknown: neighbours are the rule's default apart.
    """
    if (rule := find_study_rule(card)) is not None:
        return _answer_by_window(probabilities, card, rule, positions_mm)
    if card.decision.aggregation == "mean" or card.decision.background_label is None:
        chosen = np.arange(len(probabilities))
    else:
        background = probabilities[:, card.labels.index(card.decision.background_label)]
        count = min(len(probabilities), max(3, -(-len(probabilities) // 4)))
        chosen = np.argsort(background, kind="stable")[:count]
    mean = probabilities[chosen].mean(axis=0, dtype=np.float64).astype(np.float32)
    return SeriesAnswer(probabilities=mean, deciding=tuple(sorted(chosen.tolist())), slices=probabilities)


def find_study_rule(card: ModelCard) -> StudyRule | None:
    """The card's rule for studies; None where its aggregation is another."""
    window, background = card.decision.window, card.decision.background_label
    if window is None or background is None:
        return None
    return StudyRule(
        background=card.labels.index(background),
        window_mm=window.window_mm,
        temperature=window.temperature,
        shift=window.shift,
        slice_shift=window.slice_shift,
        slice_smooth_mm=window.slice_smooth_mm,
    )


def _answer_by_window(
    probabilities: Float32, card: ModelCard, rule: StudyRule, positions_mm: Float64 | None
) -> SeriesAnswer:
    """Answer by the study rule; logits are the logarithms of the probabilities at the calibration's temperature."""
    floor = np.finfo(np.float32).tiny
    logits = np.log(np.maximum(probabilities.astype(np.float64), floor)) * card.calibration.temperature
    predicted = predict_study(logits, rule, positions_mm=positions_mm)
    return SeriesAnswer(
        probabilities=predicted.probabilities.astype(np.float32),
        deciding=predicted.deciding_slices,
        slices=predicted.slices.astype(np.float32),
    )


def aggregate(probabilities: Float32, card: ModelCard) -> Float32:
    """Probabilities float32[k] of a series from those of its slices float32[n, k]."""
    return answer_series(probabilities, card).probabilities


def measure_evidence(probabilities: Float32, label: int, card: ModelCard) -> Float32:
    """How much each slice speaks for a finding: float32[n] of float32[n, k].

    For the background label it is how suspicious the slice is: what a reader checks first.
    """
    if card.labels[label] == card.decision.background_label:
        return 1.0 - probabilities[:, label]
    return probabilities[:, label]


def choose_key_slices(evidence: Float32, deciding: Sequence[int], most: int) -> tuple[int, ...]:
    """Choose up to ``most`` of the deciding slices to show: those of most evidence float32[n], apart if possible."""
    apart = max(1, len(deciding) // (3 * most))
    chosen: list[int] = []
    for index in sorted(deciding, key=lambda i: -float(evidence[i])):
        if len(chosen) < most and all(abs(index - other) >= apart for other in chosen):
            chosen.append(index)
    return tuple(sorted(chosen))


def prediction_set(probabilities: npt.NDArray[np.floating], card: ModelCard) -> tuple[str, ...]:
    """Labels that cannot be ruled out: the class-conditional conformal set, or the label alone without one."""
    conformal = card.decision.conformal
    if conformal is None:
        return (card.labels[int(np.argmax(probabilities))],)
    thresholds = [conformal.thresholds.get(label, 1.0) for label in card.labels]
    return tuple(card.labels[k] for k in conformal_set(probabilities, thresholds))


def decide(
    probabilities: Float32, card: ModelCard, *, gate_score: float | None, caution_reasons: Sequence[Note] = ()
) -> Prediction:
    """Decide on probabilities float32[k] of a study. ``caution_reasons``: what else the reader should be wary of."""
    top = int(np.argmax(probabilities))
    likely = float(probabilities[top])
    labels = prediction_set(probabilities, card)
    refuse, caution = [], list(caution_reasons)
    rule, gate = card.decision, card.decision.out_of_distribution
    if gate is not None and gate_score is not None:
        if gate_score > gate.refuse_above:
            refuse.append(Note("GATE_REFUSED"))
        elif gate_score > gate.caution_above:
            caution.append(Note("GATE_CAUTION"))
    if likely < rule.abstain_below:
        refuse.append(Note("PROBABILITY_ABSTAIN", {"threshold": rule.abstain_below}))
    elif likely < rule.caution_below:
        caution.append(Note("PROBABILITY_CAUTION", {"threshold": rule.caution_below}))
    if not labels:
        refuse.append(Note("SET_EMPTY"))
    elif card.labels[top] not in labels:
        refuse.append(Note("LABEL_OUTSIDE_SET"))
    elif len(labels) > 1:
        caution.append(Note("SET_SEVERAL", {"n": len(labels)}))
    verdict = Verdict.ABSTAIN if refuse else Verdict.CAUTION if caution else Verdict.REPORT
    return Prediction(
        probabilities=tuple(float(p) for p in probabilities),
        label=card.labels[top],
        prediction_set=labels,
        verdict=verdict,
        reasons=tuple(refuse + caution),
    )
