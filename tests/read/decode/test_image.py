from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mri_batch.notes import Note
from mri_batch.records import FileKind, Slice
from mri_batch.settings import ReadLimits
from tests import make
from tests.read.reading import only_problem, only_slice, read_file, read_paths, read_slices

GREY = (make.make_head() // 16).astype(np.uint8)


def test_grey_picture_is_read_as_it_is(tmp_path: Path) -> None:
    """uint8 grey values come as float32 in 0..255, shown over that range."""
    picture = only_slice(read_file(make.save_picture(tmp_path / "a.png", GREY), FileKind.PNG))
    assert picture.pixels.dtype == np.float32
    assert np.array_equal(picture.pixels, GREY)
    assert picture.window == (0.0, 255.0)


def test_grey_stored_as_colour_is_grey(tmp_path: Path) -> None:
    """Three equal channels are one, as most web pictures of scans have it."""
    picture = only_slice(read_file(make.save_picture(tmp_path / "a.png", np.dstack([GREY] * 3)), FileKind.PNG))
    assert picture.pixels.shape == GREY.shape


def test_colour_picture_has_three_channels(tmp_path: Path) -> None:
    """Colour stays colour."""
    colour = np.dstack([GREY, GREY // 2, GREY // 3])
    picture = only_slice(read_file(make.save_picture(tmp_path / "a.png", colour), FileKind.PNG))
    assert np.array_equal(picture.pixels, colour)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_kept(suffix: str, tmp_path: Path) -> None:
    """Deep pictures keep their values; the window is their range."""
    deep = make.make_head()
    path = make.save_picture(tmp_path / f"a.{suffix}", deep)
    picture = only_slice(read_file(path, FileKind.PNG if suffix == "png" else FileKind.TIFF))
    assert np.array_equal(picture.pixels, deep)
    assert picture.window == (deep.min(), deep.max())


def test_transparent_pixels_are_black(tmp_path: Path) -> None:
    """What a viewer would not show is not shown to the model."""
    alpha = np.where(GREY > 20, 255, 0).astype(np.uint8)
    path = make.save_picture(tmp_path / "a.png", np.dstack([np.full_like(GREY, 200)] * 3 + [alpha]))
    picture = only_slice(read_file(path, FileKind.PNG))
    assert np.array_equal(picture.pixels, np.where(alpha > 0, 200, 0))


def test_one_bit_and_palette_pictures_are_read(tmp_path: Path) -> None:
    """Every mode that Pillow knows becomes grey or colour."""
    for index, mode in enumerate(("1", "P", "CMYK", "I;16", "LA")):
        image = Image.fromarray(GREY if mode != "I;16" else make.make_head()).convert(mode)
        path = tmp_path / f"{index}.tif"
        image.save(path)
        picture = only_slice(read_file(path, FileKind.TIFF))
        assert picture.shape_px == GREY.shape


def test_pages_of_a_tiff_are_its_frames(tmp_path: Path) -> None:
    """Each page is a slice, in order."""
    path = make.save_pages(tmp_path / "a.tif", [np.full((8, 8), k, np.uint8) for k in (3, 1, 2)])
    items = read_file(path, FileKind.TIFF)
    assert [(i.frame, i.pixels.max()) for i in items if isinstance(i, Slice)] == [(0, 3), (1, 1), (2, 2)]


def test_pictures_of_a_folder_are_ordered_as_people_count(tmp_path: Path) -> None:
    """slice 2 comes before slice 10."""
    for number in (10, 2, 1):
        make.save_picture(tmp_path / f"slice {number}.png", np.full((8, 8), number, np.uint8))
    (series,) = read_paths(tmp_path).series
    assert [picture.pixels.max() for picture in read_slices(series)[0]] == [1, 2, 10]


def test_picture_given_by_name_is_a_study_of_its_own(tmp_path: Path) -> None:
    """Two pictures given by name are two studies, called by their names."""
    one, other = (make.save_picture(tmp_path / name) for name in ("a.png", "b.png"))
    outcome = read_paths(one, other)
    assert [study.source for study in outcome.studies] == ["a.png", "b.png"]
    assert len({study.study_id for study in outcome.studies}) == 2


def test_huge_picture_is_refused_by_its_header(tmp_path: Path) -> None:
    """A PNG that promises more pixels than the limit is refused before any of them is unpacked."""
    path = make.save_picture(tmp_path / "a.png", np.zeros((300, 300), np.uint8))
    problem = only_problem(read_file(path, FileKind.PNG, ReadLimits(max_frame_px=300 * 299)))
    assert (problem.status, problem.code) == ("failed", "TOO_LARGE")


def test_truncated_jpeg_is_a_failure(tmp_path: Path) -> None:
    """Half a picture is not shown as a whole one."""
    path = make.save_picture(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes()[:-200])
    assert only_problem(read_file(path, FileKind.JPEG)).code == "PIXELS_DAMAGED"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -3.4028235e38])
def test_values_that_are_not_finite_are_replaced_and_noted(bad: float, tmp_path: Path) -> None:
    """NaN, infinities and the "no data" of GIS writers take the least value, +inf the greatest."""
    values = make.make_head().astype(np.float32)
    values[:5] = bad
    picture = only_slice(read_file(make.save_picture(tmp_path / "a.tif", values), FileKind.TIFF))
    inside = values[5:]
    assert np.array_equal(picture.pixels[5:], inside)
    assert (picture.pixels[:5] == (inside.max() if bad == np.inf else inside.min())).all()
    assert picture.notes == (Note("VALUES_NOT_FINITE"),)
    assert picture.window == (inside.min(), inside.max())


def test_picture_without_any_finite_value_costs_only_itself(tmp_path: Path) -> None:
    """All NaN is a damaged file; its neighbour is read."""
    make.save_picture(tmp_path / "a.tif", np.full((8, 8), np.nan, np.float32))
    make.save_picture(tmp_path / "b.png", GREY)
    (series,) = read_paths(tmp_path).series
    slices, problems = read_slices(series)
    assert [p.code for p in problems] == ["PIXELS_DAMAGED"]
    assert np.array_equal(only_slice(slices).pixels, GREY)
