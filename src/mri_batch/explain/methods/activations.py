"""A CNN's feature maps as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard, Wiring
from mri_batch.explain.base import GRADIENT_PASSES, Forward, Int64
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Activations:
    """The feature map that ends one stage of a CNN, class-agnostic.

    Source: Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014 (fig. 2). Needs: the
    gradient graph, which holds every map anyway. Knobs: ``stage``, from the input on (-1: the last); ``channel``
    (None: the mean over channels). Sign: as the network's activation has it. Cost: a gradient's. Known failure: an
    active feature need not matter for the answer.
    """

    name: ClassVar[str] = "activations"
    stage: int = -1
    channel: int | None = None

    @classmethod
    def absent_reason(cls, card: ModelCard) -> str:
        """Say why it cannot run, or nothing."""
        return "" if stages(card.wiring) else "the package has no feature maps"

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        name = stages(forward.wiring)[self.stage]
        maps = forward.gradients(pixels, target, (name,))[name]
        heat = maps.mean(axis=1) if self.channel is None else maps[:, self.channel]
        return Attribution(heat=heat, method=self.name, label=None, signed=True, passes=GRADIENT_PASSES)


def stages(wiring: Wiring) -> tuple[str, ...]:
    """The outputs that hold feature maps, from the input on."""
    count = sum(role.startswith("activation_") for role in wiring.gradient)
    return tuple(wiring.gradient[f"activation_{i}"] for i in range(count))
