"""Sound files that pydicom cannot parse as they are, respelt in memory."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from pydicom import uid
from pydicom.dataset import FileDataset
from pydicom.uid import UID

from mri_batch.read.header.element_scanner import UNDEFINED, Scan

_ITEM, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_ELEMENT_BYTES = 12  # of tag, OB and length, before the first item


def respell(stream: BinaryIO, scan: Scan) -> BinaryIO:
    """Return the file with OW in place of OX; the stream itself where there is none."""
    if not scan.ox_at:
        return stream
    stream.seek(0)
    content = bytearray(stream.read())
    for at in scan.ox_at:
        content[at + 4 : at + 6] = b"OW"
    return io.BytesIO(bytes(content))


def close_pixels(stream: BinaryIO, scan: Scan) -> BinaryIO | None:
    """Return the file with a delimiter after its last fragment, where whole fragments end exactly with the file."""
    if scan.pixel_bytes != UNDEFINED:
        return None
    stream.seek(0)
    content = stream.read()
    start = at = scan.end + _ELEMENT_BYTES
    while content[at : at + 4] == _ITEM and at + 8 <= len(content):
        at += 8 + struct.unpack_from("<L", content, at + 4)[0]
    if at == start or at != len(content):
        return None
    return io.BytesIO(content + _SEQUENCE_END + bytes(4))


def settle_syntax(dataset: FileDataset, scan: Scan) -> None:
    """Let the first meta group's transfer syntax count, where pydicom took that of a second one."""
    if scan.syntax and dataset.file_meta.get("TransferSyntaxUID") != scan.syntax:
        deflated = scan.syntax == uid.DeflatedExplicitVRLittleEndian
        dataset.file_meta.TransferSyntaxUID = UID(str(uid.ExplicitVRLittleEndian) if deflated else scan.syntax)
