"""Grad-CAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard
from mri_batch.explain.base import CAM_PASSES, Forward, Int64
from mri_batch.explain.ops.grid import cam_inputs, cam_reason, name_label
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class GradCAM:
    """The last feature maps, each weighted by its mean gradient, added up; what is negative is dropped.

    Source: Selvaraju et al., "Grad-CAM", ICCV 2017, for any head. Needs: the Grad-CAM graph, or the plain graph's own
    Grad-CAM, which networks have whose head is linear in the maps. For a ViT the maps are the tokens that enter the
    last attention. Sign: never negative. Cost: 1.1 passes, or 1. Known failure: as coarse as the last feature map; on
    transformers, where any token may hold any content, often far from the evidence.
    """

    name: ClassVar[str] = "gradcam"

    @classmethod
    def absent_reason(cls, card: ModelCard) -> str:
        """Say why it cannot run, or nothing."""
        return "" if card.wiring.cam else cam_reason(card)

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        label, cam = name_label(forward, target), forward.wiring.cam
        if cam:
            heat = forward.outputs(pixels, (cam,))[cam][np.arange(len(target)), target]
            return Attribution(heat=heat, method=self.name, label=label, passes=1.0)
        maps, gradient = cam_inputs(forward, pixels, target)
        weights = gradient.mean(axis=(2, 3))
        heat = np.maximum(np.einsum("nc,ncij->nij", weights, maps), 0.0).astype(np.float32)
        return Attribution(heat=heat, method=self.name, label=label, passes=CAM_PASSES)
