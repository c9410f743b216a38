"""Does the model know what it does not know: prediction sets, the gate, and the verdicts that a reader would see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard
from mri_batch.commands.evaluate import metrics as f
from mri_batch.commands.evaluate.predictions import Answers
from mri_batch.commands.evaluate.summary import Figure
from mri_batch.errors import UsageError
from mri_batch.model.decide import Gate, decide, prediction_set
from mri_batch.model.session import Session
from mri_batch.read.find.walk import iter_files
from mri_batch.records import FileKind, FileRecord, FoundFile, Prediction, Series, Verdict
from mri_batch.run.inference import infer_series
from mri_batch.settings import ReadLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Prediction sets of one class's slices: how often they hold the class, beside what the card promises.

    ``sizes``: number of slices whose set has 0, 1, 2, ... labels.
    """

    label: str
    n: int
    nominal: float
    coverage: Figure
    mean_size: Figure
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """What the gate does with a set of pictures: shares that are refused and marked as unusual.

    ``confident``: the share with a probability of at least 0.9 for some class, which a model without a gate would
    pass on. ``problems`` files could not be read.
    """

    title: str
    n: int
    refused: Figure
    unusual: Figure
    abstained: Figure
    confident: Figure
    problems: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """The slices of one verdict: their share of all, and how many of them are right."""

    verdict: Verdict
    n: int
    share: Figure
    accuracy: Figure


def decide_slices(answers: Answers, card: ModelCard) -> tuple[Prediction, ...]:
    """Decide on each slice as if it were a study of its own."""
    scores: Sequence[float | None] = answers.gate_scores.tolist() or [None] * len(answers.items)
    return tuple(decide(row, card, gate_score=score) for row, score in zip(answers.probabilities, scores, strict=True))


def measure_coverage(answers: Answers, card: ModelCard, *, n_draws: int, seed: int) -> tuple[Coverage, ...]:
    """Coverage and size of the prediction sets, by true class; nothing where the card has no conformal sets."""
    conformal = card.decision.conformal
    if conformal is None:
        return ()
    sets = [prediction_set(row, card) for row in answers.probabilities]
    covered = np.array([item.label in s for item, s in zip(answers.items, sets, strict=True)], np.float64)
    sizes = np.array([len(s) for s in sets], np.float64)
    weights = f.draw_weights([item.unit for item in answers.items], n_draws, seed)
    told = []
    for k, label in enumerate(answers.labels):
        of = answers.targets == k
        if of.any():
            told.append(
                Coverage(
                    label=label,
                    n=int(of.sum()),
                    nominal=1 - conformal.alpha,
                    coverage=Figure.of(f.mean(covered[of], weights[:, of])),
                    mean_size=Figure.of(f.mean(sizes[of], weights[:, of])),
                    sizes=tuple(int((sizes[of] == size).sum()) for size in range(len(answers.labels) + 1)),
                )
            )
    return tuple(told)


def measure_verdicts(answers: Answers, card: ModelCard, *, n_draws: int, seed: int) -> tuple[VerdictRow, ...]:
    """How often each verdict is given, and how often the label is right under it."""
    verdicts = [prediction.verdict for prediction in decide_slices(answers, card)]
    right = (answers.predicted == answers.targets).astype(np.float64)
    weights = f.draw_weights([item.unit for item in answers.items], n_draws, seed)
    rows = []
    for verdict in Verdict:
        given = np.array([v is verdict for v in verdicts])
        rows.append(
            VerdictRow(
                verdict=verdict,
                n=int(given.sum()),
                share=Figure.of(f.mean(given.astype(np.float64), weights)),
                accuracy=Figure.of(f.mean(right[given], weights[:, given])),
            )
        )
    return tuple(rows)


def measure_refusals(answers: Answers, card: ModelCard, *, n_draws: int, seed: int) -> tuple[Refusals, ...]:
    """What the gate refuses of the data set itself: all of it, by class and by source."""
    parts = {"all": np.ones(len(answers.items), bool)}
    for kind in ("label", "source"):
        values = np.array([getattr(item, kind) for item in answers.items])
        parts |= {f"{kind} {value}": values == value for value in sorted(set(values.tolist()))}
    told = []
    for title, rows in parts.items():
        part = answers.take(rows)
        units = [item.unit for item in part.items]
        told.append(count_refusals(title, part.probabilities, part.gate_scores, units, card, n_draws, seed))
    return tuple(told)


def count_refusals(
    title: str,
    probabilities: Float32,
    scores: Float32,
    units: Sequence[str],
    card: ModelCard,
    n_draws: int,
    seed: int,
    problems: int = 0,
) -> Refusals:
    """Count what the gate refuses of slices with calibrated ``probabilities`` [n, k] and gate ``scores`` [n]."""
    weights = f.draw_weights(units, n_draws, seed)
    gate = card.decision.out_of_distribution
    refused = scores > gate.refuse_above if gate is not None and len(scores) else np.zeros(len(units), bool)
    unusual = scores > gate.caution_above if gate is not None and len(scores) else np.zeros(len(units), bool)
    told: Sequence[float | None] = scores.tolist() or [None] * len(units)
    prediction = [decide(row, card, gate_score=score) for row, score in zip(probabilities, told, strict=True)]
    abstained = np.array([d.verdict is Verdict.ABSTAIN for d in prediction])
    confident = probabilities.max(axis=1) >= 0.9

    def measure(chosen: f.Bools) -> Figure:
        return Figure.of(f.mean(chosen.astype(np.float64), weights))

    return Refusals(
        title=title,
        n=len(units),
        refused=measure(refused),
        unusual=measure(unusual),
        abstained=measure(abstained),
        confident=measure(confident),
        problems=problems,
    )


def judge_outsiders(
    folder: Path, session: Session, gate: Gate | None, *, n_draws: int, seed: int, most: int
) -> Refusals:
    """What the model does with pictures it was not made for: up to ``most`` files, evenly chosen from a folder."""
    limits = ReadLimits()
    files = [
        found
        for found in iter_files([folder], limits=limits)
        if isinstance(found, FoundFile) and found.kind is not FileKind.OTHER
    ]
    chosen = [files[i] for i in np.unique(np.linspace(0, len(files) - 1, most).round().astype(int))] if files else []
    answers, scores, units, problems = [], [], [], 0
    for found in chosen:
        judged = infer_series(Series(series_id="", files=(found,)), session, gate, limits)
        problems += sum(isinstance(problem, FileRecord) for problem in judged.source.problems)
        answers.append(judged.probabilities)
        scores.append(judged.gate_scores)
        units += [found.relative] * len(judged.probabilities)
    if not units:
        raise UsageError("no picture that can be read", code="DATASET_ONE_CLASS", file=str(folder))
    return count_refusals(
        folder.name,
        np.concatenate(answers),
        np.concatenate(scores),
        units,
        session.card,
        n_draws,
        seed,
        problems,
    )
