"""Colours of heat, and where stills put it."""

from __future__ import annotations

import numpy as np
import pytest

from mri_batch.arrays import Uint8
from mri_batch.placement import Placement, place_heat
from mri_batch.report.study.colours import RAMP_AGAINST, RAMP_FOR, colour_heat
from mri_batch.report.study.thumbnails import lay_heat, to_upright, unturned


def _lightness(ramp: Uint8) -> np.ndarray:
    linear = np.where(ramp / 255 <= 0.04045, ramp / 255 / 12.92, ((ramp / 255 + 0.055) / 1.055) ** 2.4)
    y = linear @ np.array([0.2126, 0.7152, 0.0722])
    lightness: np.ndarray = np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)
    return lightness


@pytest.mark.parametrize("ramp", [RAMP_FOR, RAMP_AGAINST], ids=["for", "against"])
def test_lightness_rises_with_every_step_of_a_ramp(ramp: Uint8) -> None:
    """Hotter is always lighter (CIE L*)."""
    lightness = _lightness(ramp)
    assert np.all(np.diff(lightness) > 0)
    assert lightness[-1] > 95
    assert lightness[0] < 3


def test_heat_below_the_threshold_is_not_drawn() -> None:
    """Alpha is nought below the threshold and as asked for at the top; negative heat has the other ramp."""
    colour, alpha = colour_heat(np.array([[0.0, 0.1, 1.0, -1.0]], np.float32), opacity=0.6, threshold=0.15)
    assert alpha.ravel().tolist() == pytest.approx([0, 0, 0.6, 0.6])
    assert colour[0, 2].tolist() == RAMP_FOR[255].tolist()
    assert colour[0, 3].tolist() == RAMP_AGAINST[255].tolist()


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_heat_on_an_upright_slice_is_the_heat_on_the_slice_turned(mirrored: bool, turns: int) -> None:
    """Turning first or last is the same, crop boxes beyond the edge included."""
    placement = Placement(
        rows=40, cols=60, mirrored=mirrored, quarter_turns=turns, top=-6.5, left=4.25, height=47.0, width=50.5
    )
    heat = np.random.default_rng(0).random((7, 5), np.float32)
    upright = unturned(placement)
    expected = to_upright(place_heat(heat, placement), placement)
    np.testing.assert_allclose(lay_heat(heat, upright, upright.rows, upright.cols), expected, atol=2e-5)
