"""From one PNG, JPEG or TIFF file to its slices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from mri_batch.arrays import Float32
from mri_batch.errors import Damaged, FileProblem
from mri_batch.notes import Note
from mri_batch.read.decode import deep_colour, tiff
from mri_batch.read.decode.finite import to_finite
from mri_batch.read.decode.png import without_text
from mri_batch.read.file_errors import foreign_errors
from mri_batch.records import FileKind, FoundFile, Slice
from mri_batch.settings import ReadLimits

_FORMATS = {FileKind.PNG: "PNG", FileKind.JPEG: "JPEG", FileKind.TIFF: "TIFF"}
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_PICTURE_DAMAGED = ("PIXELS_DAMAGED", Note("PICTURE_UNDECODABLE"))
_ORIENTATION = 274  # the tag of EXIF and TIFF


def iter_pictures(file: FoundFile, limits: ReadLimits) -> Iterator[Slice | FileProblem]:
    """Yield the pages of a file, decoded one by one, or the problem of a page. Raises FileProblem for the file.

    A picture with an orientation tag comes turned as every viewer shows it, and noted.
    """
    n_pages = 1
    if file.kind is FileKind.TIFF:
        with foreign_errors(*_PICTURE_DAMAGED), file.path.open("rb") as stream:
            n_pages = _count_pages(stream, limits)
    if n_pages > limits.max_frames:
        raise Damaged(Note("PAGES_TOO_MANY", {"n": n_pages}), code="TOO_LARGE", hint=Note("HINT_SPLIT"))
    for page in range(n_pages):
        try:
            with foreign_errors(*_PICTURE_DAMAGED), file.path.open("rb") as stream:
                values, orientation = _read_page(stream, file.kind, page, limits)
                pixels, notes = to_finite(values)
        except FileProblem as problem:
            yield problem
        else:
            if orientation != 1:
                notes = (*notes, Note("PICTURE_TURNED"))
            yield Slice(file=file, frame=page, pixels=pixels, window=_window(pixels), notes=notes)


def _read_page(stream: BinaryIO, kind: FileKind, page: int, limits: ReadLimits) -> tuple[npt.NDArray[Any], int]:
    """Return one page as it is to be shown, and its orientation tag: 1 where it lies as stored."""
    if kind is FileKind.TIFF:
        return _read_tiff(stream, page, limits)
    try:
        return _read_plain(stream, kind, limits)
    except ValueError:  # Pillow's bound on text and profiles, which have nothing to do with the pixels
        if kind is not FileKind.PNG:
            raise
        stream.seek(0)
        return _read_plain(without_text(stream), kind, limits)


def _read_plain(stream: BinaryIO, kind: FileKind, limits: ReadLimits) -> tuple[npt.NDArray[Any], int]:
    image = _open(stream, kind)
    _check_size(image, limits)
    if deep_colour.is_deep_colour(image):
        values = deep_colour.to_pixels(deep_colour.read_deep(image, lambda: _open(stream, kind)))
    else:
        values = _to_pixels(image)
    orientation = _find_orientation(image)
    return _turn(values, orientation), orientation


def _read_tiff(stream: BinaryIO, page: int, limits: ReadLimits) -> tuple[npt.NDArray[Any], int]:
    """Read by Pillow where it is right, which also turns the page; by ourselves where it is not."""
    image: Image.Image | None = None
    with suppress(UnidentifiedImageError, SyntaxError, KeyError):  # a layout unknown to Pillow, or damage
        image = _open(stream, FileKind.TIFF, page)
    tags = getattr(image, "tag_v2", None) or next(islice(tiff.iter_tags(stream), page, None))
    layout = tiff.read_layout(tags)
    _check_shape(layout.rows, layout.cols, limits)
    orientation = layout.orientation if 1 <= layout.orientation <= 8 else 1
    stream.seek(0)
    order = "<" if stream.read(2) == b"II" else ">"
    if image and tiff.is_shallow(layout):
        return _to_pixels(image), orientation
    if image and tiff.is_deep_grey_of_pillow(layout, order):
        return tiff.fix_grey(np.asarray(image), layout), orientation
    if image and not layout.planar and layout.kind == "u" and deep_colour.is_deep_colour(image):
        samples = deep_colour.read_deep(image, lambda: _open(stream, FileKind.TIFF, page))
        return deep_colour.to_pixels(samples), orientation
    return _turn(_read_deep_tiff(stream, tags, layout, order), orientation), orientation


def _read_deep_tiff(stream: BinaryIO, tags: Mapping[int, Any], layout: tiff.Layout, order: str) -> npt.NDArray[Any]:
    samples = tiff.read_samples(stream, tags, layout, order)
    if layout.samples == 1:
        grey = samples[..., 0]
        return tiff.invert(grey, layout) if layout.photometric == tiff.WHITE_IS_ZERO else grey
    full = float((1 << layout.bits) - 1)
    extra = tiff.extra_samples(tags)
    if extra == tiff.UNSPECIFIED and layout.samples in (2, 4):
        samples = samples[..., :-1]
    return deep_colour.to_pixels(samples, full, premultiplied=extra == tiff.PREMULTIPLIED)


def _count_pages(stream: BinaryIO, limits: ReadLimits) -> int:
    try:
        return int(getattr(_open(stream, FileKind.TIFF), "n_frames", 1))
    except UnidentifiedImageError:
        n = 0
        for n, _ in enumerate(tiff.iter_tags(stream), 1):
            if n > limits.max_frames:
                break
        return n


def _open(stream: BinaryIO, kind: FileKind, page: int = 0) -> Image.Image:
    """Open with the one parser that the content asks for, so that no rare format of Pillow's is tried.

    A path would be mapped into memory, where rows and columns of a turned TIFF are exchanged.
    """
    stream.seek(0)
    try:
        image = Image.open(stream, formats=(_FORMATS[kind],))
    except Image.DecompressionBombError:  # Pillow's own limit, raised while it reads the header
        raise _too_large(Note("PICTURE_HUGE")) from None
    if page:
        image.seek(page)
    return image


def _check_size(image: Image.Image, limits: ReadLimits) -> None:
    cols, rows = image.size
    _check_shape(rows, cols, limits)


def _check_shape(rows: int, cols: int, limits: ReadLimits) -> None:
    if rows * cols > limits.max_frame_px:
        raise _too_large(Note("PICTURE_TOO_LARGE", {"rows": rows, "cols": cols}))


def _too_large(reason: Note) -> Damaged:
    return Damaged(reason, code="TOO_LARGE", hint=Note("HINT_MAKE_SMALLER"))


def _find_orientation(image: Image.Image) -> int:
    """Return the orientation tag, 1 where there is none or it is malformed."""
    try:
        with foreign_errors(*_PICTURE_DAMAGED):
            value = image.getexif().get(_ORIENTATION, 1)
    except Damaged:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _turn(pixels: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Turn [rows, cols, ...] so that row 0 is the visual top and column 0 the visual left, as EXIF 2.3 defines it."""
    if orientation > 4:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _to_pixels(image: Image.Image) -> npt.NDArray[Any]:
    """[rows, cols], or float32[rows, cols, 3] in 0..255 where the picture has colour. Transparency lies on black."""
    if image.mode in _DEEP_MODES:
        return np.asarray(image)
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"), np.float32)
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        solid = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", solid.size, (0, 0, 0, 255)), solid)
    pixels = np.asarray(image.convert("RGB"), np.float32)
    grey = bool((pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all())
    return np.ascontiguousarray(pixels[..., 0]) if grey else pixels


def _window(pixels: Float32) -> tuple[float, float]:
    """Return 0..255 for 8-bit values; deeper pictures are shown over their own range."""
    low, high = float(pixels.min()), float(pixels.max())
    if low >= 0.0 and high <= 255.0:
        return 0.0, 255.0
    return (low, high) if high > low else (low, low + 1.0)
