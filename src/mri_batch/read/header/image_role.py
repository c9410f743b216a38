"""What a DICOM object is for, from its header alone: a picture to classify, a localizer, a map, a raw stack."""

from __future__ import annotations

import re
import struct

from pydicom import uid

from mri_batch.read.header.tags import GE_B_VALUE, PHILIPS_B_VALUE, PHILIPS_TECHNIQUE, SIEMENS_B_VALUE, Raw
from mri_batch.records import Role

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
# ImageType from its third value on, as scanners of the large makers and the standard's defined terms spell it
_LOCALIZER_WORDS = frozenset({"LOCALIZER", "SCOUT", "SURVEY"})
_PHASE_WORDS = frozenset({"P", "PHASE", "I", "IMAGINARY", "VELOCITY"})
_REAL_WORDS = frozenset({"R", "REAL"})  # of an inversion recovery it is the clinical picture
_MAP_WORDS = frozenset(
    {"ADC", "EADC", "FA", "RA", "COLFA", "TENSOR", "TRACE", "TRACEW", "CBF", "CBV", "RCBF", "RCBV", "MTT", "TTP"}
    | {"TMAX", "GBP", "PBP", "REL_CBF", "SUB", "SUBTRACTION", "MINIP", "MIP", "T1MAP", "T2MAP", "T2STAR", "STDEV"}
)
_PERFUSION_WORDS = frozenset({"PERFUSION", "ASL", "DSC", "DCE"})
_SIEMENS_DIFFUSION = re.compile(r"\*?(ep|re)_b\d")
_SIEMENS_FIELD_MAP = re.compile(r"\*?fm\dd")


def choose_role(raw: Raw, *, has_pixels: bool) -> Role:
    """Choose the role of one object. What the header does not tell never makes it less than a picture."""
    class_uid = raw.text("SOPClassUID")
    if class_uid in _NO_IMAGE_CLASSES or not has_pixels or not raw.unsigned("Rows"):
        return Role.NO_IMAGE
    if class_uid in _CAPTURE_CLASSES:
        return Role.CAPTURE
    words = frozenset(raw.words("ImageType")[2:])
    if words & _LOCALIZER_WORDS:
        return Role.LOCALIZER
    if words & _MAP_WORDS or any(word.endswith((" MAP", "_MAP")) for word in words):
        return Role.DERIVED
    if _is_phase(raw, words):
        return Role.PHASE
    return _choose_by_sequence(raw, words)


def _choose_by_sequence(raw: Raw, words: frozenset[str]) -> Role:
    contrast = raw.text("AcquisitionContrast")
    if contrast == "DIFFUSION" or _is_diffusion(raw, words):
        return Role.DIFFUSION
    if contrast == "PERFUSION" or words & _PERFUSION_WORDS:
        return Role.PERFUSION
    if _SIEMENS_FIELD_MAP.match(raw.text("SequenceName")):
        return Role.FIELD_MAP
    technique = raw.private(PHILIPS_TECHNIQUE).strip(b" \0")
    echo_planar = "EP" in raw.words("ScanningSequence") or raw.text("EchoPlanarPulseSequence") == "YES"
    repeats = raw.number("NumberOfTemporalPositions") or 1.0
    if "FMRI" in words or ((echo_planar or technique.endswith(b"EPI")) and ("MOSAIC" in words or repeats > 1.0)):
        return Role.TIME_SERIES
    return Role.ECHO_PLANAR if echo_planar or technique.endswith(b"EPI") else Role.PICTURE


def _is_phase(raw: Raw, words: frozenset[str]) -> bool:
    if raw.text("ComplexImageComponent") in ("PHASE", "REAL", "IMAGINARY", "MIXED"):
        return True
    if words & _REAL_WORDS and not ("IR" in words or "IR" in raw.words("ScanningSequence")):
        return True
    return bool(words & _PHASE_WORDS) or any(word.startswith(("P_", "I_")) for word in words)


def _is_diffusion(raw: Raw, words: frozenset[str]) -> bool:
    return (
        "DIFFUSION" in words
        or raw.double("DiffusionBValue") > 0.0
        or raw.text("DiffusionDirectionality") in ("DIRECTIONAL", "BMATRIX", "ISOTROPIC")
        or bool(_SIEMENS_DIFFUSION.match(raw.text("SequenceName")))
        or bool(raw.private(SIEMENS_B_VALUE))
        or raw.private(PHILIPS_TECHNIQUE).upper().startswith(b"DWI")
        or _philips_b_value(raw) > 0.0
        or _ge_b_value(raw) > 0
    )


def _philips_b_value(raw: Raw) -> float:
    content = raw.private(PHILIPS_B_VALUE)
    return float(struct.unpack("<f", content)[0]) if len(content) == 4 else 0.0


def _ge_b_value(raw: Raw) -> int:
    """GE adds a multiple of 10^8 or more to mark a b-value of several directions."""
    first = raw.private(GE_B_VALUE).split(b"\\")[0].strip(b" \0")
    return int(first) % 100_000 if first.isdigit() and len(first) < 16 else 0
