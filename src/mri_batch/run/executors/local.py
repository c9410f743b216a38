"""Work spread over disposable processes: a crash, a kill or a hang loses one study, with its reason, and no more."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from mri_batch.card import ModelCard
from mri_batch.errors import ModelPackageError, MriBatchError
from mri_batch.model.gate import load_gate
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.notes import Note
from mri_batch.records import StudyResult
from mri_batch.run.study import Job, fail, process, write_study
from mri_batch.settings import ScanSettings

READY = "ready"
START_LIMIT_S = 180.0  # for loading a large model, which the parent has just read, and running it once
MEMORY_SHARE = 0.75  # of the machine's, for one worker: a bomb meets this bound before the system's killer wakes


class Line(NamedTuple):
    """A worker's line to its parent: two simple pipes, since a two-way one is a socket, and we open none."""

    incoming: Connection
    outgoing: Connection

    def recv(self) -> Any:
        """Wait for a job. Raises EOFError where the parent hung up."""
        return self.incoming.recv()

    def send(self, news: object) -> None:
        """Send READY, a result or an error."""
        self.outgoing.send(news)


Work = Callable[[Line, ScanSettings], None]


def spread(
    jobs: Iterator[Job], settings: ScanSettings, card: ModelCard, work: Work | None = None
) -> Iterator[tuple[Job, StudyResult]]:
    """Process jobs on ``settings.jobs`` workers; yields each with its result, in the order of completion.

    At most one job per worker is in flight, so memory does not grow with the number of studies. Raises what makes every
    further study pointless: OutputError, ModelPackageError. ``work`` is what a worker runs: it says READY, then
    answers every job that it receives.
    """
    workers: list[_Worker] = []
    source, loaded = iter(jobs), False
    try:
        waiting = next(source, None)
        while waiting is not None or any(w.job for w in workers):
            while waiting is not None and (idle := _idle(workers, settings, work or work_off)) is not None:
                idle.give(waiting)
                waiting = next(source, None)
            for worker in _with_news(workers, settings.timeout_per_study_s):
                job = worker.job
                result = worker.hear(settings, card, loaded=loaded)
                loaded = loaded or worker.ready
                if not worker.alive:
                    workers.remove(worker)
                if job is not None and result is not None:
                    yield job, result
    finally:
        for worker in workers:
            worker.end()


def start_apart(process: BaseProcess) -> None:
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


class _Worker:
    """One process and the job that it has. The clock of a job starts when the worker has its model loaded."""

    def __init__(self, settings: ScanSettings, work: Work) -> None:
        context = multiprocessing.get_context("spawn")
        incoming, self._jobs = context.Pipe(duplex=False)
        self.pipe, outgoing = context.Pipe(duplex=False)
        theirs = Line(incoming, outgoing)
        self.process: BaseProcess = context.Process(target=_begin, args=(work, theirs, settings), daemon=True)
        start_apart(self.process)
        for end in theirs:
            end.close()
        self.job: Job | None = None
        self.alive, self.ready = True, False
        self.since = time.monotonic()

    def give(self, job: Job) -> None:
        self.job, self.since = job, time.monotonic()
        with suppress(BrokenPipeError, ConnectionResetError):  # it died in between: hear() tells
            self._jobs.send(job)

    def overdue(self, limit_s: float | None) -> bool:
        limit = limit_s if self.ready else START_LIMIT_S
        return self.job is not None and limit is not None and time.monotonic() - self.since > limit

    def hear(self, settings: ScanSettings, card: ModelCard, *, loaded: bool) -> StudyResult | None:
        """Hear the worker's news: a result, a lost study, or None when it says that it is ready.

        A worker that lost a study is gone afterwards. Raises what the worker raised, and ModelPackageError where none
        has ``loaded`` the model yet: then every further one would be lost over it.
        """
        if not self.pipe.poll():
            self._blame_model("too slow", unless=loaded)
            return self._lose(
                "STUDY_TIMEOUT",
                Note("STUDY_STOPPED", {"seconds": round(time.monotonic() - self.since)}),
                settings,
                card,
            )
        try:
            news = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(5)
            how = _how(self.process.exitcode)
            self._blame_model(str(how), unless=loaded)
            return self._lose("WORKER_DIED", Note("WORKER_DIED", {"how": how}), settings, card)
        if isinstance(news, MriBatchError):
            raise news
        if news == READY:
            self.ready, self.since = True, time.monotonic()
            return None
        assert isinstance(news, StudyResult)
        self.job = None
        return news

    def _blame_model(self, how: str, *, unless: bool) -> None:
        if not (self.ready or unless):
            raise ModelPackageError(
                f"a worker process could not load the model ({how})",
                code="MODEL_UNLOADABLE",
                hint="see 'mri-batch model verify'; where memory is short, a smaller model",
            )

    def _lose(self, code: str, reason: Note, settings: ScanSettings, card: ModelCard) -> StudyResult | None:
        self.end()
        if self.job is None:
            return None
        result = fail(self.job, code=code, reason=reason)
        write_study(result, settings, card)
        self.job = None
        return result

    def end(self) -> None:
        self.alive = False
        if self.process.is_alive():
            self.process.kill()
        self.process.join(5)
        self.pipe.close()
        self._jobs.close()


def _idle(workers: list[_Worker], settings: ScanSettings, work: Work) -> _Worker | None:
    for worker in workers:
        if worker.job is None:
            return worker
    if len(workers) < settings.jobs:
        workers.append(_Worker(settings, work))
        return workers[-1]
    return None


def _with_news(workers: list[_Worker], limit_s: float | None) -> list[_Worker]:
    busy = [w for w in workers if w.job is not None]
    pipes: dict[Connection, _Worker] = {w.pipe: w for w in busy}
    ready: list[Any] = wait(list(pipes), timeout=None if limit_s is None else 0.2)
    return [pipes[pipe] for pipe in ready] or [w for w in busy if w.overdue(limit_s)]


def _begin(work: Work, line: Line, settings: ScanSettings) -> None:
    """Begin life as a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C and ends the workers
    set_bounds(settings.memory_per_worker_mb)
    threading.Thread(target=end_with_parent, daemon=True).start()
    work(line, settings)


def work_off(line: Line, settings: ScanSettings) -> None:
    """Load the model once, then work one study after the other until the pipe closes."""
    try:
        package = read_package(settings.model, check_digests=False)  # the parent has checked them
        session = Session(package, threads=threads_per_worker(settings), batch_size=settings.batch_size)
        gate = load_gate(package)
        session.try_out()
        line.send(READY)
        while True:
            line.send(process(line.recv(), settings, session, gate))
    except MriBatchError as error:
        line.send(error)
    except (EOFError, BrokenPipeError):
        return


def threads_per_worker(settings: ScanSettings) -> int:
    """Threads of one worker's session: the cores shared out, never more in all than there are."""
    return settings.threads or max(1, usable_cores() // settings.jobs)


def usable_cores() -> int:
    """Cores that this process may use, which in a container or job is fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def end_with_parent() -> None:
    """End this worker at once when the parent is gone, so that it does not write into a folder it no longer holds."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def set_bounds(memory_mb: int | None = None) -> None:
    """Bound memory, and leave no core dump, which would hold pictures. Windows has neither."""
    try:
        import resource
    except ImportError:
        return
    most = int(MEMORY_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    most = most if memory_mb is None else memory_mb << 20
    for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_DATA, most)):
        _, hard = resource.getrlimit(limit)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, hard))


def _how(exitcode: int | None) -> Note:
    if exitcode is not None and exitcode < 0:
        return Note("SIGNAL", {"name": signal.Signals(-exitcode).name})
    return Note("EXIT_CODE", {"number": str(exitcode)})
