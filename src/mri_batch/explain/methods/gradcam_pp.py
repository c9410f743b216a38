"""Grad-CAM++."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.card import ModelCard
from mri_batch.explain.base import CAM_PASSES, Family, Forward, Method
from mri_batch.explain.ops.gradients import cam_inputs, cam_reason
from mri_batch.explain.ops.grid import name_label
from mri_batch.notes import Note
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class GradCAMPlusPlus(Method):
    """Grad-CAM with weights that give each of several places of the same class its due.

    Source: Chattopadhay et al., "Grad-CAM++", WACV 2018, for the exponential of the class score, whose second and
    third derivatives are powers of the gradient (eq. 19); the exponential itself, one factor for the whole map, is left
    out. Needs: the Grad-CAM graph. Shapes: heat on the grid of the last feature map. Sign: never negative.
    Cost: 1.1 passes. Known failure: that of Grad-CAM.
    """

    name: ClassVar[str] = "gradcam_pp"
    family: ClassVar[Family] = "cam"

    @classmethod
    def absent_reason(cls, card: ModelCard) -> Note | None:
        """Say why it cannot run; None where it can."""
        return cam_reason(card)

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        maps, gradient = (x.astype(np.float64) for x in cam_inputs(forward, pixels, target))
        square = gradient**2
        bottom = 2 * square + maps.sum(axis=(2, 3), keepdims=True) * gradient**3
        alpha = np.divide(square, bottom, out=np.zeros_like(square), where=np.abs(bottom) > 1e-30)
        weights = (alpha * np.maximum(gradient, 0)).sum(axis=(2, 3))
        heat = np.maximum(np.einsum("nc,ncij->nij", weights, maps), 0.0).astype(np.float32)
        return Attribution(heat=heat, method=self.name, label=name_label(forward, target), passes=CAM_PASSES)
