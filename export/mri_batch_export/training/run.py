"""Train a classifier by a recipe: patient-wise splits or folds, two phases, guided attention, resumable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mri_batch.dataset import Item, digest_items, load_dataset
from mri_batch_export.architectures.vit import ViT
from mri_batch_export.training.cross_validation import N_FOLDS, assign_folds, choose_pool, split_by_fold
from mri_batch_export.training.networks import build_model
from mri_batch_export.training.pictures import Pictures, list_pictures, load_exact, load_wide
from mri_batch_export.training.recipe import Recipe
from mri_batch_export.training.run_folder import About, Row, load_state, make_folder, save_state, write_run, write_split
from mri_batch_export.training.splits import choose_splits
from mri_batch_export.training.tokens import CachedTokens, compute_tokens, load_tokens
from mri_batch_export.training.trainer import Report, Trainer
from mri_batch_export.training.validate import validate


def train(
    folders: Sequence[Path],
    recipe: Recipe,
    out: Path,
    init: Path | None,
    seed: int = 0,
    *,
    cache_folder: Path | None = None,
    fold: int | None = None,
    report: Report = lambda line: None,
    after_epoch: Callable[[Row], None] = lambda row: None,
) -> Path:
    """Train and write a run folder to ``out``; a killed run resumes after its last complete epoch.

    ``cache_folder`` holds cached tokens, shared by runs (default: a folder in ``out``). ``fold``, from 0: this fold of
    the patients validates, the others train. ``report`` receives lines of progress; ``after_epoch`` may raise to stop.
    Raises UsageError before any training if the data set or the recipe cannot be used.
    """
    items, how_split = choose_splits(load_dataset(folders), recipe.labels, seed)
    pool = choose_pool(items)
    if fold is not None:
        items, how_split = split_by_fold(items, fold), f"fold {fold + 1} of {N_FOLDS} validates, by patient"
    about = describe(recipe, items, how_split, seed, init)
    make_folder(out)
    state = load_state(out, about)
    write_split(out, items)
    data, validation = load_pictures(about)
    model = place_model(about, init)
    cached = cache_tokens(about, pool, model, validation, cache_folder or out / "tokens", report)
    trainer = Trainer(about, model, data, state=state, tokens=cached.training if cached else None, report=report)
    while not trainer.is_finished():
        row = trainer.train_epoch()
        row |= validate(model, trainer.average, validation, about.labels, recipe, cached.validation if cached else None)
        trainer.history.append(row)
        report(" ".join(f"{name} {value:.4g}" for name, value in row.items()))
        write_epoch(out, trainer)
        after_epoch(row)
    return out


def write_epoch(out: Path, trainer: Trainer) -> None:
    """Write the run folder after an epoch; with ``patience`` its weights are those of the best epoch."""
    if trainer.recipe.patience == 0 or trainer.is_best():
        write_run(out, trainer.about, trainer.average, trainer.history)
    save_state(out, trainer.about, trainer.state())


def describe(recipe: Recipe, items: tuple[Item, ...], how_split: str, seed: int, init: Path | None) -> About:
    """Describe a run; labels are in alphabetical order."""
    return About(
        recipe=recipe,
        labels=tuple(sorted({item.label for item in items})),
        items=items,
        data_sha256=digest_items(items),
        how_split=how_split,
        seed=seed,
        init=init.name if init else None,
    )


def load_pictures(about: About) -> tuple[Pictures, Pictures]:
    """Load the pictures for training and for validation; the former without pixels where tokens are cached."""
    recipe = about.recipe
    training = [item for item in about.items if item.split == "train"]
    validation = [item for item in about.items if item.split == "val"]
    if not (recipe.edits or recipe.guide_weight):
        training = [replace(item, mask=None) for item in training]
    load = list_pictures if recipe.cached_views else load_wide
    return (
        load(training, about.labels, recipe.preprocessing),
        load_exact(validation, about.labels, recipe.preprocessing),
    )


def cache_tokens(
    about: About, pool: Sequence[Item], model: nn.Module, validation: Pictures, folder: Path, report: Report
) -> CachedTokens | None:
    """Load the tokens that the recipe caches, or compute them; None if it caches none.

    They cover the whole pool, so that runs on other folds find them. Counterfactual edits use pictures of the same
    split and fold only, so that no tumour reaches patients that are held out.
    """
    if not about.recipe.cached_views or not isinstance(model, ViT):
        return None
    strata = tuple(f"{item.split} {fold}" for item, fold in zip(pool, assign_folds(pool), strict=True))
    tokens = load_tokens(folder, model, pool, strata, about, report)
    training = {item.path for item in about.items if item.split == "train"}
    rows = np.array([i for i, item in enumerate(pool) if item.path in training])
    return CachedTokens(training=replace(tokens, rows=rows), validation=compute_tokens(model, validation, about.recipe))


def place_model(about: About, init: Path | None) -> nn.Module:
    """Build the network, reproducibly, on the device to train on."""
    torch.manual_seed(about.seed)
    model = build_model(about.recipe, len(about.labels), init).to(choose_device())
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third faster for CNNs on a CPU
    return model


def choose_device() -> torch.device:
    """Choose the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
