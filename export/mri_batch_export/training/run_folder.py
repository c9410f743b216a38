"""A run folder: weights, ``run.json``, learning curves, and the checkpoint from which a killed run resumes."""

from __future__ import annotations

import csv
import json
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from importlib import metadata
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from mri_batch.commands.evaluate.charts import Chart, Line, fit_range
from mri_batch.commands.evaluate.page import render_chart
from mri_batch.dataset import Item
from mri_batch.errors import UsageError
from mri_batch.files import cannot_write, new_file
from mri_batch_export.architectures.checkpoint import State
from mri_batch_export.training.recipe import Recipe

CHECKPOINT, WEIGHTS, RUN, HISTORY, SPLIT = "checkpoint.pt", "model.safetensors", "run.json", "history.csv", "split"

Row = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Recipe, data and seed of a run; a checkpoint of any other is not resumed."""

    recipe: Recipe
    labels: tuple[str, ...]
    items: tuple[Item, ...]
    data_sha256: str
    how_split: str
    seed: int
    init: str | None

    def identity(self) -> str:
        """Return the text that must be equal for a run to be resumed."""
        parts = [self.recipe.describe(), self.labels, self.data_sha256, self.seed, self.init]
        return json.dumps(parts, sort_keys=True, default=str)


@dataclass(slots=True, kw_only=True)
class RunState:
    """State of a run after ``epoch`` epochs, as a checkpoint holds it; ``patch_head`` is empty without one."""

    epoch: int
    model: State
    average: dict[str, Tensor]
    optimiser: dict[str, object]
    schedule: dict[str, object]
    history: list[Row] = field(default_factory=list)
    patch_head: State = field(default_factory=dict)


def save_state(out: Path, about: About, state: RunState) -> None:
    """Save a checkpoint atomically."""
    saved = {each.name: getattr(state, each.name) for each in fields(state)}
    with new_file(out / CHECKPOINT) as part:
        torch.save(saved | {"identity": about.identity()}, part)


def load_state(out: Path, about: About) -> RunState | None:
    """Load the checkpoint of the same run, if any. Raises UsageError if the folder belongs to another run."""
    path = out / CHECKPOINT
    if not path.is_file():
        return None
    saved = torch.load(path, weights_only=True, map_location="cpu")
    if saved.pop("identity", None) != about.identity():
        raise UsageError(
            "the folder belongs to a run with another recipe, data set or seed",
            code="RUN_FOREIGN",
            file=str(out),
            hint="give a new --out",
        )
    return RunState(**saved)


def make_folder(out: Path) -> None:
    """Create the run folder. Raises OutputError if it cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error) from error


def write_split(out: Path, items: Sequence[Item]) -> None:
    """Write the splits as a data set, ``split/labels.csv``, with absolute paths."""
    (out / SPLIT).mkdir(exist_ok=True)
    with (out / SPLIT / "labels.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "label", "patient_group", "split", "source"])
        writer.writerows([str(i.path.resolve()), i.label, i.group, i.split, i.source] for i in items)


def write_run(out: Path, about: About, weights: State, history: Sequence[Row]) -> None:
    """Write weights, ``run.json``, ``history.csv`` and the learning curves."""
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, out / WEIGHTS)
    splits = sorted({item.split for item in about.items})
    run = {
        "labels": list(about.labels),
        "recipe": about.recipe.describe(),
        "seed": about.seed,
        "init": about.init,
        "data_sha256": about.data_sha256,
        "how_split": about.how_split,
        "counts": {split: Counter(item.label for item in about.items if item.split == split) for split in splits},
        "versions": {
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in ("torch", "numpy", "pillow")},
        },
        "last": history[-1],
    }
    (out / RUN).write_text(json.dumps(run, indent=1), "utf-8")
    with (out / HISTORY).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys(key for row in history for key in row)))
        writer.writeheader()
        writer.writerows(history)
    for name, chart in draw_curves(history).items():
        (out / f"{name}.svg").write_text(render_chart(chart), "utf-8")


def draw_curves(history: Sequence[Row]) -> dict[str, Chart]:
    """Learning curves by epoch: losses, and accuracy with recalls."""
    losses = [name for name in ("loss", "guide", "val_nll") if any(name in row for row in history)]
    shares = [name for name in history[-1] if name.startswith(("val_accuracy", "val_recall", "val_peak"))]
    return {"losses": _chart("Loss", losses, history), "accuracy": _chart("Share of validation", shares, history)}


def _chart(title: str, names: Sequence[str], history: Sequence[Row]) -> Chart:
    lines = tuple(
        Line(
            label=name,
            points=tuple(
                (row["epoch"] + 1, row[name]) for row in history if row.get(name, float("nan")) == row.get(name)
            ),
        )
        for name in names
    )
    heights = [y for line in lines for _, y in line.points]
    return Chart(
        title=title,
        x_label="epoch",
        y_label=title.lower(),
        x_range=fit_range([row["epoch"] + 1 for row in history]),
        y_range=fit_range(heights, zero=True),
        lines=lines,
    )
