"""Grad-CAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.card import ModelCard, Wiring
from mri_batch.explain.base import CAM_PASSES, Family, Forward, Method
from mri_batch.explain.ops.gradients import cam_inputs, cam_reason
from mri_batch.explain.ops.grid import name_label
from mri_batch.notes import Note
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class GradCAM(Method):
    """The sum of the last feature maps, each weighted by its mean gradient, with negative values set to zero.

    Source: Selvaraju et al., "Grad-CAM", ICCV 2017, for any head. Needs: the Grad-CAM graph, or the plain graph's own
    Grad-CAM, which networks with a head linear in the maps have. Shapes: heat on the grid of the last feature map; for
    a ViT the maps are the tokens that enter the last attention. Sign: never negative. Cost: 1.1 passes, or 1.
    Known failure: as coarse as the last feature map; on transformers, where any token may hold any content, often far
    from the evidence.
    """

    name: ClassVar[str] = "gradcam"
    family: ClassVar[Family] = "cam"
    default_rank: ClassVar[int] = 2

    @classmethod
    def absent_reason(cls, card: ModelCard) -> Note | None:
        """Say why it cannot run; None where it can."""
        return None if card.wiring.cam else cam_reason(card)

    def ready_output(self, wiring: Wiring) -> str | None:
        """Name the plain graph's own Grad-CAM, if it has one."""
        return wiring.cam

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
