"""How a scan goes on, for a person at a terminal or for a log."""

from __future__ import annotations

import sys
from threading import RLock

from tqdm import tqdm

from mri_batch.cli.common import complain, printable
from mri_batch.records import StudyResult, StudyStatus
from mri_batch.run.scan import Watch


def choose_watch(*, quiet: bool, verbose: bool) -> Watch:
    """Choose silence, a bar on a terminal, or plain lines."""
    if quiet:
        return Watch()
    if sys.stderr.isatty() and not verbose:
        return Bar()
    return Lines(every=1 if verbose else 0)


class Bar(Watch):
    """A progress bar on standard error; failures are told above it."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None
        tqdm.set_lock(RLock())  # its own would be one of the system's, a file in shared memory

    def found(self, n_studies: int, n_pending: int) -> None:
        """Start the bar where an earlier run ended."""
        self._bar = tqdm(
            total=n_studies, initial=n_studies - n_pending, unit="study", file=sys.stderr, dynamic_ncols=True
        )

    def finished(self, result: StudyResult) -> None:
        """Move the bar on."""
        assert self._bar is not None
        if result.status is StudyStatus.FAILED:
            self._bar.write(printable(f"failed: {result.source}: {result.reason}"), file=sys.stderr)
        self._bar.update()
        if self._bar.n >= (self._bar.total or 0):
            self._bar.close()


class Lines(Watch):
    """Plain lines: one per study, or about twenty for the whole scan (``every=0``); failures always."""

    def __init__(self, *, every: int) -> None:
        self._every = every
        self._n = 0
        self._total = 0

    def found(self, n_studies: int, n_pending: int) -> None:
        """Say how much there is."""
        self._total = n_pending
        self._every = self._every or max(1, n_pending // 20)
        complain(f"{n_studies} studies found, {n_pending} to do")

    def finished(self, result: StudyResult) -> None:
        """Say how far it is."""
        self._n += 1
        if result.status is StudyStatus.FAILED:
            complain(f"failed: {result.source}: {result.reason}")
        elif self._n % self._every == 0 or self._n == self._total:
            complain(f"{self._n}/{self._total} {result.status}: {result.source}")
