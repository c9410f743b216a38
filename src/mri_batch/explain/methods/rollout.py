"""Attention rollout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.card import Knobs, ModelCard, Wiring
from mri_batch.explain.base import Family, Forward, Method
from mri_batch.explain.ops.grid import iter_chunks, to_patches
from mri_batch.notes import Note
from mri_batch.records import Attribution

Fusion = Literal["mean", "max", "min"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout(Method):
    """Follow attention from the class token down through the layers; heat in 0..1, class-agnostic.

    Source: Abnar & Zuidema, "Quantifying Attention Flow in Transformers", ACL 2020; ``fusion`` and ``discard`` as
    is common practice. Needs: attention outputs, or the graph's own rollout.
    Knobs: ``fusion`` of the heads; ``discard``, the share of each layer's weakest fused weights that are set to zero;
    ``residual``, the weight of the skip connection; layers from ``first_layer`` up to but not including ``last_layer``;
    ``in_graph``: read the rollout that the graph computes, exported with these same knobs.
    Shapes: heat on the patch grid. Sign: never negative. Cost: 1 pass.
    Known failure: early layers that attend to a few fixed tokens swamp it, hence the layer range; it shows where the
    model looks, not for which class.
    """

    name: ClassVar[str] = "rollout"
    family: ClassVar[Family] = "attention"
    default_rank: ClassVar[int] = 1
    beside_default: ClassVar[bool] = True
    fusion: Fusion = "mean"
    discard: float = 0.0
    residual: float = 0.5
    first_layer: int = 0
    last_layer: int | None = None
    in_graph: bool = False

    @classmethod
    def absent_reason(cls, card: ModelCard) -> Note | None:
        """Say why it cannot run; None where it can."""
        return None if card.wiring.rollout or card.wiring.attention else Note("NO_ATTENTION")

    @classmethod
    def graph_knobs(cls, card: ModelCard) -> Knobs:
        """Read the rollout from the graph, where it has one; it was exported with the card's knobs."""
        return {"in_graph": True} if card.wiring.rollout else {}

    def ready_output(self, wiring: Wiring) -> str | None:
        """Name the graph's own rollout, where that is to be read."""
        return wiring.rollout if self.in_graph else None

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        w = forward.wiring
        if self.in_graph and w.rollout:
            heat = forward.outputs(pixels, (w.rollout,))[w.rollout]
        else:
            heat = np.concatenate([self._roll(forward, pixels[part]) for part in iter_chunks(len(pixels))])
        return Attribution(heat=heat, method=self.name, label=None, passes=1.0)

    def _roll(self, forward: Forward, pixels: Float32) -> Float32:
        names = forward.wiring.attention[self.first_layer : self.last_layer]
        attention = forward.outputs(pixels, names)
        n, _, tokens, _ = attention[names[-1]].shape
        row = np.zeros((n, tokens), np.float32)
        row[:, 0] = 1.0
        for name in reversed(names):
            row = step_down(row, discard_weakest(fuse_heads(attention[name], self.fusion), self.discard), self.residual)
        return to_patches(row, forward.wiring)


def fuse_heads(attention: Float32, fusion: Fusion) -> Float32:
    """From float32[n, h, t, t] to float32[n, t, t]."""
    if fusion == "mean":
        fused: Float32 = np.mean(attention, axis=1)
    else:
        fused = np.max(attention, axis=1) if fusion == "max" else np.min(attention, axis=1)
    return fused


def discard_weakest(fused: Float32, share: float) -> Float32:
    """Set the weakest weights of each picture's float32[t, t] to zero, but for the class token's own."""
    n_drop = int(fused[0].size * share) if len(fused) else 0
    if n_drop == 0:
        return fused
    flat = fused.reshape(len(fused), -1)
    border = np.partition(flat, n_drop - 1, axis=1)[:, n_drop - 1]
    kept = np.where(fused > border[:, None, None], fused, np.float32(0))
    kept[:, 0, 0] = fused[:, 0, 0]
    return kept


def step_down(row: Float32, fused: Float32, residual: float) -> Float32:
    """One layer down: row float32[n, t] times (residual I + (1 - residual) A) with its rows normalised to 1.

    Only the class token's row is ever needed, so a layer costs t^2 rather than the t^3 of a full product.
    """
    sums = residual + (1.0 - residual) * fused.sum(axis=2)
    scaled = row / np.where(sums > 0, sums, 1.0)
    stepped: Float32 = residual * scaled + (1.0 - residual) * np.einsum("ni,nij->nj", scaled, fused)
    return stepped.astype(np.float32)
