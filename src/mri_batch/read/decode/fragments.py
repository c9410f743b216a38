"""Which fragments of a compressed object make which frame, and how many frames there are, checked before decoding."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from pydicom.dataset import Dataset

from mri_batch.errors import Damaged
from mri_batch.notes import Note
from mri_batch.read.decode.codecs import syntax_of
from mri_batch.read.decode.frames import left_in_file
from mri_batch.read.file_errors import SUSPICIOUS_FILE

_MAX_FRAGMENTS = 400_000
_ITEM = b"\xfe\xff\x00\xe0"
_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP")  # JPEG and JPEG-LS, JPEG 2000, its JP2 wrapper
_EXTENDED = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")


class _Items(NamedTuple):
    """Entries of the basic offset table, then where each fragment's item starts, and where its content lies."""

    table: tuple[int, ...]
    starts: list[int]
    spans: list[tuple[int, int]]


def settle_frames(dataset: Dataset) -> tuple[Note, ...]:
    """Make NumberOfFrames and the fragments of a data set agree with its pixels. Return what had to be changed.

    A basic offset table that does not fit the fragments is replaced by one frame after the other; a missing count is
    derived; more pixels than frames are noted.
    """
    n_frames = int(dataset.get("NumberOfFrames") or 0)
    if syntax_of(dataset).is_encapsulated:
        return _settle_fragments(dataset, n_frames)
    return _settle_native(dataset, n_frames)


def _settle_native(dataset: Dataset, n_frames: int) -> tuple[Note, ...]:
    raw = left_in_file(dataset, "PixelData")
    if raw is None and not dataset.get("PixelData"):
        return ()  # floating-point values
    n_bytes = raw.length if raw else len(dataset.PixelData)
    per_pixel = 2 if dataset.PhotometricInterpretation == "YBR_FULL_422" else int(dataset.SamplesPerPixel)
    bits = int(dataset.Rows) * int(dataset.Columns) * per_pixel * int(dataset.BitsAllocated)
    n_whole, rest = divmod(n_bytes * 8, bits) if bits else (0, 0)
    if n_whole <= max(n_frames, 1):
        return ()
    if not n_frames and rest < 16:  # at most the byte that makes the length even
        dataset.NumberOfFrames = n_whole
        return (Note("FRAMES_DERIVED", {"n": n_whole}),)
    return (Note("PIXELS_SURPLUS"),)


def _settle_fragments(dataset: Dataset, n_frames: int) -> tuple[Note, ...]:
    content = dataset.PixelData
    items = _list_items(content)
    by_start = _group_by_start(content, items)
    notes: tuple[Note, ...] = ()
    if not n_frames:
        n_frames = len(by_start) or 1
        if n_frames > 1:
            dataset.NumberOfFrames = n_frames
            notes = (Note("FRAMES_DERIVED", {"n": n_frames}),)
    extended = _EXTENDED[0] in dataset
    if _is_extended_true(dataset, items, n_frames) if extended else _is_true(items, n_frames):
        return notes
    if not items.table and not extended and len(items.spans) > n_frames > 1 and len(by_start) < n_frames:
        return notes  # pydicom's own search for the ends of frames
    groups = _choose_groups(items, by_start, n_frames)
    for keyword in _EXTENDED:
        if keyword in dataset:
            del dataset[keyword]
    frames = [b"".join(content[a:b] for a, b in (items.spans[i] for i in group)) for group in groups]
    if len(frames) > n_frames:
        notes = (*notes, Note("PIXELS_SURPLUS"))
    if items.table and not _is_true(items, n_frames) and len(items.table) <= n_frames:
        notes = (*notes, Note("OFFSETS_WRONG"))
    empty_table = _ITEM + bytes(4)
    dataset.PixelData = empty_table + b"".join(_to_item(frame) for frame in frames[:n_frames])
    return notes


def _list_items(content: bytes) -> _Items:
    starts, spans, at = [], [], 0
    while content[at : at + 4] == _ITEM and at + 8 <= len(content):
        end = at + 8 + struct.unpack_from("<L", content, at + 4)[0]
        starts.append(at)
        if len(starts) > _MAX_FRAGMENTS:
            raise Damaged(Note("TOO_MANY_ELEMENTS", {"limit": _MAX_FRAGMENTS}), code="TOO_LARGE", hint=SUSPICIOUS_FILE)
        spans.append((at + 8, min(end, len(content))))
        at = end
    if not starts:
        return _Items((), [], [])
    first, last = spans[0]
    table = struct.unpack_from(f"<{(last - first) // 4}L", content, first)
    base = starts[1] if len(starts) > 1 else 0
    return _Items(table, [start - base for start in starts[1:]], spans[1:])


def _is_true(items: _Items, n_frames: int) -> bool:
    """Whether the table, or an empty one, tells a reader where each frame starts."""
    if not items.table:
        return n_frames == 1 or len(items.starts) == n_frames
    rising = all(a < b for a, b in zip(items.table, items.table[1:], strict=False))
    return len(items.table) == n_frames and items.table[0] == 0 and rising and set(items.table) <= set(items.starts)


def _is_extended_true(dataset: Dataset, items: _Items, n_frames: int) -> bool:
    """Whether the extended table gives each frame's one fragment."""
    offsets, lengths = (np.frombuffer(dataset.get(key) or b"", "<u8").tolist() for key in _EXTENDED)
    spans = [b - a for a, b in items.spans]
    fits = len(lengths) == len(spans) and all(0 <= b - a <= 1 for a, b in zip(lengths, spans, strict=True))
    return len(offsets) == n_frames and offsets == items.starts and fits


def _group_by_start(content: bytes, items: _Items) -> list[list[int]]:
    """Group fragments into codestreams by the marker that each starts with; RLE has one fragment a frame."""
    groups: list[list[int]] = []
    marked = [content[a : a + 6].startswith(_STARTS) for a, _ in items.spans]
    if not any(marked):
        return [[i] for i in range(len(items.spans))]
    for i, starts in enumerate(marked):
        if starts or not groups:
            groups.append([])
        groups[-1].append(i)
    return groups


def _choose_groups(items: _Items, by_start: list[list[int]], n_frames: int) -> list[list[int]]:
    if n_frames == 1 and len(by_start) <= 1:
        return [list(range(len(items.spans)))]
    return by_start if len(by_start) >= n_frames else [[i] for i in range(len(items.spans))]


def _to_item(frame: bytes) -> bytes:
    frame += b"\0" * (len(frame) % 2)
    return _ITEM + struct.pack("<L", len(frame)) + frame
