"""TIFF layouts that Pillow refuses, truncates or reads with the wrong sign: deep colour, float64, int8, WhiteIsZero.

Strips without compression, or deflated, are read here; everything else is refused by name.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import TiffImagePlugin

from mri_batch.errors import Damaged, NotUsable
from mri_batch.notes import Note
from mri_batch.read.file_errors import COPY_AGAIN

Samples = npt.NDArray[Any]

WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
UNSPECIFIED, PREMULTIPLIED = 0, 1  # ExtraSamples; PREMULTIPLIED: colours are already multiplied by alpha
_DEFLATE = (8, 32946)
_KINDS = {1: "u", 2: "i", 3: "f"}  # SampleFormat
_PILLOW_GREY = {(12, "u"), (16, "u"), (16, "i"), (32, "u"), (32, "i"), (32, "f"), (8, "i")}


class Layout(NamedTuple):
    """How a page stores its samples. ``kind``: numpy's letter, empty where the format is another."""

    rows: int
    cols: int
    samples: int
    bits: int
    kind: str
    photometric: int
    planar: bool
    orientation: int


def read_layout(tags: Mapping[int, Any]) -> Layout:
    """Read the layout from the tags of a page; defaults are those of TIFF 6.0."""
    bits, formats = set(_several(tags, 258, 1)), set(_several(tags, 339, 1))
    return Layout(
        rows=_one(tags, 257, 0),
        cols=_one(tags, 256, 0),
        samples=_one(tags, 277, 1),
        bits=bits.pop() if len(bits) == 1 else 0,
        kind=_KINDS.get(formats.pop(), "u") if len(formats) == 1 else "",
        photometric=_one(tags, 262, _BLACK_IS_ZERO),
        planar=_one(tags, 284, 1) == 2,
        orientation=_one(tags, 274, 1),
    )


def is_shallow(layout: Layout) -> bool:
    """Whether a page has unsigned samples of at most 8 bits, of which Pillow knows every layout."""
    return layout.kind == "u" and 0 < layout.bits <= 8


def is_deep_grey_of_pillow(layout: Layout, order: str) -> bool:
    """Whether Pillow decodes a deep grey page to the right bits; :func:`fix_grey` gives them their meaning.

    Of compressed big-endian pages it mixes up the bytes of all but uint16.
    """
    kind = (layout.bits, layout.kind)
    return layout.samples == 1 and kind in _PILLOW_GREY and (order == "<" or kind == (16, "u"))


def fix_grey(pixels: Samples, layout: Layout) -> Samples:
    """Return Pillow's grey values with the sign that the file gives them, bright where the file means bright."""
    if layout.kind == "u" and layout.bits == 32:
        pixels = pixels.astype(np.int32, copy=False).view(np.uint32)
    elif layout.kind == "i" and layout.bits == 8:
        pixels = pixels.astype(np.uint8, copy=False).view(np.int8)
    return invert(pixels, layout) if layout.photometric == WHITE_IS_ZERO else pixels


def invert(pixels: Samples, layout: Layout) -> Samples:
    """Invert WhiteIsZero: lowest plus highest value of the type, of floating point those of the page, minus value."""
    if layout.kind == "f":
        finite = pixels[np.isfinite(pixels)]
        return (finite.min() + finite.max() - pixels) if finite.size else pixels
    total = -1 if layout.kind == "i" else (1 << layout.bits) - 1
    return total - pixels.astype(np.int64)


def iter_tags(stream: BinaryIO) -> Iterator[Mapping[int, Any]]:
    """Yield the tags of each page of an opened TIFF, classic or big."""
    stream.seek(0)
    head = stream.read(8)
    head += stream.read(8) if 43 in head[2:4] else b""
    directory = TiffImagePlugin.ImageFileDirectory_v2(head)
    seen = {0}
    while directory.next not in seen:
        seen.add(directory.next)
        stream.seek(directory.next)
        directory.load(stream)
        yield dict(directory)


def read_samples(stream: BinaryIO, tags: Mapping[int, Any], layout: Layout, order: str) -> Samples:
    """Read [rows, cols, samples] as stored; ``order``: "<" or ">". Raises NotUsable for a layout not read here."""
    if not _is_read_here(tags, layout):
        raise refuse(layout)
    dtype = np.dtype(f"{order}{layout.kind}{layout.bits // 8}")
    per_pixel, n_planes = (1, layout.samples) if layout.planar else (layout.samples, 1)
    shape = (layout.rows, layout.cols, per_pixel)
    wanted = layout.rows * layout.cols * per_pixel * dtype.itemsize
    strips = list(zip(_several(tags, 273, 0), _several(tags, 279, 0), strict=True))
    each, planes = len(strips) // n_planes, []
    for k in range(n_planes):
        content = _read_strips(stream, strips[k * each : (k + 1) * each], _one(tags, 259, 1), wanted)
        plane = np.frombuffer(content, dtype, wanted // dtype.itemsize).reshape(shape)
        differences = _one(tags, 317, 1) == 2
        planes.append(np.cumsum(plane, axis=1, dtype=dtype.newbyteorder("=")) if differences else plane)
    return np.concatenate(planes, axis=2)


def _is_read_here(tags: Mapping[int, Any], layout: Layout) -> bool:
    kinds = {"u": (8, 16, 32, 64), "i": (8, 16, 32, 64), "f": (16, 32, 64)}
    meant = (_BLACK_IS_ZERO, WHITE_IS_ZERO) if layout.samples <= 2 else (_RGB,)
    return (
        layout.bits in kinds.get(layout.kind, ())
        and 322 not in tags  # tiles
        and 1 <= layout.samples <= 4
        and (layout.samples == 1 or (layout.kind == "u" and layout.photometric != WHITE_IS_ZERO))
        and layout.photometric in meant
        and _one(tags, 259, 1) in (1, *_DEFLATE)
        and _one(tags, 317, 1) in ((1,) if layout.kind == "f" else (1, 2))
    )


def extra_samples(tags: Mapping[int, Any]) -> int:
    """Return what a sample beside grey or colour is: PREMULTIPLIED, other alpha, or UNSPECIFIED and no alpha."""
    return _one(tags, 338, 2)


def refuse(layout: Layout) -> NotUsable:
    """Return the refusal of a layout that nothing here reads."""
    what = Note("PICTURE_LAYOUT", {"samples": layout.samples, "bits": layout.bits})
    return NotUsable(Note("NO_DECODER", {"what": what}), code="NO_DECODER", hint=Note("HINT_SAVE_AS_PNG"))


def _read_strips(stream: BinaryIO, strips: list[tuple[int, int]], compression: int, wanted: int) -> bytes:
    """Read strips of ``wanted`` bytes together; what is more is left out."""
    parts, left = [], wanted
    for offset, n_bytes in strips:
        stream.seek(offset)
        content = stream.read(n_bytes)
        part = content[:left] if compression == 1 else zlib.decompressobj().decompress(content, max(left, 1))
        parts.append(part[:left])
        left -= len(parts[-1])
        if not left:
            break
    if left:
        raise Damaged(Note("PIXELS_MISSING"), code="PIXELS_DAMAGED", hint=COPY_AGAIN)
    return b"".join(parts)


def _several(tags: Mapping[int, Any], tag: int, default: int) -> tuple[int, ...]:
    value = tags.get(tag, default)
    return tuple(int(v) for v in value) if isinstance(value, tuple | list) else (int(value),)


def _one(tags: Mapping[int, Any], tag: int, default: int) -> int:
    values = _several(tags, tag, default)
    return values[0] if values else default
