"""Several files of one SOPInstanceUID: the first is used, the others are compared with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from mri_batch.errors import Damaged, FileProblem, NotUsable
from mri_batch.notes import Note
from mri_batch.read.file_errors import NOTHING_TO_DO, foreign_errors
from mri_batch.read.header.load import Header
from mri_batch.read.stacks import Member

_PIECE_BYTES = 1 << 20


def drop_duplicates(members: Iterable[Member]) -> tuple[list[Member], list[tuple[Member, FileProblem]]]:
    """Keep the first file of each SOPInstanceUID; return what is kept, and the others each with its reason."""
    first: dict[str, Member] = {}
    kept: list[Member] = []
    dropped: list[tuple[Member, FileProblem]] = []
    for member in members:
        uid = member.header.instance_uid
        original = first.setdefault(uid, member) if uid else member
        if original is member:
            kept.append(member)
        else:
            dropped.append((member, _compare(original, member)))
    return kept, dropped


def _compare(original: Member, copy: Member) -> FileProblem:
    try:
        same = original.file.size_bytes == copy.file.size_bytes and _digest(original) == _digest(copy)
    except FileProblem as problem:
        return problem
    first = {"file": original.file.file_id}
    if same:
        return NotUsable(Note("DUPLICATE_CONTENT", first), code="DUPLICATE", hint=NOTHING_TO_DO)
    if original.header.syntax != copy.header.syntax and _ignore_coding(original) == _ignore_coding(copy):
        hint = Note("HINT_FIRST_IS_USED")
        return NotUsable(Note("DUPLICATE_RECODED", first), code="DUPLICATE_ENCODING", hint=hint)
    return Damaged(Note("DUPLICATE_DIFFERS", first), code="DUPLICATE_DIFFERS", hint=Note("HINT_KEEP_THE_RIGHT_ONE"))


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
    return member.header._replace(info=info, syntax="")
