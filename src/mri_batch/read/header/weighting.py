"""What an MR series is weighted by, as far as its header tells in words or in times; never more than a known word."""

from __future__ import annotations

import re

from mri_batch.read.header.tags import Raw

_CONTRASTS = {"T1": "T1", "T2": "T2", "T2_STAR": "T2STAR", "PROTON_DENSITY": "PD", "FLUID_ATTENUATED": "FLAIR"}
# Words of descriptions and protocol names, which are free text: they are looked for and never told.
_WORDS = (
    ("T2STAR", re.compile(r"T2\*|T2.?STAR|\b(SWI|SWAN|VENBOLD|HEMO|MEDIC|MERGE)\b")),
    ("FLAIR", re.compile(r"FLAIR|DARK.?FLUID|\bTIRM.*DARK")),
    ("T1", re.compile(r"(?<![A-Z0-9])T1(?!\d)|MP2?RAGE|\b(F?SPGR|BRAVO|TFE3D|VIBE|LAVA|THRIVE)\b")),
    ("T2", re.compile(r"(?<![A-Z0-9])T2(?![\d*])(?!.?STAR)|\b(CISS|FIESTA|DRIVE)\b")),
    ("PD", re.compile(r"(?<![A-Z0-9])PDW?(?![A-Z0-9])|PROTON.?DENS")),
)
_NOT_GIVEN = frozenset({"", "NO", "N", "NONE", "OFF", "N/A", "NA", "0"})


def choose_sequence(raw: Raw) -> str:
    """Name what the series is weighted by: T1, T2, T2STAR, FLAIR, PD; nothing where the header does not tell.

    By AcquisitionContrast, else by the description and protocol name, else by the times of a spin echo.
    """
    stated = _CONTRASTS.get(raw.text("AcquisitionContrast").upper())
    return stated or _by_words(raw) or _by_times(raw)


def has_contrast_agent(raw: Raw) -> bool:
    """Whether the header names a contrast agent."""
    return raw.text("ContrastBolusAgent").upper() not in _NOT_GIVEN


def _by_words(raw: Raw) -> str:
    told = " ".join(raw.text(key).upper().replace("_", " ") for key in ("SeriesDescription", "ProtocolName"))
    found = {name for name, pattern in _WORDS if pattern.search(told)}
    if "FLAIR" in found:  # "T2 FLAIR" is FLAIR, and "T1 FLAIR" a T1 with a short inversion time
        return "T1" if "T1" in found and "T2" not in found else "FLAIR"
    return found.pop() if len(found) == 1 else ""


def _by_times(raw: Raw) -> str:
    """Judge a spin echo by repetition, echo and inversion time (ms), and an inversion-prepared gradient echo as T1.

    Only where every textbook agrees; other gradient echoes depend on more than these.
    """
    kinds = frozenset(raw.words("ScanningSequence"))
    repetition, echo = raw.number("RepetitionTime"), raw.number("EchoTime")
    inversion = raw.number("InversionTime") or 0.0
    if repetition is None or echo is None or "EP" in kinds:
        return ""
    if "GR" in kinds:
        return "T1" if "IR" in kinds and 500.0 <= inversion <= 1300.0 and echo < 10.0 else ""
    if not kinds & {"SE", "IR"}:
        return ""
    if inversion >= 1500.0 and echo >= 60.0:
        return "FLAIR"
    if 200.0 <= repetition <= 900.0 and echo <= 30.0 and not inversion:
        return "T1"
    if repetition >= 2000.0 and kinds == {"SE"} and not inversion:
        return "T2" if echo >= 70.0 else "PD" if echo <= 30.0 else ""
    return ""
