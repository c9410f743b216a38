"""The attributes of a series that may be shown: numbers and defined terms. Free text can hold private data."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID

from mri_batch.read.header.tags import Raw
from mri_batch.read.header.weighting import choose_weighting, find_contrast_agent
from mri_batch.records import Role, SeriesInfo

_MAX_NUMBER = 1e7  # no attribute of a sound header comes near
# The standard's defined terms, and the words that scanners of the large makers add to ImageType.
_MODALITIES = (
    "AR ASMT AU BDUS BI BMD CR CT CTPROTOCOL DG DOC DX ECG EPS ES FID GM HC HD IO IOL IVOCT IVUS KER KO LEN LS MG MR "
    "NM OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS OT PLAN PR PT PX REG RESP RF RG RTDOSE RTIMAGE RTPLAN RTRECORD "
    "RTSTRUCT RWV SC SEG SM SMR SR SRF STAIN TG US VA XA XC"
)
_BODY_PARTS = (
    "HEAD BRAIN HEADNECK SKULL FACE ORBIT SELLA IAC NECK CSPINE TSPINE LSPINE SPINE CHEST BREAST HEART ABDOMEN LIVER "
    "KIDNEY PELVIS PROSTATE HIP KNEE ANKLE FOOT LEG SHOULDER ELBOW WRIST HAND ARM EXTREMITY WHOLEBODY PHANTOM"
)
_IMAGE_TYPES = (
    "ORIGINAL DERIVED PRIMARY SECONDARY LOCALIZER AXIAL OTHER M P R I PHASE MAGNITUDE REAL IMAGINARY MIXED ND NORM "
    "DIS2D DIS3D SH MFSPLIT FM FS FMRI MOSAIC MPR ADC FA TRACEW TENSOR COLFA DIFFUSION PERFUSION NONE VOLUME FFE SE "
    "TSE IR T1 T2 PD FLAIR SUB MIP MIN M_FFE P_FFE M_SE M_IR R_IR I_IR R_FFE I_FFE EPI ASL SWI RESAMPLED"
)
_WORDS = {
    "ImageType": frozenset(_IMAGE_TYPES.split()),
    "ScanningSequence": frozenset({"SE", "IR", "GR", "EP", "RM"}),
    "MRAcquisitionType": frozenset({"2D", "3D"}),
    "PhotometricInterpretation": frozenset({"MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE COLOR"})
    | frozenset({"YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"}),
    "LossyImageCompression": frozenset({"00", "01"}),
    "BurnedInAnnotation": frozenset({"YES", "NO"}),
}
_KNOWN_MODALITIES, _KNOWN_BODY_PARTS = frozenset(_MODALITIES.split()), frozenset(_BODY_PARTS.split())


def load_info(raw: Raw, syntax: str, role: Role) -> SeriesInfo:
    """Return what one header tells of its series; plane, spacing and notes follow once its slices are together."""
    modality = _choose_term(raw.text("Modality"), _KNOWN_MODALITIES)
    number = raw.number("SeriesNumber")
    return SeriesInfo(
        role=role,
        modality=modality,
        body_part_examined=_choose_term(raw.text("BodyPartExamined").replace(" ", ""), _KNOWN_BODY_PARTS),
        weighting=choose_weighting(raw) if modality == "MR" else None,
        contrast_agent=find_contrast_agent(raw),
        series_number=int(number) if number is not None and number.is_integer() and abs(number) < _MAX_NUMBER else None,
        repetition_time_ms=_number(raw, "RepetitionTime"),
        echo_time_ms=_number(raw, "EchoTime"),
        inversion_time_ms=_number(raw, "InversionTime"),
        flip_angle_deg=_number(raw, "FlipAngle"),
        magnetic_field_strength_t=_number(raw, "MagneticFieldStrength"),
        slice_thickness_mm=_number(raw, "SliceThickness"),
        spacing_between_slices_mm=_number(raw, "SpacingBetweenSlices"),
        image_type=_words(raw, "ImageType"),
        scanning_sequence=_words(raw, "ScanningSequence"),
        mr_acquisition_type=_first_word(raw, "MRAcquisitionType"),
        photometric_interpretation=_first_word(raw, "PhotometricInterpretation"),
        lossy_image_compression=_words(raw, "LossyImageCompression") == ("01",),
        burned_in_annotation=_words(raw, "BurnedInAnnotation") == ("YES",),
        transfer_syntax=UID(syntax).name if syntax in UID_dictionary else "",
    )


def _choose_term(text: str, known: AbstractSet[str]) -> str:
    """Return a code string in capitals where it is one of the known terms; else nothing."""
    term = text.upper()
    return term if term in known else ""


def _words(raw: Raw, keyword: str) -> tuple[str, ...]:
    return tuple(word for word in raw.words(keyword) if word in _WORDS[keyword])


def _first_word(raw: Raw, keyword: str) -> str:
    words = _words(raw, keyword)
    return words[0] if words else ""


def _number(raw: Raw, keyword: str) -> float | None:
    value = raw.number(keyword)
    return None if value is None or abs(value) >= _MAX_NUMBER else value
