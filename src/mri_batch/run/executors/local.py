"""Studies on disposable worker processes: a crash, a kill or a hang loses one study, with its reason, and no more."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from mri_batch.errors import ModelPackageError, MriBatchError
from mri_batch.model.package import Package
from mri_batch.notes import Note
from mri_batch.records import StudyResult
from mri_batch.report.i18n.words import to_text
from mri_batch.run.executors.worker import load_worker_model, prepare_process
from mri_batch.run.results import Job, fail
from mri_batch.run.study import process, write_study
from mri_batch.settings import ScanSettings

READY = "ready"
POLL_S = 0.2
_LONGEST_STEP_S = 2.0
START_LIMIT_S = 180.0  # for loading a large model, which the parent has just read, and running it once


class Channel(NamedTuple):
    """A worker's connection to its parent: two simple pipes, since a two-way one is a socket, and we open none."""

    incoming: Connection
    outgoing: Connection

    def recv(self) -> Any:
        """Wait for a job. Raises EOFError where the parent hung up."""
        return self.incoming.recv()

    def send(self, message: object) -> None:
        """Send READY, a result or an error."""
        self.outgoing.send(message)


WorkerMain = Callable[[Channel, ScanSettings, str], None]


def run_local(
    jobs: Iterator[Job], settings: ScanSettings, package: Package, worker_main: WorkerMain | None = None
) -> Iterator[tuple[Job, StudyResult]]:
    """Process jobs on ``settings.jobs`` workers; yields each with its result, in the order of completion.

    At most one job per worker is in flight, so memory does not grow with the number of studies. Raises what makes every
    further study pointless: OutputError, ModelPackageError. ``worker_main`` is what a worker runs, given the digest of
    the package: it sends READY, then a result for every job that it receives.
    """
    workers: list[_Worker] = []
    team = _Team(settings=settings, package=package, worker_main=worker_main or serve_jobs, clock=Clock())
    source, loaded = iter(jobs), False
    try:
        waiting = next(source, None)
        while waiting is not None or any(w.job for w in workers):
            while waiting is not None and (idle := _idle(workers, team)) is not None:
                idle.give(waiting)
                waiting = next(source, None)
            for worker in _with_messages(workers, settings.timeout_per_study_s):
                job = worker.job
                result = worker.receive(loaded=loaded)
                loaded = loaded or worker.ready
                if not worker.alive:
                    workers.remove(worker)
                if job is not None and result is not None:
                    yield job, result
    finally:
        for worker in workers:
            worker.end()


def start_isolated(process: BaseProcess) -> None:
    """Start a process that looks for no module in the working directory; our own environment stays as it is."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        process.start()
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


@dataclass(frozen=True, slots=True, kw_only=True)
class _Team:
    """What all workers of a scan have in common."""

    settings: ScanSettings
    package: Package
    worker_main: WorkerMain
    clock: Clock


class Clock:
    """Seconds that this process has seen pass. A stop of the whole scan (Ctrl-Z) counts as two at most."""

    def __init__(self) -> None:
        self._last, self._seen_s = time.monotonic(), 0.0

    def read(self) -> float:
        """Return the seconds seen so far."""
        now = time.monotonic()
        self._seen_s += min(now - self._last, _LONGEST_STEP_S)
        self._last = now
        return self._seen_s


class _Worker:
    """One process and the job that it has. The clock of a job starts when the worker has its model loaded."""

    def __init__(self, team: _Team) -> None:
        self._team = team
        context = multiprocessing.get_context("spawn")
        incoming, self._jobs = context.Pipe(duplex=False)
        self.pipe, outgoing = context.Pipe(duplex=False)
        far_end = Channel(incoming, outgoing)
        args = (team.worker_main, far_end, team.settings, team.package.sha256)
        self.process: BaseProcess = context.Process(target=_run_worker, args=args, daemon=True)
        start_isolated(self.process)
        for end in far_end:
            end.close()
        self.job: Job | None = None
        self.alive, self.ready = True, False
        self.since = team.clock.read()

    def give(self, job: Job) -> None:
        self.job, self.since = job, self._team.clock.read()
        with suppress(BrokenPipeError, ConnectionResetError):  # it died in between: receive() notices
            self._jobs.send(job)

    def overdue(self, limit_s: float | None) -> bool:
        limit = limit_s if self.ready else START_LIMIT_S
        return self.job is not None and limit is not None and self._team.clock.read() - self.since > limit

    def receive(self, *, loaded: bool) -> StudyResult | None:
        """Receive a result, the failure of a lost study, or None when the worker is ready.

        A worker that lost a study has ended. Raises what the worker raised, and ModelPackageError where no worker has
        ``loaded`` the model yet: then every further study would be lost over it.
        """
        if not self.pipe.poll():
            self._blame_model("too slow", unless=loaded)
            seconds = round(self._team.clock.read() - self.since)
            return self._lose("STUDY_TIMEOUT", Note("STUDY_STOPPED", {"seconds": seconds}))
        try:
            message = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(5)
            how = _describe_end(self.process.exitcode)
            self._blame_model(to_text(how), unless=loaded)
            return self._lose("WORKER_DIED", Note("WORKER_DIED", {"how": how}))
        if isinstance(message, MriBatchError):
            raise message
        if message == READY:
            self.ready, self.since = True, self._team.clock.read()
            return None
        assert isinstance(message, StudyResult)
        self.job = None
        return message

    def _blame_model(self, how: str, *, unless: bool) -> None:
        if not (self.ready or unless):
            raise ModelPackageError(
                f"a worker process could not load the model ({how})",
                code="MODEL_UNLOADABLE",
                hint="see 'mri-batch model verify'; where memory is short, a smaller model",
            )

    def _lose(self, code: str, reason: Note) -> StudyResult | None:
        self.end()
        if self.job is None:
            return None
        result = fail(self.job, code=code, reason=reason)
        self.job = None
        return write_study(result, self._team.settings, self._team.package.card)

    def end(self) -> None:
        self.alive = False
        if self.process.is_alive():
            self.process.kill()
        self.process.join(5)
        self.pipe.close()
        self._jobs.close()


def _idle(workers: list[_Worker], team: _Team) -> _Worker | None:
    for worker in workers:
        if worker.job is None:
            return worker
    if len(workers) < team.settings.jobs:
        workers.append(_Worker(team))
        return workers[-1]
    return None


def _with_messages(workers: list[_Worker], limit_s: float | None) -> list[_Worker]:
    busy = [w for w in workers if w.job is not None]
    pipes: dict[Connection, _Worker] = {w.pipe: w for w in busy}
    ready: list[Any] = wait(list(pipes), timeout=POLL_S)
    late = [w for w in busy if w.overdue(limit_s)]  # each time, so that the clock sees every step
    return [pipes[pipe] for pipe in ready] or late


def _run_worker(worker_main: WorkerMain, channel: Channel, settings: ScanSettings, model_sha256: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C and ends the workers
    prepare_process(settings.memory_per_worker_mb)
    worker_main(channel, settings, model_sha256)


def serve_jobs(channel: Channel, settings: ScanSettings, model_sha256: str) -> None:
    """Load the model once, then process one job after the other until the pipe closes."""
    try:
        model = load_worker_model(
            settings.model, sha256=model_sha256, threads=threads_per_worker(settings), batch_size=settings.batch_size
        )
        channel.send(READY)
        while True:
            channel.send(process(channel.recv(), settings, model))
    except MriBatchError as error:
        channel.send(error)
    except (EOFError, BrokenPipeError):
        return


def threads_per_worker(settings: ScanSettings) -> int:
    """Threads of one worker's session: the cores shared out, never more in all than there are."""
    return settings.threads or max(1, usable_cores() // settings.jobs)


def usable_cores() -> int:
    """Cores that this process may use, which in a container or job is fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _describe_end(exitcode: int | None) -> Note:
    if exitcode is not None and exitcode < 0:
        return Note("SIGNAL", {"name": signal.Signals(-exitcode).name})
    return Note("EXIT_CODE", {"number": -1 if exitcode is None else exitcode})
