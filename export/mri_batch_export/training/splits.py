"""Splits for training, validation and test that keep patients and near-duplicates together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mri_batch.commands.audit.near_duplicates import find_exact, find_near
from mri_batch.commands.audit.picture_stats import measure_pictures
from mri_batch.dataset import Item, check_classes, check_splits, refuse_unreadable
from mri_batch.errors import UsageError

SHARES = (("train", 0.7), ("val", 0.15), ("test", 0.15))


def choose_splits(items: Sequence[Item], labels: Sequence[str], seed: int) -> tuple[tuple[Item, ...], str]:
    """Assign each item a split; also return how, in words. Raises UsageError for a data set that cannot be trained on.

    A data set's own splits are kept. Otherwise patients are drawn, or groups of near-duplicates if no patient is known.
    """
    chosen = [item for item in items if not labels or item.label in labels]
    absent = sorted(set(labels) - {item.label for item in chosen})
    if absent:
        raise UsageError(f"no picture of {', '.join(absent)}", code="DATASET_EMPTY_CLASS")
    check_classes(chosen)
    check_splits(chosen)
    given = sum(bool(item.split) for item in chosen)
    if 0 < given < len(chosen):
        raise UsageError(
            f"{len(chosen) - given} of {len(chosen)} pictures have no split",
            code="DATASET_NO_SPLIT",
            hint="give every picture a split, or none",
        )
    if given:
        split, how = tuple(chosen), "the data set's own"
    elif any(item.group for item in chosen):
        split, how = _draw(chosen, seed), "drawn by patient"
    else:
        split, how = (
            _draw(group_duplicates(chosen), seed),
            "drawn by picture, near duplicates together: no patient known",
        )
    _check_filled(split)
    return split, how


def group_duplicates(items: Sequence[Item]) -> list[Item]:
    """Group near-duplicates transitively. Raises UsageError that lists unreadable files."""
    stats, problems = measure_pictures(items)
    refuse_unreadable(problems)
    at = {item: i for i, item in enumerate(items)}
    parent = list(range(len(items)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for pair in (*find_exact(stats), *find_near(stats)):
        parent[root(at[pair.other])] = root(at[pair.one])
    return [replace(item, group=f"like {items[root(i)].name}") for i, item in enumerate(items)]


def _draw(items: Sequence[Item], seed: int) -> tuple[Item, ...]:
    """Draw units class by class; a unit with several classes counts for its first."""
    rng = np.random.default_rng(seed)
    label_of: dict[str, str] = {}
    for item in items:
        label_of.setdefault(item.unit, item.label)
    split_of: dict[str, str] = {}
    for label in sorted(set(label_of.values())):
        units = np.array(sorted(unit for unit, of in label_of.items() if of == label))
        shuffled = units[rng.permutation(len(units))].tolist()
        ends = np.cumsum([share for _, share in SHARES]) * len(shuffled)
        split_of |= {
            unit: SHARES[min(int(np.searchsorted(ends - 1e-9, i, side="right")), 2)][0]
            for i, unit in enumerate(shuffled)
        }
    return tuple(replace(item, split=split_of[item.unit]) for item in items)


def _check_filled(items: Sequence[Item]) -> None:
    for split in ("train", "val"):
        absent = sorted({item.label for item in items} - {item.label for item in items if item.split == split})
        if absent:
            raise UsageError(
                f"the split {split!r} has no picture of {', '.join(absent)}",
                code="DATASET_NO_SPLIT",
                hint="more patients of each class are needed, or splits in labels.csv",
            )
