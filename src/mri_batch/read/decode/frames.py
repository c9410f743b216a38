"""Read a large uncompressed object frame by frame, leaving its pixels in the file."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from pydicom import uid
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag

from mri_batch.read.decode.codecs import syntax_of

LARGE_BYTES = 32 << 20  # larger values stay in the file until they are needed
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_IN_PLACE = (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian)


def parse(stream: BinaryIO, stop: Callable[[BaseTag, str | None, int], bool]) -> FileDataset:
    """Parse an opened file up to where ``stop`` says; pixels over LARGE_BYTES stay in the file until needed."""
    if isinstance(stream, io.BytesIO):
        return read_partial(stream, stop, force=True)
    dataset = read_partial(stream, stop, defer_size=LARGE_BYTES, force=True)
    end = stream.seek(0, io.SEEK_END)
    if any(raw.value_tell + raw.length > end for key in _PIXELS if (raw := left_in_file(dataset, key))):
        stream.seek(0)
        return read_partial(stream, stop, force=True)  # cut short: what is there
    return dataset


def has_pixels(dataset: Dataset) -> bool:
    """Whether there are stored values."""
    return any(left_in_file(dataset, key) or dataset.get(key) for key in _PIXELS)


def cut_frame(dataset: Dataset, index: int, path: Path) -> tuple[Dataset, int]:
    """Return a data set of this one frame, read from the file at ``path``, and its number there, 0.

    Where the pixels are in memory, or frames do not lie in the file one after the other as they are (compressed, cut
    short, of several samples), return the data set as it is, and ``index``.
    """
    raw = left_in_file(dataset, "PixelData")
    if raw is None or syntax_of(dataset) not in _IN_PLACE:
        return dataset, index
    bits, n_frames = int(dataset.BitsAllocated), int(dataset.get("NumberOfFrames") or 1)
    n_bytes = int(dataset.Rows) * int(dataset.Columns) * bits // 8
    if raw.length < n_frames * n_bytes or bits % 8 or int(dataset.SamplesPerPixel) != 1:
        return dataset, index
    with path.open("rb") as stream:
        stream.seek(raw.value_tell + index * n_bytes)
        pixels = stream.read(n_bytes)
    single = dataset.group_dataset(0x0028)  # how the pixels are stored
    single.file_meta = dataset.file_meta
    single.NumberOfFrames = 1
    single.PixelData = pixels
    return single, 0


def left_in_file(dataset: Dataset, keyword: str) -> RawDataElement | None:
    """Return the element of a value that was left in the file, None where it is in memory or absent."""
    item = dataset.get_item(keyword, keep_deferred=True) if keyword in dataset else None
    return item if isinstance(item, RawDataElement) and item.value is None else None
