"""Agreement of heat with a mask drawn by people, and of two maps with each other, on one slice.

Heat is float32[rows, cols] laid on the slice (:func:`mri_batch.placement.place_heat`), a mask bool[rows, cols].
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float32

Mask = npt.NDArray[np.bool_]
TOLERANCE_PX = 4.0


def hits_mask(peak_px: tuple[int, int], mask: Mask, tolerance_px: float = TOLERANCE_PX) -> bool:
    """Pointing game (Zhang et al., IJCV 2018): whether the peak lies in the mask or within some px of it."""
    rows, cols = np.nonzero(mask)
    if rows.size == 0:
        return False
    return bool(((rows - peak_px[0]) ** 2 + (cols - peak_px[1]) ** 2).min() <= tolerance_px**2)


def energy_ratio(heat: Float32, mask: Mask) -> float:
    """Share of positive heat in the mask over the mask's share of the area: 1 is chance, NaN without either."""
    positive = np.maximum(heat, 0.0).astype(np.float64)
    total, area = positive.sum(), mask.mean()
    return float(positive[mask].sum() / total / area) if total > 0 and area > 0 else float("nan")


def mask_auprc(heat: Float32, mask: Mask) -> float:
    """Area under the precision-recall curve of heat as a score for mask pixels (average precision).

    Chance is the mask's share of the area. NaN where the mask is empty.
    """
    truth = mask.ravel()[np.argsort(-heat.ravel(), kind="stable")]
    if not truth.any():
        return float("nan")
    values = -np.sort(-heat.ravel(), kind="stable")
    last = np.append(np.flatnonzero(np.diff(values)), values.size - 1)  # the last place of each run of equal heat
    found = np.cumsum(truth)[last].astype(np.float64)
    precision, recall = found / (last + 1.0), found / found[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def rank_agreement(one: Float32, other: Float32) -> float:
    """Spearman's rank correlation of two maps of one shape, in -1..1; ties share their mean rank. NaN for a flat map.

    Class sensitivity: of the maps of the top two classes. Randomisation sanity (Adebayo et al., NeurIPS 2018): of the
    maps of a model and of the same network with shuffled weights. Both should be far from 1.
    """
    a, b = mean_ranks(one), mean_ranks(other)
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / scale) if scale > 0 else float("nan")


def mean_ranks(values: Float32) -> npt.NDArray[np.float64]:
    """Ranks from 0 of the flattened values, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    last = np.cumsum(counts).astype(np.float64)
    ranks: npt.NDArray[np.float64] = (last - (counts + 1) / 2.0)[inverse.ravel()]
    return ranks


def draw_random_map(grid: tuple[int, int], rng: np.random.Generator) -> Float32:
    """A map without knowledge: uniform heat float32[grid_rows, grid_cols] in 0..1."""
    return rng.random(grid, np.float32)


def centre_prior(grid: tuple[int, int]) -> Float32:
    """A map that knows only where the middle of a picture is: a Gaussian of a quarter of the side, peak 1."""
    rows, cols = ((np.arange(n) + 0.5) / n - 0.5 for n in grid)
    prior: Float32 = np.exp(-(rows[:, None] ** 2 + cols**2) / (2 * 0.25**2)).astype(np.float32)
    return prior
