"""The model sees what it saw in training, and its grid lies where it says on the slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mri_batch.arrays import Float32
from mri_batch.card import Crop, Intensity, Preprocessing
from mri_batch.model.prepare import choose_turn, place_slice, prepare
from mri_batch.placement import Placement, find_peak, locate_peak, place_heat
from mri_batch.records import FileKind, FoundFile, Slice

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
PLAIN = Preprocessing(
    channels=1,
    rows=32,
    cols=32,
    mean=(0.0,),
    std=(1.0,),
    crop=Crop(kind="none"),
    intensity=Intensity(kind="range", low=0, high=1),
)


def picture(pixels: Float32, **more: object) -> Slice:
    """Make a slice of pixels alone."""
    found = FoundFile(path=Path("x"), relative="x", file_id="f", kind=FileKind.PNG, size_bytes=1, modified_ns=0)
    return Slice(file=found, frame=0, pixels=pixels, window=(0.0, 1.0), **more)  # type: ignore[arg-type]


def test_prepare_equals_pillow_when_nothing_is_cropped() -> None:
    """Without crop and window the input is Pillow's resize, to the last bit."""
    pixels = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    expected = np.asarray(Image.fromarray(pixels).resize((32, 32), Image.Resampling.BILINEAR))
    assert np.array_equal(prepare([picture(pixels)], PLAIN).pixels[0, 0], expected)


def test_prepare_pads_a_wide_slice_to_a_square() -> None:
    """A slice twice as wide as high fills half of the rows and keeps its proportions."""
    ready = prepare([picture(np.ones((32, 64), np.float32))], PLAIN)
    rows = ready.pixels[0, 0].mean(axis=1)
    assert rows[:7].max() == 0
    assert rows[10:22].min() == pytest.approx(1.0)
    assert ready.placements[0].height == ready.placements[0].width == 64


def test_prepare_makes_pixels_square_in_mm() -> None:
    """Rows twice as far apart as columns stand twice as high."""
    placement = place_slice(picture(np.ones((32, 64), np.float32), spacing_mm=(2.0, 1.0)), PLAIN)
    assert (placement.height, placement.width) == (32, 64)


def test_foreground_crop_ignores_specks() -> None:
    """One bright pixel far out does not widen the box around the head."""
    pixels = np.zeros((100, 100), np.float32)
    pixels[30:70, 40:60] = 1.0
    pixels[2, 2] = 1.0
    placement = place_slice(picture(pixels), PLAIN.model_copy(update={"crop": Crop(margin=0.0)}))
    assert (placement.top, placement.left, placement.height, placement.width) == (30, 30, 40, 40)


def test_prepare_survives_blank_and_broken_values() -> None:
    """A blank slice, or one with NaN and infinity, gives finite numbers."""
    odd = np.full((20, 30), np.nan, np.float32)
    odd[3, 4] = np.inf
    for pixels in (np.zeros((20, 30), np.float32), odd):
        assert np.isfinite(prepare([picture(pixels)], Preprocessing()).pixels).all()


def test_prepare_of_nothing_is_empty() -> None:
    """No slice, no input, and the right shape of nothing."""
    assert prepare([], PLAIN).pixels.shape == (0, 1, 32, 32)


def test_colour_slices_serve_grey_models_and_the_other_way_round() -> None:
    """Luma for grey models; three equal channels of a grey slice for colour models."""
    colour = np.zeros((8, 8, 3), np.float32)
    colour[..., 0] = 1.0
    assert prepare([picture(colour)], PLAIN).pixels[0, 0, 16, 16] == pytest.approx(0.299, abs=1e-5)
    rgb = PLAIN.model_copy(update={"colour": "rgb", "channels": 3, "mean": (0.0,) * 3, "std": (1.0,) * 3})
    assert prepare([picture(np.ones((8, 8), np.float32))], rgb).pixels.shape == (1, 3, 32, 32)


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (AXIAL, (False, 0)),
        ((-1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (True, 0)),  # rows run to the patient's right
        ((1.0, 0.0, 0.0, 0.0, -1.0, 0.0), (True, 2)),  # upside down
        ((0.0, 1.0, 0.0, 0.0, 0.0, -1.0), (False, 0)),  # sagittal as viewed
        ((1.0, 0.0, 0.0, 0.0, 0.0, -1.0), (False, 0)),  # coronal as viewed
        ((0.0, 0.0, -1.0, 0.0, 1.0, 0.0), (True, 1)),  # sagittal lying on its side
        ((0.998, 0.05, 0.02, -0.05, 0.99, 0.1), (False, 0)),  # oblique, near axial
        (None, (False, 0)),
    ],
)
def test_choose_turn_brings_the_usual_view(orientation: tuple[float, ...] | None, expected: tuple[bool, int]) -> None:
    """Every stored orientation is shown as radiologists view the plane."""
    assert choose_turn(orientation) == expected


@settings(max_examples=60)
@given(
    row=st.integers(8, 71),
    col=st.integers(8, 47),
    turns=st.integers(0, 3),
    mirrored=st.booleans(),
)
def test_heat_lies_on_the_pixels_that_made_it(row: int, col: int, turns: int, mirrored: bool) -> None:
    """A bright spot on a non-square slice, turned and mirrored, is found again by its own heat."""
    pixels = np.zeros((80, 56), np.float32)
    pixels[row - 3 : row + 4, col - 3 : col + 4] = 1.0
    shape = (80, 56) if turns % 2 == 0 else (56, 80)
    side = float(max(shape))
    placement = Placement(
        rows=80, cols=56, quarter_turns=turns, mirrored=mirrored,
        top=(shape[0] - side) / 2, left=(shape[1] - side) / 2, height=side, width=side,
    )  # fmt: skip
    from mri_batch.model.prepare import cut_out

    heat = cut_out(picture(pixels), placement, PLAIN, 20, 20)[:, :, 0]
    placed = place_heat(heat, placement)
    centre = np.argwhere(placed == placed.max()).mean(axis=0)
    peak = find_peak(heat, placement)
    assert np.abs(centre - (row, col)).max() <= 3
    assert max(abs(peak[0] - row), abs(peak[1] - col)) <= 4


def test_place_heat_is_nothing_outside_the_view() -> None:
    """Pixels that the model never saw carry no heat."""
    placement = Placement(rows=10, cols=10, top=0, left=0, height=5, width=10)
    placed = place_heat(np.ones((2, 2), np.float32), placement)
    assert placed[:5].min() == 1.0
    assert placed[5:].max() == 0.0


def test_peak_of_a_blob_over_two_cells_lies_between_them() -> None:
    """By their heat; a far second blob and cold cells do not pull at it."""
    heat = np.zeros((6, 6), np.float32)
    heat[2, 2], heat[2, 3], heat[5, 5] = 3.0, 1.0, 2.9
    heat[1, 1:4] = -9.0
    assert locate_peak(heat) == (2.0, 2.25)


def test_peak_of_one_cell_is_its_centre() -> None:
    """In a corner too, and where all heat speaks against the class."""
    for row, col in ((0, 0), (5, 5), (2, 3)):
        heat = np.zeros((6, 6), np.float32)
        heat[row, col] = 1.0
        assert locate_peak(heat) == (row, col)
        assert locate_peak(heat - 2) == (row, col)
