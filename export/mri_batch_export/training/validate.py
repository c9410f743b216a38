"""Validation of the averaged weights after an epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mri_batch.card import Preprocessing
from mri_batch.model.prepare import normalize
from mri_batch_export.architectures.checkpoint import State
from mri_batch_export.architectures.vit import ViT, rollout_cls
from mri_batch_export.training.pictures import Pictures
from mri_batch_export.training.recipe import Recipe
from mri_batch_export.training.tokens import Tokens, forward_from, uses_bfloat16

BATCH = 32


def validate(
    model: nn.Module,
    weights: State,
    data: Pictures,
    labels: Sequence[str],
    recipe: Recipe,
    tokens: Tokens | None = None,
) -> dict[str, float]:
    """Accuracy, loss and recalls of ``weights``; for a ViT also how often its rollout peaks on the outline.

    The model's own weights are restored. ``tokens`` of the same pictures after the frozen blocks save running these.
    """
    live = {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(weights)
    if tokens is not None and isinstance(model, ViT):
        logits, rolls = predict_from(model, tokens, recipe)
    else:
        logits, rolls = predict(model, data, recipe.preprocessing, recipe.rollout_layers)
    model.load_state_dict(live)
    target = torch.from_numpy(data.targets)
    right = logits.argmax(1) == target
    row = {"val_accuracy": float(right.float().mean()), "val_nll": float(F.cross_entropy(logits, target))}
    row |= {f"val_recall_{label}": float(right[target == k].float().mean()) for k, label in enumerate(labels)}
    if rolls is not None and isinstance(model, ViT) and data.masks.any():
        row["val_peak_in_mask"] = share_of_peaks(rolls, data, right, model.grid)
    return row


@torch.no_grad()
def predict(model: nn.Module, data: Pictures, p: Preprocessing, rollout_layers: int) -> tuple[Tensor, Tensor | None]:
    """Logits float[n, k], and for a ViT the rollout float[n, patches] of its last layers."""
    model.eval()
    device = next(model.parameters()).device
    logits, rolls = [], []
    for i in range(0, len(data.targets), BATCH):
        x = torch.from_numpy(normalize(np.moveaxis(data.views[i : i + BATCH], 1, -1).astype(np.float32), p)).to(device)
        if isinstance(model, ViT):
            out, attentions, _ = model.forward_with_attention(x)
            first = max(0, len(attentions) - rollout_layers)
            rolls.append(rollout_cls(attentions, model.prefix_tokens, first).cpu())
        else:
            out = model(x)
        logits.append(out.cpu())
    return torch.cat(logits), torch.cat(rolls) if rolls else None


@torch.no_grad()
def predict_from(model: ViT, tokens: Tokens, recipe: Recipe) -> tuple[Tensor, Tensor | None]:
    """The same as :func:`predict`, from cached tokens."""
    model.eval()
    device = next(model.parameters()).device
    logits, rolls = [], []
    for i in range(0, len(tokens.rows), BATCH):
        taken, _, _ = tokens.take(0, np.arange(i, min(i + BATCH, len(tokens.rows))))
        with torch.autocast(device.type, torch.bfloat16, enabled=uses_bfloat16(recipe, device)):
            out, attentions, _ = forward_from(model, taken.to(device), recipe.freeze_blocks)
        rows = [weights.float() for weights in attentions[-recipe.rollout_layers :]]
        rolls.append(rollout_cls(rows, model.prefix_tokens).cpu())
        logits.append(out.float().cpu())
    return torch.cat(logits), torch.cat(rolls)


def share_of_peaks(rolls: Tensor, data: Pictures, right: Tensor, grid: tuple[int, int]) -> float:
    """Share of correctly classified pictures with an outline whose hottest patch touches it; NaN without any."""
    masks = torch.from_numpy(data.masks.astype(np.float32))
    on = F.adaptive_max_pool2d(masks, grid).flatten(1) > 0.5
    use = on.any(1) & right
    hit = on.gather(1, rolls.argmax(1, keepdim=True)).squeeze(1)
    return float(hit[use].float().mean()) if use.any() else float("nan")
