"""Raw attention of one layer, all heads or one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.card import ModelCard
from mri_batch.explain.base import Family, Forward, Method
from mri_batch.explain.ops.grid import iter_chunks, to_patches
from mri_batch.notes import Note
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention(Method):
    """The class token's attention to each patch in one layer; heat in 0..1, class-agnostic.

    Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017; shown as maps by Caron et al., ICCV 2021.
    Needs: attention outputs. Knobs: ``layer`` (-1: the last), ``head`` (None: the mean over heads).
    Shapes: heat on the patch grid. Sign: never negative. Cost: 1 pass.
    Known failure: a weight shows what was read, not how it was used.
    """

    name: ClassVar[str] = "attention"
    family: ClassVar[Family] = "attention"
    layer: int = -1
    head: int | None = None

    @classmethod
    def absent_reason(cls, card: ModelCard) -> Note | None:
        """Say why it cannot run; None where it can."""
        return None if card.wiring.attention else Note("NO_ATTENTION")

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        name = forward.wiring.attention[self.layer]
        parts = []
        for part in iter_chunks(len(pixels)):
            row = forward.outputs(pixels[part], (name,))[name][:, :, 0]
            parts.append(to_patches(row.mean(axis=1) if self.head is None else row[:, self.head], forward.wiring))
        return Attribution(heat=np.concatenate(parts), method=self.name, label=None, passes=1.0)
