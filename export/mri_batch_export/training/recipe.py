"""Training recipes: TOML files that say what to train and how."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from mri_batch.card import Preprocessing
from mri_batch.errors import UsageError
from mri_batch_export.architectures.table import Options
from mri_batch_export.training.augment import AugmentSettings

FOLDER = "recipes"

Table = dict[str, Any]  # a TOML table before validation
Choice = bool | int | float | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What to train and how; the checkpoint to start from is given on the command line.

    ``architecture`` and its options ``model`` are those of :mod:`mri_batch_export.architectures.table`; ``labels``
    selects classes of the data set (empty: all). Learning rates are peaks of a one-cycle schedule.
    """

    name: str
    architecture: str = "vit"
    model: Options = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    preprocessing: Preprocessing
    epochs: int
    head_epochs: int = 0  # the first epochs of these train the last layer alone
    batch_size: int = 16
    keep_head: bool = False  # start from the checkpoint's last layer, too: for a second stage with the same labels
    lr: float = 5e-5
    lr_head: float = 1e-3
    layer_decay: float = 0.8
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    class_weights: Literal["none", "sqrt", "inverse"] = "sqrt"
    balance: Literal["none", "cells"] = "none"  # cells: draw equally many pictures from each pair of source and label
    freeze_blocks: int = 0  # of a ViT, from the input on
    first_view: int = 0  # of the cached views; epoch e trains on view first_view + e, modulo cached_views
    cached_views: int = 0  # augmented views of each picture to cache the tokens of; 0: no cache
    warmup_share: float = 0.1
    ema: float = 0.995
    patience: int = 0  # epochs without a better validation loss before it stops and keeps the best; 0: never
    mixed_precision: Literal["gpu", "always", "never"] = "gpu"
    guide_weight: float = 0.0  # of attention on the outlines; for a ViT
    patch_weight: float = 0.0  # of classifying each patch as tumour or not, by a head used only in training
    guide_sources: dict[str, float] = field(default_factory=dict)  # factor of guide_weight by source; others: 1
    guide_layers: int = 2
    rollout_layers: int = 4
    background_label: str = ""
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    search: dict[str, list[Choice]] = field(default_factory=dict)  # for tune: dotted key -> choices

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if not all(isinstance(rate, int | float) and rate > 0 for rate in (self.lr, self.lr_head)):
            raise ValueError("lr and lr_head must be numbers above 0")
        if not 0 <= self.head_epochs < self.epochs:
            raise ValueError("head_epochs must be from 0 to below epochs")
        if self.guide_weight and not self.architecture.startswith(("vit", "deit")):
            raise ValueError("guide_weight needs an architecture with attention")
        if self.cached_views and not (self.freeze_blocks and self.architecture.startswith(("vit", "deit"))):
            raise ValueError("cached_views needs a ViT with freeze_blocks")
        if self.patch_weight and not (self.cached_views and self.background_label):
            raise ValueError("patch_weight needs cached_views and background_label")
        if self.cached_views and self.head_epochs:
            raise ValueError("cached_views cannot be used with head_epochs")
        alone = [key for key, choices in self.search.items() if not isinstance(choices, list) or not choices]
        if alone:
            raise ValueError(f"search needs a list of choices for {', '.join(alone)}")

    @property
    def edits(self) -> bool:
        """Whether pictures are edited counterfactually."""
        return bool(self.background_label) and self.augment.erase + self.augment.transplant + self.augment.clone > 0

    def describe(self) -> Table:
        """Return every key as plain data."""
        return {
            **{f.name: getattr(self, f.name) for f in fields(self)},
            "preprocessing": self.preprocessing.model_dump(mode="json"),
            "augment": asdict(self.augment),
        }


def list_recipes() -> tuple[str, ...]:
    """List the names of the bundled recipes."""
    folder = resources.files("mri_batch_export") / FOLDER
    return tuple(sorted(path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml")))


def load_recipe(name: str) -> Recipe:
    """Load a recipe by its name or from a TOML file. Raises UsageError if it is not valid."""
    path = Path(name)
    bundled = resources.files("mri_batch_export") / FOLDER / f"{name}.toml"
    if not path.is_file() and not bundled.is_file():
        raise UsageError(
            f"no recipe {name!r}", code="RECIPE_UNKNOWN", hint=f"a TOML file, or one of {', '.join(list_recipes())}"
        )
    try:
        return to_recipe(tomllib.loads(path.read_text("utf-8") if path.is_file() else bundled.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not a TOML file: {error}", code="RECIPE_BAD", file=name) from error


def to_recipe(raw: Table) -> Recipe:
    """Make a recipe from plain data. Raises UsageError if it is not valid."""
    keys = dict(raw)
    try:
        return Recipe(
            preprocessing=Preprocessing.model_validate(keys.pop("preprocessing", {})),
            augment=AugmentSettings(**keys.pop("augment", {})),
            labels=tuple(keys.pop("labels", ())),
            **keys,
        )
    except (TypeError, ValueError, ValidationError) as error:
        words = str(error).replace("Recipe.__init__() got an unexpected keyword argument", "no such key:")
        raise UsageError(words, code="RECIPE_BAD", file=str(raw.get("name", ""))) from error
