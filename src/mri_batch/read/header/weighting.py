"""What an MR series is weighted by, from terms, descriptions and times of its header."""

from __future__ import annotations

import re

from mri_batch.read.header.tags import Raw
from mri_batch.records import Weighting

_CONTRASTS = {
    "T1": Weighting.T1,
    "T2": Weighting.T2,
    "T2_STAR": Weighting.T2STAR,
    "PROTON_DENSITY": Weighting.PD,
    "FLUID_ATTENUATED": Weighting.FLAIR,
}
# Searched for in descriptions and protocol names, which are free text and are never shown.
_WORDS = (
    (Weighting.T2STAR, re.compile(r"T2\*|T2.?STAR|\b(SWI|SWAN|VENBOLD|HEMO|MEDIC|MERGE)\b")),
    (Weighting.FLAIR, re.compile(r"FLAIR|DARK.?FLUID|\bTIRM.*DARK")),
    (Weighting.T1, re.compile(r"(?<![A-Z0-9])T1(?!\d)|MP2?RAGE|\b(F?SPGR|BRAVO|TFE3D|VIBE|LAVA|THRIVE)\b")),
    (Weighting.T2, re.compile(r"(?<![A-Z0-9])T2(?![\d*])(?!.?STAR)|\b(CISS|FIESTA|DRIVE)\b")),
    (Weighting.PD, re.compile(r"(?<![A-Z0-9])PDW?(?![A-Z0-9])|PROTON.?DENS")),
)
_T1 = dict(_WORDS)[Weighting.T1]
_WITH_AGENT = re.compile(
    r"\+ ?C(?![A-Z0-9])|\+ ?(GD|KM)\b|\b(GD|GAD|GADO\w*|KM|CE|POST|POSTCON\w*|CONTRAST)\b(?![ -]?OP)"
)
_WITHOUT_AGENT = re.compile(
    r"\b(PRE|NATIV\w*|OHNE|SANS|WITHOUT|PRECON\w*|PRE.?GAD\w*|NON.?CON\w*|NO CONTRAST|W/?O)\b(?![ -]?OP)"
)
_NOT_GIVEN = frozenset({"", "NO", "N", "NONE", "OFF", "N/A", "NA", "0"})


def choose_weighting(raw: Raw) -> Weighting | None:
    """Choose what the series is weighted by; None where the header does not tell.

    By AcquisitionContrast, else by the description and protocol name, else by the times of a spin echo.
    """
    stated = _CONTRASTS.get(raw.text("AcquisitionContrast").upper())
    return stated or _by_words(raw) or _by_times(raw)


def find_contrast_agent(raw: Raw) -> bool | None:
    """Whether the series was acquired with a contrast agent; None where the header does not tell.

    Words of a T1 series count more than the attributes, which some scanners copy to every series of a study.
    """
    words = _describe(raw)
    if _T1.search(words):
        if _WITHOUT_AGENT.search(words):
            return False
        if _WITH_AGENT.search(words):
            return True
    if raw.text("ContrastBolusAgent"):
        return raw.text("ContrastBolusAgent").upper() not in _NOT_GIVEN
    if any((raw.number(key) or 0.0) > 0.0 for key in ("ContrastBolusVolume", "ContrastBolusTotalDose")):
        return True
    given = any(
        raw.text(key).upper() not in _NOT_GIVEN for key in ("ContrastBolusIngredient", "ContrastBolusStartTime")
    )
    return True if given else None


def _by_words(raw: Raw) -> Weighting | None:
    text = _describe(raw)
    found = {name for name, pattern in _WORDS if pattern.search(text)}
    if Weighting.FLAIR in found:  # "T2 FLAIR" is FLAIR, and "T1 FLAIR" a T1 with a short inversion time
        return Weighting.T1 if Weighting.T1 in found and Weighting.T2 not in found else Weighting.FLAIR
    return found.pop() if len(found) == 1 else None


def _describe(raw: Raw) -> str:
    return " ".join(raw.text(key).upper().replace("_", " ") for key in ("SeriesDescription", "ProtocolName"))


def _by_times(raw: Raw) -> Weighting | None:
    """Classify a spin echo by repetition, echo and inversion time in ms, an inversion-prepared gradient echo as T1.

    Only where every textbook agrees; the contrast of other gradient echoes depends on more than these.
    """
    kinds = frozenset(raw.words("ScanningSequence"))
    repetition, echo = raw.number("RepetitionTime"), raw.number("EchoTime")
    inversion = raw.number("InversionTime") or 0.0
    if repetition is None or echo is None or "EP" in kinds:
        return None
    if "GR" in kinds:
        return Weighting.T1 if "IR" in kinds and 500.0 <= inversion <= 1300.0 and echo < 10.0 else None
    if not kinds & {"SE", "IR"}:
        return None
    if inversion >= 1500.0 and echo >= 60.0:
        return Weighting.FLAIR
    if 200.0 <= repetition <= 900.0 and echo <= 30.0 and not inversion:
        return Weighting.T1
    if repetition >= 2000.0 and kinds == {"SE"} and not inversion:
        return Weighting.T2 if echo >= 70.0 else Weighting.PD if echo <= 30.0 else None
    return None
