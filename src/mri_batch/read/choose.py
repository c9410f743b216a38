"""Which series of a study are for the model, from facts of their headers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mri_batch.read.problems import to_record
from mri_batch.read.roles import Role
from mri_batch.read.series_facts import ROLE
from mri_batch.records import FileRecord, FileStatus, Series, Study

HEAD_PARTS = ("HEAD", "BRAIN", "HEADNECK", "SKULL", "FACE", "ORBIT", "NECK", "WHOLEBODY")
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


def choose_series(study: Study, *, modalities: tuple[str, ...], body_parts: Sequence[str] = HEAD_PARTS) -> Study:
    """Keep the series that the model is for; the files of others go to ``unused`` as skipped, each with its reason.

    ``modalities`` as in the model card, empty for any. What the header does not tell is no reason against a series.
    """
    if study.kind != "dicom":
        return study
    used, unused = [], list(study.unused)
    for series in study.series:
        refusal = _refuse(series, modalities, body_parts)
        if refusal is None:
            used.append(series)
        else:
            unused += [_skip(series, index, *refusal) for index in range(len(series.files))]
    return replace(study, series=tuple(used), unused=tuple(unused))


def _refuse(series: Series, modalities: Sequence[str], body_parts: Sequence[str]) -> tuple[str, str] | None:
    facts = dict(series.facts)
    by_role = _ROLE_REASONS.get(Role(facts.get(ROLE, Role.PICTURE)))
    if by_role:
        return by_role
    if modalities and series.modality and series.modality not in modalities:
        reason = f"the model is for {', '.join(modalities)}, and this is {series.modality}"
        return "OTHER_MODALITY", reason
    part = facts.get("BodyPartExamined", "")
    if part and part not in body_parts:
        return "OTHER_BODY_PART", f"the model is for the head, and the header says {part}"
    return None


def _skip(series: Series, index: int, code: str, reason: str) -> FileRecord:
    record = to_record(series.files[index], FileStatus.SKIPPED, code, reason)
    return replace(record, series_id=series.series_id)
