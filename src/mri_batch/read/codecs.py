"""Which decoder reads which transfer syntax; a frame is decoded only after its codestream's own size was looked at."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.uid import UID, UID_dictionary

from mri_batch.errors import Damaged, NotUsable
from mri_batch.read.codestream import check_frame

Stored = npt.NDArray[Any]

NATIVE = (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian)
DECODERS: dict[UID, tuple[str, ...]] = {  # plug-ins of pydicom.pixels in order of preference; the first at hand is used
    **dict.fromkeys(NATIVE, ("",)),
    uid.DeflatedExplicitVRLittleEndian: ("",),
    uid.RLELossless: ("pydicom",),
    uid.JPEGBaseline8Bit: ("pillow", "gdcm"),
    uid.JPEGExtended12Bit: ("pillow", "gdcm"),  # 8-bit samples alone; of 12 bits, none without GPL code
    uid.JPEGLossless: ("gdcm",),
    uid.JPEGLosslessSV1: ("gdcm",),
    uid.JPEGLSLossless: ("pyjpegls", "gdcm"),
    uid.JPEGLSNearLossless: ("pyjpegls", "gdcm"),
    uid.JPEG2000Lossless: ("pylibjpeg", "gdcm"),
    uid.JPEG2000: ("pylibjpeg", "gdcm"),
    uid.HTJ2KLossless: ("pylibjpeg",),
    uid.HTJ2KLosslessRPCL: ("pylibjpeg",),
    uid.HTJ2K: ("pylibjpeg",),
}
LOSSY = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLSNearLossless, uid.JPEG2000, uid.HTJ2K)


def choose_decoder(syntax: UID) -> str:
    """Choose the plug-in for a transfer syntax, "" where none is needed. Raises NotUsable with NO_DECODER."""
    wanted = DECODERS.get(syntax, ())
    if wanted == ("",):
        return ""
    at_hand = _pixels().get_decoder(syntax).available_plugins if wanted else ()
    for plugin in wanted:
        if plugin in at_hand:
            return plugin
    raise NotUsable(
        f"no decoder for the transfer syntax {name_syntax(syntax)}",
        code="NO_DECODER",
        hint="convert the file to Explicit VR Little Endian where it comes from",
    )


def name_syntax(syntax: UID) -> str:
    """Name a transfer syntax from the standard's list; never the file's own text."""
    return f"{syntax.name} ({syntax})" if syntax in UID_dictionary else "that is not in the standard"


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
    """Decode one frame: stored values [rows, cols], or [rows, cols, 3] as RGB. Raises NotUsable, Damaged or foreign errors."""
    syntax = syntax_of(dataset)
    plugin = choose_decoder(syntax)
    if syntax.is_encapsulated:
        check_frame(dataset, index, syntax)
    if syntax == uid.JPEGExtended12Bit and dataset.BitsStored != 8:
        raise NotUsable(
            f"no decoder for 12-bit samples of the transfer syntax {name_syntax(syntax)}",
            code="NO_DECODER",
            hint="convert the file to Explicit VR Little Endian where it comes from",
        )
    stored, about = _pixels().get_decoder(syntax).as_array(
        dataset, index=index, decoding_plugin=plugin, correct_unused_bits=False
    )
    return np.asarray(stored)


def _pixels() -> Any:
    """Return pydicom.pixels, which imports gdcm, which would import a file ``dl.py`` of the working directory."""
    with _no_dl():
        import pydicom.pixels
        import pydicom.pixels.decoders.gdcm
    return pydicom.pixels


@contextmanager
def _no_dl() -> Iterator[None]:
    hidden = {name: sys.modules.get(name) for name in ("dl", "DLFCN")}
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None makes an import of it fail
    try:
        yield
    finally:
        for name, module in hidden.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
