"""What fewer bits cost on the validation split, in predictions, calibration and heat, and how much is acceptable.

Rounded weights are compared in PyTorch, 8-bit arithmetic in ONNX Runtime. The metrics go into the card under names with
``_whole`` and ``_rounded``: accuracy and expected calibration error (each at its own temperature); ``same_label``, the
share of slices with the same label; ``heat_agreement``, the mean rank correlation of the two heatmaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from mri_batch.arrays import Float32, Int64
from mri_batch.card import ModelCard, Preprocessing
from mri_batch.dataset import Item, read_picture
from mri_batch.errors import ExportRefused
from mri_batch.explain.quality.localization import rank_agreement
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.placement import locate_peak
from mri_batch.probabilities import expected_calibration_error, softmax
from mri_batch_export.architectures.base import AttentionClassifier, MapClassifier
from mri_batch_export.graphs.int8 import refuse_arithmetic
from mri_batch_export.graphs.rollout import full_attention_rollout
from mri_batch_export.packaging.calibrate import fit_temperature

MAX_LOSS = {"accuracy": 0.01, "ece": 0.01, "heat": 0.05}  # documented in docs/reference/model-package.md
MAX_PEAKS_MOVED = 0.1  # share of slices whose heat's peak may lie more than a cell away from where it was
BATCH = 8

Metrics = dict[str, float]


def measure_weight_rounding(
    whole: nn.Module, rounded: nn.Module, card: ModelCard, validation: Sequence[Item], rollout_layers: int
) -> Metrics:
    """Compare a network with the same network with rounded weights.

    Heat is the rollout, or Grad-CAM for the unrounded network's label; other networks have none. Raises ExportRefused
    where rounding loses more than :data:`MAX_LOSS`.
    """
    logits: dict[str, list[Float32]] = {"whole": [], "rounded": []}
    agreement: list[float] = []
    for pixels in _iter_batches(validation, card.preprocessing):
        x = torch.from_numpy(pixels)
        target, heat = None, {}
        for name, network in (("whole", whole), ("rounded", rounded)):
            outputs, heat[name] = _predict(network, x, target, rollout_layers)
            target = outputs.argmax(1) if target is None else target
            logits[name].append(outputs.numpy())
        pairs = zip(heat["whole"], heat["rounded"], strict=True)
        agreement += [rank_agreement(one.numpy(), other.numpy()) for one, other in pairs]
    metrics = compare_logits(logits, _targets(validation, card.labels))
    finite = [value for value in agreement if np.isfinite(value)]
    if finite:
        metrics["heat_agreement"] = round(float(np.mean(finite)), 4)
    losses = list_losses(metrics)
    if losses:
        raise ExportRefused(
            f"rounded weights lose too much on the validation slices: {', '.join(losses)}",
            code="STORE_REFUSED",
            hint="store more bits: --store fp16 or fp32",
        )
    return metrics


def measure_int8_arithmetic(whole: Session, rounded: Session, validation: Sequence[Item]) -> Metrics:
    """Compare the float32 graph with the one in 8-bit arithmetic.

    Where there is a rollout the metrics include how far its peak moves: ``peak_apart``, the mean in cells, and
    ``peak_moved``, the share of slices with more than one cell. Raises ExportRefused where more is lost than
    :data:`MAX_LOSS`, or more peaks move than :data:`MAX_PEAKS_MOVED`.
    """
    wiring = whole.wiring
    names = tuple(name for name in (wiring.logits, wiring.rollout) if name)
    logits: dict[str, list[Float32]] = {"whole": [], "rounded": []}
    agreement: list[float] = []
    apart: list[float] = []
    for pixels in _iter_batches(validation, whole.card.preprocessing):
        given = {"whole": whole.outputs(pixels, names), "rounded": rounded.outputs(pixels, names)}
        for name, outputs in given.items():
            logits[name].append(outputs[wiring.logits])
        if wiring.rollout:
            pairs = list(zip(*(outputs[wiring.rollout] for outputs in given.values()), strict=True))
            agreement += [rank_agreement(one, other) for one, other in pairs]
            apart += [float(np.hypot(*np.subtract(locate_peak(one), locate_peak(other)))) for one, other in pairs]
    metrics = compare_logits(logits, _targets(validation, whole.labels))
    if apart:
        metrics["heat_agreement"] = round(float(np.mean(agreement)), 4)
        metrics["peak_apart"] = round(float(np.mean(apart)), 3)
        metrics["peak_moved"] = round(float(np.mean(np.array(apart) > 1.0)), 4)
    losses = list_losses(metrics)
    if metrics.get("peak_moved", 0.0) > MAX_PEAKS_MOVED:
        losses.append(f"the peak moves on {metrics['peak_moved']:.1%} of them")
    if losses:
        raise refuse_arithmetic(f"on the validation slices {', '.join(losses)}")
    return metrics


def compare_logits(logits: Mapping[str, Sequence[Float32]], targets: Int64) -> Metrics:
    """Accuracy and ECE of ``whole`` and ``rounded`` logits, in batches float32[n, k], and how often labels agree."""
    whole = {name: np.concatenate(parts) for name, parts in logits.items()}
    metrics: Metrics = {"n_slices": len(targets)}
    for name, values in whole.items():
        probabilities = softmax(values, fit_temperature(values, targets))
        metrics[f"accuracy_{name}"] = round(float((values.argmax(1) == targets).mean()), 4)
        metrics[f"ece_{name}"] = round(expected_calibration_error(probabilities, targets), 4)
    metrics["same_label"] = round(float((whole["whole"].argmax(1) == whole["rounded"].argmax(1)).mean()), 4)
    return metrics


def list_losses(metrics: Metrics) -> list[str]:
    """Describe each loss above :data:`MAX_LOSS`."""
    losses = {
        "accuracy": metrics["accuracy_whole"] - metrics["accuracy_rounded"],
        "ece": metrics["ece_rounded"] - metrics["ece_whole"],
        "heat": 1.0 - metrics.get("heat_agreement", 1.0),
    }
    return [f"{name} loses {value:.3f}" for name, value in losses.items() if value > MAX_LOSS[name] + 1e-9]


def _iter_batches(items: Sequence[Item], p: Preprocessing) -> Iterator[Float32]:
    """Yield prepared pixels float32[n, c, rows, cols]."""
    for start in range(0, len(items), BATCH):
        yield prepare([read_picture(item.path) for item in items[start : start + BATCH]], p).pixels


def _targets(items: Sequence[Item], labels: Sequence[str]) -> Int64:
    return np.array([labels.index(item.label) for item in items], np.int64)


def _predict(
    network: nn.Module, pixels: Tensor, target: Tensor | None, rollout_layers: int
) -> tuple[Tensor, Sequence[Tensor]]:
    """Logits float[n, k] and n heatmaps (none where the network is neither a transformer nor a CNN of ours)."""
    with torch.no_grad():
        if isinstance(network, AttentionClassifier):
            logits, attentions, _ = network.forward_with_attention(pixels)
            return logits, list(full_attention_rollout(attentions[-rollout_layers:])[:, 0, network.prefix_tokens :])
        if not isinstance(network, MapClassifier):
            return network(pixels), []
        feature_map = network.features_map(pixels)
    with torch.enable_grad():
        watched = feature_map.clone().requires_grad_(True)
        logits = network.head(watched)
        chosen = logits.argmax(1) if target is None else target
        (gradient,) = torch.autograd.grad(logits.gather(1, chosen[:, None]).sum(), watched)
    return logits.detach(), list((gradient.mean((2, 3), keepdim=True) * feature_map).sum(1).relu())
