"""From one PNG, JPEG or TIFF file to its slices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from mri_batch.arrays import Float32
from mri_batch.errors import Damaged, FileProblem
from mri_batch.notes import Note
from mri_batch.read.decode.finite import to_finite
from mri_batch.read.file_errors import foreign_errors
from mri_batch.records import FileKind, FoundFile, Slice
from mri_batch.settings import ReadLimits

_FORMATS = {FileKind.PNG: "PNG", FileKind.JPEG: "JPEG", FileKind.TIFF: "TIFF"}
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_PICTURE_DAMAGED = ("PIXELS_DAMAGED", Note("PICTURE_UNDECODABLE"))


def iter_pictures(file: FoundFile, limits: ReadLimits) -> Iterator[Slice | FileProblem]:
    """Yield the pages of a file, decoded one by one, or the problem of a page. Raises FileProblem for the file."""
    with foreign_errors(*_PICTURE_DAMAGED), _open(file) as image:
        n_pages = int(getattr(image, "n_frames", 1)) if file.kind is FileKind.TIFF else 1
    if n_pages > limits.max_frames:
        raise Damaged(Note("PAGES_TOO_MANY", {"n": n_pages}), code="TOO_LARGE", hint=Note("HINT_SPLIT"))
    for page in range(n_pages):
        try:
            with foreign_errors(*_PICTURE_DAMAGED), _open(file) as image:
                image.seek(page)
                _check_size(image, limits)
                pixels, notes = to_finite(_to_pixels(image))
        except FileProblem as problem:
            yield problem
        else:
            yield Slice(file=file, frame=page, pixels=pixels, window=_window(pixels), notes=notes)


def _open(file: FoundFile) -> Image.Image:
    """Open with the one parser that the content asks for, so that no rare format of Pillow's is tried."""
    try:
        return Image.open(file.path, formats=(_FORMATS[file.kind],))
    except Image.DecompressionBombError:  # Pillow's own limit, raised while it reads the header
        raise _too_large(Note("PICTURE_HUGE")) from None


def _check_size(image: Image.Image, limits: ReadLimits) -> None:
    cols, rows = image.size
    if rows * cols > limits.max_frame_px:
        raise _too_large(Note("PICTURE_TOO_LARGE", {"rows": rows, "cols": cols}))


def _too_large(reason: Note) -> Damaged:
    return Damaged(reason, code="TOO_LARGE", hint=Note("HINT_MAKE_SMALLER"))


def _to_pixels(image: Image.Image) -> Float32:
    """float32[rows, cols], or [rows, cols, 3] in 0..255 where the picture has colour. Transparency lies on black."""
    if image.mode in _DEEP_MODES:
        return np.asarray(image).astype(np.float32)
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
