"""Which series of a study are for the model, from facts of their headers alone."""

from __future__ import annotations

from dataclasses import replace

from mri_batch.card import ModelCard
from mri_batch.read.file_errors import to_record
from mri_batch.read.header.attributes import SEQUENCE
from mri_batch.read.header.image_role import Role
from mri_batch.read.header.series_info import PLANE, ROLE
from mri_batch.records import FileRecord, FileStatus, Series, Study

_PICTURES = "ordinary pictures do not tell how they were made, so all are used"
_ROLE_REASONS = {
    Role.LOCALIZER: ("LOCALIZER", "a localizer only plans the other series"),
    Role.DERIVED: ("DERIVED_MAP", "a computed map is not what the model was trained on"),
    Role.CAPTURE: ("SECONDARY_CAPTURE", "a secondary capture is a screenshot, not a measured picture"),
    Role.PHASE: ("PHASE_IMAGE", "a phase or complex picture does not show anatomy as the model knows it"),
    Role.FIELD_MAP: ("FIELD_MAP", "a field map only serves to correct other series"),
    Role.DIFFUSION: ("DIFFUSION_STACK", "a raw diffusion stack is not what the model was trained on"),
    Role.PERFUSION: ("PERFUSION_STACK", "a raw perfusion stack is not what the model was trained on"),
    Role.TIME_SERIES: ("TIME_SERIES", "a time series repeats the same slices for measuring a signal"),
    Role.ECHO_PLANAR: ("ECHO_PLANAR_STACK", "a raw echo-planar stack is not what the model was trained on"),
}


def choose_series(study: Study, card: ModelCard) -> Study:
    """Keep the series that the model is for; the files of others go to ``unused`` as skipped, each with its reason.

    Role, modality and body part decide by themselves. A series of another sequence or plane gives way to those that
    fit; where none fits, all are used and the study has a doubt. What the header does not tell is never a reason.
    """
    if study.kind != "dicom":
        return replace(study, series=tuple(replace(series, reason=_PICTURES) for series in study.series))
    refusals = {series.series_id: _refuse(series, card) for series in study.series}
    usable = [series for series in study.series if refusals[series.series_id] is None]
    misfits = {series.series_id: misfit for series in usable if (misfit := _find_misfit(series, card))}
    if len(misfits) < len(usable):
        refusals |= {key: (code, f"{why}; other series of the study fit") for key, (code, why) in misfits.items()}
        misfits = {}
    used = tuple(_accept(s, misfits) for s in study.series if refusals[s.series_id] is None)
    unused = [
        _skip(series, index, *refusal)
        for series in study.series
        if (refusal := refusals[series.series_id])
        for index in range(len(series.files))
    ]
    doubts = tuple(dict.fromkeys(why for _, why in misfits.values()))
    return replace(study, series=used, unused=(*study.unused, *unused), doubts=doubts)


def _refuse(series: Series, card: ModelCard) -> tuple[str, str] | None:
    """Return code and reason where a series is left out whatever else the study holds."""
    facts = dict(series.facts)
    by_role = _ROLE_REASONS.get(Role(facts.get(ROLE, Role.PICTURE)))
    if by_role:
        return by_role
    if _differs(series.modality, card.modalities):
        return "OTHER_MODALITY", _differs(series.modality, card.modalities)
    part = _differs(facts.get("BodyPartExamined", ""), card.body_parts)
    return ("OTHER_BODY_PART", part) if part else None


def _find_misfit(series: Series, card: ModelCard) -> tuple[str, str] | None:
    """Return code and reason where the sequence or plane is not what the model is for."""
    facts = dict(series.facts)
    if sequence := _differs(facts.get(SEQUENCE, ""), card.sequences):
        return "OTHER_SEQUENCE", sequence
    plane = _differs(facts.get(PLANE, "").removesuffix(", oblique"), card.planes)
    return ("OTHER_PLANE", plane) if plane else None


def _differs(told: str, wanted: tuple[str, ...]) -> str:
    known = bool(told and wanted) and told not in wanted
    return f"the model is for {', '.join(wanted)}, and this is {told}" if known else ""


def _accept(series: Series, misfits: dict[str, tuple[str, str]]) -> Series:
    facts = dict(series.facts)
    told = [series.modality, *(facts.get(key, "") for key in ("BodyPartExamined", PLANE, SEQUENCE))]
    known = ", ".join(fact for fact in told if fact)
    if series.series_id in misfits:
        return replace(series, reason=f"{misfits[series.series_id][1]}; no series of the study fits better")
    fits = f"it fits the model as far as the header tells: {known}" if known else "the header tells nothing against it"
    return replace(series, reason=fits)


def _skip(series: Series, index: int, code: str, reason: str) -> FileRecord:
    record = to_record(series.files[index], FileStatus.SKIPPED, code, reason)
    return replace(record, series_id=series.series_id)
