"""The budget of a page in bytes, and what is given up to keep it.

Where the values do not fit as they are, noise below the slice's own is rounded away first, and resolution is given up
last and on key slices latest.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import IO

import numpy as np
from PIL import Image

from mri_batch.arrays import Float32
from mri_batch.intensities import find_percentiles
from mri_batch.prefetch import map_prefetched
from mri_batch.report.study.draft import Draft, encode_planes, guess_bytes, list_bands
from mri_batch.report.study.grid_codec import Uint16
from mri_batch.report.study.piece import Piece

_KEY_WEIGHT = 2.0  # a key slice may take twice the bytes of another
_LEAST_BYTES = 8_000
_GUESS_OFF = 1.03  # a guess may be so far too high; where it is too low, the next attempt is made
_SHARES = (0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.1875, 0.125)  # of the resolution, tried in this order


def budget_bytes(n_slices: int, n_extra_bytes: int) -> int:
    """Bytes that the values of ``n_slices`` may take: 1.5 MB of page up to 25 slices, 10 MB from 180 on.

    What remains after the page itself (about 150 kB and 0.8 kB a slice) and the extras, in base64.
    """
    page = np.interp(n_slices, (25, 180), (1_500_000, 10_000_000))
    return int((page - 150_000 - 800 * n_slices) * 0.75 * 0.97) - n_extra_bytes


def fit_pieces(drafts: Sequence[Draft], numbers: IO[bytes], threads: int) -> list[Piece]:
    """Make the pieces fit a page; each has its share of the budget, key slices twice. ``numbers``: of all, in order."""
    if not drafts:
        return []
    pieces = [draft.piece for draft in drafts]
    weights = [_KEY_WEIGHT if piece.heats else 1.0 for piece in pieces]
    budget = budget_bytes(len(pieces), sum(piece.n_extra_bytes for piece in pieces))
    unit = _share_out(budget, [draft.guess_bytes for draft in drafts], weights)
    shares = [max(_LEAST_BYTES, unit * w) for w in weights]
    whole = ((draft, _read(numbers, draft.shape), most) for draft, most in zip(drafts, shares, strict=True))
    return list(map_prefetched(lambda each: _shrink(*each), whole, threads))


def _read(numbers: IO[bytes], shape: tuple[int, ...]) -> Uint16:
    return np.frombuffer(numbers.read(2 * math.prod(shape)), np.uint16).reshape(shape)


def _share_out(budget: float, needs: Sequence[float], weights: Sequence[float]) -> float:
    """Return the bytes per unit of weight, where those who need less leave the rest to the others."""
    left, weight = budget, sum(weights)
    for need, own in sorted(zip(needs, weights, strict=True), key=lambda pair: pair[0] / pair[1]):
        if need > left * own / weight:
            return left / weight
        left, weight = left - need, weight - own
    return float("inf")


def _shrink(draft: Draft, numbers: Uint16, most_bytes: float) -> Piece:
    """Round the values within their own noise, then give up resolution, until they fit ``most_bytes``.

    Attempts are judged by a guess from some of the rows; what is taken is known to fit, but for the last attempt.
    """
    piece = draft.piece
    if draft.guess_bytes <= most_bytes * _GUESS_OFF:
        piece = replace(piece, planes=encode_planes(numbers))
        if piece.n_bytes <= most_bytes:
            return piece
    values = _Values(numbers)
    least = (piece.window[1] - piece.window[0]) / 512 / piece.slope  # nobody sees less
    spare = _spare_bits(values.bands(1.0), least)

    @cache
    def attempt(number: int) -> tuple[float, int, float]:
        """Share of the resolution, bits to round away, guess of bytes; sizes fall from attempt to attempt."""
        share = 1.0 if number < spare else _SHARES[number - spare]
        bands = values.bands(share)
        bits = number + 1 if number < spare else _spare_bits(bands, least)
        return share, bits, guess_bytes(_round(bands, bits), _scaled(len(numbers), share))

    last = spare + len(_SHARES) - 1
    first = bisect_left(range(last), True, key=lambda number: attempt(number)[2] <= most_bytes * _GUESS_OFF)
    for number in range(first, last + 1):
        share, bits, _ = attempt(number)
        rounded = _put_in(piece, values.scaled(share), bits)
        if rounded.n_bytes <= most_bytes:
            break
    return rounded


class _Values:
    """A slice's numbers uint16[rows, cols] or [rows, cols, 3] as float32 at any share of their resolution."""

    def __init__(self, numbers: Uint16) -> None:
        self._numbers = numbers
        planes = [numbers] if numbers.ndim == 2 else [numbers[:, :, c] for c in range(3)]
        self._planes = [Image.fromarray(plane.astype(np.float32)) for plane in planes]

    def scaled(self, share: float, band: tuple[int, int] | None = None) -> Float32:
        """Return the numbers at a share of the resolution; of these the rows of ``band`` alone."""
        if share == 1.0:
            return self._numbers[slice(*band or (None,))].astype(np.float32)
        rows, cols = (_scaled(side, share) for side in self._numbers.shape[:2])
        top, bottom = band or (0, rows)
        tall, wide = self._numbers.shape[:2]
        box = (0.0, top * tall / rows, float(wide), bottom * tall / rows)
        size, filter_ = (cols, bottom - top), Image.Resampling.HAMMING
        small = [np.asarray(plane.resize(size, filter_, box)) for plane in self._planes]
        return small[0] if len(small) == 1 else np.stack(small, axis=2)

    def bands(self, share: float) -> Float32:
        """Return some bands of rows: float32[n, rows, ...]."""
        rows = _scaled(len(self._numbers), share)
        return np.stack([self.scaled(share, band) for band in list_bands(rows)])


def _scaled(side: int, share: float) -> int:
    return max(16, round(side * share)) if share < 1 else side


def _put_in(piece: Piece, values: Float32, bits: int) -> Piece:
    step, (rows, cols) = piece.slope * 2.0**bits, values.shape[:2]
    return replace(piece, rows=rows, cols=cols, slope=step, error=step / 2, planes=encode_planes(_round(values, bits)))


def _round(values: Float32, bits: int) -> Uint16:
    rounded: Uint16 = np.rint(values * np.float32(0.5**bits)).astype(np.uint16)
    return rounded


def _spare_bits(bands: Float32, least: float) -> int:
    """Return how many bits may be rounded away within the noise, or within ``least``."""
    return min(15, int(math.log2(max(1.0, least, _noise(bands)))))


def _noise(bands: Float32) -> float:
    """Estimate the standard deviation of the noise where there is something to see (Immerkaer 1996, with a median)."""
    planes = bands if bands.ndim == 3 else bands[..., 1]
    if min(planes.shape[1:]) < 3:
        return 0.0
    a = planes[:, :-2] - 2 * planes[:, 1:-1] + planes[:, 2:]
    b = a[:, :, :-2] - 2 * a[:, :, 1:-1] + a[:, :, 2:]
    seen = planes[:, 1:-1, 1:-1] >= find_percentiles(planes, (50.0,))[0]
    return find_percentiles(np.abs(b[seen]), (50.0,))[0] / (0.6745 * 6)
