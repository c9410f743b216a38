"""Which decoder reads which transfer syntax. A codestream's own size is checked before it is decoded."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import uid
from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from mri_batch.errors import NotUsable
from mri_batch.notes import Note
from mri_batch.read.decode.codestream import check_frame

Stored = npt.NDArray[Any]

_STANDARD = re.compile(r"1\.2\.840\.10008\.1\.2\.[0-9.]{1,20}")
NATIVE = (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian)
# Plug-ins of pydicom.pixels; the first one installed decodes. gdcm can abort the process on damaged files and is used
# only where there is no other: as a second choice it would get exactly the files that the first one refused.
DECODERS: dict[UID, tuple[str, ...]] = {
    **dict.fromkeys(NATIVE, ("",)),
    uid.DeflatedExplicitVRLittleEndian: ("",),
    uid.RLELossless: ("pydicom",),
    uid.JPEGBaseline8Bit: ("pillow",),
    uid.JPEGExtended12Bit: ("pillow",),  # 8-bit samples only; no decoder for 12 bits without GPL code
    uid.JPEGLossless: ("gdcm",),
    uid.JPEGLosslessSV1: ("gdcm",),
    uid.JPEGLSLossless: ("pyjpegls",),
    uid.JPEGLSNearLossless: ("pyjpegls",),
    uid.JPEG2000Lossless: ("pylibjpeg",),
    uid.JPEG2000: ("pylibjpeg",),
    uid.HTJ2KLossless: ("pylibjpeg",),
    uid.HTJ2KLosslessRPCL: ("pylibjpeg",),
    uid.HTJ2K: ("pylibjpeg",),
}
LOSSY = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLSNearLossless, uid.JPEG2000, uid.HTJ2K)


def choose_decoders(syntax: UID) -> tuple[str, ...]:
    """Choose the installed plug-ins for a transfer syntax; ("",) where none is needed. Raises NotUsable, NO_DECODER."""
    wanted = DECODERS.get(syntax, ())
    if wanted == ("",):
        return wanted
    installed = get_decoder(syntax).available_plugins if wanted else ()
    chosen = tuple(plugin for plugin in wanted if plugin in installed)
    if not chosen:
        raise _no_decoder(_name_syntax(syntax))
    return chosen


def _name_syntax(syntax: UID) -> Note:
    """Name a transfer syntax from the standard's list; other text of the file stays out."""
    if syntax in UID_dictionary:
        return Note("SYNTAX", {"name": f"{syntax.name} ({syntax})"})
    return Note("SYNTAX", {"name": str(syntax)}) if _STANDARD.fullmatch(syntax) else Note("SYNTAX_UNKNOWN")


def syntax_of(dataset: Dataset) -> UID:
    """Return the transfer syntax; of a file that names none, the one that its data set was parsed with."""
    named = dataset.file_meta.get("TransferSyntaxUID")
    if named:
        return UID(named)
    implicit, little = dataset.original_encoding
    if implicit:
        return uid.ImplicitVRLittleEndian
    return uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian


def decode_frame(dataset: Dataset, index: int) -> Stored:
    """Decode one frame: stored values [rows, cols], or RGB [rows, cols, 3].

    Raises NotUsable, Damaged, or whatever the decoder raises.
    """
    syntax = syntax_of(dataset)
    plugins = choose_decoders(syntax)
    if dataset.BitsAllocated not in (1, 8, 16, 32, 64):
        raise _no_decoder(Note("BITS_PER_SAMPLE", {"bits": int(dataset.BitsAllocated)}))
    if syntax == uid.JPEGExtended12Bit and dataset.BitsStored != 8:
        raise _no_decoder(Note("SYNTAX_12_BIT", {"name": f"{syntax.name} ({syntax})"}))
    if syntax.is_encapsulated:
        check_frame(dataset, index, syntax)
    decoder: Any = get_decoder(syntax)  # pydicom's types know none of the options
    stored, _ = decoder.as_array(dataset, index=index, decoding_plugin=plugins[0], correct_unused_bits=False)
    return np.asarray(stored)


def _no_decoder(what: Note) -> NotUsable:
    return NotUsable(Note("NO_DECODER", {"what": what}), code="NO_DECODER", hint=Note("HINT_CONVERT"))
