"""Folds of patients for cross-validation, the same for every run on the same data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mri_batch.dataset import Item

N_FOLDS = 5


def assign_folds(items: Sequence[Item], n_folds: int = N_FOLDS, seed: int = 0) -> tuple[int, ...]:
    """Assign each item a fold, 0 to n_folds - 1: patients stay together, each source and label is spread evenly.

    A patient with several labels counts for the rarest of them.
    """
    n_items = Counter((item.source, item.label) for item in items)
    cell_of: dict[str, tuple[str, str]] = {}
    for item in items:
        cell = (item.source, item.label)
        cell_of[item.unit] = min(cell_of.get(item.unit, cell), cell, key=lambda pair: (n_items[pair], pair))
    rng = np.random.default_rng(seed)
    fold_of: dict[str, int] = {}
    for cell in sorted(set(cell_of.values())):
        units = np.array(sorted(unit for unit, of in cell_of.items() if of == cell))
        first = int(rng.integers(n_folds))
        fold_of |= {str(unit): (first + i) % n_folds for i, unit in enumerate(rng.permutation(units))}
    return tuple(fold_of[item.unit] for item in items)


def choose_pool(items: Sequence[Item]) -> tuple[Item, ...]:
    """Choose the items for cross-validation: those of every source with training items, whatever their split."""
    trained = {item.source for item in items if item.split == "train"}
    return tuple(item for item in items if item.source in trained)


def split_by_fold(items: Sequence[Item], fold: int, n_folds: int = N_FOLDS, seed: int = 0) -> tuple[Item, ...]:
    """Split by fold: one fold of the pool validates, the others train; sources outside the pool are for testing."""
    pool = choose_pool(items)
    of = dict(zip(pool, assign_folds(pool, n_folds, seed), strict=True))
    return tuple(
        replace(item, split="test" if item not in of else "val" if of[item] == fold else "train") for item in items
    )
