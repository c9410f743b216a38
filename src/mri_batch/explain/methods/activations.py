"""A CNN's feature maps as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mri_batch.arrays import Float32, Int64
from mri_batch.card import ModelCard, Wiring
from mri_batch.explain.base import GRADIENT_PASSES, Family, Forward, Method
from mri_batch.notes import Note
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Activations(Method):
    """The feature map that ends one stage of a CNN, class-agnostic.

    Source: Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014 (fig. 2).
    Needs: the gradient graph, which outputs every feature map. Knobs: ``stage``, from the input on (-1: the last);
    ``channel`` (None: the mean over channels). Shapes: heat on the feature map's own grid.
    Sign: as the network's activation function has it. Cost: a gradient (3 passes).
    Known failure: an active feature need not matter for the prediction.
    """

    name: ClassVar[str] = "activations"
    family: ClassVar[Family] = "activations"
    stage: int = -1
    channel: int | None = None

    @classmethod
    def absent_reason(cls, card: ModelCard) -> Note | None:
        """Say why it cannot run; None where it can."""
        return None if list_stages(card.wiring) else Note("NO_FEATURE_MAPS")

    @classmethod
    def list_parts(cls, card: ModelCard) -> tuple[tuple[Note, Method], ...]:
        """Return every stage, from the input on."""
        n_stages = len(list_stages(card.wiring))
        return tuple((Note("PANEL_STAGE", {"stage": stage + 1}), cls(stage=stage)) for stage in range(n_stages))

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        name = list_stages(forward.wiring)[self.stage]
        maps = forward.gradients(pixels, target, (name,))[name]
        heat = maps.mean(axis=1) if self.channel is None else maps[:, self.channel]
        return Attribution(heat=heat, method=self.name, label=None, signed=True, passes=GRADIENT_PASSES)


def list_stages(wiring: Wiring) -> tuple[str, ...]:
    """The outputs that hold feature maps, from the input on."""
    count = sum(role.startswith("activation_") for role in wiring.gradient)
    return tuple(wiring.gradient[f"activation_{i}"] for i in range(count))
