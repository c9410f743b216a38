"""Is a heatmap true to the model? Deletion and insertion against random orders of the same picture.

Source: Petsiuk, Das & Saenko, "RISE", BMVC 2018. Deletion covers the hottest cells first and watches the class
probability fall; insertion uncovers them first on a covered picture and watches it rise. Both numbers depend on the
picture and on the filler more than on the map, so a map is compared with random maps of the same picture that go
through the same steps.

A random map is as smooth as the one it is compared with (one of a few levels, rounded up): scattered single cells
destroy a picture faster than a patch of the same area, so white noise would be an unfair opponent in deletion and too
easy a one in insertion.

A map is better than chance when, of 100 random ones, at most one is better and at most four are as good (in a quick
trial none and two of 40). A map without knowledge passes this one to four times in a hundred. A stricter rule would
fail a map that is exactly right as soon as random ones hit the same spot by luck, as they do on a coarse grid.
The first 20 decide for most maps: one that does not hold against them has failed, and one that beats all of them by
:data:`MARGIN` and :data:`LEAD` has passed.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field

import numpy as np

from mri_batch.arrays import Float32, Float64, Int64
from mri_batch.explain.base import Forward
from mri_batch.explain.ops.grid import spread_cells
from mri_batch.explain.ops.perturb import Fill, fill_picture, masked_probability
from mri_batch.records import Faithfulness

SIGMAS = (0.0, 0.6, 0.9, 1.3, 2.0, 3.0)  # smoothness of random maps: standard deviation of the blur, in cells
MARGIN, LEAD = 5.0, 0.5  # standard deviations, and probability; strict, as few of 20 orders touch a small finding
SAME = 1e-9  # gains that differ by less are equal


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How maps are tested.

    ``shares`` of the cells are covered or uncovered, the hottest first. ``n_random`` orders are tried first, and
    ``more`` times as many where these do not decide; of them ``better`` may be better and ``as_good`` at least as
    good. Cost in passes: ``2 len(shares)`` per map, and for each picture and smoothness ``n_random`` times that, or
    ``more`` times as many.
    """

    shares: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.4)
    n_random: int = 20
    more: int = 5
    better: int = 1
    as_good: int = 4
    fill: Fill = "blur"
    seed: int = 0

    def passes(self, n_maps: int = 1) -> int:
        """Forward passes for n equally smooth maps of one picture and class, where the first orders decide."""
        return 2 + 2 * len(self.shares) * (self.n_random + n_maps)


QUICK = Trial(shares=(0.02, 0.1), more=2, better=0, as_good=2)  # 86 passes, at most 166: for the reports of a batch


@dataclass(slots=True)
class RandomOrders:
    """Results of random orders on one picture, computed once and shared by all of its maps. Make one per picture.

    ``areas`` by class, grid and smoothness: float64[m, 2] (deletion, insertion); ``ends`` by class: the probability
    of the whole and of the fully covered picture.
    """

    areas: dict[tuple[int, tuple[int, ...], float], Float64] = field(default_factory=dict)
    ends: dict[int, tuple[float, float]] = field(default_factory=dict)


def judge_faithfulness(
    forward: Forward,
    picture: Float32,
    heat: Float32,
    target: int,
    orders: RandomOrders | None = None,
    trial: Trial | None = None,
) -> Faithfulness:
    """Judge one map float32[grid_rows, grid_cols] of one picture float32[c, rows, cols] for a class index.

    ``score`` in -1..1: by how much deletion is lower and insertion higher than a random order's, on average.
    """
    orders, trial = RandomOrders() if orders is None else orders, trial or Trial()
    ranks = rank_cells(heat, np.random.default_rng(trial.seed))
    curves = _Curves(forward, picture, target, trial, orders)
    deletion, insertion = curves.run([ranks])[0].tolist()
    sigma = choose_sigma(ranks)
    first = Standing.of(deletion, insertion, curves.run_random(ranks.shape, sigma, trial.n_random))
    if first.stands_out or not first.holds(trial):
        return first.to_record(first.stands_out)
    final = Standing.of(deletion, insertion, curves.run_random(ranks.shape, sigma, trial.more * trial.n_random))
    return final.to_record(final.holds(trial))


def measure_areas(
    forward: Forward,
    picture: Float32,
    heat: Float32,
    target: int,
    orders: RandomOrders | None = None,
    trial: Trial | None = None,
) -> tuple[float, float]:
    """Areas under a map's deletion and insertion curves, without a verdict: ``2 len(shares)`` passes, and 2 once."""
    trial = trial or Trial()
    curves = _Curves(forward, picture, target, trial, RandomOrders() if orders is None else orders)
    deletion, insertion = curves.run([rank_cells(heat, np.random.default_rng(trial.seed))])[0].tolist()
    return deletion, insertion


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a map's areas stand among those of m random orders. ``gains``: insertion less deletion, float64[m]."""

    deletion: float
    insertion: float
    gains: Float64

    @classmethod
    def of(cls, deletion: float, insertion: float, chance: Float64) -> Standing:
        """Compare with float64[m, 2] (deletion, insertion)."""
        return cls(deletion=deletion, insertion=insertion, gains=chance[:, 1] - chance[:, 0])

    @property
    def ahead(self) -> float:
        """The map's gain over the mean random order's."""
        return self.insertion - self.deletion - float(self.gains.mean())

    @property
    def n_as_good(self) -> int:
        """Random orders that do at least as well."""
        return int(np.sum(self.gains >= self.insertion - self.deletion - SAME))

    def holds(self, trial: Trial) -> bool:
        """Whether few enough random orders are better, and few enough as good."""
        n_better = int(np.sum(self.gains > self.insertion - self.deletion + SAME))
        return n_better <= trial.better and self.n_as_good <= trial.as_good

    @property
    def stands_out(self) -> bool:
        """Whether the map beats all random orders, by the margin and by the lead."""
        spread = float(self.gains.std(ddof=1)) * math.sqrt(1 + 1 / len(self.gains))
        return self.n_as_good == 0 and self.ahead > max(LEAD, MARGIN * spread)

    def to_record(self, better_than_chance: bool) -> Faithfulness:
        """Return the record."""
        return Faithfulness(
            score=float(np.clip(self.ahead / 2, -1, 1)),
            p_value=(1 + self.n_as_good) / (1 + len(self.gains)),
            deletion=self.deletion,
            insertion=self.insertion,
            n_random=len(self.gains),
            better_than_chance=better_than_chance,
        )


@dataclass(frozen=True, slots=True)
class _Curves:
    """Deletion and insertion curves of orders of cells, on one picture and class."""

    forward: Forward
    picture: Float32
    target: int
    trial: Trial
    orders: RandomOrders

    def run(self, ranks: list[Int64]) -> Float64:
        """Areas under the deletion and insertion curves of m orders: float64[m, 2]."""
        filler = fill_picture(self.picture[None], self.trial.fill)[0]
        keep = np.concatenate([self._masks(each) for each in ranks])
        seen = masked_probability(self.forward, self.picture, filler, keep, self.target)
        curves = seen.reshape(len(ranks), 2, len(self.trial.shares)).astype(np.float64)
        whole, nothing = self._find_ends(filler)
        deletion = np.concatenate([np.full((len(ranks), 1), whole), curves[:, 0]], axis=1)
        insertion = np.concatenate([np.full((len(ranks), 1), nothing), curves[:, 1]], axis=1)
        return np.stack([mean_height(c, (0.0, *self.trial.shares)) for c in (deletion, insertion)], axis=1)

    def run_random(self, grid: tuple[int, ...], sigma: float, n_random: int) -> Float64:
        """The areas of the first ``n_random`` random orders of that smoothness, cached ones first."""
        key = (self.target, grid, sigma)
        known = self.orders.areas.get(key, np.zeros((0, 2)))
        if len(known) < n_random:
            # Orders of its own for every picture: ones that miss the middle by luck would pass the maps of all of them.
            rng = np.random.default_rng((self.trial.seed, len(known), zlib.crc32(self.picture.tobytes())))
            drawn = [rank_cells(draw_smooth_map(grid, sigma, rng), rng) for _ in range(n_random - len(known))]
            known = self.orders.areas[key] = np.concatenate([known, self.run(drawn)])
        return known[:n_random]

    def _masks(self, ranks: Int64) -> Float32:
        rows, cols = self.picture.shape[1:]
        counts = [max(1, round(share * ranks.size)) for share in self.trial.shares]
        deleted = np.stack([ranks >= count for count in counts])
        return spread_cells(np.concatenate([deleted, ~deleted]).astype(np.float32), rows, cols)

    def _find_ends(self, filler: Float32) -> tuple[float, float]:
        if self.target not in self.orders.ends:
            keep = np.stack([np.ones(self.picture.shape[1:]), np.zeros(self.picture.shape[1:])]).astype(np.float32)
            whole, nothing = masked_probability(self.forward, self.picture, filler, keep, self.target)
            self.orders.ends[self.target] = float(whole), float(nothing)
        return self.orders.ends[self.target]


def mean_height(curves: Float64, at: tuple[float, ...]) -> Float64:
    """Mean height of m curves float64[m, s] sampled at s places: the area by trapezoids over the width."""
    width = np.diff(at)
    area: Float64 = ((curves[:, 1:] + curves[:, :-1]) / 2 * width).sum(axis=1) / width.sum()
    return area


def rank_cells(heat: Float32, rng: np.random.Generator) -> Int64:
    """The rank of each cell, 0 for the hottest, int64 like the heat; equal cells in random order."""
    order = np.lexsort((rng.random(heat.size), -heat.ravel()))
    ranks = np.empty(heat.size, np.int64)
    ranks[order] = np.arange(heat.size)
    return ranks.reshape(heat.shape)


def choose_sigma(ranks: Int64) -> float:
    """Choose the smoothness of random maps so that they are at least as smooth as this one.

    Neighbouring values of a blurred field of standard deviation s correlate by exp(-1 / (4 s^2)).
    """
    centred = ranks - ranks.mean()
    pairs = [(centred[1:], centred[:-1]), (centred[:, 1:], centred[:, :-1])]
    products = [(a * b).mean() for a, b in pairs if a.size]
    correlation = float(np.mean(products) / max(float((centred**2).mean()), 1e-12)) if products else 0.0
    if correlation <= 0.1:  # 256 cells of white noise reach this by chance
        return SIGMAS[0]
    sigma = math.sqrt(-1 / (4 * math.log(min(correlation, 0.999))))
    return next((s for s in SIGMAS if s >= sigma), SIGMAS[-1])


def draw_smooth_map(grid: tuple[int, ...], sigma: float, rng: np.random.Generator) -> Float32:
    """Draw white noise blurred by a Gaussian of ``sigma`` cells, float32[grid_rows, grid_cols]; edges wrap around."""
    rows, cols = (np.fft.fftfreq(n)[:, None] for n in grid)
    response = np.exp(-2 * (np.pi * sigma) ** 2 * (rows**2 + cols.T**2))
    noise = np.fft.fft2(rng.standard_normal(grid))
    smooth: Float32 = np.fft.ifft2(noise * response).real.astype(np.float32)
    return smooth
