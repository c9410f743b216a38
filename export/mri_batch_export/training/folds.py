"""Folds of patients for cross-validation, the same for every run on the same data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mri_batch.dataset import Item

N_FOLDS = 5


def assign_folds(items: Sequence[Item], n_folds: int = N_FOLDS, seed: int = 0) -> tuple[int, ...]:
    """Fold of each item, 0 to n_folds - 1: patients stay together, each source and label is spread evenly.

    A patient with several labels counts by the rarest of its source.
    """
    rarity: dict[tuple[str, str], int] = {}
    for item in items:
        rarity[item.source, item.label] = rarity.get((item.source, item.label), 0) + 1
    kind_of: dict[str, tuple[str, str]] = {}
    for item in items:
        kind = (item.source, item.label)
        kind_of[item.unit] = min(kind_of.get(item.unit, kind), kind, key=lambda pair: (rarity[pair], pair))
    rng = np.random.default_rng(seed)
    fold_of: dict[str, int] = {}
    for kind in sorted(set(kind_of.values())):
        units = np.array(sorted(unit for unit, of in kind_of.items() if of == kind))
        first = int(rng.integers(n_folds))
        fold_of |= {str(unit): (first + i) % n_folds for i, unit in enumerate(rng.permutation(units))}
    return tuple(fold_of[item.unit] for item in items)


def choose_pool(items: Sequence[Item]) -> tuple[Item, ...]:
    """Choose what may be learnt from in cross-validation: every source but those that are for testing alone."""
    learnt = {item.source for item in items if item.split == "train"}
    return tuple(item for item in items if item.source in learnt)


def split_by_fold(items: Sequence[Item], fold: int, n_folds: int = N_FOLDS, seed: int = 0) -> tuple[Item, ...]:
    """Split the pool anew: one fold validates, the others train; other sources test."""
    pool = choose_pool(items)
    of = dict(zip(pool, assign_folds(pool, n_folds, seed), strict=True))
    return tuple(
        replace(item, split="test" if item not in of else "val" if of[item] == fold else "train") for item in items
    )
