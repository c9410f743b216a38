"""Superpixels: small areas of similar colour, the units that LIME and Kernel SHAP switch off."""

from __future__ import annotations

import math

import numpy as np

from mri_batch.arrays import Float32, Int64


def cut_superpixels(picture: Float32, n_segments: int, compactness: float = 0.3, rounds: int = 8) -> Int64:
    """Segment float32[c, rows, cols] into about ``n_segments`` areas: int64[rows, cols], numbered from 0 without gaps.

    SLIC (Achanta et al., PAMI 2012): k-means over colour and position, from centres on a regular grid. ``compactness``
    weights position (in spacings of the grid) against colour (as a share of the picture's range). Unlike in SLIC each
    pixel may join any centre, not only those nearby, which costs more and changes little; and areas need not be
    connected.
    """
    channels, rows, cols = picture.shape
    spacing = math.sqrt(rows * cols / n_segments)
    down = _centres(rows, max(1, round(rows / spacing)))
    across = _centres(cols, max(1, round(cols / spacing)))
    spread = float(picture.max() - picture.min()) or 1.0
    colour = picture.reshape(channels, -1).T / spread / math.sqrt(channels)
    place = np.stack(np.meshgrid(np.arange(rows), np.arange(cols), indexing="ij"), -1).reshape(-1, 2)
    points = np.concatenate([colour, place * (compactness / spacing)], axis=1).astype(np.float32)
    seeds = (down[:, None] * cols + across[None, :]).ravel()
    centres = points[seeds]
    for _ in range(rounds):
        nearest = _assign(points, centres)
        counts = np.bincount(nearest, minlength=len(centres))
        sums = np.stack([np.bincount(nearest, x, minlength=len(centres)) for x in points.T], axis=1)
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres).astype(np.float32)
    _, numbered = np.unique(_assign(points, centres), return_inverse=True)
    return numbered.reshape(rows, cols).astype(np.int64)


def _centres(n_px: int, count: int) -> Int64:
    return ((np.arange(count) + 0.5) * n_px / count).astype(np.int64)


def _assign(points: Float32, centres: Float32) -> Int64:
    # |p - c|^2 without the term that is the same for all centres
    nearest: Int64 = ((centres**2).sum(axis=1) - 2.0 * points @ centres.T).argmin(axis=1)
    return nearest


def open_segments(segments: Int64, switched: Float32) -> Float32:
    """Masks float32[m, rows, cols] for m rows of switches float32[m, s], 1 where a segment is kept."""
    return switched[:, segments]
