"""What a model's answers are worth: temperature, conformal sets, an out-of-distribution gate, and figures.

Fitted on the split "val" with the runtime itself, so that what is fitted is what is served; the gate's class means on
the split "train". Figures come from the split "test", by slice and by patient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float32
from mri_batch.card import Calibration, Conformal, ModelCard, OutOfDistribution
from mri_batch.commands.evaluate import predictions as evaluated
from mri_batch.commands.evaluate.summary import Rows, Summary, rows_by_patient, rows_by_slice, sum_up
from mri_batch.dataset import Item, read_picture
from mri_batch.errors import UsageError
from mri_batch.explain.ops.scale import SHARE
from mri_batch.model.decide import calibrate
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session

ALPHA = 0.1
CAUTION_SHARE, REFUSE_SHARE = 0.95, 0.99  # of the validation slices lie below the gate's two thresholds
ECE_BINS = 15  # as Guo et al. 2017
GATE_SLICES_PER_CLASS = 300  # enough for means and a shared covariance, and bounded in time

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A model's raw answers to ``items``: ``logits`` float32[n, k], ``features`` float32[n, d] (d = 0: none).

    ``targets`` int64[n]; ``peaks`` float32[n]: the rollout's largest value (empty: no rollout).
    """

    items: tuple[Item, ...]
    logits: Float32
    features: Float32
    targets: Ints
    peaks: Float32


def calibrate_card(session: Session, items: Sequence[Item]) -> tuple[ModelCard, Mapping[str, Float32]]:
    """Fit everything and measure; return the card filled in, and the gate's arrays (empty: no gate)."""
    card = session.card
    splits = _split(items, card.labels)
    validation, test = (answer(session, splits[name]) for name in ("val", "test"))
    temperature = fit_temperature(validation.logits, validation.targets)
    of = _in_words("validation", validation)
    calibrated = softmax(validation.logits / temperature)
    decision = card.decision.model_copy(
        update={"conformal": fit_conformal(calibrated, validation.targets, card.labels, ALPHA, of)}
    )
    gate: Mapping[str, Float32] = {}
    if validation.features.shape[1]:
        learnt = answer(session, _thin_out(splits["train"]))
        gate = fit_gate(learnt.features, learnt.targets, len(card.labels))
        distances = score_gate(gate, validation.features)
        decision = decision.model_copy(update={"out_of_distribution": _gate_thresholds(distances, of)})
    calibration = Calibration(
        method="temperature",
        temperature=temperature,
        fitted_on=of,
        n_slices=len(validation.targets),
        ece_before=measure_ece(softmax(validation.logits), validation.targets),
        ece_after=measure_ece(calibrated, validation.targets),
    )
    update: dict[str, Any] = {"calibration": calibration, "decision": decision}
    if validation.peaks.size:
        update["explanations"] = _scale_rollout(card, validation.peaks)
    card = card.model_copy(update=update)
    if test.items:
        card = card.model_copy(update={"metrics": card.metrics | {"test": measure(test, card)}})
    return card, gate


def answer(session: Session, items: Sequence[Item]) -> Answers:
    """Run the model over labelled pictures, a batch at a time."""
    w = session.wiring
    names = [name for name in (w.logits, w.features, w.rollout) if name]
    parts: dict[str, list[Float32]] = {name: [] for name in names}
    for batch in _batched(items, session.batch_size):
        pixels = prepare([read_picture(item.path) for item in batch], session.card.preprocessing).pixels
        for name, values in session.outputs(pixels, names).items():
            parts[name].append(values if name != w.rollout else values.max(axis=(1, 2)))
    joined = {name: np.concatenate(values) for name, values in parts.items() if values}
    none = np.zeros((len(items), 0), np.float32)
    return Answers(
        items=tuple(items),
        logits=joined.get(w.logits, np.zeros((0, len(session.labels)), np.float32)),
        features=joined.get(w.features or "", none),
        targets=np.array([session.labels.index(item.label) for item in items], np.int64),
        peaks=joined.get(w.rollout or "", np.zeros(0, np.float32)),
    )


def softmax(logits: Float32) -> Doubles:
    """Probabilities float64[n, k] of logits [n, k]."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    shares: Doubles = powers / powers.sum(axis=1, keepdims=True)
    return shares


def fit_temperature(logits: Float32, targets: Ints) -> float:
    """Find the temperature with the least cross entropy, from 1/20 to 20, by golden-section search on its logarithm."""

    def cost(log_t: float) -> float:
        chosen = softmax(logits / np.exp(log_t))[np.arange(len(targets)), targets]
        return float(-np.log(np.maximum(chosen, 1e-300)).mean())

    low, high = -np.log(20), np.log(20)
    ratio = (np.sqrt(5) - 1) / 2
    for _ in range(60):  # 6.0 * ratio**60 is below 1e-11
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if cost(left) <= cost(right) else (left, high)
    return float(np.exp((low + high) / 2))


def measure_ece(probabilities: Doubles, targets: Ints) -> float:
    """Expected calibration error (Guo et al. 2017): gap of confidence and accuracy over equal bins of confidence."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    bins = np.minimum((confidence * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    gaps = [abs(right[bins == b].sum() - confidence[bins == b].sum()) for b in range(ECE_BINS)]
    return float(sum(gaps) / max(1, len(targets)))


def fit_conformal(
    probabilities: Doubles, targets: Ints, labels: Sequence[str], alpha: float, fitted_on: str
) -> Conformal:
    """Thresholds on 1 - p[k] for each class alone (Vovk 2012): a set misses class k in at most alpha of its slices.

    Of n scores the ceil((n + 1) (1 - alpha))-th smallest; 1, which keeps the label always, where there are too few.
    """
    thresholds, counts = {}, {}
    for k, label in enumerate(labels):
        scores = np.sort(1 - probabilities[targets == k, k])
        rank = int(np.ceil((len(scores) + 1) * (1 - alpha)))
        thresholds[label] = float(scores[rank - 1]) if rank <= len(scores) else 1.0
        counts[label] = len(scores)
    return Conformal(alpha=alpha, thresholds=thresholds, n_slices=counts, fitted_on=fitted_on)


def fit_gate(features: Float32, targets: Ints, n_labels: int) -> Mapping[str, Float32]:
    """Class means [k, d] and shared precision [d, d] (Lee et al. 2018), float32, shrunk as Ledoit & Wolf (2004)."""
    wide = features.astype(np.float64)
    means = np.stack([wide[targets == k].mean(axis=0) for k in range(n_labels)])
    precision = np.linalg.inv(_shrunk_covariance(wide - means[targets]))
    return {"means": means.astype(np.float32), "precision": precision.astype(np.float32)}


def _shrunk_covariance(centred: Doubles) -> Doubles:
    n, d = centred.shape
    covariance = centred.T @ centred / n
    target = np.trace(covariance) / d * np.eye(d)
    spread = ((covariance - target) ** 2).sum()
    squares = centred**2
    noise = ((squares.T @ squares / n - covariance**2).sum()) / n
    share = min(1.0, noise / spread) if spread > 0 else 1.0
    shrunk: Doubles = (1 - share) * covariance + share * target + 1e-9 * np.eye(d)
    return shrunk


def score_gate(gate: Mapping[str, Float32], features: Float32) -> Doubles:
    """Squared Mahalanobis distance to the nearest class mean: float64[n]."""
    apart = features[:, None].astype(np.float64) - gate["means"].astype(np.float64)
    distances: Doubles = np.einsum("nkd,de,nke->nk", apart, gate["precision"].astype(np.float64), apart).min(axis=1)
    return distances


def measure(answers: Answers, card: ModelCard) -> dict[str, Any]:
    """Figures of a calibrated card by slice, by patient and by source: the ones that ``evaluate`` finds."""
    judged = evaluated.Answers(
        labels=card.labels,
        items=answers.items,
        frames=(0,) * len(answers.items),
        probabilities=calibrate(answers.logits, card),
        gate_scores=np.zeros(0, np.float32),
    )
    slices, patients = (_sum_up(rows) for rows in (rows_by_slice(judged), rows_by_patient(judged, card)))
    return {
        "n_slices": slices.n,
        "n_patients": patients.n_units,
        "slice_accuracy": slices.overall["accuracy"].value,
        "slice_recall": {name: slices.per_class[name]["recall"].value for name, n in slices.support.items() if n},
        "slice_ece": slices.overall["ece"].value,
        "patient_accuracy": patients.overall["accuracy"].value,
        "sources": _by_source(judged),
    }


def _by_source(judged: evaluated.Answers) -> dict[str, Any]:
    """Figures for each source alone: what is easy to tell apart by its source flatters the figure over all."""
    sources = np.array([item.source for item in judged.items])
    summaries = {name: _sum_up(rows_by_slice(judged.take(sources == name))) for name in sorted(set(sources.tolist()))}
    return {name: {"n_slices": s.n, "slice_accuracy": s.overall["accuracy"].value} for name, s in summaries.items()}


def _sum_up(rows: Rows) -> Summary:
    return sum_up("", rows, n_draws=0, seed=0)


def _gate_thresholds(distances: Doubles, fitted_on: str) -> OutOfDistribution:
    caution, refuse = np.quantile(distances, (CAUTION_SHARE, REFUSE_SHARE))
    return OutOfDistribution(caution_above=float(caution), refuse_above=float(refuse), fitted_on=fitted_on)


def _scale_rollout(card: ModelCard, peaks: Float32) -> tuple[Any, ...]:
    scale = float(np.quantile(peaks, SHARE))
    return tuple(
        entry.model_copy(update={"scale_max": scale}) if entry.method == "rollout" else entry
        for entry in card.explanations
    )


def _split(items: Sequence[Item], labels: Sequence[str]) -> dict[str, list[Item]]:
    unknown = sorted({item.label for item in items} - set(labels))
    if unknown:
        raise UsageError(
            f"the data set has labels that the model has not: {', '.join(unknown)}", code="DATASET_UNKNOWN_LABEL"
        )
    splits = {name: [item for item in items if item.split == name] for name in ("train", "val", "test")}
    lacking = [label for label in labels if label not in {item.label for item in splits["val"]}]
    if lacking:
        raise UsageError(
            f"calibration needs pictures of every label in the split 'val'; none of {', '.join(lacking)}",
            code="DATASET_NO_SPLIT",
            hint="give labels.csv a 'split' column: train, val, test",
        )
    return splits


def _thin_out(items: Sequence[Item]) -> list[Item]:
    by_label: dict[str, list[Item]] = {}
    for item in items:
        by_label.setdefault(item.label, []).append(item)
    return [item for group in by_label.values() for item in group[:: max(1, -(-len(group) // GATE_SLICES_PER_CLASS))]]


def _in_words(split: str, answers: Answers) -> str:
    return f"the {split} split: {len(answers.items)} slices of {len({item.unit for item in answers.items})} patients"


def _batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
