"""Pictures in memory for training and validation, prepared by the runtime's code, and counterfactual edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float32, Int64
from mri_batch.card import Preprocessing, with_fields
from mri_batch.dataset import Item, read_picture, refuse_unreadable
from mri_batch.errors import FileProblem
from mri_batch.model.prepare import cut_out, place_slice
from mri_batch.placement import Placement
from mri_batch.records import Slice
from mri_batch_export.training.augment import clone_over, transplant
from mri_batch_export.training.recipe import Recipe

WIDE_BY = 1.25  # training keeps this much more than the model's view, for shifts and turns
MIN_MASK_PX = 50  # smaller tumours are not worth transplanting

Float16 = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """n labelled pictures. ``views`` float16 or float32[n, c, rows, cols] in 0..1; ``masks`` likewise with c = 1.

    For training the views are ``WIDE_BY`` times as wide as the model's; for validation they are a scan's.
    ``cells`` int64[n] numbers the pairs of source and label that occur; ``sources``: each picture's source.
    """

    views: npt.NDArray[np.floating]
    masks: npt.NDArray[np.floating]
    targets: Int64
    cells: Int64
    sources: tuple[str, ...]


def load_wide(items: Sequence[Item], labels: Sequence[str], p: Preprocessing) -> Pictures:
    """Load pictures for training, wider than the model's view. Raises UsageError that lists unreadable files."""
    side = round(p.rows * WIDE_BY), round(p.cols * WIDE_BY)
    views, masks = _load(items, p, WIDE_BY, side)
    return Pictures(views=views.astype(np.float16), masks=masks.astype(np.float16), **_origin(items, labels))


def load_exact(items: Sequence[Item], labels: Sequence[str], p: Preprocessing) -> Pictures:
    """Load pictures for validation, preprocessed as in a scan. Raises UsageError that lists unreadable files."""
    views, masks = _load(items, p, 1.0, (p.rows, p.cols))
    return Pictures(views=views, masks=masks, **_origin(items, labels))


def edit_counterfactually(data: Pictures, labels: Sequence[str], recipe: Recipe, rng: np.random.Generator) -> Pictures:
    """Erase or transplant tumours, or clone healthy tissue, in random pictures: one epoch's pictures."""
    if not recipe.edits:
        return data
    a, background = recipe.augment, labels.index(recipe.background_label)
    views, masks, targets = data.views.copy(), data.masks.copy(), data.targets.copy()
    donors = [i for i in range(len(targets)) if data.masks[i].sum() > MIN_MASK_PX]
    for i in range(len(targets)):
        dice = rng.random()
        own = data.masks[i, 0].astype(np.float32)
        picture = data.views[i, 0].astype(np.float32)
        if own.any() and dice < a.erase:
            edited = clone_over(picture, own, rng)
            if edited is not None:
                views[i, 0], masks[i], targets[i] = edited, 0, background
        elif targets[i] == background and donors and dice < a.transplant:
            donor = int(rng.choice(donors))
            donor_mask = data.masks[donor, 0].astype(np.float32)
            edited = transplant(data.views[donor, 0].astype(np.float32), donor_mask, picture)
            if edited is not None:
                views[i, 0], masks[i, 0], targets[i] = edited, donor_mask, data.targets[donor]
        elif donors and dice > 1 - a.clone:
            shape = data.masks[int(rng.choice(donors)), 0].astype(np.float32)
            if (shape * own).sum() == 0:
                edited = clone_over(picture, shape, rng)
                if edited is not None:
                    views[i, 0] = edited
    return replace(data, views=views, masks=masks, targets=targets)


def list_pictures(items: Sequence[Item], labels: Sequence[str], p: Preprocessing) -> Pictures:
    """List pictures without loading pixels, for training from cached tokens."""
    none = np.zeros((len(items), p.channels, 0, 0), np.float16)
    return Pictures(views=none, masks=none, **_origin(items, labels))


def take_pictures(data: Pictures, rows: Int64) -> Pictures:
    """Select pictures by index int64[m]."""
    return Pictures(
        views=data.views[rows],
        masks=data.masks[rows],
        targets=data.targets[rows],
        cells=data.cells[rows],
        sources=tuple(data.sources[i] for i in rows.tolist()),
    )


class _Origin(TypedDict):
    """Fields of Pictures that come from the items."""

    targets: Int64
    cells: Int64
    sources: tuple[str, ...]


def _origin(items: Sequence[Item], labels: Sequence[str]) -> _Origin:
    pairs = [(item.source, item.label) for item in items]
    return _Origin(
        targets=np.array([labels.index(item.label) for item in items], np.int64),
        cells=np.unique([" ".join(pair) for pair in pairs], return_inverse=True)[1].astype(np.int64),
        sources=tuple(source for source, _ in pairs),
    )


def _load(items: Sequence[Item], p: Preprocessing, wide_by: float, side: tuple[int, int]) -> tuple[Float32, Float32]:
    views, masks, problems = [], [], []
    for item in items:
        try:
            picture = read_picture(item.path)
            mask = None if item.mask is None else read_picture(item.mask)
        except FileProblem as error:
            problems.append(str(error))
            continue
        if mask is not None and mask.shape_px != picture.shape_px:
            problems.append(f"{item.mask}: not the size of its picture")
            continue
        placement = _widen(place_slice(picture, p), wide_by)
        views.append(np.moveaxis(cut_out(picture, placement, p, *side), -1, 0))
        masks.append(_cut_mask(picture, mask, placement, p, side))
    refuse_unreadable(problems)
    return np.stack(views), np.stack(masks)


def _widen(placement: Placement, wide_by: float) -> Placement:
    more_rows, more_cols = placement.height * (wide_by - 1), placement.width * (wide_by - 1)
    return replace(
        placement,
        top=placement.top - more_rows / 2,
        left=placement.left - more_cols / 2,
        height=placement.height + more_rows,
        width=placement.width + more_cols,
    )


def _cut_mask(
    picture: Slice, mask: Slice | None, placement: Placement, p: Preprocessing, side: tuple[int, int]
) -> Float32:
    """Crop the outline like its picture: float32[1, rows, cols] in 0..1."""
    if mask is None:
        return np.zeros((1, *side), np.float32)
    outline = replace(picture, pixels=(mask.pixels > 127).astype(np.float32))
    plain = with_fields(p.intensity, kind="range", low=0, high=1)
    grey = with_fields(p, intensity=plain, colour="grey")
    return cut_out(outline, placement, grey, *side)[None, :, :, 0]
