"""What the caller of an export chooses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mri_batch.dataset import Item

Store = Literal["fp32", "fp16", "int8"]
Arithmetic = Literal["float32", "int8"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """Where a package goes, what it is calibrated on, and how its graphs are written.

    ``items`` with their splits: thresholds are fitted on "val", the gate on "train", metrics measured on "test"; empty:
    the package is not calibrated. ``store``: precision of the stored weights. ``arithmetic``: of the plain graph.
    ``rollout_layers``: how many layers the attention rollout multiplies, counted from the last; early layers of a
    fine-tuned network often hold attention sinks that dominate it. ``replace`` overwrites an existing package.
    """

    out: Path
    items: tuple[Item, ...] = ()
    store: Store = "int8"
    arithmetic: Arithmetic = "float32"
    rollout_layers: int = 4
    gradients: bool = True
    replace: bool = False

    @property
    def validation(self) -> tuple[Item, ...]:
        """The items of the split "val"."""
        return tuple(item for item in self.items if item.split == "val")
