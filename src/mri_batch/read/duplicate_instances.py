"""Copies of one DICOM instance: used once, and said to be copies only where they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from mri_batch.errors import Damaged, FileProblem, NotUsable
from mri_batch.read.file_errors import foreign_errors
from mri_batch.read.header.load import Header
from mri_batch.read.order import Member

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
    if same:
        return NotUsable(f"the same content as {original.file.file_id}", code="DUPLICATE", hint="nothing to do")
    if original.header.syntax != copy.header.syntax and _ignore_coding(original) == _ignore_coding(copy):
        reason = f"the same instance as {original.file.file_id} in another encoding"
        return NotUsable(reason, code="DUPLICATE_ENCODING", hint="the file met first is used")
    return Damaged(
        f"claims to be the same instance as {original.file.file_id}, and differs",
        code="DUPLICATE_DIFFERS",
        hint="find out which of the two is right and remove the other; the file met first is used",
    )


def _digest(member: Member) -> bytes:
    digest = hashlib.sha256()
    with foreign_errors("UNREADABLE", "the file cannot be read"), member.file.path.open("rb") as stream:
        while piece := stream.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.digest()


def _ignore_coding(member: Member) -> Header:
    """Return the header without what a change of codec alters."""
    coded = ("TransferSyntax", "PhotometricInterpretation", "LossyImageCompression", "ImageType")
    facts = tuple(pair for pair in member.header.facts if pair[0] not in coded)
    return member.header._replace(facts=facts, syntax="")
