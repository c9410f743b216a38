"""Work spread over disposable processes: a crash, a kill or a hang loses one study, with its reason, and no more."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from mri_batch.card import ModelCard
from mri_batch.errors import MriBatchError
from mri_batch.model.decide import load_gate
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.records import StudyResult
from mri_batch.run.study import Job, fail, process, write_study
from mri_batch.settings import ScanSettings


def spread(jobs: Iterator[Job], settings: ScanSettings, card: ModelCard) -> Iterator[tuple[Job, StudyResult]]:
    """Process jobs on ``settings.jobs`` workers; yields each with its result, in the order of completion.

    At most one job per worker is in flight, so memory does not grow with the number of studies. Raises what makes every
    further study pointless: OutputError, ModelPackageError.
    """
    workers: list[_Worker] = []
    source = iter(jobs)
    try:
        waiting = next(source, None)
        while waiting is not None or any(w.job for w in workers):
            while waiting is not None and (idle := _idle(workers, settings)) is not None:
                idle.give(waiting)
                waiting = next(source, None)
            for worker in _ready(workers, settings.timeout_per_study_s):
                job, answer = worker.collect(settings)
                if not worker.alive:
                    workers.remove(worker)
                if job is None:
                    continue
                if isinstance(answer, StudyResult):
                    yield job, answer
                else:
                    result = fail(job, code=answer[0], reason=answer[1])
                    write_study(result, settings, card)
                    yield job, result
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """One process and the job that it has."""

    def __init__(self, settings: ScanSettings) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_work, args=(theirs, settings), daemon=True)
        self.process.start()
        theirs.close()
        self.job: Job | None = None
        self.since = time.monotonic()
        self.alive = True

    def give(self, job: Job) -> None:
        self.job, self.since = job, time.monotonic()
        with suppress(BrokenPipeError, ConnectionResetError):  # it died in between: collect() tells
            self.pipe.send(job)

    def overdue(self, limit_s: float | None) -> bool:
        return self.job is not None and limit_s is not None and time.monotonic() - self.since > limit_s

    def collect(self, settings: ScanSettings) -> tuple[Job | None, StudyResult | tuple[str, str]]:
        """Take the answer, or say why there is none; a worker that failed is gone afterwards."""
        job, self.job = self.job, None
        if self.overdue_when_collected(job, settings.timeout_per_study_s):
            self.end()
            return job, (
                "STUDY_TIMEOUT",
                f"took longer than {settings.timeout_per_study_s:g} s and was stopped",
            )
        try:
            answer = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(5)
            code = self.process.exitcode
            self.end()
            return job, ("WORKER_DIED", f"the worker process ended abruptly ({_how(code)}) on this study")
        if isinstance(answer, MriBatchError):
            raise answer
        return job, answer

    def overdue_when_collected(self, job: Job | None, limit_s: float | None) -> bool:
        late = job is not None and limit_s is not None and time.monotonic() - self.since > limit_s
        return late and not self.pipe.poll()

    def end(self) -> None:
        self.alive = False
        if self.process.is_alive():
            self.process.kill()
        self.process.join(5)
        self.pipe.close()


def _idle(workers: list[_Worker], settings: ScanSettings) -> _Worker | None:
    for worker in workers:
        if worker.job is None:
            return worker
    if len(workers) < settings.jobs:
        workers.append(_Worker(settings))
        return workers[-1]
    return None


def _ready(workers: list[_Worker], limit_s: float | None) -> list[_Worker]:
    busy = [w for w in workers if w.job is not None]
    pipes: dict[Connection, _Worker] = {w.pipe: w for w in busy}
    ready: list[Any] = wait(list(pipes), timeout=None if limit_s is None else 0.2)
    return [pipes[pipe] for pipe in ready] or [w for w in busy if w.overdue(limit_s)]


def _work(pipe: Connection, settings: ScanSettings) -> None:
    """Be a worker: load the model once, then one study after the other until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C and ends the workers
    _no_core_dumps()
    try:
        package = read_package(settings.model, check_digests=False)  # the parent has checked them
        session = Session(package, threads=threads_per_worker(settings), batch_size=settings.batch_size)
        gate = load_gate(package)
        while True:
            pipe.send(process(pipe.recv(), settings, session, gate))
    except MriBatchError as error:
        pipe.send(error)
    except (EOFError, BrokenPipeError):
        return


def threads_per_worker(settings: ScanSettings) -> int:
    """Threads of one worker's session: the cores shared out, never more in all than there are."""
    return settings.threads or max(1, usable_cores() // settings.jobs)


def usable_cores() -> int:
    """Cores that this process may use, which in a container or job is fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _no_core_dumps() -> None:
    try:
        import resource
    except ImportError:  # Windows writes none
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _how(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"signal {signal.Signals(-exitcode).name}"
    return f"exit code {exitcode}"
