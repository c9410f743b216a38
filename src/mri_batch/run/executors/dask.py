"""Work spread over an existing Dask cluster, whose workers see the same paths for input, model and output."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mri_batch.card import ModelCard
from mri_batch.errors import ExtraMissing, MriBatchError, UsageError
from mri_batch.model.gate import Gate, load_gate
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.notes import Note
from mri_batch.records import StudyResult
from mri_batch.run.store.folder import WORK
from mri_batch.run.study import Job, fail, process, write_study
from mri_batch.settings import ScanSettings

IN_FLIGHT = 2  # jobs per worker thread: the next one is there when the last is done, and memory stays flat


def spread_over_cluster(
    jobs: Iterator[Job], settings: ScanSettings, card: ModelCard
) -> Iterator[tuple[Job, StudyResult]]:
    """Process jobs on the cluster at ``settings.cluster``; yields each with its result, in the order of completion.

    Dask sets a job again on another worker when one dies, and gives it up after a few; its study then failed. Raises
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
            future = client.submit(work_on, job, settings, pure=False)
            running[future] = job
            finished.add(future)
            if len(running) >= most:
                future = next(finished)
                yield _collect(future, running.pop(future), settings, card)
        for future in finished:
            yield _collect(future, running.pop(future), settings, card)


def work_on(job: Job, settings: ScanSettings) -> StudyResult:
    """Process one job on a cluster's worker, whose model is loaded once.

    Past the time-out the worker ends, as nothing else stops a decoder that hangs; its nanny starts another, Dask sets
    the job again, and a mark beside the output says that it has had its time.
    """
    session, gate = _load(str(settings.model), settings.batch_size)
    limit_s, mark = settings.timeout_per_study_s, settings.out / WORK / f"{job.study.study_id}.overdue"
    if limit_s is None:
        return process(job, settings, session, gate)
    if mark.exists():
        return _give_up(
            job, "STUDY_TIMEOUT", Note("STUDY_STOPPED", {"seconds": round(limit_s)}), settings, session.card
        )
    timer = threading.Timer(limit_s, _end_worker, [mark])
    timer.daemon = True
    timer.start()
    try:
        return process(job, settings, session, gate)
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
    result = fail(job, code=code, reason=reason)
    write_study(result, settings, card)
    return result


@functools.lru_cache(maxsize=1)
def _load(model: str, batch_size: int) -> tuple[Session, Gate | None]:
    package = read_package(Path(model))
    return Session(package, threads=1, batch_size=batch_size), load_gate(package)


def _import_distributed() -> Any:
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ExtraMissing(
            "--cluster needs Dask, which is not installed", hint="pip install 'mri-batch[cluster]'"
        ) from error
    return distributed
