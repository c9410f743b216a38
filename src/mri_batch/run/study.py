"""One study from files to a finished folder. Only here do exceptions become results."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path

from mri_batch import __version__
from mri_batch.card import ModelCard
from mri_batch.errors import MriBatchError, NotedError, OutputError
from mri_batch.files import new_folder
from mri_batch.model.gate import Gate
from mri_batch.model.session import Session
from mri_batch.notes import Note
from mri_batch.read.header.patient import read_patient
from mri_batch.read.series_choice import choose_series
from mri_batch.records import (
    Study,
    StudyResult,
)
from mri_batch.report.dicom.write import write_dicom
from mri_batch.report.schema import dump_result
from mri_batch.report.study.bundle import write_pieces
from mri_batch.report.study.page import render_study
from mri_batch.run.attribution import outputs_of_methods
from mri_batch.run.inference import KEPT_BYTES, SeriesInference, infer_series
from mri_batch.run.key_slices import ReportSlices, plan_report_slices
from mri_batch.run.results import Job, account_for_files, fail, nothing_readable, summarize
from mri_batch.run.slice_store import SliceStore
from mri_batch.run.store.folder import PIECES, REPORT, RESULT, STUDIES, WORK
from mri_batch.settings import ScanSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerModel:
    """A model ready to run, and its out-of-distribution gate where the package has one."""

    session: Session
    gate: Gate | None


def process(job: Job, settings: ScanSettings, model: WorkerModel) -> StudyResult:
    """Process one study and leave its folder in place; whatever goes wrong is in the result. Raises OutputError."""
    card = model.session.card
    try:
        return _process(job, settings, model)
    except OutputError:
        raise
    except NotedError as error:
        result = fail(job, code=error.code, reason=error.reason, hint=error.hint)
    except MriBatchError as error:
        result = fail(job, code=error.code, reason=Note("TEXT", {"text": str(error.reason)}))
    except MemoryError:
        result = fail(job, code="STUDY_MEMORY", reason=Note("STUDY_MEMORY"))
    except Exception as error:  # an error of our own must not take the batch with it
        result = fail(job, code="INTERNAL", reason=_describe_internal_error(error))
    return write_study(result, settings, card)


def write_study(result: StudyResult, settings: ScanSettings, card: ModelCard) -> StudyResult:
    """Write the folder of a study without pictures, and return its result. Raises OutputError."""
    with new_folder(settings.out / STUDIES / result.study_id) as folder:
        _write_result(folder, result, None, settings, card)
    return result


def _process(job: Job, settings: ScanSettings, model: WorkerModel) -> StudyResult:
    began = time.perf_counter()
    session = model.session
    study = choose_series(job.study, session.card)
    inferences = _infer_study(study, settings, model)
    inferred = time.perf_counter()
    files = account_for_files(study, inferences)
    inferences = [each for each in inferences if each.origins]
    if not inferences:
        return write_study(nothing_readable(job, study, files), settings, session.card)
    result = summarize(job, study, inferences, files, session)
    if settings.show_phi:
        result = replace(result, patient=read_patient(study))
    room_bytes = KEPT_BYTES - sum(each.kept_bytes for each in inferences)
    with SliceStore(settings.out / WORK, room_bytes=room_bytes) as store:
        report_slices = plan_report_slices(inferences, result, settings, session, store)
        del inferences  # the store holds what is shown of them
        result = replace(
            result,
            key_slices=report_slices.key_results(result),
            notes=(*result.notes, *report_slices.notes),
            timings_ms=(("read_and_infer", _ms(began, inferred)), ("explain", _ms(inferred, time.perf_counter()))),
        )
        return _write_with_pictures(result, report_slices, settings, session)


def _infer_study(study: Study, settings: ScanSettings, model: WorkerModel) -> list[SeriesInference]:
    keep = outputs_of_methods(model.session.card, settings.explain)
    inferences: list[SeriesInference] = []
    for series in study.series:
        room_bytes = KEPT_BYTES - sum(each.kept_bytes for each in inferences)
        inferences.append(
            infer_series(series, model.session, model.gate, settings.limits, keep=keep, room_bytes=room_bytes)
        )
    return inferences


def _write_with_pictures(
    result: StudyResult, report_slices: ReportSlices, settings: ScanSettings, session: Session
) -> StudyResult:
    """Write the folder of a study with pictures; the result returned has the notes of its DICOM outputs too."""
    card = session.card
    with new_folder(settings.out / STUDIES / result.study_id) as folder:
        dicom = write_dicom(
            folder / "dicom", result, report_slices.key_slices(), card, settings.dicom, version=__version__
        )
        result = replace(result, notes=(*result.notes, *dicom.notes))
        pieces = folder / PIECES
        write_pieces(pieces, report_slices.slices(), threads=session.threads)
        report_slices.others.clear()  # the page is rendered from the pieces
        _write_result(folder, result, pieces, settings, card)
    return result


def _write_result(
    folder: Path, result: StudyResult, pieces: Path | None, settings: ScanSettings, card: ModelCard
) -> None:
    (folder / RESULT).write_text(dump_result(result), "utf-8", newline="\n")
    page = render_study(result, pieces, card, lang=settings.lang)
    (folder / REPORT).write_text(page, "utf-8", newline="\n")


def _describe_internal_error(error: Exception) -> Note:
    """Name the kind of error and its place, not its message, which may quote a patient's name from the file."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    line = at.lineno or 0
    return Note("INTERNAL_ERROR", {"error": type(error).__name__, "file": Path(at.filename).name, "line": line})


def _ms(start: float, end: float) -> float:
    return round((end - start) * 1000, 1)
