"""The steps of a scan."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from mri_batch.checksums import digest_file, digest_folder
from mri_batch.errors import NothingToRead, OutputError
from mri_batch.files import new_file, write_file
from mri_batch.model.package import Package, read_package
from mri_batch.progress import Progress
from mri_batch.read.collect import collect
from mri_batch.read.group import Grouper
from mri_batch.records import FileCounts, FileRecord, FoundFile, ScanSummary, Study, StudyResult, StudyStatus
from mri_batch.report.schema import from_result_json, write_files_csv, write_results_csv, write_results_jsonl
from mri_batch.report.worklist import write_index
from mri_batch.run.executors.dask import run_on_dask
from mri_batch.run.executors.local import run_local
from mri_batch.run.results import Job
from mri_batch.run.store.folder import (
    FILES,
    JOURNAL,
    MODEL_CARD,
    RESULT,
    RESULTS,
    RESULTS_CSV,
    RUN,
    STUDIES,
    WORK,
    Place,
    claim_output,
    remove_work,
)
from mri_batch.run.store.journal import Journal, study_key
from mri_batch.run.store.plan import Plan
from mri_batch.run.store.provenance import describe_run, describe_scan
from mri_batch.run.store.runlog import seal
from mri_batch.run.store.settled import is_settled
from mri_batch.settings import ScanSettings
from mri_batch.text import JsonObject

TABLES = (RESULTS, RESULTS_CSV, FILES, RUN, MODEL_CARD, JOURNAL)
_STUDY_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """How a scan ended, and the content of ``run.json``."""

    summary: ScanSummary
    run: JsonObject


def scan(settings: ScanSettings, progress: Progress) -> ScanReport:
    """Scan. Raises NothingToRead, ModelPackageError, OutputError; what goes wrong with a study is in its result."""
    began = datetime.now(UTC)
    package = read_package(settings.model)
    with claim_output(settings.out) as out:
        with (
            collect(settings.paths, limits=settings.limits, workdir=out / WORK, avoid=settings.out) as grouper,
            Plan(out / WORK) as plan,
        ):
            journal = Journal(out / JOURNAL, forget=settings.force)
            for study in _iter_studies(grouper, settings):
                shown = redact_paths(study) if settings.redact_paths else study
                key = study_key(shown, package.sha256, settings)
                if not is_settled(out, shown, key, journal.list_files(study.study_id)):
                    journal.drop(study.study_id)
                plan.add(study, key, pending=key not in journal)
            progress.started("studies", plan.n_studies, plan.n_pending)
            place = Place.of(out)
            interrupted = _run_jobs(plan, settings, package, journal, place, progress)
            place.check()
            summary = _write_tables(out, plan, journal, _iter_leftovers(grouper, settings))
            summary = replace(summary, interrupted=interrupted, resumed=plan.n_studies - plan.n_pending)
            about = describe_run(settings, package, summary, began, datetime.now(UTC))
            run = about.to_json()
            write_file(out / MODEL_CARD, package.card.model_dump_json(indent=1) + "\n")
            write_file(out / RUN, json.dumps(run, indent=1) + "\n")
            results = iter_results(out, _list_recorded(plan, journal))
            pages = write_index(out, results, run, lang=settings.lang, card=package.card)
            tables = {name: digest_file(out / name) for name in (*TABLES, *(page.name for page in pages))}
        remove_work(out)  # before the seals, which cover exactly the outputs
        seal(out, {**journal.sums, **tables}, describe_scan(settings, about, tables[FILES]))
    if summary.exit_code == NothingToRead.exit_code:
        raise NothingToRead(
            f"no readable study among {summary.files.found} files",
            hint="see files.csv for each file's reason, or run 'mri-batch inspect'",
        )
    return ScanReport(summary=summary, run=run)


def iter_results(out: Path, study_ids: Iterable[str]) -> Iterator[StudyResult]:
    """Read the recorded results of studies, in the order given; those not finished are left out.

    Raises OutputError where an id or a result does not belong to its folder: the results may be a stranger's.
    """
    studies = out.resolve() / STUDIES
    for study_id in study_ids:
        path = studies / study_id / RESULT
        if not _STUDY_ID.fullmatch(study_id) or path.resolve() != path:
            raise _foreign_result(study_id)
        if path.is_file():
            try:
                result = from_result_json(json.loads(path.read_text("utf-8")))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise _foreign_result(study_id) from error
            if result.study_id != study_id:
                raise _foreign_result(study_id)
            yield result


def _foreign_result(study_id: str) -> OutputError:
    hint = "this is not as a scan writes it; see 'mri-batch verify'"
    return OutputError("the result is not this study's own", code="OUTPUT_NOT_A_SCAN", file=study_id, hint=hint)


def _iter_studies(grouper: Grouper, settings: ScanSettings) -> Iterator[Study]:
    """Yield the studies of this shard."""
    shard, of = settings.shard
    for number, study in enumerate(grouper.iter_studies()):
        if number % of == shard - 1:
            yield study


def _iter_leftovers(grouper: Grouper, settings: ScanSettings) -> Iterator[FileRecord]:
    """Yield the files of no study, which are the first shard's to report."""
    if settings.shard[0] == 1:
        yield from grouper.iter_leftovers()


def _run_jobs(
    plan: Plan, settings: ScanSettings, package: Package, journal: Journal, place: Place, progress: Progress
) -> bool:
    """Process the pending studies and record each; returns whether it was interrupted."""
    jobs = _iter_jobs(plan, settings, place)
    run_jobs = run_on_dask if settings.cluster else run_local
    try:
        for job, result in run_jobs(jobs, settings, package):
            place.check()
            folder = settings.out / STUDIES / result.study_id
            journal.record(job.key, result.study_id, result.status, digest_folder(folder, settings.out))
            progress.advanced(result=result)
    except KeyboardInterrupt:
        return True
    return False


def _iter_jobs(plan: Plan, settings: ScanSettings, place: Place) -> Iterator[Job]:
    """Yield the pending studies while the output folder is where it was."""
    for job in plan.iter_jobs():
        place.check()
        yield replace(job, study=redact_paths(job.study)) if settings.redact_paths else job


def _list_recorded(plan: Plan, journal: Journal) -> list[str]:
    return [study_id for study_id, key in plan.iter_keys() if key in journal]


def _write_tables(out: Path, plan: Plan, journal: Journal, leftovers: Iterator[FileRecord]) -> ScanSummary:
    ids = _list_recorded(plan, journal)
    with new_file(out / RESULTS) as part:
        write_results_jsonl(part, iter_results(out, ids))
    with new_file(out / RESULTS_CSV) as part:
        write_results_csv(part, iter_results(out, ids))
    count = _Counter()
    with new_file(out / FILES) as part:
        write_files_csv(part, count.rows(chain(_iter_file_rows(out, plan, set(ids)), leftovers)))
    for result in iter_results(out, ids):
        count.studies[result.status] += 1
    return ScanSummary(
        done=count.studies[StudyStatus.DONE],
        skipped=count.studies[StudyStatus.SKIPPED],
        failed=count.studies[StudyStatus.FAILED],
        files=count.files,
    )


class _Counter:
    def __init__(self) -> None:
        self.files = FileCounts()
        self.studies = dict.fromkeys(StudyStatus, 0)

    def rows(self, records: Iterator[FileRecord]) -> Iterator[FileRecord]:
        for record in records:
            self.files += FileCounts(**{record.status.value: 1})
            yield record


def _iter_file_rows(out: Path, plan: Plan, recorded: set[str]) -> Iterator[FileRecord]:
    """Yield one record per file found, with its real path, which stands in no other file when paths are redacted."""
    for study in plan.iter_studies():
        if study.study_id not in recorded:
            continue
        paths = {f.file_id: f.relative for s in study.series for f in s.files}
        paths |= {record.file_id: record.relative for record in study.unused}
        for result in iter_results(out, [study.study_id]):
            yield from (replace(record, relative=paths[record.file_id]) for record in result.files)


def redact_paths(study: Study) -> Study:
    """Replace every path that is shown by the file's id; where files really lie stays known."""

    def hide(file: FoundFile) -> FoundFile:
        return replace(file, relative=file.file_id)

    return replace(
        study,
        source=study.study_id,
        series=tuple(replace(s, files=tuple(map(hide, s.files))) for s in study.series),
        unused=tuple(replace(record, relative=record.file_id) for record in study.unused),
    )
