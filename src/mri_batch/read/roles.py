"""What a DICOM object is, from facts of its header alone: a picture to classify, or one of the many things that are not."""

from __future__ import annotations

import re
import struct
from enum import StrEnum

from pydicom import uid

from mri_batch.read.tags import GE_B_VALUE, PHILIPS_B_VALUE, SIEMENS_B_VALUE, Raw


class Role(StrEnum):
    """What an object is for."""

    PICTURE = "picture"
    LOCALIZER = "localizer"
    DERIVED = "derived map"
    CAPTURE = "secondary capture"
    PHASE = "phase or complex part"
    DIFFUSION = "diffusion"
    PERFUSION = "perfusion"
    TIME_SERIES = "time series"
    NO_IMAGE = "not an image"


RAW_STACKS = (Role.DIFFUSION, Role.PERFUSION, Role.TIME_SERIES)  # one such object makes the whole series one

_CAPTURE_CLASSES = frozenset(
    {
        uid.SecondaryCaptureImageStorage,
        uid.MultiFrameSingleBitSecondaryCaptureImageStorage,
        uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
        uid.MultiFrameTrueColorSecondaryCaptureImageStorage,
    }
)
_NO_IMAGE_CLASSES = frozenset(
    {
        uid.SegmentationStorage,
        uid.RTDoseStorage,
        uid.MRSpectroscopyStorage,
        uid.RealWorldValueMappingStorage,
        uid.EncapsulatedPDFStorage,
        uid.MediaStorageDirectoryStorage,
    }
)
_LOCALIZER_WORDS = frozenset({"LOCALIZER", "SCOUT", "SURVEY"})
_PHASE_WORDS = frozenset({"P", "PHASE", "R", "REAL", "I", "IMAGINARY", "VELOCITY", "PHASE MAP", "VELOCITY MAP"})
_MAP_WORDS = frozenset(
    "ADC EADC FA RA COLFA TENSOR TRACE TRACEW CBF CBV RCBF RCBV MTT TTP TMAX GBP PBP REL_CBF T1MAP T2MAP T2STARMAP "
    "SUB SUBTRACTION SWI MINIP MIP MPR3D CPR T1 T2 T2STAR QMAP STDEV BVALUE".split()
) - {"T1", "T2", "SWI"}
_PERFUSION_WORDS = frozenset({"PERFUSION", "ASL", "DSC", "DCE"})


def choose_role(raw: Raw, *, has_pixels: bool) -> Role:
    """Choose the role of one object. Unknown facts never make it less than a picture."""
    class_uid = raw.text("SOPClassUID")
    if class_uid in _NO_IMAGE_CLASSES or not has_pixels or not raw.unsigned("Rows"):
        return Role.NO_IMAGE
    if class_uid in _CAPTURE_CLASSES:
        return Role.CAPTURE
    words = frozenset(raw.words("ImageType")[2:])
    if words & _LOCALIZER_WORDS:
        return Role.LOCALIZER
    if _is_diffusion(raw, words):
        return Role.DERIVED if _is_map(words) else Role.DIFFUSION
    if _is_map(words):
        return Role.DERIVED
    if _is_phase(raw, words):
        return Role.PHASE
    contrast = raw.text("AcquisitionContrast")
    if words & _PERFUSION_WORDS or contrast == "PERFUSION":
        return Role.PERFUSION
    return Role.TIME_SERIES if _is_time_series(raw, words) else Role.PICTURE


def _is_map(words: frozenset[str]) -> bool:
    return bool(words & _MAP_WORDS) or any(word.endswith((" MAP", "_MAP")) for word in words)


def _is_phase(raw: Raw, words: frozenset[str]) -> bool:
    if raw.text("ComplexImageComponent") in ("PHASE", "REAL", "IMAGINARY"):
        return True
    return bool(words & _PHASE_WORDS) or any(word.startswith(("P_", "R_", "I_")) for word in words)


def _is_diffusion(raw: Raw, words: frozenset[str]) -> bool:
    b_value = raw.number("DiffusionBValue")
    return (
        "DIFFUSION" in words
        or raw.text("AcquisitionContrast") == "DIFFUSION"
        or (b_value or 0.0) > 0.0
        or raw.text("DiffusionDirectionality") in ("DIRECTIONAL", "BMATRIX", "ISOTROPIC")
        or bool(re.match(r"\*?(ep|re)_b\d", raw.text("SequenceName")))
        or bool(raw.content(SIEMENS_B_VALUE))
        or _philips_b_value(raw) > 0.0
        or _ge_b_value(raw) > 0
    )


def _philips_b_value(raw: Raw) -> float:
    content = raw.content(PHILIPS_B_VALUE)
    return float(struct.unpack("<f", content)[0]) if len(content) == 4 else 0.0


def _ge_b_value(raw: Raw) -> int:
    first = raw.content(GE_B_VALUE).split(b"\\")[0].strip(b" \0")
    return int(first) % 100_000 if first.isdigit() else 0  # GE adds 10^9 to mark a b-value of several directions


def _is_time_series(raw: Raw, words: frozenset[str]) -> bool:
    echo_planar = "EP" in raw.words("ScanningSequence")
    repeats = raw.number("NumberOfTemporalPositions") or 1.0
    return "FMRI" in words or (echo_planar and ("MOSAIC" in words or repeats > 1.0))
