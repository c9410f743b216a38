"""Open a DICOM file; a deflated one is inflated, within bounds, before a parser sees it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from mri_batch.errors import Damaged
from mri_batch.notes import Note
from mri_batch.read.file_errors import SUSPICIOUS_FILE
from mri_batch.settings import ReadLimits

_DEFLATED = str(DeflatedExplicitVRLittleEndian).encode()
_PLAIN = str(ExplicitVRLittleEndian).encode()
_META_BYTES = 4096  # the transfer syntax lies within it in every file seen
_HEAD_BYTES = 1 << 20  # all of the file meta information, whose elements are short
_PIECE_BYTES = 1 << 20
_FREE_BYTES = 64 << 20  # inflated whatever the ratio: an empty slice compresses a thousandfold
_MAX_RATIO = 100  # real pictures compress two- to tenfold
_LONG_FORM = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT", b"SV", b"UV")


@contextmanager
def open_plain(path: Path, limits: ReadLimits) -> Iterator[BinaryIO]:
    """Open a DICOM file; a deflated one comes inflated, from memory. Raises Damaged with TOO_LARGE over the bound."""
    with path.open("rb") as stream:
        if _DEFLATED in stream.read(_META_BYTES):
            stream.seek(0)
            head = stream.read(_HEAD_BYTES)
            syntax, end = _read_meta(head)
            stream.seek(0)
            yield io.BytesIO(_inflate(stream, head[:end], limits)) if syntax == _DEFLATED else stream
        else:
            stream.seek(0)
            yield stream


def _inflate(stream: BinaryIO, meta: bytes, limits: ReadLimits) -> bytes:
    """Return the same file with its data set inflated piece by piece, its transfer syntax the plain one."""
    size_bytes = stream.seek(0, io.SEEK_END)
    most = min(limits.max_inflated_bytes, max(_FREE_BYTES, _MAX_RATIO * size_bytes))
    plain = bytearray(meta.replace(_DEFLATED, _PLAIN.ljust(len(_DEFLATED), b"\0")))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    stream.seek(len(meta))
    while not inflater.eof and (piece := stream.read(_PIECE_BYTES)):
        plain += inflater.decompress(piece, most + 1 + len(meta) - len(plain))
        if len(plain) - len(meta) > most:
            raise Damaged(Note("DEFLATED_TOO_LARGE", {"mib": most >> 20}), code="TOO_LARGE", hint=SUSPICIOUS_FILE)
    return bytes(plain)


def _read_meta(content: bytes) -> tuple[bytes, int]:
    """Return the transfer syntax and where the file meta information (group 2, explicit little endian) ends."""
    syntax, at = b"", 132 if content[128:132] == b"DICM" else 0
    while content[at : at + 2] == b"\x02\x00" and at + 12 <= len(content):
        long_form = content[at + 4 : at + 6] in _LONG_FORM
        start = at + (12 if long_form else 8)
        length = struct.unpack_from("<L" if long_form else "<H", content, start - (4 if long_form else 2))[0]
        if content[at + 2 : at + 4] == b"\x10\x00" and not syntax:  # of a second meta group, nothing counts
            syntax = content[start : start + length].rstrip(b"\0 ")
        at = start + length
    return syntax, at
