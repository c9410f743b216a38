"""Agreement with masks, differences of maps, and the fixed scale."""

from __future__ import annotations

import numpy as np
import pytest

from mri_batch.card import Wiring
from mri_batch.explain.methods.rollout import Rollout
from mri_batch.explain.ops.scale import measure_scale
from mri_batch.explain.quality.localization import (
    centre_prior,
    draw_random_map,
    energy_ratio,
    hits_mask,
    mask_auprc,
    mean_ranks,
    rank_agreement,
)
from mri_batch.explain.quality.randomization import compare_heat
from tests.explain.fakes import OutputsForward

MASK = np.zeros((20, 20), bool)
MASK[5:8, 5:8] = True


@pytest.mark.parametrize(
    ("peak", "hit"), [((6, 6), True), ((11, 6), True), ((12, 6), False), ((9, 10), True), ((11, 10), False)]
)
def test_pointing_game_allows_four_pixels_to_the_nearest_mask_pixel(peak: tuple[int, int], hit: bool) -> None:
    """The distance is straight, to the centre of the nearest mask pixel."""
    assert hits_mask(peak, MASK) is hit


def test_pointing_game_cannot_be_won_without_a_mask() -> None:
    """A slice without a tumour has nothing to hit."""
    assert not hits_mask((0, 0), np.zeros((4, 4), bool))


def test_energy_ratio_is_one_for_flat_heat_and_the_inverse_area_for_perfect_heat() -> None:
    """Even heat is chance; heat in the mask alone is as good as the mask is small; negative heat does not count."""
    assert energy_ratio(np.ones((20, 20), np.float32), MASK) == pytest.approx(1.0)
    assert energy_ratio(np.where(MASK, 1, -1).astype(np.float32), MASK) == pytest.approx(400 / 9)
    assert np.isnan(energy_ratio(np.zeros((20, 20), np.float32), MASK))


def test_mask_auprc_is_the_mean_precision_over_the_mask_pixels() -> None:
    """Written out plainly: for each mask pixel the precision among all pixels at least as hot."""
    heat = np.random.default_rng(0).integers(0, 6, (20, 20)).astype(np.float32)
    plain = np.mean([MASK[heat >= heat[r, c]].mean() for r, c in zip(*np.nonzero(MASK), strict=True)])
    assert mask_auprc(heat, MASK) == pytest.approx(plain)
    assert mask_auprc(MASK.astype(np.float32), MASK) == 1.0
    assert mask_auprc(np.zeros((20, 20), np.float32), MASK) == pytest.approx(MASK.mean())
    assert np.isnan(mask_auprc(heat, np.zeros((20, 20), bool)))


def test_heat_that_vanishes_with_the_weights_is_another_map() -> None:
    """Flat on one side is no agreement; flat on both says nothing; a turned sign counts for nothing."""
    heat, flat = np.random.default_rng(0).standard_normal((6, 6)).astype(np.float32), np.zeros((6, 6), np.float32)
    assert compare_heat(heat, flat) == compare_heat(flat, heat) == 0.0
    assert np.isnan(compare_heat(flat, flat))
    assert compare_heat(heat, -heat) == pytest.approx(1.0)


def test_rank_agreement_sees_order_alone() -> None:
    """A map and any rising function of it agree fully, a map and its negative not at all, a flat one with nothing."""
    heat = np.random.default_rng(1).random((6, 6), np.float32)
    assert rank_agreement(heat, np.exp(heat)) == pytest.approx(1.0)
    assert rank_agreement(heat, -heat) == pytest.approx(-1.0)
    assert np.isnan(rank_agreement(heat, np.zeros((6, 6), np.float32)))


def test_mean_ranks_share_ties() -> None:
    """Two equal values take the mean of their places."""
    assert mean_ranks(np.array([[5, 1], [5, 9]], np.float32)).tolist() == [1.5, 0.0, 1.5, 3.0]


def test_priors_know_nothing_and_only_the_middle() -> None:
    """The random map is seeded and in 0..1; the centre prior is symmetric and hottest in the middle."""
    assert np.array_equal(
        draw_random_map((3, 4), np.random.default_rng(1)), draw_random_map((3, 4), np.random.default_rng(1))
    )
    prior = centre_prior((5, 5))
    assert prior.argmax() == 12
    assert np.allclose(prior, prior[::-1, ::-1])


def test_scale_leaves_half_of_the_pictures_above_it() -> None:
    """The top of the bar is the median of the hottest cells, over more pictures than one batch."""
    peaks = np.arange(1, 102, dtype=np.float32)
    given = {"r": lambda pixels, target, guided: pixels[:, 0]}
    forward = OutputsForward(Wiring(rollout="r"), given)
    pixels = peaks[:, None, None, None] * np.ones((1, 1, 2, 2), np.float32)
    assert measure_scale(forward, Rollout(in_graph=True), pixels, np.zeros(101, np.int64)) == pytest.approx(51.0)
    assert measure_scale(forward, Rollout(in_graph=True), pixels * 0, np.zeros(101, np.int64)) == 1.0
