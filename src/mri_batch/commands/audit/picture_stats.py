"""Per-picture statistics of an audit; pictures are read as a scan reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mri_batch.arrays import Float32
from mri_batch.dataset import Item, read_picture, to_found
from mri_batch.errors import FileProblem
from mri_batch.progress import Progress
from mri_batch.records import Slice

SMALL_PX = 64  # side of the thumbnail, for mean pictures and to confirm near-duplicates
HASH_PX = 32  # side of the input of the perceptual hash
BINS = 32
BORDER_SHARE = 0.06  # of the longer side, what counts as border

Bits = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureStats:
    """Statistics of one picture. ``small`` float32[64, 64] in 0..1, squeezed to a square; ``bits``
    bool[64], a perceptual hash.

    ``histogram`` float32[32]: shares of the pixels between black and white; ``border`` float32[12]: mean,
    standard deviation and share of black along each side.
    """

    item: Item
    rows: int
    cols: int
    colour: bool
    kind: str
    sha256: str
    small: Float32
    bits: Bits
    histogram: Float32
    border: Float32


def measure_pictures(
    items: Sequence[Item], progress: Progress | None = None
) -> tuple[tuple[PictureStats, ...], tuple[str, ...]]:
    """Read and measure every picture; also returns which cannot be read, with reasons."""
    stats, problems = [], []
    for item in items:
        try:
            stats.append(_describe(item, read_picture(item.path)))
        except FileProblem as error:
            problems.append(f"{item.data_set}/{item.name}: {error.reason}")
        if progress:
            progress.advanced()
    return tuple(stats), tuple(problems)


def hash_picture(share: Float32) -> Bits:
    """Perceptual hash bool[64] of float32[rows, cols]: the signs of the lowest 8 x 8 cosines about their median."""
    small = _squeeze(share, HASH_PX).astype(np.float64)
    at = np.arange(HASH_PX)
    cosines = np.cos(np.pi / HASH_PX * (at[None] + 0.5) * at[:8, None])
    low = (cosines @ small @ cosines.T).ravel()
    bits: Bits = low > np.median(low[1:])  # the first term is the mean brightness
    return bits


def _describe(item: Item, picture: Slice) -> PictureStats:
    grey = picture.pixels if picture.pixels.ndim == 2 else picture.pixels.mean(axis=2, dtype=np.float32)
    low, high = picture.window
    share = np.clip((grey - low) / ((high - low) or 1.0), 0, 1).astype(np.float32)
    counts, _ = np.histogram(share, bins=BINS, range=(0, 1))
    return PictureStats(
        item=item,
        rows=grey.shape[0],
        cols=grey.shape[1],
        colour=picture.pixels.ndim == 3,
        kind=to_found(item.path, item.name).kind.value,
        sha256=hashlib.sha256(repr(picture.pixels.shape).encode() + picture.pixels.tobytes()).hexdigest(),
        small=_squeeze(share, SMALL_PX),
        bits=hash_picture(share),
        histogram=(counts / share.size).astype(np.float32),
        border=_describe_border(share),
    )


def _describe_border(share: Float32) -> Float32:
    width = max(1, round(max(share.shape) * BORDER_SHARE))
    sides = (share[:width], share[-width:], share[:, :width], share[:, -width:])
    return np.array([v for side in sides for v in (side.mean(), side.std(), (side < 0.02).mean())], np.float32)


def _squeeze(share: Float32, side: int) -> Float32:
    picture = Image.fromarray(np.ascontiguousarray(share)).resize((side, side), Image.Resampling.BOX)
    return np.asarray(picture, np.float32)
