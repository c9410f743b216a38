"""Pictures that are the same, pixel by pixel or to the eye, and whether that crosses a split or a class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.commands.audit.picture_stats import Facts
from mri_batch.dataset import Item

NEAR_BITS = 8  # of the 64 bits of the hash may differ; then the small pictures are compared
NEAR_CORRELATION = 0.99  # of the small pictures; neighbouring slices of one head stay below it
_ROWS = 512  # pictures compared with all others at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two pictures that are the same; ``exact`` pixel by pixel, else to the eye, with the correlation of the two."""

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
        """Whether the two are said to be of different patients."""
        return bool(self.one.group and self.other.group) and self.one.unit != self.other.unit


def find_exact(facts: Sequence[Facts]) -> tuple[Pair, ...]:
    """Find pixel-identical pictures: each but the first of a set, paired with the first and with a first of each
    split and label that the set spans, so that nothing that crosses is lost.
    """
    by_digest: dict[str, list[Item]] = defaultdict(list)
    for fact in facts:
        by_digest[fact.sha256].append(fact.item)
    pairs = []
    for same in by_digest.values():
        for i, other in enumerate(same[1:], 1):
            unlike = next((one for one in same[:i] if (one.split, one.label) != (other.split, other.label)), same[0])
            pairs.append(Pair(one=unlike, other=other, exact=True, correlation=1.0))
    return tuple(pairs)


def find_near(facts: Sequence[Facts]) -> tuple[Pair, ...]:
    """Find pairs that look the same and are not pixel-identical."""
    if not facts:
        return ()
    bits = np.stack([fact.bits for fact in facts]).astype(np.float32) * 2 - 1
    small = np.stack([_standardise(fact.small.ravel()) for fact in facts])
    pairs = []
    for i, j in _iter_close(bits):
        correlation = float(small[i] @ small[j]) / small.shape[1]
        if correlation >= NEAR_CORRELATION and facts[i].sha256 != facts[j].sha256:
            pairs.append(Pair(one=facts[i].item, other=facts[j].item, exact=False, correlation=correlation))
    return tuple(pairs)


def _iter_close(bits: Float32) -> Iterator[tuple[int, int]]:
    """Yield (i, j), i < j, of rows of -1 and 1 that differ in few places."""
    least = bits.shape[1] - 2 * NEAR_BITS
    for start in range(0, len(bits), _ROWS):
        product = bits[start : start + _ROWS] @ bits.T
        for i, j in zip(*np.nonzero(product >= least), strict=True):
            if start + i < j:
                yield int(start + i), int(j)


def _standardise(
    values: Float32,
) -> Float32:
    spread = float(values.std())
    return ((values - values.mean()) / spread if spread > 0 else np.zeros_like(values)).astype(np.float32)
