"""Several files of one SOPInstanceUID: one whose pixels can be read is used, the others are compared with it.

Grouping runs where a crash would end the scan, so pixels are decoded here only by code that cannot crash: those of
uncompressed and RLE files. Others are compared as they are stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np
from pydicom import uid
from pydicom.filereader import read_partial

from mri_batch.errors import Damaged, FileProblem, NotUsable
from mri_batch.notes import Note
from mri_batch.read.decode.codecs import choose_decoders
from mri_batch.read.decode.slices import iter_slices
from mri_batch.read.file_errors import NOTHING_TO_DO, foreign_errors
from mri_batch.read.header.element_scanner import PIXEL_TAGS
from mri_batch.read.header.load import Header
from mri_batch.read.inflate import open_plain
from mri_batch.read.stacks import Member
from mri_batch.records import FileRecord, Series, Slice
from mri_batch.settings import ReadLimits

_PIECE_BYTES = 1 << 20
_SAFE_SYNTAXES = frozenset(
    {
        *("", uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian),
        *(uid.DeflatedExplicitVRLittleEndian, uid.RLELossless),
    }
)


def drop_duplicates(
    members: Iterable[Member], limits: ReadLimits
) -> tuple[list[Member], list[tuple[Member, FileProblem]]]:
    """Keep one file of each SOPInstanceUID; return what is kept, and the others each with its reason."""
    alike: dict[object, list[Member]] = {}
    for member in members:
        alike.setdefault(member.header.instance_uid or member.file.relative, []).append(member)
    kept: list[Member] = []
    dropped: list[tuple[Member, FileProblem]] = []
    for copies in alike.values():
        used = _choose(copies, limits) if len(copies) > 1 else copies[0]
        kept.append(used)
        dropped += [(member, _compare(used, member, limits)) for member in copies if member is not used]
    return kept, dropped


def _choose(copies: Sequence[Member], limits: ReadLimits) -> Member:
    """Choose the first copy whose pixels can be read; the first one where all are equal, or none can."""
    first = copies[0]
    if all(member is first or _is_same_file(first, member) for member in copies):
        return first
    return next((member for member in copies if _is_sound(member, limits)), first)


def _compare(used: Member, copy: Member, limits: ReadLimits) -> FileProblem:
    first = {"file": used.file.file_id}
    if _is_same_file(used, copy):
        return NotUsable(Note("DUPLICATE_CONTENT", first), code="DUPLICATE", hint=NOTHING_TO_DO)
    if not _is_sound(copy, limits) and _is_sound(used, limits):
        return NotUsable(Note("DUPLICATE_UNSOUND", first), code="DUPLICATE_UNSOUND", hint=NOTHING_TO_DO)
    recoded = used.header.syntax != copy.header.syntax
    if _have_same_pixels(used, copy, limits) or (recoded and _cannot_compare(used, copy)):
        reason, code = ("DUPLICATE_RECODED", "DUPLICATE_ENCODING") if recoded else ("DUPLICATE_PIXELS", "DUPLICATE")
        return NotUsable(Note(reason, first), code=code, hint=Note("HINT_FIRST_IS_USED") if recoded else NOTHING_TO_DO)
    return Damaged(Note("DUPLICATE_DIFFERS", first), code="DUPLICATE_DIFFERS", hint=Note("HINT_KEEP_THE_RIGHT_ONE"))


def _is_same_file(one: Member, other: Member) -> bool:
    try:
        return one.file.size_bytes == other.file.size_bytes and _digest(one) == _digest(other)
    except FileProblem:
        return False


def _is_sound(member: Member, limits: ReadLimits) -> bool:
    """Whether all pixels can be read, as far as this can be told without a native decoder."""
    try:
        if member.header.syntax in _SAFE_SYNTAXES:
            return all(isinstance(item, Slice) and not _lost_frames(item) for item in _iter_slices(member, limits))
        choose_decoders(uid.UID(member.header.syntax))
        return bool(_stored_pixels(member, limits))
    except FileProblem:
        return False


def _have_same_pixels(one: Member, other: Member, limits: ReadLimits) -> bool:
    """Whether two files hold the same slices at the same places."""
    if one.header.orientation != other.header.orientation or one.header.position_mm != other.header.position_mm:
        return False
    syntaxes = {one.header.syntax, other.header.syntax}
    if syntaxes <= _SAFE_SYNTAXES:
        pairs = zip_longest(_iter_slices(one, limits), _iter_slices(other, limits))
        return all(_are_same(a, b) for a, b in pairs)
    try:
        stored = len(syntaxes) == 1 and _stored_pixels(one, limits) == _stored_pixels(other, limits)
    except FileProblem:
        return False
    return stored and _ignore_coding(one) == _ignore_coding(other)


def _cannot_compare(one: Member, other: Member) -> bool:
    """Whether only a native decoder could compare pixels, and the headers agree."""
    native = {one.header.syntax, other.header.syntax} - _SAFE_SYNTAXES
    return bool(native) and _ignore_coding(one) == _ignore_coding(other)


def _are_same(one: Slice | FileRecord | None, other: Slice | FileRecord | None) -> bool:
    if not isinstance(one, Slice) or not isinstance(other, Slice):
        return False
    return one.position_mm == other.position_mm and np.array_equal(one.pixels, other.pixels, equal_nan=True)


def _lost_frames(item: Slice) -> bool:
    return any(note.code == "FRAMES_LOST" for note in item.notes)


def _iter_slices(member: Member, limits: ReadLimits) -> Iterable[Slice | FileRecord]:
    return iter_slices(Series(series_id="", files=(member.file,)), limits=limits)


def _stored_pixels(member: Member, limits: ReadLimits) -> bytes:
    """Return the pixels as they are stored. Raises FileProblem where the file ends within them."""
    reason = Note("PIXELS_UNDECODABLE")
    with foreign_errors("PIXELS_DAMAGED", reason), open_plain(member.file.path, limits) as stream:
        dataset = read_partial(stream, lambda tag, vr, length: int(tag) > max(PIXEL_TAGS), force=True)
        return bytes(dataset.PixelData)


def _digest(member: Member) -> bytes:
    digest = hashlib.sha256()
    unreadable = Note("FILE_UNREADABLE", {"why": Note("INPUT_ERROR")})
    with foreign_errors("UNREADABLE", unreadable), member.file.path.open("rb") as stream:
        while piece := stream.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.digest()


def _ignore_coding(member: Member) -> Header:
    """Return the header without what a change of codec alters."""
    info = replace(
        member.header.info,
        transfer_syntax="",
        photometric_interpretation="",
        lossy_image_compression=False,
        image_type=(),
    )
    return member.header._replace(info=info, syntax="", image_words=())
