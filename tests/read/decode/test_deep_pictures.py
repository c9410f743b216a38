"""Pictures that Pillow turns, truncates or reads with the wrong sign, compared with the numbers that were written."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from mri_batch.notes import Note
from mri_batch.records import FileKind
from tests import make
from tests.read.reading import only_problem, only_slice, read_file, read_paths, read_slices

Order = Literal["<", ">"]

DEEP = make.make_head(20, 16)
GREY = (DEEP // 16).astype(np.uint8)
FULL = np.full_like(DEEP, 65535)

# What a viewer shows for each orientation tag, by EXIF 2.3: from the stored picture to the shown one
TURNS: dict[int, Callable[[Any], Any]] = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(stored, 2).T,
    8: np.rot90,
}


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = orientation
    return exif


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("coding", ["png", "jpg", "raw", "lzw", "deep", "float64"])
def test_picture_is_turned_as_its_tag_says(coding: str, orientation: int, tmp_path: Path) -> None:
    """Whatever the coding, the pixels are the stored ones turned, a marker comes back, and a note says so."""
    stored = DEEP // 16 if coding == "jpg" else DEEP.copy()
    stored = stored.astype({"png": np.uint8, "jpg": np.uint8, "float64": np.float64}.get(coding, np.uint16))
    stored[3, 11] = stored.max() + 1
    path, kind = tmp_path / "a", FileKind.TIFF
    if coding in ("png", "jpg"):
        kind = FileKind.PNG if coding == "png" else FileKind.JPEG
        Image.fromarray(stored).save(
            path, kind.name, exif=_exif(orientation), **({} if coding == "png" else {"quality": 99})
        )
    elif coding in ("raw", "lzw"):
        compression = {"compression": "tiff_lzw"} if coding == "lzw" else {}
        Image.fromarray(stored).save(path, "TIFF", tiffinfo={274: orientation}, **compression)
    else:
        samples = np.stack([stored] * 3, 2) if coding == "deep" else stored
        make.save_tiff(path, samples, orientation=orientation, planar=2)
    picture = only_slice(read_file(path, kind))
    wanted = TURNS[orientation](stored)
    assert picture.pixels.shape == wanted.shape
    assert np.abs(picture.pixels - wanted.astype(float)).max() <= (12 if coding == "jpg" else 0)
    if coding != "jpg":
        assert int(picture.pixels.argmax()) == int(wanted.argmax())
    assert picture.notes == (() if orientation == 1 else (Note("PICTURE_TURNED"),))


@pytest.mark.parametrize("value", [0, 9, 200])
def test_orientation_that_is_none_is_ignored(value: int, tmp_path: Path) -> None:
    """A tag outside 1 to 8 turns nothing."""
    for name, kind in (("a.png", FileKind.PNG), ("a.tif", FileKind.TIFF)):
        picture = only_slice(read_file(make.save_picture(tmp_path / name, GREY, exif=_exif(value)), kind))
        assert np.array_equal(picture.pixels, GREY)
        assert picture.notes == ()


GREYS: dict[str, Any] = {
    "uint8": GREY,
    "int8": (GREY.astype(int) - 128).astype(np.int8),
    "uint16": DEEP,
    "int16": (DEEP.astype(int) - 2000).astype(np.int16),
    "uint32": DEEP.astype(np.uint32) * 1_000_000,
    "int32": DEEP.astype(np.int32) - 5000,
    "float32": DEEP.astype(np.float32) / 7,
    "float64": DEEP / 7,
    "float16": (DEEP / 4).astype(np.float16),
}


def _negative(values: Any) -> Any:
    """Return the values with which WhiteIsZero shows the same picture."""
    if values.dtype.kind == "f":
        return (values.min() + values.max() - values).astype(values.dtype)
    about = np.iinfo(values.dtype)
    return (about.min + about.max - values.astype(np.int64)).astype(values.dtype)


@pytest.mark.parametrize("name", GREYS)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("deflate", [False, True])
def test_grey_tiff_of_every_type(name: str, order: Order, photometric: int, deflate: bool, tmp_path: Path) -> None:
    """Sign, depth, byte order and polarity are those of the file."""
    values = GREYS[name]
    stored = _negative(values) if photometric == 0 else values
    path = make.save_tiff(tmp_path / "a.tif", stored, order=order, photometric=photometric, deflate=deflate)
    picture = only_slice(read_file(path, FileKind.TIFF))
    exact = values.dtype.kind != "f" or photometric == 1
    assert np.allclose(picture.pixels, values.astype(np.float32), rtol=0 if exact else 1e-3, atol=0 if exact else 1)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("planar", [1, 2])
@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("coding", ["raw", "deflate", "predictor"])
def test_deep_tiff_of_several_samples(coding: str, n: int, planar: int, order: Order, tmp_path: Path) -> None:
    """Equal 16-bit colours are grey as stored; alpha of 65535 changes nothing."""
    samples = np.stack([DEEP, FULL] if n == 2 else [DEEP] * 3 + [FULL] * (n - 3), 2)
    predictor = 2 if coding == "predictor" else 1
    path = make.save_tiff(
        tmp_path / "a.tif", samples, order=order, planar=planar, predictor=predictor, deflate=coding != "raw"
    )
    assert np.array_equal(only_slice(read_file(path, FileKind.TIFF)).pixels, DEEP)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_deep_png_keeps_both_bytes(n: int, tmp_path: Path) -> None:
    """16 bits of every colour type."""
    samples = np.stack([[DEEP], [DEEP, FULL], [DEEP] * 3, [DEEP] * 3 + [FULL]][n - 1], 2)
    path = make.save_deep_png(tmp_path / "a.png", samples)
    assert np.array_equal(only_slice(read_file(path, FileKind.PNG)).pixels, DEEP)


def test_deep_colour_is_scaled_and_transparency_lies_on_black(tmp_path: Path) -> None:
    """Real colour comes in 0..255 with the low bytes; half transparent is half as bright."""
    colour = np.stack([DEEP, DEEP // 2, DEEP // 3, np.full_like(DEEP, 32768)], 2)
    wanted = colour[..., :3] * (32768 / 65535) * (255 / 65535)
    for path, kind in (
        (make.save_deep_png(tmp_path / "a.png", colour), FileKind.PNG),
        (make.save_tiff(tmp_path / "a.tif", colour, planar=2), FileKind.TIFF),
        (make.save_tiff(tmp_path / "b.tif", colour), FileKind.TIFF),
    ):
        assert np.allclose(only_slice(read_file(path, kind)).pixels, wanted, atol=1e-3)


def test_compressed_deep_layout_that_nothing_reads_is_refused_by_name(tmp_path: Path) -> None:
    """A layout without decoder is skipped as such, and not called damaged."""
    path = make.save_tiff(tmp_path / "a.tif", np.stack([DEEP.astype(np.float32)] * 3, 2))
    problem = only_problem(read_file(path, FileKind.TIFF))
    assert (problem.status, problem.code) == ("skipped", "NO_DECODER")
    assert problem.hint == Note("HINT_SAVE_AS_PNG")


def test_deep_tiff_cut_short_is_damaged(tmp_path: Path) -> None:
    """Strips that end early give no picture."""
    path = make.save_tiff(tmp_path / "a.tif", DEEP / 7)
    content = path.read_bytes()
    path.write_bytes(content.replace((20).to_bytes(4, "little"), (2000).to_bytes(4, "little")))
    assert only_problem(read_file(path, FileKind.TIFF)).code == "PIXELS_DAMAGED"


LONG = b"x" * 3_000_000
TEXTS = {
    "zTXt": (b"zTXt", b"a\0\0" + zlib.compress(LONG)),
    "iTXt": (b"iTXt", b"a\0\1\0\0\0" + zlib.compress(LONG)),
    "iCCP": (b"iCCP", b"a\0\0" + zlib.compress(LONG)),
}


@pytest.mark.parametrize("name", TEXTS)
def test_large_text_and_profiles_are_no_damage(name: str, tmp_path: Path) -> None:
    """What expands to megabytes beside the pixels does not matter."""
    path = make.save_deep_png(tmp_path / "a.png", DEEP[..., None], [TEXTS[name]])
    assert np.array_equal(only_slice(read_file(path, FileKind.PNG)).pixels, DEEP)


def test_orientation_beside_large_text_still_turns(tmp_path: Path) -> None:
    """Only text and profile are left out, not the orientation."""
    about = PngImagePlugin.PngInfo()
    about.add_itxt("note", "x" * 3_000_000, zip=True)
    path = make.save_picture(tmp_path / "a.png", GREY, pnginfo=about, exif=_exif(6))
    assert np.array_equal(only_slice(read_file(path, FileKind.PNG)).pixels, np.rot90(GREY, -1))


def test_turned_picture_through_the_whole_reading(tmp_path: Path) -> None:
    """A marker at a pixel of the picture as shown is at that pixel of the slice."""
    shown = GREY.copy()
    shown[4, 13] = 255
    make.save_picture(tmp_path / "a.png", np.rot90(shown), exif=_exif(6))
    (series,) = read_paths(tmp_path).series
    picture = only_slice(read_slices(series)[0])
    assert int(picture.pixels.argmax()) == 4 * picture.shape_px[1] + 13


@pytest.mark.parametrize(("extra", "wanted"), [(0, 1.0), (1, 1.0), (2, 0.5)])
def test_fourth_sample_is_alpha_only_where_the_file_says_so(extra: int, wanted: float, tmp_path: Path) -> None:
    """Unspecified is no alpha; associated alpha is already in the colours; other alpha darkens."""
    samples = np.stack([DEEP] * 3 + [np.full_like(DEEP, 32768)], 2)
    path = make.save_tiff(tmp_path / "a.tif", samples, planar=2, extra=extra)
    assert np.allclose(only_slice(read_file(path, FileKind.TIFF)).pixels, DEEP * wanted, rtol=1e-4)
