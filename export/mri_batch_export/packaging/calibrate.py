"""Calibration: temperature, conformal thresholds, out-of-distribution gate, and metrics.

Fitted on the split "val" with the runtime's own code, so that what is fitted is what is served; the gate's class means
come from the split "train", metrics from the split "test", by slice and by patient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float32, Float64, Int64
from mri_batch.card import Calibration, Conformal, ModelCard, OutOfDistribution, with_fields
from mri_batch.commands.evaluate.estimate import Bootstrap
from mri_batch.commands.evaluate.predictions import Predictions
from mri_batch.commands.evaluate.summary import Rows, Summary, rows_by_patient, rows_by_slice, summarise
from mri_batch.dataset import Item, read_picture
from mri_batch.errors import UsageError
from mri_batch.explain.ops.scale import SHARE
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.probabilities import conformal_thresholds, expected_calibration_error, mahalanobis_score, softmax
from mri_batch.text import JsonObject
from mri_batch_export.packaging.card_builder import CardBuilder

ALPHA = 0.1
CAUTION_SHARE, REFUSE_SHARE = 0.95, 0.99  # of the validation slices lie below the gate's two thresholds
GATE_SLICES_PER_CLASS = 300  # enough for means and a shared covariance, and bounded in time

Gate = Mapping[str, Float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawOutputs:
    """What a model returns for ``items``: ``logits`` float32[n, k], ``features`` float32[n, d] (d = 0: none).

    ``targets`` int64[n]; ``peaks`` float32[n]: the rollout's maximum (empty: no rollout).
    """

    items: tuple[Item, ...]
    logits: Float32
    features: Float32
    targets: Int64
    peaks: Float32


def calibrate_card(session: Session, builder: CardBuilder, items: Sequence[Item]) -> Gate:
    """Fit everything on ``items`` and add it and its metrics to the card; return the gate's arrays (empty: none)."""
    labels = session.card.labels
    splits = _split(items, labels)
    validation, test = (run_model(session, splits[name]) for name in ("val", "test"))
    fitted_on = _describe_split("validation", validation)
    calibration = fit_calibration(validation, fitted_on)
    probabilities = softmax(validation.logits, calibration.temperature)
    conformal = fit_conformal(probabilities, validation.targets, labels, ALPHA, fitted_on)
    decision = with_fields(session.card.decision, conformal=conformal)
    gate: Gate = {}
    if validation.features.shape[1]:
        training = run_model(session, _thin_out(splits["train"]))
        gate = fit_gate(training.features, training.targets, len(labels))
        distances = mahalanobis_score(validation.features, gate["means"], gate["precision"])
        decision = with_fields(decision, out_of_distribution=_gate_thresholds(distances, fitted_on))
    builder.set_calibration(calibration, decision)
    if validation.peaks.size:
        builder.set_scales({"rollout": float(np.quantile(validation.peaks, SHARE))})
    if test.items:
        builder.add_metrics("test", measure(test, builder.card))
    return gate


def run_model(session: Session, items: Sequence[Item]) -> RawOutputs:
    """Run the model on labelled pictures, batch by batch."""
    w = session.wiring
    names = [name for name in (w.logits, w.features, w.rollout) if name]
    parts: dict[str, list[Float32]] = {name: [] for name in names}
    for batch in _batched(items, session.batch_size):
        pixels = prepare([read_picture(item.path) for item in batch], session.card.preprocessing).pixels
        for name, values in session.outputs(pixels, names).items():
            parts[name].append(values if name != w.rollout else values.max(axis=(1, 2)))
    joined = {name: np.concatenate(values) for name, values in parts.items() if values}
    none = np.zeros((len(items), 0), np.float32)
    return RawOutputs(
        items=tuple(items),
        logits=joined.get(w.logits, np.zeros((0, len(session.labels)), np.float32)),
        features=joined.get(w.features or "", none),
        targets=np.array([session.labels.index(item.label) for item in items], np.int64),
        peaks=joined.get(w.rollout or "", np.zeros(0, np.float32)),
    )


def fit_calibration(validation: RawOutputs, fitted_on: str) -> Calibration:
    """Fit the temperature, with the calibration error before and after."""
    logits, targets = validation.logits, validation.targets
    temperature = fit_temperature(logits, targets)
    return Calibration(
        method="temperature",
        temperature=temperature,
        fitted_on=fitted_on,
        n_slices=len(targets),
        ece_before=expected_calibration_error(softmax(logits), targets),
        ece_after=expected_calibration_error(softmax(logits, temperature), targets),
    )


def fit_temperature(logits: Float32, targets: Int64) -> float:
    """Find the temperature with the least cross entropy, from 1/20 to 20, by golden-section search on its logarithm."""

    def cost(log_t: float) -> float:
        chosen = softmax(logits, float(np.exp(log_t)))[np.arange(len(targets)), targets]
        return float(-np.log(np.maximum(chosen, 1e-300)).mean())

    low, high = -np.log(20), np.log(20)
    ratio = (np.sqrt(5) - 1) / 2
    for _ in range(60):  # 6.0 * ratio**60 is below 1e-11
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if cost(left) <= cost(right) else (left, high)
    return float(np.exp((low + high) / 2))


def fit_conformal(
    probabilities: Float64, targets: Int64, labels: Sequence[str], alpha: float, fitted_on: str
) -> Conformal:
    """Fit the threshold of each label, with the number of slices it was fitted on."""
    thresholds = conformal_thresholds(probabilities, targets, alpha).tolist()
    counts = np.bincount(targets, minlength=len(labels)).tolist()
    return Conformal(
        alpha=alpha,
        thresholds=dict(zip(labels, thresholds, strict=True)),
        n_slices=dict(zip(labels, counts, strict=True)),
        fitted_on=fitted_on,
    )


def fit_gate(features: Float32, targets: Int64, n_labels: int) -> Gate:
    """Class means [k, d] and shared precision [d, d] (Lee et al. 2018), float32, shrunk as Ledoit & Wolf (2004)."""
    wide = features.astype(np.float64)
    means = np.stack([wide[targets == k].mean(axis=0) for k in range(n_labels)])
    precision = np.linalg.inv(_shrunk_covariance(wide - means[targets]))
    return {"means": means.astype(np.float32), "precision": precision.astype(np.float32)}


def _shrunk_covariance(centred: Float64) -> Float64:
    n, d = centred.shape
    covariance = centred.T @ centred / n
    target = np.trace(covariance) / d * np.eye(d)
    spread = ((covariance - target) ** 2).sum()
    squares = centred**2
    noise = ((squares.T @ squares / n - covariance**2).sum()) / n
    share = min(1.0, noise / spread) if spread > 0 else 1.0
    shrunk: Float64 = (1 - share) * covariance + share * target + 1e-9 * np.eye(d)
    return shrunk


def measure(outputs: RawOutputs, card: ModelCard) -> JsonObject:
    """Metrics of a calibrated card by slice, patient and source, the same as those of ``mri-batch evaluate``."""
    predictions = Predictions(
        labels=card.labels,
        items=outputs.items,
        frames=(0,) * len(outputs.items),
        probabilities=softmax(outputs.logits, card.calibration.temperature).astype(np.float32),  # as served
        gate_scores=np.zeros(0, np.float32),
    )
    slices, patients = (_summarise(rows) for rows in (rows_by_slice(predictions), rows_by_patient(predictions, card)))
    return {
        "n_slices": slices.n,
        "n_patients": patients.n_units,
        "slice_accuracy": slices.overall["accuracy"].value,
        "slice_recall": {name: slices.per_class[name]["recall"].value for name, n in slices.support.items() if n},
        "slice_ece": slices.overall["ece"].value,
        "patient_accuracy": patients.overall["accuracy"].value,
        "sources": _measure_by_source(predictions),
    }


def _measure_by_source(predictions: Predictions) -> JsonObject:
    """Accuracy within each source: the overall figure is flattered where classes differ by their source."""
    sources = predictions.sources
    names = sorted(set(sources.tolist()))
    summaries = {name: _summarise(rows_by_slice(predictions.take(sources == name))) for name in names}
    return {name: {"n_slices": s.n, "slice_accuracy": s.overall["accuracy"].value} for name, s in summaries.items()}


def _summarise(rows: Rows) -> Summary:
    return summarise(rows, Bootstrap(n_draws=0))


def _gate_thresholds(distances: Float64, fitted_on: str) -> OutOfDistribution:
    caution, refuse = np.quantile(distances, (CAUTION_SHARE, REFUSE_SHARE))
    return OutOfDistribution(caution_above=float(caution), refuse_above=float(refuse), fitted_on=fitted_on)


def _split(items: Sequence[Item], labels: Sequence[str]) -> dict[str, list[Item]]:
    unknown = sorted({item.label for item in items} - set(labels))
    if unknown:
        raise UsageError(
            f"the data set has labels that the model does not have: {', '.join(unknown)}",
            code="DATASET_UNKNOWN_LABEL",
        )
    splits = {name: [item for item in items if item.split == name] for name in ("train", "val", "test")}
    missing = [label for label in labels if label not in {item.label for item in splits["val"]}]
    if missing:
        raise UsageError(
            f"calibration needs pictures of every label in the split 'val'; there are none of {', '.join(missing)}",
            code="DATASET_NO_SPLIT",
            hint="give labels.csv a 'split' column: train, val, test",
        )
    return splits


def _thin_out(items: Sequence[Item]) -> list[Item]:
    """Take at most GATE_SLICES_PER_CLASS items of each label, evenly."""
    by_label: dict[str, list[Item]] = {}
    for item in items:
        by_label.setdefault(item.label, []).append(item)
    return [item for group in by_label.values() for item in group[:: max(1, -(-len(group) // GATE_SLICES_PER_CLASS))]]


def _describe_split(split: str, outputs: RawOutputs) -> str:
    return f"the {split} split: {len(outputs.items)} slices of {len({item.unit for item in outputs.items})} patients"


def _batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
