"""Whole numbers on a grid as few bytes, without loss, in a form that forty lines of script can undo.

Each number is predicted from its neighbours (the median edge detector of JPEG-LS: Weinberger et al. 2000), the
remainders are split into high and low bytes, and those are deflated. On brain scans a fifth smaller than 16-bit PNG,
which a browser would cut to 8 bits besides.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

Uint16 = npt.NDArray[np.uint16]
Int32 = npt.NDArray[np.int32]


def encode_grid(grid: Uint16) -> bytes:
    """Encode uint16[rows, cols]: raw deflate of all high bytes, then all low bytes, of the folded remainders."""
    values = grid.astype(np.int32)
    remainder = values.copy()
    remainder[0, 1:] -= values[0, :-1]
    remainder[1:, 0] -= values[:-1, 0]
    remainder[1:, 1:] -= _predict(values[1:, :-1], values[:-1, 1:], values[:-1, :-1])
    short = remainder.astype(np.int16)  # wraps around: the decoder adds modulo 65,536
    folded = ((short << 1) ^ (short >> 15)).view(np.uint16)
    high, low = (folded >> 8).astype(np.uint8), folded.astype(np.uint8)
    # Runs alone: as small as the full search on such data, and many times faster (measured on MR slices); the level
    # changes nothing in it but the time.
    deflate = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    return deflate.compress(high.tobytes() + low.tobytes()) + deflate.flush()


def decode_grid(coded: bytes, rows: int, cols: int) -> Uint16:
    """Decode :func:`encode_grid` to uint16[rows, cols], one antidiagonal at a time."""
    plain = np.frombuffer(zlib.decompress(coded, -15), np.uint8).astype(np.int32)
    folded = ((plain[: rows * cols] << 8) | plain[rows * cols :]).reshape(rows, cols)
    remainder = np.where(folded & 1, -((folded + 1) >> 1), folded >> 1)
    out = np.zeros((rows, cols), np.int32)
    for k in range(rows + cols - 1):
        r = np.arange(max(0, k - cols + 1), min(rows, k + 1))
        c = k - r
        left = np.where(c > 0, out[r, c - 1], np.where(r > 0, out[r - 1, 0], 0))
        up = np.where(r > 0, out[r - 1, c], left)
        corner = np.where((r > 0) & (c > 0), out[r - 1, c - 1], up)
        out[r, c] = (_predict(left, up, corner) + remainder[r, c]) & 0xFFFF
    return out.astype(np.uint16)


def _predict(left: Int32, up: Int32, corner: Int32) -> Int32:
    guess: Int32 = left + up - corner
    return np.clip(guess, np.minimum(left, up), np.maximum(left, up), out=guess)
