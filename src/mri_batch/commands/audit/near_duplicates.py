"""Identical and near-identical pictures, and whether they cross splits, classes or patients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.commands.audit.picture_stats import PictureStats
from mri_batch.dataset import Item

NEAR_BITS = 8  # of 64 hash bits that may differ; the small pictures are compared then
NEAR_CORRELATION = 0.99  # of the small pictures; neighbouring slices of one head stay below it
_ROWS = 512  # pictures compared with all others at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A pair of duplicates: pixel-identical where ``exact``, else near-identical, with their correlation."""

    one: Item
    other: Item
    exact: bool
    correlation: float

    @property
    def crosses_split(self) -> bool:
        """Whether the two are in different splits."""
        return self.one.split != self.other.split

    @property
    def crosses_class(self) -> bool:
        """Whether the two carry different labels."""
        return self.one.label != self.other.label

    @property
    def crosses_patient(self) -> bool:
        """Whether the two are attributed to different patients."""
        return bool(self.one.group and self.other.group) and self.one.unit != self.other.unit


def find_exact(stats: Sequence[PictureStats]) -> tuple[Pair, ...]:
    """Find pixel-identical pictures: each but the first of a set is paired with an earlier one.

    One of another split or label is preferred, so that no pair that crosses them is missed.
    """
    by_digest: dict[str, list[Item]] = defaultdict(list)
    for each in stats:
        by_digest[each.sha256].append(each.item)
    pairs = []
    for same in by_digest.values():
        for i, other in enumerate(same[1:], 1):
            earlier = next((one for one in same[:i] if (one.split, one.label) != (other.split, other.label)), same[0])
            pairs.append(Pair(one=earlier, other=other, exact=True, correlation=1.0))
    return tuple(pairs)


def find_near(stats: Sequence[PictureStats]) -> tuple[Pair, ...]:
    """Find pairs that are near-identical and not pixel-identical."""
    if not stats:
        return ()
    bits = np.stack([each.bits for each in stats]).astype(np.float32) * 2 - 1
    small = np.stack([_standardise(each.small.ravel()) for each in stats])
    pairs = []
    for i, j in _iter_close(bits):
        correlation = float(small[i] @ small[j]) / small.shape[1]
        if correlation >= NEAR_CORRELATION and stats[i].sha256 != stats[j].sha256:
            pairs.append(Pair(one=stats[i].item, other=stats[j].item, exact=False, correlation=correlation))
    return tuple(pairs)


def _iter_close(bits: Float32) -> Iterator[tuple[int, int]]:
    """Yield (i, j), i < j, of the rows of -1 and 1 that differ in at most ``NEAR_BITS`` places."""
    least = bits.shape[1] - 2 * NEAR_BITS
    for start in range(0, len(bits), _ROWS):
        product = bits[start : start + _ROWS] @ bits.T
        for i, j in zip(*np.nonzero(product >= least), strict=True):
            if start + i < j:
                yield int(start + i), int(j)


def _standardise(values: Float32) -> Float32:
    std = float(values.std())
    return ((values - values.mean()) / std if std > 0 else np.zeros_like(values)).astype(np.float32)
