"""What may be told of a series: numbers, and words from closed lists. Free text can hold private data and stays out."""

from __future__ import annotations

from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID

from mri_batch.read.header.tags import Raw
from mri_batch.read.header.weighting import choose_sequence, has_contrast_agent

Facts = tuple[tuple[str, str], ...]
SEQUENCE = "sequence"  # the key of what a series is weighted by
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
_NUMBERS = {  # keyword -> unit as displayed
    "SeriesNumber": "",
    "RepetitionTime": "ms",
    "EchoTime": "ms",
    "InversionTime": "ms",
    "FlipAngle": "deg",
    "MagneticFieldStrength": "T",
    "SliceThickness": "mm",
    "SpacingBetweenSlices": "mm",
}


def choose_modality(raw: Raw) -> str:
    """Return the Modality where it is one of the standard's defined terms."""
    modality = raw.text("Modality").upper()
    return modality if modality in _KNOWN_MODALITIES else ""


def list_facts(raw: Raw, syntax: str) -> Facts:
    """List what the header tells of the series, by keyword, in a fixed order."""
    facts = [(key, _number(raw, key, unit)) for key, unit in _NUMBERS.items()]
    facts += [(key, "\\".join(w for w in raw.words(key) if w in known)) for key, known in _WORDS.items()]
    facts.append(("BodyPartExamined", _body_part(raw)))
    if choose_modality(raw) == "MR":
        facts.append((SEQUENCE, choose_sequence(raw)))
    facts.append(("ContrastBolusAgent", "given" if has_contrast_agent(raw) else ""))
    facts.append(("TransferSyntax", UID(syntax).name if syntax in UID_dictionary else ""))
    return tuple((key, value) for key, value in facts if value)


def _number(raw: Raw, keyword: str, unit: str) -> str:
    value = raw.number(keyword)
    return "" if value is None or abs(value) >= 1e7 else f"{value:g} {unit}".rstrip()


def _body_part(raw: Raw) -> str:
    part = raw.text("BodyPartExamined").upper().replace(" ", "")
    return part if part in _KNOWN_BODY_PARTS else ""
