"""One study from files to a finished folder. Here alone exceptions become results."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mri_batch import __version__
from mri_batch.card import ModelCard
from mri_batch.checksums import digest_file
from mri_batch.errors import MriBatchError, OutputError
from mri_batch.files import new_folder
from mri_batch.model.decide import aggregate, decide
from mri_batch.model.gate import Gate
from mri_batch.model.session import Session
from mri_batch.notes import Note
from mri_batch.read.header.patient import read_patient
from mri_batch.read.series_choice import choose_series
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
from mri_batch.report.dicom.write import write_dicom
from mri_batch.report.schema import dump_result
from mri_batch.report.study.bundle import write_pieces
from mri_batch.report.study.page import render_study
from mri_batch.run.attribution import outputs_of_methods
from mri_batch.run.inference import KEPT_BYTES, SeriesInference, infer_series
from mri_batch.run.key_slices import ReportSlices, plan_report_slices
from mri_batch.settings import ScanSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One study to work on, and its key in the journal."""

    study: Study
    key: str


def process(job: Job, settings: ScanSettings, session: Session, gate: Gate | None) -> StudyResult:
    """Work one study through and leave its folder in place, whatever happens to it. Raises OutputError alone."""
    try:
        result, shown = _work_through(job, settings, session, gate)
        result = write_study(result, settings, session.card, shown, threads=session.threads)
    except OutputError:
        raise
    except MriBatchError as error:
        result = fail(
            job, code=error.code, reason=_to_note(error), hint=error.hint if isinstance(error.hint, Note) else None
        )
        write_study(result, settings, session.card)
    except MemoryError:
        result = fail(job, code="STUDY_MEMORY", reason=Note("STUDY_MEMORY"))
        write_study(result, settings, session.card)
    except Exception as error:  # the one broad except: a study must never take the batch with it
        at = traceback.extract_tb(error.__traceback__)[-1]
        # Not the message: it may quote what stands in the file, a patient's name among it.
        where = {"file": Path(at.filename).name, "line": at.lineno or 0}
        reason = Note("INTERNAL_ERROR", {"error": type(error).__name__, **where})
        result = fail(job, code="INTERNAL", reason=reason)
        write_study(result, settings, session.card)
    return result


def fail(job: Job, *, code: str, reason: Note, hint: Note | None = None) -> StudyResult:
    """Make the result of a study that could not be finished; its files count as failed with it."""
    lost = [
        _record(file, job.study, series.series_id, FileStatus.FAILED, code, reason, hint)
        for series in job.study.series
        for file in series.files
    ]
    return _not_done(job, job.study, StudyStatus.FAILED, code, reason, hint, lost)


def write_study(
    result: StudyResult, settings: ScanSettings, card: ModelCard, shown: ReportSlices | None = None, *, threads: int = 1
) -> StudyResult:
    """Write a study's folder beside its place and rename it there. Raises OutputError.

    Return the result with what the writing had to note.
    """
    with new_folder(settings.out / "studies" / result.study_id) as folder:
        pieces = folder / "pieces.zip"
        if shown is not None:
            pictures = shown.slices()
            written = write_dicom(
                folder / "dicom", result, shown.key_slices(), card, settings.dicom, version=__version__
            )
            result = replace(result, notes=(*result.notes, *written.notes))
            write_pieces(pieces, pictures, threads=threads)
            for inference in shown.series:  # the page is made of the pieces
                inference.source.forget()
        (folder / "result.json").write_text(dump_result(result), "utf-8", newline="\n")
        page = render_study(result, pieces if pieces.exists() else None, card, lang=settings.lang)
        (folder / "report.html").write_text(page, "utf-8", newline="\n")
    return result


def _work_through(
    job: Job, settings: ScanSettings, session: Session, gate: Gate | None
) -> tuple[StudyResult, ReportSlices | None]:
    began = time.perf_counter()
    study = choose_series(job.study, session.card)
    keep = outputs_of_methods(session.card, settings.explain)
    judged: list[SeriesInference] = []
    for series in study.series:
        room = KEPT_BYTES - sum(done.source.kept_bytes for done in judged)
        judged.append(infer_series(series, session, gate, settings.limits, keep=keep, room_bytes=room))
    read = time.perf_counter()
    files = _account(study, judged)
    judged = [j for j in judged if j.origins]
    if not judged:
        return _nothing_readable(job, study, files), None
    result = _sum_up(job, study, judged, files, session)
    if settings.show_phi:
        result = replace(result, patient=read_patient(study))
    shown = plan_report_slices(judged, result, settings, session)
    result = replace(
        result,
        key_slices=shown.key_results(result),
        notes=(*result.notes, *shown.notes),
        timings_ms=(("read_and_infer", _ms(began, read)), ("explain", _ms(read, time.perf_counter()))),
    )
    return result, shown


def _sum_up(
    job: Job, study: Study, judged: Sequence[SeriesInference], files: Sequence[FileRecord], session: Session
) -> StudyResult:
    card = session.card
    by_series = [aggregate(j.probabilities, card) for j in judged]
    scores = np.concatenate([j.gate_scores for j in judged])
    caution_reasons = list(study.caution_reasons)
    if len({int(np.argmax(p)) for p in by_series}) > 1:
        caution_reasons.append(Note("SERIES_DISAGREE"))
    n_failed = sum(record.status is FileStatus.FAILED for record in files)
    if n_failed:
        caution_reasons.append(Note("FILES_UNREADABLE", {"n": n_failed, "total": len(files)}))
    prediction = decide(
        np.mean(by_series, axis=0),
        card,
        gate_score=float(np.median(scores)) if scores.size else None,
        caution_reasons=caution_reasons,
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
        series=tuple(_series_result(j, p, card.labels) for j, p in zip(judged, by_series, strict=True)),
        slices=tuple(result for j in judged for result in _slice_results(j, card.labels)),
        files=tuple(files),
        notes=tuple(dict.fromkeys(note for j in judged for note in j.notes)),
    )


def _series_result(judged: SeriesInference, probabilities: np.ndarray, labels: Sequence[str]) -> SeriesResult:
    series = judged.source.series
    return SeriesResult(
        series_id=series.series_id,
        n_slices=len(judged.origins),
        label=labels[int(np.argmax(probabilities))],
        probabilities=tuple(float(p) for p in probabilities),
        info=series.info,
        reason=series.reason,
    )


def _slice_results(judged: SeriesInference, labels: Sequence[str]) -> list[SliceResult]:
    return [
        SliceResult(
            file=file.relative,
            frame=frame,
            series_id=judged.source.series.series_id,
            label=labels[int(np.argmax(row))],
            probabilities=tuple(float(p) for p in row),
        )
        for (file, frame), row in zip(judged.origins, judged.probabilities, strict=True)
    ]


def _account(study: Study, judged: Sequence[SeriesInference]) -> list[FileRecord]:
    """Give every file of the study exactly one row: found = used + skipped + failed."""
    rows: list[FileRecord] = []
    for j in judged:
        problems: Mapping[str, FileRecord] = {p.file_id: p for p in j.source.problems}
        used = {file.file_id for file, _ in j.origins}
        for file in j.source.series.files:
            problem = problems.get(file.file_id)
            if file.file_id in used or problem is None:
                row = _record(file, study, j.source.series.series_id, FileStatus.USED)
                rows.append(replace(row, sha256=_digest(file)))
            else:
                rows.append(replace(problem, study_id=study.study_id, series_id=j.source.series.series_id))
    return rows + [replace(record, study_id=study.study_id) for record in study.unused]


def _record(
    file: FoundFile,
    study: Study,
    series_id: str,
    status: FileStatus,
    code: str = "",
    reason: Note | None = None,
    hint: Note | None = None,
) -> FileRecord:
    record = FileRecord(
        file_id=file.file_id,
        relative=file.relative,
        kind=file.kind,
        size_bytes=file.size_bytes,
        status=status,
        code=code,
        reason=reason,
        hint=hint,
    )
    return replace(record, study_id=study.study_id, series_id=series_id)


def _digest(file: FoundFile) -> str:
    """Digest a file that was just read, hence from memory mostly; empty where it is gone by now."""
    try:
        return digest_file(file.path)
    except OSError:
        return ""


def _nothing_readable(job: Job, study: Study, files: Sequence[FileRecord]) -> StudyResult:
    failed = [record for record in files if record.status is FileStatus.FAILED]
    if failed and failed[0].reason is not None:
        first = failed[0]
        reason = Note("ALL_FILES_UNREADABLE", {"n": len(failed), "first": first.reason})
        return _not_done(job, study, StudyStatus.FAILED, first.code, reason, first.hint, files)
    skipped = next((record for record in files if record.status is FileStatus.SKIPPED), None)
    if skipped is None or skipped.reason is None:
        return _not_done(job, study, StudyStatus.SKIPPED, "NO_SLICE", Note("NO_SLICE"), None, files)
    return _not_done(job, study, StudyStatus.SKIPPED, skipped.code, skipped.reason, skipped.hint, files)


def _not_done(
    job: Job,
    study: Study,
    status: StudyStatus,
    code: str,
    reason: Note,
    hint: Note | None,
    files: Sequence[FileRecord],
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


def _to_note(error: MriBatchError) -> Note:
    return error.reason if isinstance(error.reason, Note) else Note("TEXT", {"text": error.reason})


def _ms(start: float, end: float) -> float:
    return round((end - start) * 1000, 1)
