"""One pass over the elements of a DICOM file, without recursion, that keeps only the values asked for.

It finds the few values that grouping needs several times faster than a full parse, and it guards the full parse:
nesting and the number of elements are bounded here, so that no hostile file reaches a recursive parser.
"""

from __future__ import annotations

import struct
from collections.abc import Set as AbstractSet
from typing import BinaryIO, NamedTuple

from pydicom import uid

from mri_batch.errors import Damaged
from mri_batch.notes import Note
from mri_batch.read.file_errors import SUSPICIOUS_FILE
from mri_batch.settings import ReadLimits

PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_BLOCK_BYTES = 1 << 15  # most headers come in one read
_MAX_VALUE_BYTES = 1 << 16  # nothing that grouping wants comes near
_MAX_ELEMENTS = 400_000  # an enhanced object of 2,000 frames has half of it
_META_CLASS, _META_SYNTAX, _CLASS = 0x00020002, 0x00020010, 0x00080016
UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG_FORM = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"OX", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
_SHORT_FORM = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS"}
    | {b"ST", b"TM", b"UI", b"UL", b"US"}
)


class Scan(NamedTuple):
    """The wanted values of the top level by tag, as bytes; ``pixel_bytes`` is None where the file has no pixels.

    ``end``: where the scan ended, which is where the pixel element starts. ``ox_at``: where elements start that give
    their value representation as OX, the name that some writers use for OW.
    """

    values: dict[int, bytes]
    syntax: str
    little_endian: bool
    pixel_bytes: int | None
    end: int = 0
    ox_at: tuple[int, ...] = ()


class _Coding(NamedTuple):
    explicit: bool
    tag: struct.Struct
    short: struct.Struct
    long: struct.Struct


_LITTLE = _Coding(True, struct.Struct("<HH"), struct.Struct("<H"), struct.Struct("<L"))
_BIG = _Coding(True, struct.Struct(">HH"), struct.Struct(">H"), struct.Struct(">L"))
_IMPLICIT = _LITTLE._replace(explicit=False)


def scan_file(stream: BinaryIO, wanted: AbstractSet[int], limits: ReadLimits) -> Scan:
    """Scan an opened, not deflated file up to its pixels. Raises Damaged with TOO_DEEP or TOO_LARGE."""
    head = stream.read(132)
    start = 132 if head[128:132] == b"DICM" else 0
    meta, _, at = _scan(stream, start, _LITTLE, frozenset({_META_CLASS, _META_SYNTAX}), limits, None)
    syntax = meta.get(_META_SYNTAX, b"").rstrip(b"\0 ").decode("ascii", "replace")
    coding = _choose_coding(stream, at, syntax)
    ox_at: list[int] = []
    values, pixel_bytes, end = _scan(stream, at, coding, wanted, limits, ox_at)
    values.setdefault(_CLASS, meta.get(_META_CLASS, b""))  # a DICOMDIR names its class only there
    return Scan(values, syntax, coding is not _BIG, pixel_bytes, end, tuple(ox_at))


def _choose_coding(stream: BinaryIO, at: int, syntax: str) -> _Coding:
    """Choose implicit or explicit by the first element itself: writers change the one and forget the other."""
    stream.seek(at)
    first = stream.read(6)
    if syntax == uid.ExplicitVRBigEndian:
        return _BIG
    if not _is_vr(first[4:6]):
        return _IMPLICIT
    return _BIG if first[:1] == b"\0" and not syntax else _LITTLE


def _is_vr(content: bytes) -> bool:
    """Whether two bytes look like a value representation, known or not: two capital letters."""
    return len(content) == 2 and content.isalpha() and content.isupper()


def _scan(
    stream: BinaryIO, at: int, coding: _Coding, wanted: AbstractSet[int], limits: ReadLimits, ox_at: list[int] | None
) -> tuple[dict[int, bytes], int | None, int]:
    """Return the wanted values, the length of the pixels where they were reached, and where the scan ended.

    Without ``ox_at`` the meta group alone is scanned, and of two the first counts; with it, the places of elements of
    the unknown representation OX are added to it. Undefined lengths are walked through flat, counting how deep they
    are; defined lengths are stepped over.
    """
    explicit, unpack_tag, unpack_short, unpack_long = coding[0], *(part.unpack_from for part in coding[1:])
    values, depth, base, block = dict[int, bytes](), 0, at, b""
    for _ in range(_MAX_ELEMENTS):
        i = at - base
        if not 0 <= i <= len(block) - 12:
            block, base, i = _read_block(stream, at), at, 0
            if not block:
                return values, None, at
        group, element = unpack_tag(block, i)
        tag = group << 16 | element
        if ox_at is None and group != 2:
            return values, None, at
        vr = block[i + 4 : i + 6] if explicit and group != 0xFFFE else b""
        if vr in _LONG_FORM:
            length, start = unpack_long(block, i + 8)[0], at + 12
            if vr == b"OX" and ox_at is not None:
                ox_at.append(at)
        elif vr in _SHORT_FORM or _is_vr(vr):  # unknown ones have the short form
            length, start = unpack_short(block, i + 6)[0], at + 8
        else:  # implicit, a delimiter, or a writer that switches to implicit inside
            length, start = unpack_long(block, i + 4)[0], at + 8
        if depth == 0 and tag in PIXEL_TAGS:
            return values, length, at
        if length == UNDEFINED:
            depth, at = _enter(depth, limits), start
        elif tag in (_ITEM_END, _SEQUENCE_END):
            depth, at = max(depth - 1, 0), start
        else:
            if depth == 0 and tag in wanted and length <= _MAX_VALUE_BYTES and not (ox_at is None and tag in values):
                values[tag] = _value(stream, block, start - base, start, length)
            at = start + length
    raise Damaged(Note("TOO_MANY_ELEMENTS", {"limit": _MAX_ELEMENTS}), code="TOO_LARGE", hint=SUSPICIOUS_FILE)


def _enter(depth: int, limits: ReadLimits) -> int:
    """Count one sequence or item more, two of which are a level of nesting. Raises Damaged with TOO_DEEP."""
    if depth + 1 > 2 * limits.max_nesting:
        raise Damaged(Note("TOO_DEEP"), code="TOO_DEEP", hint=SUSPICIOUS_FILE)
    return depth + 1


def _read_block(stream: BinaryIO, at: int) -> bytes:
    """Read the next elements, 12 bytes at least so that any header of one fits; nothing at the end of the file."""
    stream.seek(at)
    block = stream.read(_BLOCK_BYTES)
    return b"" if len(block) < 8 else block.ljust(12, b"\0")


def _value(stream: BinaryIO, block: bytes, i: int, start: int, length: int) -> bytes:
    if i + length <= len(block):
        return block[i : i + length]
    stream.seek(start)
    return stream.read(length)
