"""Studies on an existing Dask cluster, whose workers see the same paths for input, model and output."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mri_batch.card import ModelCard
from mri_batch.errors import ExtraMissing, MriBatchError, UsageError
from mri_batch.model.package import Package
from mri_batch.notes import Note
from mri_batch.records import StudyResult
from mri_batch.run.executors.worker import load_worker_model, set_bounds
from mri_batch.run.results import Job, fail
from mri_batch.run.store.folder import WORK
from mri_batch.run.study import WorkerModel, process, write_study
from mri_batch.settings import ScanSettings

IN_FLIGHT = 2  # jobs per worker thread: the next one is there when the last is done, and memory stays flat


def run_on_dask(jobs: Iterator[Job], settings: ScanSettings, package: Package) -> Iterator[tuple[Job, StudyResult]]:
    """Process jobs on the cluster at ``settings.cluster``; yields each with its result, in the order of completion.

    Dask retries a job on another worker when one dies, and gives up after a few; its study has failed then. Raises
    ExtraMissing without Dask, UsageError where no scheduler answers, and what makes every further study pointless.
    """
    distributed = _import_distributed()
    try:
        client = distributed.Client(settings.cluster, timeout="30s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no Dask scheduler answers at {settings.cluster}", code="CLUSTER_UNREACHABLE", hint="check the address"
        ) from error
    with client:
        running: dict[Any, Job] = {}
        finished = distributed.as_completed(loop=client.loop)
        most = IN_FLIGHT * max(1, sum(client.nthreads().values()))
        for job in jobs:
            future = client.submit(run_job, job, settings, package.sha256, pure=False)
            running[future] = job
            finished.add(future)
            if len(running) >= most:
                future = next(finished)
                yield _collect(future, running.pop(future), settings, package.card)
        for future in finished:
            yield _collect(future, running.pop(future), settings, package.card)


def run_job(job: Job, settings: ScanSettings, model_sha256: str) -> StudyResult:
    """Process one job on a Dask worker, which loads the model once.

    Past the time-out the worker ends, as nothing else stops a decoder that hangs; its nanny starts another, Dask
    retries the job, and a mark beside the output says that its time is up.
    """
    model = _load(settings.model, model_sha256, settings.batch_size, settings.memory_per_worker_mb)
    limit_s, mark = settings.timeout_per_study_s, settings.out / WORK / f"{job.study.study_id}.overdue"
    if limit_s is None:
        return process(job, settings, model)
    if mark.exists():
        reason = Note("STUDY_STOPPED", {"seconds": round(limit_s)})
        return _give_up(job, "STUDY_TIMEOUT", reason, settings, model.session.card)
    timer = threading.Timer(limit_s, _end_worker, [mark])
    timer.daemon = True
    timer.start()
    try:
        return process(job, settings, model)
    finally:
        timer.cancel()


def _end_worker(mark: Path) -> None:
    try:
        mark.touch()
    finally:
        os._exit(1)


def _collect(future: Any, job: Job, settings: ScanSettings, card: ModelCard) -> tuple[Job, StudyResult]:
    error = future.exception()
    if error is None:
        return job, future.result()
    if isinstance(error, MriBatchError):
        raise error
    reason = Note("CLUSTER_GAVE_UP", {"error": type(error).__name__})
    return job, _give_up(job, "WORKER_DIED", reason, settings, card)


def _give_up(job: Job, code: str, reason: Note, settings: ScanSettings, card: ModelCard) -> StudyResult:
    return write_study(fail(job, code=code, reason=reason), settings, card)


@functools.lru_cache(maxsize=1)
def _load(model: Path, sha256: str, batch_size: int, memory_mb: int | None) -> WorkerModel:
    if _import_distributed().get_worker().nanny:  # a process of Dask's own, not somebody's notebook
        set_bounds(memory_mb)
    return load_worker_model(model, sha256=sha256, batch_size=batch_size)


def _import_distributed() -> Any:
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ExtraMissing(
            "--cluster needs Dask, which is not installed", hint="pip install 'mri-batch[cluster]'"
        ) from error
    return distributed
