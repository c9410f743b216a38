"""Does the model know what it does not know: prediction sets, the gate, and the verdicts that a reader would see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard
from mri_batch.commands.evaluate import metrics
from mri_batch.commands.evaluate.estimate import Bootstrap, Estimate
from mri_batch.commands.evaluate.metrics import Bools
from mri_batch.commands.evaluate.predictions import Predictions
from mri_batch.errors import UsageError
from mri_batch.model.decide import decide, prediction_set
from mri_batch.model.gate import Gate
from mri_batch.model.session import Session
from mri_batch.read.find.walk import iter_files
from mri_batch.records import FileKind, FoundFile, Prediction, Series, Verdict
from mri_batch.run.inference import infer_series
from mri_batch.settings import ReadLimits

CONFIDENT = 0.9  # a probability with which a model without a gate would pass a picture on


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How often the prediction sets of one class's slices hold the class, beside what the card promises.

    ``sizes``: number of slices whose set has 0, 1, 2, ... labels.
    """

    label: str
    n: int
    nominal: float
    coverage: Estimate
    mean_size: Estimate
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """A set of pictures for the gate: calibrated ``probabilities`` float32[n, k], ``gate_scores`` float32[n].

    ``gate_scores`` has n = 0 where the model has no gate. ``units``: of whom each picture is. ``n_unreadable`` files
    could not be read.
    """

    probabilities: Float32
    gate_scores: Float32
    units: tuple[str, ...]
    n_unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """What the gate does with a set of pictures: shares that are refused and marked as unusual.

    ``part`` and ``value``: which pictures, such as those of one label. ``confident``: the share with a probability of
    at least 0.9 for some class, which a model without a gate would pass on.
    """

    part: Literal["all", "label", "source", "ood"]
    value: str
    n: int
    refused: Estimate
    unusual: Estimate
    abstained: Estimate
    confident: Estimate
    n_unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """The slices of one verdict: their share of all, and the share of them that is right."""

    verdict: Verdict
    n: int
    share: Estimate
    accuracy: Estimate


def decide_slices(predictions: Predictions, card: ModelCard) -> tuple[Prediction, ...]:
    """Decide on each slice as if it were a study of its own."""
    return _decide(predictions.probabilities, predictions.gate_scores, card)


def measure_coverage(predictions: Predictions, card: ModelCard, bootstrap: Bootstrap) -> tuple[Coverage, ...]:
    """Coverage and size of the prediction sets, by true class; empty where the card has no conformal sets."""
    conformal = card.decision.conformal
    if conformal is None:
        return ()
    sets = [prediction_set(row, card) for row in predictions.probabilities]
    covered = np.array([item.label in s for item, s in zip(predictions.items, sets, strict=True)], np.float64)
    sizes = np.array([len(s) for s in sets], np.float64)
    weights = bootstrap.weights(predictions.units)
    rows = []
    for k, label in enumerate(predictions.labels):
        of = predictions.targets == k
        if of.any():
            rows.append(
                Coverage(
                    label=label,
                    n=int(of.sum()),
                    nominal=1 - conformal.alpha,
                    coverage=Estimate.of(metrics.mean(covered[of], weights[:, of])),
                    mean_size=Estimate.of(metrics.mean(sizes[of], weights[:, of])),
                    sizes=tuple(int((sizes[of] == size).sum()) for size in range(len(predictions.labels) + 1)),
                )
            )
    return tuple(rows)


def measure_verdicts(predictions: Predictions, card: ModelCard, bootstrap: Bootstrap) -> tuple[VerdictRow, ...]:
    """How often each verdict is given, and how often the label is right under it."""
    verdicts = [prediction.verdict for prediction in decide_slices(predictions, card)]
    right = (predictions.predicted == predictions.targets).astype(np.float64)
    weights = bootstrap.weights(predictions.units)
    rows = []
    for verdict in Verdict:
        of = np.array([v is verdict for v in verdicts])
        rows.append(
            VerdictRow(
                verdict=verdict,
                n=int(of.sum()),
                share=Estimate.of(metrics.mean(of.astype(np.float64), weights)),
                accuracy=Estimate.of(metrics.mean(right[of], weights[:, of])),
            )
        )
    return tuple(rows)


def measure_refusals(predictions: Predictions, card: ModelCard, bootstrap: Bootstrap) -> tuple[Refusals, ...]:
    """What the gate refuses of the data set itself: of all of it, by label and by source."""
    rows = [_count_refusals("all", "", _to_pictures(predictions), card, bootstrap)]
    labels = np.array([item.label for item in predictions.items])
    sources = predictions.sources
    for label in sorted(set(labels.tolist())):
        rows.append(_count_refusals("label", label, _to_pictures(predictions.take(labels == label)), card, bootstrap))
    for source in sorted(set(sources.tolist())):
        part = _to_pictures(predictions.take(sources == source))
        rows.append(_count_refusals("source", source, part, card, bootstrap))
    return tuple(rows)


def measure_ood(
    folder: Path, session: Session, gate: Gate | None, bootstrap: Bootstrap, *, most_files: int
) -> Refusals:
    """What the gate does with pictures the model was not made for: evenly chosen files of a folder.

    Raises UsageError where none of them can be read.
    """
    limits = ReadLimits()
    probabilities, scores, units, n_unreadable = [], [], [], 0
    for found in _choose_files(folder, limits, most_files):
        inference = infer_series(Series(series_id="", files=(found,)), session, gate, limits)
        n_unreadable += len(inference.unreadable)
        probabilities.append(inference.probabilities)
        scores.append(inference.gate_scores)
        units += [found.relative] * len(inference.probabilities)
    if not units:
        raise UsageError("no picture that can be read", code="DATASET_ONE_CLASS", file=str(folder))
    pictures = Pictures(
        probabilities=np.concatenate(probabilities),
        gate_scores=np.concatenate(scores),
        units=tuple(units),
        n_unreadable=n_unreadable,
    )
    return _count_refusals("ood", folder.name, pictures, session.card, bootstrap)


def _choose_files(folder: Path, limits: ReadLimits, most: int) -> list[FoundFile]:
    files = [
        found
        for found in iter_files([folder], limits=limits)
        if isinstance(found, FoundFile) and found.kind is not FileKind.OTHER
    ]
    return [files[i] for i in np.unique(np.linspace(0, len(files) - 1, most).round().astype(int))] if files else []


def _to_pictures(predictions: Predictions) -> Pictures:
    return Pictures(
        probabilities=predictions.probabilities, gate_scores=predictions.gate_scores, units=predictions.units
    )


def _count_refusals(
    part: Literal["all", "label", "source", "ood"],
    value: str,
    pictures: Pictures,
    card: ModelCard,
    bootstrap: Bootstrap,
) -> Refusals:
    weights = bootstrap.weights(pictures.units)
    gate, scores, n = card.decision.out_of_distribution, pictures.gate_scores, len(pictures.units)
    verdicts = [each.verdict for each in _decide(pictures.probabilities, scores, card)]

    def share(chosen: Bools) -> Estimate:
        return Estimate.of(metrics.mean(chosen.astype(np.float64), weights))

    def share_above(threshold: float | None) -> Estimate:
        return share(scores > threshold if threshold is not None and len(scores) else np.zeros(n, bool))

    return Refusals(
        part=part,
        value=value,
        n=n,
        refused=share_above(gate.refuse_above if gate else None),
        unusual=share_above(gate.caution_above if gate else None),
        abstained=share(np.array([verdict is Verdict.ABSTAIN for verdict in verdicts])),
        confident=share(pictures.probabilities.max(axis=1) >= CONFIDENT),
        n_unreadable=pictures.n_unreadable,
    )


def _decide(probabilities: Float32, gate_scores: Float32, card: ModelCard) -> tuple[Prediction, ...]:
    scores: Sequence[float | None] = gate_scores.tolist() or [None] * len(probabilities)
    return tuple(decide(row, card, gate_score=score) for row, score in zip(probabilities, scores, strict=True))
