"""Kernel SHAP on superpixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mri_batch.arrays import Float32, Float64, Int64
from mri_batch.explain.base import Family, Forward, Method
from mri_batch.explain.ops.grid import choose_grid, name_label, pool_cells
from mri_batch.explain.ops.perturb import Fill, fill_picture, masked_probability
from mri_batch.explain.ops.superpixels import cut_superpixels, open_segments
from mri_batch.records import Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelShap(Method):
    """Each superpixel's Shapley value for the class probability, estimated from random coalitions.

    Source: Lundberg & Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS 2017; coalition sizes
    are drawn by the Shapley kernel, each coalition with its complement (Covert & Lee, AISTATS 2021), or all of them
    where that takes no more than ``samples``. The values add up to the change from the filler to the picture exactly
    (efficiency). Needs: any classifier. Knobs: ``segments``, ``samples``, the ``fill`` of absent segments, ``seed``.
    Shapes: heat on the model's grid or cells of 8 px, the mean over each cell.
    Sign: signed, positive speaks for the class. Cost: ``samples`` and 2 passes.
    Known failure: many superpixels need many samples; the values depend on the choice of filler.
    """

    name: ClassVar[str] = "kernel_shap"
    family: ClassVar[Family] = "perturbation"
    segments: int = 40
    samples: int = 300
    fill: Fill = "blur"
    seed: int = 0

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Heat float32[n, grid_rows, grid_cols]."""
        filler = fill_picture(pixels, self.fill)
        heat = np.stack([self._explain(forward, *one) for one in zip(pixels, filler, target, strict=True)])
        return Attribution(
            heat=pool_cells(heat, choose_grid(forward.wiring, pixels)),
            method=self.name,
            label=name_label(forward, target),
            signed=True,
            passes=self.samples + 2.0,
        )

    def _explain(self, forward: Forward, picture: Float32, filler: Float32, target: np.int64) -> Float32:
        segments = cut_superpixels(picture, self.segments)
        count = int(segments.max()) + 1
        rng = np.random.default_rng(self.seed)
        coalitions, weights = choose_coalitions(count, self.samples, rng)
        ends = np.stack([np.zeros(count), np.ones(count)]).astype(np.float32)
        keep = open_segments(segments, np.concatenate([ends, coalitions]))
        seen = masked_probability(forward, picture, filler, keep, int(target))
        values = solve_shapley(coalitions, weights, seen[2:], float(seen[0]), float(seen[1]))
        sizes = np.bincount(segments.ravel())
        # Spread over the segment's pixels, so that a picture's heat adds up.
        return (values / sizes)[segments].astype(np.float32)


def choose_coalitions(count: int, samples: int, rng: np.random.Generator) -> tuple[Float32, Float64]:
    """Choose coalitions float32[m, count] of 0 and 1, neither empty nor full, and their weights float64[m]."""
    if count < 2:
        return np.zeros((0, count), np.float32), np.zeros(0)
    if 2**count - 2 <= samples:
        numbers = np.arange(1, 2**count - 1)
        every = (numbers[:, None] >> np.arange(count) & 1).astype(np.float32)
        sizes = every.sum(axis=1).astype(int)
        ways = np.array([_binomial(count, k) for k in range(count + 1)])
        return every, (count - 1) / (ways[sizes] * sizes * (count - sizes))
    sizes = np.arange(1, count)
    odds = 1.0 / (sizes * (count - sizes))
    drawn = rng.choice(sizes, samples // 2, p=odds / odds.sum())
    ranks = rng.random((samples // 2, count)).argsort(axis=1).argsort(axis=1)
    half = (ranks < drawn[:, None]).astype(np.float32)
    return np.concatenate([half, 1.0 - half]), np.ones(2 * len(half))


def solve_shapley(x: Float32, weights: Float64, y: Float32, empty: float, full: float) -> Float64:
    """Weighted least squares for y ~ empty + x v under the condition that v adds up to full - empty: float64[s]."""
    gain, count = full - empty, x.shape[1]
    if count == 1:
        return np.array([gain])
    reduced = (x[:, :-1] - x[:, -1:]).astype(np.float64)
    left = y - empty - x[:, -1] * gain
    scaled = reduced * np.sqrt(weights)[:, None]
    values, *_ = np.linalg.lstsq(scaled, left * np.sqrt(weights), rcond=None)
    return np.append(values, gain - values.sum())


def _binomial(n: int, k: int) -> float:
    result = 1.0
    for i in range(k):
        result = result * (n - i) / (i + 1)
    return result
