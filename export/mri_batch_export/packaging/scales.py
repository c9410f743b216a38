"""One fixed colour scale for every method that a package offers, measured on validation pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.card import MethodEntry, ModelCard, with_fields
from mri_batch.dataset import Item, read_picture
from mri_batch.explain.ops.scale import measure_scale
from mri_batch.explain.registry import build_method, list_methods
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session

MAX_PASSES = 600  # forward passes spent on a method: many pictures for a cheap one, few for an expensive one
MIN_PICTURES, MAX_PICTURES = 4, 48


def measure_scales(session: Session, card: ModelCard, items: Sequence[Item]) -> tuple[MethodEntry, ...]:
    """Return every method's entry, with a scale where it can run and has none, from evenly spaced ``items``."""
    return tuple(
        with_fields(entry, scale_max=_measure(session, card, entry.method, items))
        if entry.available and entry.scale_max is None
        else entry
        for entry in list_methods(card)
    )


def _measure(session: Session, card: ModelCard, name: str, items: Sequence[Item]) -> float:
    method = build_method(name, card)
    pixels, target = _load(session, items[:1])
    passes = method(session, pixels, target).passes
    n = int(np.clip(MAX_PASSES / passes, MIN_PICTURES, min(MAX_PICTURES, len(items))))
    chosen = [items[i] for i in np.linspace(0, len(items) - 1, n).round().astype(int)]
    return measure_scale(session, method, *_load(session, chosen))


def _load(session: Session, items: Sequence[Item]) -> tuple[Float32, Int64]:
    """Pictures float32[n, c, rows, cols] and their class indices int64[n]."""
    pixels = prepare([read_picture(item.path) for item in items], session.card.preprocessing).pixels
    return pixels, np.array([session.labels.index(item.label) for item in items], np.int64)
