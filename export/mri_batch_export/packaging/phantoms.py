"""Synthetic slices to compare networks on: a skull, soft tissue and bright or dark spots."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Uint8
from mri_batch.card import Preprocessing


def make_phantoms(n: int, preprocessing: Preprocessing, seed: int = 0) -> Uint8:
    """Make n pictures uint8[n, rows, cols, c], c = 3 for colour models and else 1."""
    rng = np.random.default_rng(seed)
    planes = 3 if preprocessing.colour == "rgb" else 1
    rows, cols = preprocessing.rows, preprocessing.cols
    pictures = [[_make_plane(rng, rows, cols) for _ in range(planes)] for _ in range(n)]
    return np.moveaxis(np.array(pictures, np.uint8).reshape(n, planes, rows, cols), 1, -1)


def _make_plane(rng: np.random.Generator, rows: int, cols: int) -> npt.NDArray[np.floating]:
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : cols * 1j]
    distance = np.hypot(y / rng.uniform(0.8, 0.95), x / rng.uniform(0.65, 0.9))
    plane = 80.0 * (distance < 1) + 60.0 * (np.abs(distance - 0.95) < 0.05)
    for _ in range(rng.integers(2, 6)):
        centre_y, centre_x = rng.uniform(-0.5, 0.5, 2)
        width = rng.uniform(0.05, 0.2)
        plane += rng.uniform(-60, 110) * np.exp(-((y - centre_y) ** 2 + (x - centre_x) ** 2) / (2 * width**2))
    noisy: npt.NDArray[np.floating] = plane * (distance < 1) + rng.normal(0, 2, plane.shape)
    return noisy.clip(0, 255)
