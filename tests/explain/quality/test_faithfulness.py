"""Faithfulness: a map that knows is told from maps that do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mri_batch.arrays import Float32, Float64
from mri_batch.explain.quality.faithfulness import (
    QUICK,
    SIGMAS,
    RandomOrders,
    Standing,
    Trial,
    choose_sigma,
    draw_smooth_map,
    judge_faithfulness,
    mean_height,
    measure_areas,
    rank_cells,
)
from tests.explain.fakes import NumpyForward

CELLS, SIDE = 8, 32
FULL, REPORTS = Trial(fill="black"), replace(QUICK, fill="black")


def planted_case(seed: int) -> tuple[NumpyForward, Float32, Float32]:
    """A model that looks at 2 x 2 cells somewhere, a picture with evidence there, and the map that says so."""
    rng = np.random.default_rng(seed)
    row, col = rng.integers(0, CELLS - 1, 2) * 4

    def look(pixels: Float32) -> Float32:
        seen = pixels[:, 0, row : row + 8, col : col + 8].mean(axis=(1, 2))
        return np.stack([8 * seen - 4, np.zeros_like(seen)], axis=1)

    picture = rng.normal(0.2, 0.05, (1, SIDE, SIDE)).astype(np.float32)
    picture[:, row : row + 8, col : col + 8] += 0.8
    heat = rng.normal(0, 0.02, (CELLS, CELLS)).astype(np.float32)
    heat[row // 4 : row // 4 + 2, col // 4 : col // 4 + 2] += 1.0
    return NumpyForward(look, ("a", "b")), picture, heat


def scattered_case(seed: int) -> tuple[NumpyForward, Float32]:
    """A model that adds up evidence from the whole picture with weights of either sign."""
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((CELLS, CELLS)).repeat(4, 0).repeat(4, 1)

    def look(pixels: Float32) -> Float32:
        seen = (pixels[:, 0] * weights).mean(axis=(1, 2)) * 10
        return np.stack([seen, np.zeros_like(seen)], axis=1)

    return NumpyForward(look, ("a", "b")), rng.random((1, SIDE, SIDE), np.float32)


@pytest.mark.parametrize("trial", [FULL, REPORTS], ids=["full", "reports"])
@pytest.mark.parametrize("scattered", [False, True])
def test_random_map_is_no_better_than_chance(scattered: bool, trial: Trial) -> None:
    """Of 300 random maps, white and smooth, at most 15 pass, whether evidence stands in one place or everywhere."""
    passed = 0
    for seed in range(100):
        forward, picture = scattered_case(seed) if scattered else planted_case(seed)[:2]
        for sigma in (0.0, 1.0, 2.5):
            heat = draw_smooth_map((CELLS, CELLS), sigma, np.random.default_rng(1000 + seed))
            passed += judge_faithfulness(forward, picture, heat, 0, trial=trial).better_than_chance
    assert passed <= 15


@pytest.mark.parametrize("trial", [FULL, REPORTS], ids=["full", "reports"])
def test_planted_map_is_always_better_than_chance(trial: Trial) -> None:
    """A map that shows exactly where the model looks passes in every one of 100 pictures."""
    for seed in range(100):
        forward, picture, heat = planted_case(seed)
        assert judge_faithfulness(forward, picture, heat, 0, trial=trial).better_than_chance


def test_upside_down_map_scores_below_chance() -> None:
    """Where the map is coldest the evidence is: the score is negative and the p-value large."""
    forward, picture, heat = planted_case(0)
    judged = judge_faithfulness(forward, picture, -heat, 0, trial=FULL)
    assert judged.score < 0
    assert judged.p_value > 0.5
    assert not judged.better_than_chance


def test_flat_map_is_no_better_than_chance() -> None:
    """A map without any difference has no order to offer."""
    forward, picture, _ = planted_case(3)
    assert not judge_faithfulness(forward, picture, np.zeros((CELLS, CELLS), np.float32), 0).better_than_chance


def test_model_that_never_changes_its_mind_makes_no_map_better_than_chance() -> None:
    """Where nothing that is covered matters, nothing can be proved."""
    forward = NumpyForward(lambda x: np.tile(np.array([3, 0], np.float32), (len(x), 1)), ("a", "b"))
    judged = judge_faithfulness(forward, planted_case(0)[1], planted_case(0)[2], 0)
    assert (judged.score, judged.p_value, judged.better_than_chance) == (0.0, 1.0, False)


def test_random_orders_are_shared_by_equally_smooth_maps_of_a_picture() -> None:
    """The first map pays for the random orders, the next only for itself; the answer is the same either way."""
    forward, picture, heat = planted_case(0)  # one that the first 20 settle
    orders = RandomOrders()
    alone = judge_faithfulness(forward, picture, heat, 0, orders, FULL)
    assert forward.n_passes == FULL.passes(1)
    shared = judge_faithfulness(forward, picture, heat, 0, orders, FULL)
    assert forward.n_passes == FULL.passes(2)
    assert shared == alone


def test_judging_twice_gives_the_same() -> None:
    """The seed is a knob; nothing else is random."""
    forward, picture, heat = planted_case(2)
    assert judge_faithfulness(forward, picture, heat, 0) == judge_faithfulness(forward, picture, heat, 0)


def test_areas_alone_are_those_of_the_judgement() -> None:
    """At the cost of the map's own passes and none for random orders."""
    forward, picture, heat = planted_case(4)
    judged = judge_faithfulness(forward, picture, heat, 0, trial=FULL)
    forward.n_passes = 0
    assert measure_areas(forward, picture, heat, 0, trial=FULL) == (judged.deletion, judged.insertion)
    assert forward.n_passes == 2 * len(FULL.shares) + 2


def chance_of(*gains: float) -> Float64:
    """Areas of random orders with these gains."""
    return np.array([[0.5 - gain / 2, 0.5 + gain / 2] for gain in gains])


def test_equal_orders_count_against_the_p_value_but_a_few_are_allowed() -> None:
    """On a coarse grid luck ties with knowledge; being outdone is another matter."""
    tied = Standing.of(0.2, 0.8, chance_of(*[0.0] * 16, *[0.6] * 4))
    assert tied.to_record(True).p_value == pytest.approx(5 / 21)
    assert tied.holds(FULL)
    assert not tied.holds(REPORTS)
    assert not tied.stands_out
    assert not Standing.of(0.2, 0.8, chance_of(*[0.0] * 15, *[0.6] * 5)).holds(FULL)
    assert Standing.of(0.2, 0.8, chance_of(*[0.0] * 19, 0.7)).holds(FULL)
    assert not Standing.of(0.2, 0.8, chance_of(*[0.0] * 19, 0.7)).holds(REPORTS)
    assert not Standing.of(0.2, 0.8, chance_of(*[0.0] * 18, 0.7, 0.7)).holds(FULL)


def test_standing_out_takes_a_margin_over_the_spread() -> None:
    """A map that is just ahead of all of them does not pass at once."""
    gains = [-0.1, 0.1] * 10
    assert Standing.of(0.2, 0.8, chance_of(*gains)).stands_out
    assert not Standing.of(0.4, 0.9, chance_of(*gains)).stands_out
    assert Standing.of(0.2, 0.8, chance_of(*[0.0] * 20)).stands_out
    assert not Standing.of(0.3, 0.7, chance_of(*[0.0] * 20)).stands_out


def test_map_that_does_not_stand_out_at_once_is_tried_against_more_orders() -> None:
    """A lucky order among the first 20 does not hide a planted map: 80 more are tried, and kept like the first."""
    tried = set()
    for seed in range(30):
        forward, picture, heat = planted_case(seed)
        orders = RandomOrders()
        judged = judge_faithfulness(forward, picture, heat, 0, orders, FULL)
        assert judged.better_than_chance
        assert {len(areas) for areas in orders.areas.values()} == {judged.n_random}
        tried.add(judged.n_random)
    assert tried == {20, 100}


def test_score_is_the_mean_gain_in_deletion_and_insertion() -> None:
    """0.3 less in deletion and 0.1 more in insertion than the mean random order: 0.2."""
    standing = Standing.of(0.2, 0.6, np.array([[0.6, 0.4], [0.4, 0.6]]))
    assert standing.to_record(False).score == pytest.approx(0.2)


def test_mean_height_is_the_area_by_trapezoids() -> None:
    """Heights 1, 0, 0 at 0, 0.1, 0.4."""
    assert mean_height(np.array([[1.0, 0.0, 0.0]]), (0.0, 0.1, 0.4))[0] == pytest.approx(0.05 / 0.4)


def test_rank_cells_orders_from_hot_to_cold_and_breaks_ties_at_random() -> None:
    """The hottest cell is 0; equal cells do not keep their reading order."""
    ranks = rank_cells(np.array([[3, 9], [5, 1]], np.float32), np.random.default_rng(0))
    assert ranks.tolist() == [[2, 0], [1, 3]]
    flat = rank_cells(np.zeros((4, 4), np.float32), np.random.default_rng(0)).ravel()
    assert sorted(flat) == list(range(16))
    assert flat.tolist() != list(range(16))


@pytest.mark.parametrize("sigma", SIGMAS)
def test_choose_sigma_finds_a_map_at_least_as_smooth(sigma: float) -> None:
    """The level chosen for random maps of a known smoothness is, but for chance, that one or the next above."""
    rng = np.random.default_rng(0)
    chosen = [choose_sigma(rank_cells(draw_smooth_map((16, 16), sigma, rng), rng)) for _ in range(40)]
    allowed = SIGMAS[max(0, SIGMAS.index(sigma) - 1) : SIGMAS.index(sigma) + 2]
    assert np.mean([c in allowed for c in chosen]) >= 0.95
    assert np.median(chosen) >= sigma
