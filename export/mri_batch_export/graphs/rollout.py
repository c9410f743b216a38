"""Attention rollout, gradient-weighted rollout and attention relevance of the class token, row by row.

The published formulas multiply whole matrices float[n, t, t]. Only the class token's row of the product is shown, and a
row times a matrix costs t^2 rather than t^3 a layer, so the products are taken from the last layer back.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def attention_rollout(attentions: Sequence[Tensor]) -> Tensor:
    """Attention rollout (Abnar & Zuidema 2020) over these layers' float[n, h, t, t], mean over heads: float[n, t].

    Rows of attention sum to 1, so rows of (A + I) / 2 do too, and need no normalisation.
    """
    last = attentions[-1][:, :, 0].mean(dim=1)
    row = 0.5 * torch.cat([last[:, :1] + 1.0, last[:, 1:]], dim=1)
    for weights in reversed(attentions[:-1]):
        row = 0.5 * (row + (row[:, None, None, :] @ weights).mean(dim=1)[:, 0])
    return row


def full_attention_rollout(attentions: Sequence[Tensor]) -> Tensor:
    """Attention rollout as published, for verification: the product of row-normalised (A + I) / 2, float[n, t, t]."""
    rolled = torch.eye(attentions[0].shape[-1])
    for weights in attentions:
        mixed = 0.5 * weights.mean(dim=1) + 0.5 * torch.eye(weights.shape[-1])
        rolled = mixed / mixed.sum(dim=-1, keepdim=True) @ rolled
    return rolled


def gradient_rollout(weighted: Sequence[Tensor]) -> Tensor:
    """Gradient-weighted rollout: attention rollout over mean_h((A * dA)+), float[n, t] of each layer's A * dA.

    One layer: r <- r (I + A') / (row sums of I + A').
    """
    first = weighted[-1][:, :, 0].mean(dim=1).relu()
    row = (_class_row(first) + first) / (1 + first.sum(dim=-1, keepdim=True))
    for each in reversed(weighted[:-1]):
        positive = _mean_heads(each).relu()
        scaled = row / (1 + positive.sum(dim=-1))
        row = scaled + (scaled.unsqueeze(1) @ positive).squeeze(1)
    return row


def attention_relevance(weighted: Sequence[Tensor]) -> Tensor:
    """Relevance of Chefer, Gur & Wolf (ICCV 2021), float[n, t] of each layer's A * dA: R <- R + mean_h((A * dA)+) R."""
    first = weighted[-1][:, :, 0].relu().mean(dim=1)
    row = _class_row(first) + first
    for each in reversed(weighted[:-1]):
        row = row + (row[:, None, None, :] @ each.relu()).mean(dim=1)[:, 0]
    return row


def _mean_heads(each: Tensor) -> Tensor:
    """float[n, t, t] of float[n, h, t, t] by a matrix product; ONNX Runtime is slow at a mean over an inner axis."""
    n, heads, rows, cols = each.shape
    share = torch.full((1, heads), 1 / heads, dtype=each.dtype, device=each.device)
    return (share @ each.reshape(n, heads, rows * cols)).reshape(n, rows, cols)


def _class_row(like: Tensor) -> Tensor:
    """Row of the identity for the class token, float[n, t] of ``like``'s shape."""
    return torch.cat([torch.ones_like(like[:, :1]), torch.zeros_like(like[:, 1:])], dim=1)
