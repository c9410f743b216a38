"""Pictures beside the page: exact where they fit, honest where they do not, the same bytes each time."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mri_batch.records import LayerHeads, ReportSlice, Slice
from mri_batch.report.study.budget import budget_bytes
from mri_batch.report.study.bundle import load_pieces, write_pieces
from mri_batch.report.study.piece import Piece
from mri_batch.report.study.thumbnails import to_upright
from tests.arrays import f32
from tests.report.studies import found, head_slice, shown_slices, spot_heat, whole_placement


def _through(tmp_path: Path, *shown: ReportSlice) -> tuple[Piece, ...]:
    write_pieces(tmp_path / "pieces.zip", shown)
    return load_pieces(tmp_path / "pieces.zip")


def _shown(picture: Slice, *, mirrored: bool = False, quarter_turns: int = 0) -> ReportSlice:
    placement = whole_placement(picture, mirrored=mirrored, quarter_turns=quarter_turns)
    return ReportSlice(index=0, picture=picture, placement=placement)


@pytest.mark.parametrize(
    "change",
    [lambda x: x, lambda x: x * 2.443 - 1024, lambda x: np.round(x / 8), lambda x: x * 0 + 7],
    ids=["12 bits", "rescaled", "8 bits", "constant"],
)
def test_values_come_back_exactly_when_they_fit(tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    """Whole numbers, rescaled ones too, keep their full depth."""
    picture = replace(head_slice(0), pixels=change(head_slice(0).pixels).astype(np.float32))
    (piece,) = _through(tmp_path, _shown(picture))
    assert piece.error == 0
    np.testing.assert_allclose(piece.values(), picture.pixels, atol=2e-3)


def test_real_numbers_come_back_within_the_stated_error(tmp_path: Path) -> None:
    """Values without a common step are rounded to 16 bits, and the piece says so."""
    pixels = np.random.default_rng(0).random((40, 30), np.float32) * np.float32(np.pi)
    (piece,) = _through(tmp_path, _shown(replace(head_slice(0), pixels=pixels)))
    assert 0 < piece.error < 1e-4
    np.testing.assert_allclose(piece.values(), pixels, atol=1.1 * piece.error)


def test_colour_comes_back_exactly(tmp_path: Path) -> None:
    """Colour slices are three planes."""
    pixels = np.random.default_rng(0).integers(0, 256, (32, 24, 3)).astype(np.float32)
    (piece,) = _through(tmp_path, _shown(replace(head_slice(0), pixels=pixels, window=(0.0, 255.0))))
    assert np.array_equal(piece.values(), pixels)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_values_are_stored_upright(tmp_path: Path, mirrored: bool, turns: int) -> None:
    """A piece lies as its placement turns it, and keeps the placement."""
    picture = head_slice(0, size=(40, 60))
    shown = _shown(picture, mirrored=mirrored, quarter_turns=turns)
    (piece,) = _through(tmp_path, shown)
    assert np.array_equal(piece.values(), to_upright(picture.pixels, shown.placement))
    assert piece.placement == shown.placement


def test_values_that_are_no_numbers_are_shown_as_zero(tmp_path: Path) -> None:
    """NaN and infinity do not reach the page."""
    pixels = head_slice(0).pixels.copy()
    pixels[0, :3] = np.nan, np.inf, -np.inf
    (piece,) = _through(tmp_path, _shown(replace(head_slice(0), pixels=pixels)))
    assert piece.values()[0, :3].tolist() == [0, 0, 0]


def test_heat_keeps_its_grid_and_values(tmp_path: Path) -> None:
    """Heat is shipped at its own resolution, to a 65,000th of its range, with all that is told of it."""
    shown = shown_slices(1, keys=(0,))
    (piece,) = _through(tmp_path, *shown)
    for heat, given in zip(piece.heats, shown[0].heats, strict=True):
        assert heat.about == given.about
        np.testing.assert_allclose(heat.heat(), given.heat, atol=float(np.ptp(given.heat)) / 60_000)


def test_large_heat_keeps_as_many_steps_as_the_colour_bar(tmp_path: Path) -> None:
    """Pixel-wise maps are cut to 256 steps."""
    picture = head_slice(0)
    placement = whole_placement(picture)
    heat = spot_heat(placement, (48, 80), grid=(128, 128))
    noisy = replace(heat, heat=heat.heat + np.random.default_rng(0).random((128, 128), np.float32) * np.float32(0.02))
    (piece,) = _through(tmp_path, ReportSlice(index=0, picture=picture, placement=placement, heats=(noisy,)))
    np.testing.assert_allclose(piece.heats[0].heat(), noisy.heat, atol=float(np.ptp(noisy.heat)) / 500)


def test_heads_keep_their_places_and_a_255th_of_each_layer(tmp_path: Path) -> None:
    """Layers, heads and cells come back in order, right to half a step of the layer's own scale."""
    picture = head_slice(0)
    placement = whole_placement(picture)
    weights = np.random.default_rng(1).random((3, 4, 8, 5), np.float32) * f32([1.0, 0.01, 0.0])[:, None, None, None]
    shown = ReportSlice(index=0, picture=picture, placement=placement, heads=LayerHeads(weights=weights, first_layer=9))
    (piece,) = _through(tmp_path, shown)
    assert piece.heads is not None
    assert piece.heads.first_layer == 9
    for given, came in zip(weights, piece.heads.weights(), strict=True):
        np.testing.assert_allclose(came, given, atol=float(given.max()) / 500 + 1e-9)


def test_small_picture_is_of_the_slice_whose_heat_was_tested(tmp_path: Path) -> None:
    """A hotter slice at the edge of the head does not stand for the study."""
    loud, hot = shown_slices(2, keys=(0, 1))
    heat = replace(hot.heats[0], heat=hot.heats[0].heat * 9, about=replace(hot.heats[0].about, faithfulness=None))
    write_pieces(tmp_path / "pieces.zip", [loud])
    alone = (tmp_path / "thumb.jpg").read_bytes()
    write_pieces(tmp_path / "pieces.zip", [replace(hot, heats=(heat,)), loud])
    assert (tmp_path / "thumb.jpg").read_bytes() == alone


def test_the_same_slices_give_the_same_bytes(tmp_path: Path) -> None:
    """No clock, no order of chance."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_pieces(tmp_path / name / "pieces.zip", iter(shown_slices(3)))
    assert (tmp_path / "a/pieces.zip").read_bytes() == (tmp_path / "b/pieces.zip").read_bytes()
    assert (tmp_path / "a/thumb.jpg").read_bytes() == (tmp_path / "b/thumb.jpg").read_bytes()


def test_a_study_too_noisy_for_its_page_is_rounded_within_its_noise(tmp_path: Path) -> None:
    """The budget holds; noise goes first, on key slices least."""
    noise = 40.0
    shown = []
    for at in range(25):
        picture = head_slice(at, size=(256, 256), noise=noise)
        placement = whole_placement(picture)
        heats = (spot_heat(placement, (96, 160)),) if at in (10, 14) else ()
        shown.append(ReportSlice(index=at, picture=picture, placement=placement, heats=heats))
    pieces = _through(tmp_path, *shown)
    extra = sum(piece.n_extra_bytes for piece in pieces)
    assert sum(piece.n_bytes for piece in pieces) <= budget_bytes(25, extra)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pieces.zip", "thumb.jpg"]
    assert all(piece.error <= noise for piece in pieces)
    assert pieces[10].error < pieces[0].error
    full = np.asarray(Image.fromarray(shown[0].picture.pixels).resize((64, 64), Image.Resampling.BOX))
    seen = np.asarray(Image.fromarray(pieces[0].values()).resize((64, 64), Image.Resampling.BOX))
    assert np.corrcoef(full.ravel(), seen.ravel())[0, 1] > 0.99


def test_budget_grows_with_the_slices_up_to_ten_megabytes() -> None:
    """1.5 MB up to 25 slices, 10 MB from 180 on, in base64 and with the page's own part left over."""
    assert budget_bytes(10, 0) < 1_500_000 * 0.75
    assert budget_bytes(25, 0) < budget_bytes(100, 0) < budget_bytes(180, 0) < 10_000_000 * 0.75


def test_a_study_without_slices_gives_an_empty_file(tmp_path: Path) -> None:
    """Nothing to show is no error."""
    assert _through(tmp_path) == ()
    assert not (tmp_path / "thumb.jpg").exists()


def test_still_shows_heat_at_the_spot(tmp_path: Path) -> None:
    """The ready-made picture is warm at the spot on its right half alone."""
    picture = replace(head_slice(0), file=found("a"))
    placement = whole_placement(picture, quarter_turns=1)
    heats = (spot_heat(placement, (32, 100)),)
    (piece,) = _through(tmp_path, ReportSlice(index=0, picture=picture, placement=placement, heats=heats))
    still = np.asarray(Image.open(io.BytesIO(piece.still)), np.float64)
    warmth = still[:, :, 0] - still[:, :, 2]
    row, col = np.unravel_index(int(np.argmax(warmth)), warmth.shape)
    left, top = (still.shape[1] + 4) / 2, 0
    # (32, 100) of 128 x 128, turned a quarter: row 128 - 100, column 32.
    assert abs((row - top) / 320 * 128 - 28) < 12
    assert abs((col - left) / 320 * 128 - 32) < 12
    assert np.abs(warmth[:, :318]).max() < 30
