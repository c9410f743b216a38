"""Tokens after a ViT's frozen blocks, computed once for several augmented views of each picture, to train from.

Blocks that never learn give the same tokens in every epoch. With ``cached_views`` a recipe asks for so many augmented
views of each picture; epoch e trains on view e modulo their number. What remains to be run in a step are the blocks
that learn, and of the last one the class token alone, since nothing else of it reaches the logits.
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

from mri_batch.dataset import Item, digest_items
from mri_batch.model.prepare import normalize
from mri_batch_export.architectures.vit import ViT
from mri_batch_export.training.augment import augment_batch
from mri_batch_export.training.networks import cover_patches
from mri_batch_export.training.pictures import WIDE_BY, Pictures, edit_counterfactually, load_wide, take_pictures
from mri_batch_export.training.recipe import Recipe
from mri_batch_export.training.run_folder import About

BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view of n pictures. ``tokens`` float16[n, t, dim], a file mapped into memory; ``covered``
    float16[n, patches]: share of each patch that the outline covers; ``targets`` int64[n].
    """

    tokens: npt.NDArray[np.float16]
    covered: npt.NDArray[np.float16]
    targets: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Views of the same pictures. ``rows`` picks some of these; indices count among them."""

    views: tuple[View, ...]
    rows: npt.NDArray[np.int64]

    def take(self, view: int, index: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens float32[b, t, dim], covered shares float32[b, patches] and targets int64[b] of some pictures."""
        of, rows = self.views[view], self.rows[index]
        return (
            torch.from_numpy(of.tokens[rows]).float(),
            torch.from_numpy(of.covered[rows]).float(),
            torch.from_numpy(of.targets[rows]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedTokens:
    """Tokens of the pictures that train and of those that validate."""

    learning: Tokens
    validation: Tokens


def load_tokens(
    folder: Path, model: ViT, pool: Sequence[Item], kinds: Sequence[str], about: About, tell: Callable[[str], None]
) -> Tokens:
    """Load the tokens of the pool's pictures from ``folder``; views that are not there are computed and left there.

    A picture is edited with others of the same of ``kinds`` alone.
    """
    base = folder / _digest(model, about, pool, kinds)
    places = [base / str(view) for view in range(about.recipe.cached_views)]
    missing = [view for view, place in enumerate(places) if not (place / "targets.npy").is_file()]
    if missing:
        data = load_wide(pool, about.labels, about.recipe.preprocessing)
        for view in missing:
            _compute(places[view], model, data, kinds, about, view)
            tell(f"tokens of view {view + 1}/{len(places)}")
    views = tuple(
        View(
            tokens=np.load(place / "tokens.npy", mmap_mode="r"),
            covered=np.load(place / "covered.npy"),
            targets=np.load(place / "targets.npy"),
        )
        for place in places
    )
    return Tokens(views=views, rows=np.arange(len(pool)))


def take_tokens(model: ViT, data: Pictures, recipe: Recipe) -> Tokens:
    """Tokens of the pictures as they are, held in memory: one view."""
    model.eval()
    parts = [
        run_frozen(model, pixels, recipe.freeze_blocks, half=is_half(recipe, pixels.device)).cpu().numpy()
        for pixels in (
            _normalized(data.views[i : i + BATCH], model, recipe) for i in range(0, len(data.targets), BATCH)
        )
    ]
    covered = cover_patches(torch.from_numpy(data.masks.astype(np.float32)), model).numpy()
    view = View(
        tokens=np.concatenate(parts).astype(np.float16), covered=covered.astype(np.float16), targets=data.targets
    )
    return Tokens(views=(view,), rows=np.arange(len(data.targets)))


def is_half(recipe: Recipe, device: torch.device) -> bool:
    """Whether the recipe computes in bfloat16 on this device."""
    return recipe.mixed_precision == "always" or (recipe.mixed_precision == "gpu" and device.type == "cuda")


def edit_apart(data: Pictures, kinds: Sequence[str], about: About, view: int) -> Pictures:
    """Edit counterfactually, each kind of pictures among themselves: no tumour moves to another split or fold."""
    views, masks, targets = data.views.copy(), data.masks.copy(), data.targets.copy()
    for number, kind in enumerate(sorted(set(kinds))):
        rows = np.flatnonzero(np.array(kinds) == kind)
        rng = np.random.default_rng((about.seed, view, number))
        own = edit_counterfactually(take_pictures(data, rows), about.labels, about.recipe, rng)
        views[rows], masks[rows], targets[rows] = own.views, own.masks, own.targets
    return replace(data, views=views, masks=masks, targets=targets)


def run_frozen(model: ViT, pixels: Tensor, n_frozen: int, *, half: bool) -> Tensor:
    """Tokens float[n, t, dim] after the frozen blocks of pictures float[n, c, rows, cols]."""
    with torch.no_grad(), torch.autocast(pixels.device.type, torch.bfloat16, enabled=half):
        tokens = model.embed(pixels)
        for block in model.blocks[:n_frozen]:
            tokens, _ = block(tokens)
    return tokens.float()


def forward_from(model: ViT, tokens: Tensor, n_frozen: int) -> tuple[Tensor, list[Tensor], Tensor]:
    """Logits float[n, k], the attention of the blocks after the frozen ones, the last one's of the class token, and the
    patches float[n, patches, dim] that the last block reads.
    """
    attentions, patches = [], tokens
    last = model.depth - 1
    for number in range(n_frozen, model.depth):
        patches = tokens[:, model.prefix_tokens :]
        tokens, weights = model.blocks[number](tokens, 1 if number == last else None)
        attentions.append(weights)
    return model.head(model.norm(tokens)[:, 0]), attentions, patches


def _compute(base: Path, model: ViT, data: Pictures, kinds: Sequence[str], about: About, view: int) -> None:
    base.mkdir(parents=True, exist_ok=True)
    n, patches = len(data.targets), model.grid[0] * model.grid[1]
    shape = (n, model.prefix_tokens + patches, model.config.dim)
    tokens = np.lib.format.open_memmap(base / "tokens.npy", mode="w+", dtype=np.float16, shape=shape)
    covered = np.zeros((n, patches), np.float16)
    model.eval()
    torch.manual_seed(about.seed * 1000 + view)
    now = edit_apart(data, kinds, about, view)
    for rows, found, share in _iter_augmented(model, now, about.recipe):
        tokens[rows], covered[rows] = found, share
    tokens.flush()
    np.save(base / "covered.npy", covered)
    np.save(base / "targets.npy", now.targets)  # last: it says that all is there


def _iter_augmented(
    model: ViT, now: Pictures, recipe: Recipe
) -> Iterator[tuple[slice, npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    p = recipe.preprocessing
    for start in range(0, len(now.targets), BATCH):
        rows = slice(start, min(start + BATCH, len(now.targets)))
        views = torch.from_numpy(now.views[rows].astype(np.float32))
        masks = torch.from_numpy(now.masks[rows].astype(np.float32))
        pictures, moved = augment_batch(views, masks, (p.rows, p.cols), WIDE_BY, recipe.augment)
        pixels = _normalized(pictures.numpy(), model, recipe)
        tokens = run_frozen(model, pixels, recipe.freeze_blocks, half=is_half(recipe, pixels.device))
        share = cover_patches(moved, model)
        yield rows, tokens.cpu().numpy(), share.numpy()


def _normalized(views: npt.NDArray[np.floating], model: ViT, recipe: Recipe) -> Tensor:
    pixels = normalize(np.moveaxis(views, 1, -1).astype(np.float32), recipe.preprocessing)
    return torch.from_numpy(pixels).to(next(model.parameters()).device)


def _digest(model: ViT, about: About, pool: Sequence[Item], kinds: Sequence[str]) -> str:
    """Digest what a view's tokens hang on: frozen weights, pictures, seed, augmentation."""
    digest = hashlib.sha256()
    frozen = ("cls_token", "pos_embed", "patch_embed.", *(f"blocks.{i}." for i in range(about.recipe.freeze_blocks)))
    for name, tensor in sorted(model.state_dict().items()):
        if name.startswith(frozen):
            digest.update((tensor.detach().cpu().float() + 0.0).numpy().tobytes())  # averaging turns -0.0 into 0.0
    told = about.recipe.describe()
    keys = ("augment", "preprocessing", "model", "freeze_blocks", "background_label", "mixed_precision")
    settings = [about.labels, about.seed, list(kinds), *(told[key] for key in keys)]
    digest.update(json.dumps([digest_items(pool), settings], sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]
