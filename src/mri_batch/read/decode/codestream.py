"""The size that a compressed frame states, checked before any decoder allocates memory for it."""

from __future__ import annotations

import struct
from typing import NamedTuple

from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.uid import UID

from mri_batch.errors import Damaged
from mri_batch.notes import Note
from mri_batch.read.file_errors import COPY_AGAIN

_J2K = (uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K)
_MAX_TILES = 65_535  # the standard's bound on tiles; each costs a decoder memory before any data is read
_JPEG_SIZED = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}  # start of frame; 0xF7: JPEG-LS


class Size(NamedTuple):
    """Rows, columns and samples per pixel of a codestream."""

    rows: int
    cols: int
    samples: int


def check_frame(dataset: Dataset, index: int, syntax: UID) -> None:
    """Raise Damaged where the codestream of one frame is not of the size that the header promises."""
    frame = get_frame(dataset.PixelData, index, number_of_frames=int(dataset.get("NumberOfFrames") or 1))
    promised = Size(int(dataset.Rows), int(dataset.Columns), int(dataset.SamplesPerPixel))
    if syntax == uid.RLELossless:
        most = 2 * promised.rows * promised.cols * promised.samples * (int(dataset.BitsAllocated) // 8) + 128
        if len(frame) > most:  # a run of two costs two bytes, so even the worst encoder stays below
            raise _differs(Note("RUNS_TOO_LONG"))
        return
    size = j2k_size(frame) if syntax in _J2K else jpeg_size(frame)
    if size is None:
        raise _differs(Note("FRAME_WITHOUT_SIZE"))
    if size != promised:
        raise _differs(Note("FRAME_SIZE_DIFFERS", {"header": _to_note(promised), "frame": _to_note(size)}))


def jpeg_size(frame: bytes) -> Size | None:
    """Find the size in a JPEG or JPEG-LS codestream's start-of-frame marker."""
    at = 2
    while at + 10 <= len(frame):
        if frame[at] != 0xFF:
            return None
        marker = frame[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in _JPEG_SIZED:
            rows, cols, samples = struct.unpack_from(">HHB", frame, at + 5)
            return Size(rows, cols, samples)
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:  # markers without a segment
            at += 2
        else:
            at += 2 + struct.unpack_from(">H", frame, at + 2)[0]
    return None


def j2k_size(frame: bytes) -> Size | None:
    """Find the size in a JPEG 2000 codestream's SIZ marker, which follows its start; a JP2 wrapper is skipped."""
    start = frame.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start < 0 or len(frame) < start + 42:
        return None
    x1, y1, x0, y0, tile_x, tile_y, tile_x0, tile_y0, samples = struct.unpack_from(">8LH", frame, start + 8)
    if not (tile_x and tile_y and x1 > x0 and y1 > y0):
        return None
    if -(-(x1 - tile_x0) // tile_x) * -(-(y1 - tile_y0) // tile_y) > _MAX_TILES:
        return None
    return Size(y1 - y0, x1 - x0, samples)


def _to_note(size: Size) -> Note:
    return Note("FRAME_SIZE", size._asdict())


def _differs(reason: Note) -> Damaged:
    return Damaged(reason, code="CODESTREAM_DIFFERS", hint=COPY_AGAIN)
