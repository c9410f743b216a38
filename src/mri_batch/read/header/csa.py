"""The values of a Siemens CSA header (0029,1010), as far as a mosaic needs them.

Layout as published by the NiBabel documentation ("Siemens format DICOM with CSA header"), version SV10.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

_MAX_TAGS = 1024  # a sound header has about a hundred

CsaHeader = Mapping[str, tuple[str, ...]]  # values by name


def read_csa(content: bytes) -> CsaHeader:
    """Return the values by name; what is malformed ends the reading, and what was read until there is returned."""
    values: dict[str, tuple[str, ...]] = {}
    if content[:4] != b"SV10":
        return values
    try:
        (n_tags,) = struct.unpack_from("<L", content, 8)
        at = 16
        for _ in range(min(n_tags, _MAX_TAGS)):
            name, _vm, _vr, _syngo, n_items, _check = struct.unpack_from("<64si4siii", content, at)
            at += 84
            items = []
            for _ in range(n_items):
                _, length, _, _ = struct.unpack_from("<4i", content, at)
                if length < 0 or at + 16 + length > len(content):
                    return values
                items.append(content[at + 16 : at + 16 + length].split(b"\0")[0].decode("ascii", "replace").strip())
                at += 16 + (length + 3) // 4 * 4
            values[name.split(b"\0")[0].decode("ascii", "replace")] = tuple(item for item in items if item)
    except struct.error:
        pass  # cut off: the tags that were whole are kept
    return values
