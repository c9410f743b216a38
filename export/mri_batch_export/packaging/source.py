"""What is to be exported: a network with its weights and what is known of it, from a checkpoint or a run folder."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError
from torch import nn

from mri_batch.card import ModelCard, Preprocessing
from mri_batch.errors import ExportRefused, UsageError
from mri_batch.model.package import list_errors
from mri_batch.text import JsonObject
from mri_batch_export.architectures.checkpoint import load_checkpoint
from mri_batch_export.architectures.convert import load_weights, read_vit_options
from mri_batch_export.architectures.table import Options, Shape, build_architecture
from mri_batch_export.training.run_folder import RUN, WEIGHTS

CardKeys = Mapping[str, object]  # keys of model.json, not yet validated


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A network ready for export. ``training``: how it was trained, for the card."""

    network: nn.Module
    architecture: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    training: CardKeys = field(default_factory=dict)
    background_label: str | None = None


def load_source(
    path: Path,
    *,
    arch: str | None = None,
    labels: Sequence[str] = (),
    preprocessing: Preprocessing | None = None,
    options: Options | None = None,
) -> Source:
    """Load a run folder, which names its architecture and labels, or a checkpoint, for which they must be given."""
    if path.is_dir():
        return _load_run(path)
    if arch is None or not labels:
        raise UsageError(
            "a checkpoint does not name its architecture and labels",
            hint="give --arch and --labels, in the order of the logits",
        )
    state = load_checkpoint(path)
    settings = dict(options or {})
    if arch == "vit":
        settings = read_vit_options(state) | settings
    p = preprocessing or Preprocessing()
    network = build_architecture(arch, _shape(p, labels), settings)
    load_weights(network, state)
    return Source(network=network, architecture=arch, labels=tuple(labels), preprocessing=p)


def _load_run(folder: Path) -> Source:
    try:
        run = json.loads((folder / RUN).read_text("utf-8"))
        recipe = run["recipe"]
        p = Preprocessing.model_validate(recipe["preprocessing"])
        labels, options = tuple(run["labels"]), dict(recipe["model"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportRefused(
            f"not a run folder: {type(error).__name__} {error}",
            code="RUN_BAD",
            file=str(folder / RUN),
            hint="give the folder that 'mri-batch train' wrote, or a checkpoint",
        ) from error
    arch = recipe.get("architecture", "vit")
    network = build_architecture(arch, _shape(p, labels), options)
    load_weights(network, load_checkpoint(folder / WEIGHTS))
    known = ("seed", "init", "data_sha256", "counts", "versions", "last")
    training = {"recipe": recipe.get("name", ""), **{key: run[key] for key in known if run.get(key) is not None}}
    return Source(
        network=network,
        architecture=arch,
        labels=labels,
        preprocessing=p,
        training=training,
        background_label=recipe.get("background_label") or None,
    )


def _shape(p: Preprocessing, labels: Sequence[str]) -> Shape:
    return Shape(n_labels=len(labels), rows=p.rows, cols=p.cols, channels=p.channels)


def make_card(source: Source, about: CardKeys) -> ModelCard:
    """Make the card of a source; ``about``: keys of the card that take precedence."""
    keys: JsonObject = {
        "architecture": source.architecture,
        "labels": source.labels,
        "preprocessing": source.preprocessing,
        "training": dict(source.training),
    }
    if source.background_label is not None:  # most slices of a study show no finding; aggregate those that do
        keys["decision"] = {"aggregation": "top_quarter_mean", "background_label": source.background_label}
    return check_card({**keys, **about})


def check_card(keys: CardKeys) -> ModelCard:
    """Validate a card. Raises UsageError that lists every error."""
    try:
        return ModelCard.model_validate(keys)
    except ValidationError as error:
        hint = "docs/reference/model-package.md lists every key"
        raise UsageError(list_errors(error), code="CARD_BAD", hint=hint) from None


def load_preprocessing(path: Path) -> Preprocessing:
    """Load ``preprocessing`` of a card from a TOML or JSON file. Raises UsageError that lists every error."""
    try:
        return Preprocessing.model_validate(load_table(path))
    except ValidationError as error:
        raise UsageError(list_errors(error), code="PREPROCESS_BAD", file=str(path)) from None


def load_table(path: Path) -> JsonObject:
    """Load a TOML or JSON object. Raises UsageError where the file is neither."""
    try:
        text = path.read_text("utf-8")
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be read: {error}", file=str(path)) from error
    if not isinstance(table, dict):
        raise UsageError("not a table of keys and values", file=str(path))
    return table
