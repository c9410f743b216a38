"""PNG files without their text and colour profiles, which Pillow bounds and which no pixel needs."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

_KEPT = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"eXIf"})


def without_text(stream: BinaryIO) -> BinaryIO:
    """Copy the chunks of an opened PNG that say what its pixels are and how they lie."""
    kept = io.BytesIO()
    kept.write(stream.read(8))
    while len(head := stream.read(8)) == 8:
        length, kind = struct.unpack(">L4s", head)
        if kind in _KEPT:
            kept.write(head + stream.read(length + 4))  # and its checksum
        else:
            stream.seek(length + 4, io.SEEK_CUR)
    kept.seek(0)
    return kept
