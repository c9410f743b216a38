"""Recognise a file by its first bytes, not by its name."""

from __future__ import annotations

import struct

from pydicom.valuerep import VR

from mri_batch.records import FileKind

HEAD_BYTES = 140  # the DICOM preamble, its magic word and the first element's tag
_VALUE_REPRESENTATIONS = frozenset(v.value.encode() for v in VR if len(v.value) == 2)
_FIRST_GROUPS = (0x0002, 0x0008)  # file meta information, or a data set that starts with its identification


def choose_kind(head: bytes, size_bytes: int) -> FileKind:
    """Choose the kind of a file of ``size_bytes`` from its first ``HEAD_BYTES`` bytes."""
    if head[128:132] == b"DICM":
        return FileKind.DICOM
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileKind.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return FileKind.JPEG
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return FileKind.TIFF
    return FileKind.DICOM if _starts_like_dicom(head, size_bytes) else FileKind.OTHER


def _starts_like_dicom(head: bytes, size_bytes: int) -> bool:
    """Whether the first element is a plausible one of a data set written without the preamble."""
    if len(head) < 8:
        return False
    for endian in "<>":
        group, element = struct.unpack_from(f"{endian}HH", head)
        if group not in _FIRST_GROUPS or element > 0x0100:
            continue
        if head[4:6] in _VALUE_REPRESENTATIONS:
            return True
        length = struct.unpack_from("<L", head, 4)[0]
        if endian == "<" and length < min(size_bytes, 0x10000):
            return True
    return False
