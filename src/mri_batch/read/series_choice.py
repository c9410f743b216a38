"""Choose the series of a study that the model is for, from their headers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from mri_batch.card import ModelCard
from mri_batch.notes import Note
from mri_batch.read.file_errors import to_record
from mri_batch.records import FileRecord, FileStatus, Role, Series, SeriesInfo, Study

_Refusal = tuple[str, Note]  # the code of a file's record, and the reason
_ROLE_REFUSALS: dict[Role, _Refusal] = {
    Role.LOCALIZER: ("LOCALIZER", Note("ROLE_LOCALIZER")),
    Role.DERIVED: ("DERIVED_MAP", Note("ROLE_DERIVED")),
    Role.CAPTURE: ("SECONDARY_CAPTURE", Note("ROLE_CAPTURE")),
    Role.PHASE: ("PHASE_IMAGE", Note("ROLE_PHASE")),
    Role.FIELD_MAP: ("FIELD_MAP", Note("ROLE_FIELD_MAP")),
    Role.DIFFUSION: ("DIFFUSION_STACK", Note("ROLE_DIFFUSION")),
    Role.PERFUSION: ("PERFUSION_STACK", Note("ROLE_PERFUSION")),
    Role.TIME_SERIES: ("TIME_SERIES", Note("ROLE_TIME_SERIES")),
    Role.ECHO_PLANAR: ("ECHO_PLANAR_STACK", Note("ROLE_ECHO_PLANAR")),
}


def choose_series(study: Study, card: ModelCard) -> Study:
    """Keep the series that the model is for; the files of others go to ``unused`` as skipped, each with its reason.

    Role, modality and body part are decisive. Series with and without a contrast agent do not answer together. A series
    of another weighting or plane is left out where others fit; where none fits, all are used and the study gets a
    reason for caution. What a header does not tell about these is never held against a series.
    """
    if study.kind != "dicom":
        reason = Note("SERIES_OF_PICTURES")
        return replace(study, series=tuple(replace(series, reason=reason) for series in study.series))
    refusals = {series.series_id: _refuse(series.info, card) for series in study.series}
    usable = [series for series in study.series if refusals[series.series_id] is None]
    misfits = {series.series_id: misfit for series in usable if (misfit := _find_misfit(series.info, card))}
    if len(misfits) < len(usable):
        refusals |= {key: (code, Note("SERIES_OTHERS_FIT", {"misfit": why})) for key, (code, why) in misfits.items()}
        misfits = {}
    by_contrast, caution = _refuse_contrast([s for s in usable if refusals[s.series_id] is None], card, bool(misfits))
    refusals |= by_contrast
    used = tuple(_accept(s, misfits.get(s.series_id)) for s in study.series if refusals[s.series_id] is None)
    refused = [(series, refusal) for series in study.series if (refusal := refusals[series.series_id])]
    unused = [record for series, refusal in refused for record in _skip(series, refusal)]
    caution_reasons = tuple(dict.fromkeys((*(why for _, why in misfits.values()), *caution)))
    return replace(study, series=used, unused=(*study.unused, *unused), caution_reasons=caution_reasons)


def _refuse(info: SeriesInfo, card: ModelCard) -> _Refusal | None:
    """Return why a series is left out whatever else the study holds."""
    if by_role := _ROLE_REFUSALS.get(info.role):
        return by_role
    if modality := _compare(info.modality, card.modalities, _term):
        return "OTHER_MODALITY", modality
    part = _compare(info.body_part_examined, card.body_parts, _term)
    return ("OTHER_BODY_PART", part) if part else None


def _find_misfit(info: SeriesInfo, card: ModelCard) -> _Refusal | None:
    """Return the code and the reason where weighting or plane are not those that the model is for."""
    if weighting := _compare(info.weighting, card.sequences, _weighting):
        return "OTHER_SEQUENCE", weighting
    plane = _compare(info.plane, card.planes, _plane)
    return ("OTHER_PLANE", plane) if plane else None


def _refuse_contrast(
    series: Sequence[Series], card: ModelCard, none_fits: bool
) -> tuple[dict[str, _Refusal], tuple[Note, ...]]:
    """Leave out series that differ in contrast agent from what the model is for, where others have it right.

    Also returns the reasons for caution: where no series has it right, all stay. An agent that a header does not
    mention counts as not given. Nothing is left out where no series fits the model otherwise.
    """
    if card.contrast is None or not series:
        return {}, ()
    others = [each.series_id for each in series if (each.info.contrast_agent is True) != (card.contrast == "with")]
    if len(others) == len(series):
        return {}, (Note("SERIES_NO_CONTRAST"),)
    refusal = ("OTHER_CONTRAST", Note("SERIES_OTHER_CONTRAST"))
    return {} if none_fits else dict.fromkeys(others, refusal), ()


def _compare(found: str | None, wanted: tuple[str, ...], to_note: Callable[[str], Note]) -> Note | None:
    """Return how a value differs from those wanted; None where it is one of them, or either is unknown."""
    if not found or not wanted or found in wanted:
        return None
    return Note("SERIES_OTHER", {"wanted": tuple(map(to_note, wanted)), "found": to_note(found)})


def _accept(series: Series, misfit: _Refusal | None) -> Series:
    if misfit:
        return replace(series, reason=Note("SERIES_NONE_FITS", {"misfit": misfit[1]}))
    known = tuple(_iter_known(series.info))
    return replace(series, reason=Note("SERIES_FITS", {"known": known}) if known else Note("SERIES_UNTOLD"))


def _iter_known(info: SeriesInfo) -> Iterator[Note]:
    """Yield what the headers tell of what the model is for."""
    yield from (_term(term) for term in (info.modality, info.body_part_examined) if term)
    if info.plane:
        yield _plane(info.plane)
    if info.oblique:
        yield Note("OBLIQUE")
    if info.weighting:
        yield _weighting(info.weighting)


def _term(term: str) -> Note:
    """A defined term of DICOM: the same in every language."""
    return Note("TEXT", {"text": term})


def _plane(plane: str) -> Note:
    return Note("PLANE", {"plane": str(plane)})


def _weighting(weighting: str) -> Note:
    return Note("WEIGHTING", {"weighting": str(weighting)})


def _skip(series: Series, refusal: _Refusal) -> list[FileRecord]:
    code, reason = refusal
    return [
        replace(to_record(file, FileStatus.SKIPPED, code, reason), series_id=series.series_id) for file in series.files
    ]
