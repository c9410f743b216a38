"""The gate for weights in fewer bits: what rounding costs on the validation split, in answers, calibration and heat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard
from mri_batch.dataset import Item, read_picture
from mri_batch.errors import ExportRefused
from mri_batch.explain.quality.localization import rank_agreement
from mri_batch.model.prepare import prepare
from mri_batch_export.architectures.base import AttentionClassifier, MapClassifier
from mri_batch_export.packaging.calibrate import fit_temperature, measure_ece, softmax
from mri_batch_export.packaging.verify import roll_out_in_full

MOST_LOST = {"accuracy": 0.01, "ece": 0.01, "heat": 0.05}  # rounded against whole: the gate that docs state
BATCH = 8


def weigh_rounding(
    whole: nn.Module, rounded: nn.Module, card: ModelCard, validation: Sequence[Item], rollout_layers: int
) -> Mapping[str, float]:
    """Compare a network with the same one with rounded weights, both in PyTorch, on the validation slices.

    Returns, by name with ``_whole`` and ``_rounded``, accuracy and expected calibration error (each at its own
    temperature), the share of slices with the same label, and ``heat_agreement``: the mean rank correlation of the two
    networks' heat (rollout, or Grad-CAM for the whole network's label; absent for other networks). Raises ExportRefused
    where rounding loses more than :data:`MOST_LOST`.
    """
    logits: dict[str, list[Float32]] = {"whole": [], "rounded": []}
    agreement: list[float] = []
    for start in range(0, len(validation), BATCH):
        pictures = [read_picture(item.path) for item in validation[start : start + BATCH]]
        pixels = torch.from_numpy(prepare(pictures, card.preprocessing).pixels)
        target, heat = None, {}
        for name, network in (("whole", whole), ("rounded", rounded)):
            answers, heat[name] = _answer(network, pixels, target, rollout_layers)
            target = answers.argmax(1) if target is None else target
            logits[name].append(answers.numpy())
        pairs = zip(heat["whole"], heat["rounded"], strict=True)
        agreement += [rank_agreement(one.numpy(), other.numpy()) for one, other in pairs]
    targets = np.array([card.labels.index(item.label) for item in validation], np.int64)
    figures = list_figures({name: np.concatenate(parts) for name, parts in logits.items()}, targets)
    told = [value for value in agreement if np.isfinite(value)]
    if told:
        figures["heat_agreement"] = round(float(np.mean(told)), 4)
    lost = list_losses(figures)
    if lost:
        raise ExportRefused(
            f"the model does not bear rounded weights on its validation slices: {', '.join(lost)}",
            code="STORE_REFUSED",
            hint="store more bits: --store fp16 or fp32",
        )
    return figures


def _answer(
    network: nn.Module, pixels: Tensor, target: Tensor | None, rollout_layers: int
) -> tuple[Tensor, Sequence[Tensor]]:
    """Logits float[n, k], and n maps of heat (none where the network is of neither kind)."""
    with torch.no_grad():
        if isinstance(network, AttentionClassifier):
            logits, attentions, _ = network.forward_taps(pixels)
            return logits, list(roll_out_in_full(attentions[-rollout_layers:])[:, 0, network.prefix_tokens :])
        if not isinstance(network, MapClassifier):
            return network(pixels), []
        feature_map = network.features_map(pixels)
    with torch.enable_grad():
        watched = feature_map.clone().requires_grad_(True)
        logits = network.head(watched)
        chosen = logits.argmax(1) if target is None else target
        (gradient,) = torch.autograd.grad(logits.gather(1, chosen[:, None]).sum(), watched)
    return logits.detach(), list((gradient.mean((2, 3), keepdim=True) * feature_map).sum(1).relu())


def list_figures(logits: Mapping[str, Float32], targets: np.ndarray) -> dict[str, float]:
    """Accuracy and calibration error of the ``whole`` and the ``rounded`` logits float32[n, k], and their agreement."""
    figures: dict[str, float] = {"n_slices": len(targets)}
    for name, values in logits.items():
        figures[f"accuracy_{name}"] = round(float((values.argmax(1) == targets).mean()), 4)
        figures[f"ece_{name}"] = round(measure_ece(softmax(values / fit_temperature(values, targets)), targets), 4)
    figures["same_label"] = round(float((logits["whole"].argmax(1) == logits["rounded"].argmax(1)).mean()), 4)
    return figures


def list_losses(figures: Mapping[str, float]) -> list[str]:
    """List in words what is lost beyond :data:`MOST_LOST`."""
    lost = {
        "accuracy": figures["accuracy_whole"] - figures["accuracy_rounded"],
        "ece": figures["ece_rounded"] - figures["ece_whole"],
        "heat": 1.0 - figures.get("heat_agreement", 1.0),
    }
    return [f"{name} loses {value:.3f}" for name, value in lost.items() if value > MOST_LOST[name] + 1e-9]
