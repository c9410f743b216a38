"""Cached tokens: the output of a ViT's frozen blocks, computed once for several augmented views of each picture.

Frozen blocks give the same tokens in every epoch. A recipe's ``cached_views`` is the number of augmented views of each
picture; epoch e trains on view ``first_view`` + e modulo this number. A step then runs only the trainable blocks, and
of the last one only the class token, since nothing else of it reaches the logits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mri_batch.arrays import Float32, Int64
from mri_batch.dataset import Item, digest_items
from mri_batch.model.prepare import normalize
from mri_batch_export.architectures.vit import ViT
from mri_batch_export.training.augment import augment_batch
from mri_batch_export.training.networks import patch_coverage
from mri_batch_export.training.pictures import (
    WIDE_BY,
    Float16,
    Pictures,
    edit_counterfactually,
    load_wide,
    take_pictures,
)
from mri_batch_export.training.recipe import Recipe
from mri_batch_export.training.run_folder import About

BATCH = 32
TOKENS, COVERAGE, TARGETS = "tokens.npy", "covered.npy", "targets.npy"  # targets are written last: the view is complete


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view of n pictures: ``tokens`` float16[n, t, dim], memory-mapped; ``coverage`` float16[n, patches], the share
    of each patch inside the outline; ``targets`` int64[n].
    """

    tokens: Float16
    coverage: Float16
    targets: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Views of the same pictures, of which ``rows`` int64[m] are used."""

    views: tuple[View, ...]
    rows: Int64

    def take(self, view: int, index: Int64) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens float32[b, t, dim], coverage float32[b, patches], targets int64[b]; ``index`` int64[b] into rows."""
        chosen, rows = self.views[view], self.rows[index]
        return (
            torch.from_numpy(chosen.tokens[rows]).float(),
            torch.from_numpy(chosen.coverage[rows]).float(),
            torch.from_numpy(chosen.targets[rows]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedTokens:
    """Tokens of the pictures for training and for validation."""

    training: Tokens
    validation: Tokens


def load_tokens(
    folder: Path, model: ViT, pool: Sequence[Item], strata: Sequence[str], about: About, report: Callable[[str], None]
) -> Tokens:
    """Load the tokens of the pool's pictures from ``folder``; missing views are computed and written.

    ``strata``: one name per picture; a picture is edited only with others of its stratum.
    """
    base = folder / _digest(model, about, pool, strata)
    places = [base / str(view) for view in range(about.recipe.cached_views)]
    missing = [view for view, place in enumerate(places) if not (place / TARGETS).is_file()]
    if missing:
        data = load_wide(pool, about.labels, about.recipe.preprocessing)
        for view in missing:
            _write_view(places[view], model, data, strata, about, view)
            report(f"tokens of view {view + 1}/{len(places)}")
    return Tokens(views=tuple(_open_view(place) for place in places), rows=np.arange(len(pool)))


def compute_tokens(model: ViT, data: Pictures, recipe: Recipe) -> Tokens:
    """Compute the tokens of the pictures without augmentation, in memory: one view."""
    model.eval()
    tokens = []
    for i in range(0, len(data.targets), BATCH):
        pixels = _to_input(data.views[i : i + BATCH], model, recipe)
        tokens.append(run_frozen(model, pixels, recipe).cpu().numpy())
    coverage = patch_coverage(torch.from_numpy(data.masks.astype(np.float32)), model).numpy()
    view = View(
        tokens=np.concatenate(tokens).astype(np.float16), coverage=coverage.astype(np.float16), targets=data.targets
    )
    return Tokens(views=(view,), rows=np.arange(len(data.targets)))


def uses_bfloat16(recipe: Recipe, device: torch.device) -> bool:
    """Whether the recipe computes in bfloat16 on this device."""
    return recipe.mixed_precision == "always" or (recipe.mixed_precision == "gpu" and device.type == "cuda")


def edit_within_strata(data: Pictures, strata: Sequence[str], about: About, view: int) -> Pictures:
    """Edit pictures counterfactually, each stratum by itself: no tumour moves to another split or fold."""
    views, masks, targets = data.views.copy(), data.masks.copy(), data.targets.copy()
    for number, stratum in enumerate(sorted(set(strata))):
        rows = np.flatnonzero(np.array(strata) == stratum)
        rng = np.random.default_rng((about.seed, view, number))
        edited = edit_counterfactually(take_pictures(data, rows), about.labels, about.recipe, rng)
        views[rows], masks[rows], targets[rows] = edited.views, edited.masks, edited.targets
    return replace(data, views=views, masks=masks, targets=targets)


def run_frozen(model: ViT, pixels: Tensor, recipe: Recipe) -> Tensor:
    """Tokens float32[n, t, dim] after the frozen blocks, of pixels float[n, c, rows, cols]."""
    half = uses_bfloat16(recipe, pixels.device)
    with torch.no_grad(), torch.autocast(pixels.device.type, torch.bfloat16, enabled=half):
        tokens = model.embed(pixels)
        for block in model.blocks[: recipe.freeze_blocks]:
            tokens, _ = block(tokens)
    return tokens.float()


def forward_from(model: ViT, tokens: Tensor, n_frozen: int) -> tuple[Tensor, list[Tensor], Tensor]:
    """Run the blocks after the frozen ones on tokens float[n, t, dim].

    Return logits float[n, k]; the attention of each block, float[n, h, t, t], of the last one float[n, h, 1, t] for the
    class token; and the patch tokens float[n, patches, dim] that the last block receives.
    """
    attentions, patches = [], tokens
    last = model.depth - 1
    for number in range(n_frozen, model.depth):
        patches = tokens[:, model.prefix_tokens :]
        tokens, weights = model.blocks[number](tokens, 1 if number == last else None)
        attentions.append(weights)
    return model.head(model.norm(tokens)[:, 0]), attentions, patches


def _open_view(place: Path) -> View:
    return View(
        tokens=np.load(place / TOKENS, mmap_mode="r"),
        coverage=np.load(place / COVERAGE),
        targets=np.load(place / TARGETS),
    )


def _write_view(place: Path, model: ViT, data: Pictures, strata: Sequence[str], about: About, view: int) -> None:
    place.mkdir(parents=True, exist_ok=True)
    n, patches = len(data.targets), model.grid[0] * model.grid[1]
    shape = (n, model.prefix_tokens + patches, model.config.dim)
    tokens = np.lib.format.open_memmap(place / TOKENS, mode="w+", dtype=np.float16, shape=shape)
    coverage = np.zeros((n, patches), np.float16)
    model.eval()
    torch.manual_seed(about.seed * 1000 + view)
    edited = edit_within_strata(data, strata, about, view)
    for rows, of_rows, covered in _iter_augmented(model, edited, about.recipe):
        tokens[rows], coverage[rows] = of_rows, covered
    tokens.flush()
    np.save(place / COVERAGE, coverage)
    np.save(place / TARGETS, edited.targets)


def _iter_augmented(model: ViT, data: Pictures, recipe: Recipe) -> Iterator[tuple[slice, Float32, Float32]]:
    """Yield rows, tokens float32[b, t, dim] and coverage float32[b, patches] of augmented pictures."""
    p = recipe.preprocessing
    for start in range(0, len(data.targets), BATCH):
        rows = slice(start, min(start + BATCH, len(data.targets)))
        views = torch.from_numpy(data.views[rows].astype(np.float32))
        masks = torch.from_numpy(data.masks[rows].astype(np.float32))
        pictures, moved = augment_batch(views, masks, (p.rows, p.cols), WIDE_BY, recipe.augment)
        tokens = run_frozen(model, _to_input(pictures.numpy(), model, recipe), recipe)
        yield rows, tokens.cpu().numpy(), patch_coverage(moved, model).numpy()


def _to_input(views: npt.NDArray[np.floating], model: ViT, recipe: Recipe) -> Tensor:
    """Model input float32[n, c, rows, cols], on the model's device, of views [n, c, rows, cols] in 0..1."""
    pixels = normalize(np.moveaxis(views, 1, -1).astype(np.float32), recipe.preprocessing)
    return torch.from_numpy(pixels).to(next(model.parameters()).device)


def _digest(model: ViT, about: About, pool: Sequence[Item], strata: Sequence[str]) -> str:
    """Digest everything that a view's tokens depend on: frozen weights, pictures, seed, augmentation."""
    digest = hashlib.sha256()
    embedding = ("cls_token", "reg_token", "pos_embed", "patch_embed.")
    frozen = (*embedding, *(f"blocks.{i}." for i in range(about.recipe.freeze_blocks)))
    for name, tensor in sorted(model.state_dict().items()):
        if name.startswith(frozen):
            digest.update((tensor.detach().cpu().float() + 0.0).numpy().tobytes())  # averaging turns -0.0 into 0.0
    recipe = about.recipe.describe()
    keys = ("augment", "preprocessing", "model", "freeze_blocks", "background_label", "mixed_precision")
    settings = [about.labels, about.seed, list(strata), *(recipe[key] for key in keys)]
    digest.update(json.dumps([digest_items(pool), settings], sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]
