"""Siemens mosaics: slices laid out as tiles of one picture, cut apart again, each with its place in the patient."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from pydicom.dataset import Dataset

from mri_batch.arrays import Float32
from mri_batch.errors import Damaged
from mri_batch.notes import Note
from mri_batch.read.functional_groups import Groups
from mri_batch.read.header.csa import CsaHeader, read_csa
from mri_batch.read.orientation import Place, slice_normal

_CSA_IMAGE = (0x0029, "SIEMENS CSA HEADER", 0x10)
_N_TILES = (0x0019, "SIEMENS MR HEADER", 0x0A)
_MIN_TILES_ACROSS = 3  # scanners interpolate a single slice to twice its acquired size, not to three times


class Mosaic(NamedTuple):
    """``n`` tiles of ``rows`` x ``cols`` px, ``across`` of them side by side; tile k lies k ``step_mm`` from tile 0."""

    n: int
    rows: int
    cols: int
    across: int
    first: Place
    step_mm: tuple[float, float, float] | None

    def cut(self, pixels: Float32, index: int) -> Float32:
        """Cut tile ``index`` out of the whole picture float32[rows, cols]."""
        top, left = index // self.across * self.rows, index % self.across * self.cols
        return np.ascontiguousarray(pixels[top : top + self.rows, left : left + self.cols])

    def place(self, index: int) -> Place:
        """Return where tile ``index`` lies in the patient."""
        if self.first.position_mm is None or self.step_mm is None:
            return self.first._replace(position_mm=None)
        x, y, z = (p + index * s for p, s in zip(self.first.position_mm, self.step_mm, strict=True))
        return self.first._replace(position_mm=(x, y, z))


def find_mosaic(dataset: Dataset, whole: Place) -> Mosaic | None:
    """Find the tiles of a mosaic, None where the object is none. Raises Damaged where their number is not known.

    The word MOSAIC alone makes none: it stays in ImageType where a mosaic has been taken apart.
    """
    if not has_word(dataset) or not (_value(dataset, _CSA_IMAGE) or _value(dataset, _N_TILES) or _is_tiled(dataset)):
        return None
    csa = read_csa(_bytes(dataset, _CSA_IMAGE))
    n = _count(dataset, csa)
    across = math.isqrt(max(n - 1, 0)) + 1
    rows, cols = int(dataset.Rows) // across, int(dataset.Columns) // across
    if not n or dataset.Rows % across or dataset.Columns % across:
        raise Damaged(Note("MOSAIC_UNCOUNTED"), code="MOSAIC_UNKNOWN", hint=Note("HINT_KEEP_PRIVATE_TAGS"))
    first = whole._replace(position_mm=_first_position(whole, int(dataset.Rows) - rows, int(dataset.Columns) - cols))
    return Mosaic(n, rows, cols, across, first, _step_mm(dataset, csa, whole))


def has_word(dataset: Dataset) -> bool:
    """Whether ImageType calls the object a mosaic."""
    return "MOSAIC" in (dataset.get("ImageType") or ())


def _is_tiled(dataset: Dataset) -> bool:
    """Whether a picture is several times as large as what was acquired: a mosaic stripped of its private elements."""
    matrix = Groups(dataset, 0).numbers("AcquisitionMatrix")
    acquired = max(matrix, default=0.0)
    return acquired > 0 and min(int(dataset.Rows), int(dataset.Columns)) >= _MIN_TILES_ACROSS * acquired


def _count(dataset: Dataset, csa: CsaHeader) -> int:
    for text in (*csa.get("NumberOfImagesInMosaic", ()), str(_value(dataset, _N_TILES))):
        if text.isdecimal() and 0 < int(text) <= 4096:
            return int(text)
    return 0


def _first_position(whole: Place, more_rows: int, more_cols: int) -> tuple[float, float, float] | None:
    """Return the first tile's position: Siemens centres the whole mosaic, not its tiles, on the slice."""
    if whole.position_mm is None or whole.orientation is None or whole.spacing_mm is None:
        return None
    along_row, down_col = whole.orientation[:3], whole.orientation[3:]
    right, down = whole.spacing_mm[1] * more_cols / 2.0, whole.spacing_mm[0] * more_rows / 2.0
    x, y, z = (p + right * r + down * c for p, r, c in zip(whole.position_mm, along_row, down_col, strict=True))
    return x, y, z


def _step_mm(dataset: Dataset, csa: CsaHeader, whole: Place) -> tuple[float, float, float] | None:
    """Return the way from one tile to the next: along the CSA normal, which may be opposite to the cosines' own."""
    spacing = Groups(dataset, 0).number("SpacingBetweenSlices") or Groups(dataset, 0).number("SliceThickness")
    if not spacing or whole.orientation is None:
        return None
    try:
        normal = tuple(map(float, csa.get("SliceNormalVector", ())))
    except ValueError:
        normal = ()
    x, y, z = normal if len(normal) == 3 else slice_normal(whole.orientation)
    return x * spacing, y * spacing, z * spacing


def _value(dataset: Dataset, tag: tuple[int, str, int]) -> object:
    """Return a private value of a group, creator and element; empty where its block is absent."""
    group, creator, element = tag
    try:
        return dataset.private_block(group, creator)[element].value
    except KeyError:
        return ""


def _bytes(dataset: Dataset, tag: tuple[int, str, int]) -> bytes:
    value = _value(dataset, tag)
    return value if isinstance(value, bytes) else b""
