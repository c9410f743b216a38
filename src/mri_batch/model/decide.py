"""From logits to a prediction: calibration, aggregation over slices, prediction set, verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard
from mri_batch.notes import Note
from mri_batch.probabilities import conformal_set, softmax
from mri_batch.records import Prediction, Verdict


def calibrate(logits: Float32, card: ModelCard) -> Float32:
    """Calibrated probabilities float32[n, k] of logits float32[n, k]: softmax at the card's temperature."""
    return softmax(logits, card.calibration.temperature).astype(np.float32)


def aggregate(probabilities: Float32, card: ModelCard) -> Float32:
    """Probabilities float32[k] of a series from those of its slices float32[n, k], by the card's named rule."""
    if card.decision.aggregation == "mean" or card.decision.background_label is None:
        chosen = probabilities
    else:
        background = probabilities[:, card.labels.index(card.decision.background_label)]
        count = min(len(probabilities), max(3, -(-len(probabilities) // 4)))
        chosen = probabilities[np.argsort(background, kind="stable")[:count]]
    mean: Float32 = chosen.mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


def choose_key_slices(probabilities: Float32, label: int, most: int) -> tuple[int, ...]:
    """Choose up to ``most`` slices to show for a label: the most probable ones, apart from one another if possible."""
    n = len(probabilities)
    apart = max(1, n // (3 * most))
    chosen: list[int] = []
    for index in np.argsort(-probabilities[:, label], kind="stable").tolist():
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
