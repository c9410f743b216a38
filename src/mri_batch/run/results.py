"""Results of studies: made from the answers for their slices, or from what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.checksums import digest_file
from mri_batch.model.decide import SeriesAnswer, answer_series, decide
from mri_batch.model.session import Session
from mri_batch.notes import Note
from mri_batch.read.file_errors import to_record
from mri_batch.records import (
    FileRecord,
    FileStatus,
    FoundFile,
    SeriesResult,
    SliceResult,
    Study,
    StudyResult,
    StudyStatus,
)
from mri_batch.run.inference import SeriesInference


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One study to process, and its key in the journal."""

    study: Study
    key: str


def fail(job: Job, *, code: str, reason: Note, hint: Note | None = None) -> StudyResult:
    """Make the result of a study that could not be finished; its files count as failed with it."""
    lost = [
        _place(to_record(file, FileStatus.FAILED, code, reason, hint), job.study, series.series_id)
        for series in job.study.series
        for file in series.files
    ]
    return _not_done(job, job.study, StudyStatus.FAILED, code, reason, lost, hint=hint)


def summarize(
    job: Job, study: Study, inferences: Sequence[SeriesInference], files: Sequence[FileRecord], session: Session
) -> StudyResult:
    """Make the result of a study from the answers for its slices; key slices and times are not in it yet."""
    card = session.card
    answers = [answer_series(each.probabilities, card, each.positions_mm) for each in inferences]
    by_series = [answer.probabilities for answer in answers]
    firsts = accumulate((len(each.origins) for each in inferences), initial=0)
    scores = np.concatenate([each.gate_scores for each in inferences])
    prediction = decide(
        np.mean(by_series, axis=0),
        card,
        gate_score=float(np.median(scores)) if scores.size else None,
        caution_reasons=_list_caution_reasons(study, by_series, files),
    )
    return StudyResult(
        study_id=study.study_id,
        source=study.source,
        kind=study.kind,
        key=job.key,
        status=StudyStatus.DONE,
        labels=card.labels,
        model_name=card.name,
        model_version=card.version,
        model_sha256=session.package.sha256,
        prediction=prediction,
        series=tuple(_series_result(each, p, card.labels) for each, p in zip(inferences, by_series, strict=True)),
        slices=tuple(
            result
            for each, answer in zip(inferences, answers, strict=True)
            for result in _slice_results(each, answer, card.labels)
        ),
        deciding=tuple(first + i for first, answer in zip(firsts, answers, strict=False) for i in answer.deciding),
        files=tuple(files),
        notes=tuple(dict.fromkeys(note for each in inferences for note in each.notes)),
    )


def _list_caution_reasons(study: Study, by_series: Sequence[Float32], files: Sequence[FileRecord]) -> tuple[Note, ...]:
    reasons = list(study.caution_reasons)
    if len({int(np.argmax(p)) for p in by_series}) > 1:
        reasons.append(Note("SERIES_DISAGREE"))
    n_failed = sum(record.status is FileStatus.FAILED for record in files)
    if n_failed:
        reasons.append(Note("FILES_UNREADABLE", {"n": n_failed, "total": len(files)}))
    return tuple(reasons)


def _series_result(inference: SeriesInference, probabilities: Float32, labels: Sequence[str]) -> SeriesResult:
    series = inference.series
    return SeriesResult(
        series_id=series.series_id,
        n_slices=len(inference.origins),
        label=labels[int(np.argmax(probabilities))],
        probabilities=tuple(float(p) for p in probabilities),
        info=series.info,
        reason=series.reason,
    )


def _slice_results(inference: SeriesInference, answer: SeriesAnswer, labels: Sequence[str]) -> list[SliceResult]:
    return [
        SliceResult(
            file=file.relative,
            frame=frame,
            series_id=inference.series.series_id,
            label=labels[int(np.argmax(row))],
            probabilities=tuple(float(p) for p in row),
        )
        for (file, frame), row in zip(inference.origins, answer.slices, strict=True)
    ]


def account_for_files(study: Study, inferences: Sequence[SeriesInference]) -> list[FileRecord]:
    """Give every file of the study exactly one row: found = used + skipped + failed."""
    rows: list[FileRecord] = []
    for each in inferences:
        unreadable = {record.file_id: record for record in each.unreadable}
        for file in each.series.files:
            record = unreadable.get(file.file_id) or _used(file)
            rows.append(_place(record, study, each.series.series_id))
    return rows + [replace(record, study_id=study.study_id) for record in study.unused]


def _used(file: FoundFile) -> FileRecord:
    return FileRecord(
        file_id=file.file_id,
        relative=file.relative,
        kind=file.kind,
        size_bytes=file.size_bytes,
        status=FileStatus.USED,
        sha256=_digest(file),
    )


def _place(record: FileRecord, study: Study, series_id: str) -> FileRecord:
    return replace(record, study_id=study.study_id, series_id=series_id)


def _digest(file: FoundFile) -> str:
    """Digest a file that was just read, hence mostly from memory; empty where it is gone by now."""
    try:
        return digest_file(file.path)
    except OSError:
        return ""


def nothing_readable(job: Job, study: Study, files: Sequence[FileRecord]) -> StudyResult:
    """Make the result of a study without a slice to classify, from the first reason."""
    failed = [record for record in files if record.status is FileStatus.FAILED]
    if failed:
        first = failed[0]
        reason = Note("ALL_FILES_UNREADABLE", {"n": len(failed), "first": first.reason or Note("NO_SLICE")})
        return _not_done(job, study, StudyStatus.FAILED, first.code, reason, files, hint=first.hint)
    skipped = [record for record in files if record.status is FileStatus.SKIPPED]
    if skipped:
        first = skipped[0]
        reason = first.reason or Note("NO_SLICE")
        return _not_done(job, study, StudyStatus.SKIPPED, first.code, reason, files, hint=first.hint)
    return _not_done(job, study, StudyStatus.SKIPPED, "NO_SLICE", Note("NO_SLICE"), files)


def _not_done(
    job: Job,
    study: Study,
    status: StudyStatus,
    code: str,
    reason: Note,
    files: Sequence[FileRecord],
    *,
    hint: Note | None = None,
) -> StudyResult:
    return StudyResult(
        study_id=study.study_id,
        source=study.source,
        kind=study.kind,
        key=job.key,
        status=status,
        code=code,
        reason=reason,
        hint=hint,
        files=tuple(files),
    )
