"""The whole of a scan, as one visible list of steps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mri_batch.checksums import digest_file, digest_folder
from mri_batch.errors import NothingToRead
from mri_batch.files import new_file, write_file
from mri_batch.model.package import Package, read_package
from mri_batch.progress import Progress
from mri_batch.read.find.walk import iter_files
from mri_batch.read.group import Grouper
from mri_batch.records import FileCounts, FileRecord, FoundFile, ScanSummary, Study, StudyResult, StudyStatus
from mri_batch.report.schema import from_result_json, write_files_csv, write_results_csv, write_results_jsonl
from mri_batch.report.worklist import write_index
from mri_batch.run.executors.dask import spread_over_cluster
from mri_batch.run.executors.local import spread
from mri_batch.run.store.folder import JOURNAL, WORK, claim_output, sweep
from mri_batch.run.store.journal import Journal, study_key
from mri_batch.run.store.provenance import describe_event, describe_run
from mri_batch.run.store.runlog import seal
from mri_batch.run.study import Job
from mri_batch.settings import ScanSettings

TABLES = ("results.jsonl", "results.csv", "files.csv", "run.json", "model-card.json", JOURNAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """How a scan ended, and the content of ``run.json``."""

    summary: ScanSummary
    run: dict[str, Any]


def scan(settings: ScanSettings, progress: Progress) -> ScanReport:
    """Scan. Raises NothingToRead, ModelPackageError, OutputError; what goes wrong with a study is in its result."""
    began = datetime.now(UTC)
    package = read_package(settings.model)
    with claim_output(settings.out) as out:
        with Grouper(out / WORK, limits=settings.limits) as grouper:
            strays = gather(settings, grouper)
            journal = Journal(out / JOURNAL, forget=settings.force)
            keys = {s.study_id: study_key(s, package.sha256, settings) for s in _studies(grouper, settings)}
            pending = {study_id for study_id, key in keys.items() if key not in journal}
            progress.started("studies", len(keys), len(pending))
            interrupted = _work_off(_jobs(grouper, settings, keys, pending), settings, package, journal, progress)
            strays += list(grouper.iter_leftovers())
            summary = _write_tables(out, settings, grouper, keys, journal, strays)
            summary = replace(summary, interrupted=interrupted, resumed=len(keys) - len(pending))
            run = describe_run(settings, package, summary, began, datetime.now(UTC))
            write_file(out / "model-card.json", package.card.model_dump_json(indent=1) + "\n")
            write_file(out / "run.json", json.dumps(run, indent=1) + "\n")
            pages = write_index(out, iter_results(out, list(keys)), run, lang=settings.lang)
            tables = {name: digest_file(out / name) for name in (*TABLES, *(page.name for page in pages))}
        sweep(out)  # before the seals, which must find no more and no less than the outputs
        seal(out, {**journal.sums, **tables}, describe_event(settings, run, tables["files.csv"]))
    if summary.exit_code == NothingToRead.exit_code:
        raise NothingToRead(
            f"no readable study among {summary.files.found} files",
            hint="see files.csv for each file's reason, or run 'mri-batch inspect'",
        )
    return ScanReport(summary=summary, run=run)


def gather(settings: ScanSettings, grouper: Grouper) -> list[FileRecord]:
    """Walk the input and hand every file to the grouper; returns those that could not even be opened."""
    strays = []
    for item in iter_files(settings.paths, limits=settings.limits, avoid=settings.out):
        if isinstance(item, FileRecord):
            strays.append(item)
        else:
            grouper.add(item)
    return strays


def iter_results(out: Path, study_ids: Sequence[str]) -> Iterator[StudyResult]:
    """Read the recorded results of studies, in the order given; those not finished are left out."""
    for study_id in study_ids:
        path = out / "studies" / study_id / "result.json"
        if path.is_file():
            yield from_result_json(json.loads(path.read_text("utf-8")))


def _studies(grouper: Grouper, settings: ScanSettings) -> Iterator[Study]:
    shard, of = settings.shard
    for number, study in enumerate(grouper.iter_studies()):
        if number % of == shard - 1:
            yield redact_paths(study) if settings.redact_paths else study


def _jobs(grouper: Grouper, settings: ScanSettings, keys: dict[str, str], pending: set[str]) -> Iterator[Job]:
    for study in _studies(grouper, settings):
        if study.study_id in pending:
            yield Job(study=study, key=keys[study.study_id])


def _work_off(
    jobs: Iterator[Job], settings: ScanSettings, package: Package, journal: Journal, progress: Progress
) -> bool:
    """Work the pending studies off and record each; returns whether it was interrupted."""
    try:
        spread_jobs = spread_over_cluster if settings.cluster else spread
        for job, result in spread_jobs(jobs, settings, package.card):
            folder = settings.out / "studies" / result.study_id
            journal.record(job.key, result.study_id, result.status, digest_folder(folder, settings.out))
            progress.advanced(result=result)
    except KeyboardInterrupt:
        return True
    return False


def _write_tables(
    out: Path,
    settings: ScanSettings,
    grouper: Grouper,
    keys: dict[str, str],
    journal: Journal,
    strays: Sequence[FileRecord],
) -> ScanSummary:
    ids = [study_id for study_id, key in keys.items() if key in journal]
    with new_file(out / "results.jsonl") as beside:
        write_results_jsonl(beside, iter_results(out, ids))
    with new_file(out / "results.csv") as beside:
        write_results_csv(beside, iter_results(out, ids))
    count = _Counter()
    with new_file(out / "files.csv") as beside:
        write_files_csv(beside, count.rows(_file_rows(out, settings, grouper, set(ids), strays)))
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


def _file_rows(
    out: Path, settings: ScanSettings, grouper: Grouper, done: set[str], strays: Sequence[FileRecord]
) -> Iterator[FileRecord]:
    """Yield one record per file found, with its real path, which stands in no other file when paths are redacted."""
    for study in grouper.iter_studies():
        if study.study_id not in done:
            continue
        named = {f.file_id: f.relative for s in study.series for f in s.files}
        named |= {record.file_id: record.relative for record in study.unused}
        for result in iter_results(out, [study.study_id]):
            yield from (replace(record, relative=named[record.file_id]) for record in result.files)
    if settings.shard[0] == 1:
        yield from strays


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
