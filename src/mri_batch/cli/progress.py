"""Progress of a long command, for a person at a terminal or for a log."""

from __future__ import annotations

import sys
from threading import RLock

from tqdm import tqdm

from mri_batch.cli.common import complain
from mri_batch.progress import Progress, Step
from mri_batch.records import StudyResult, StudyStatus
from mri_batch.report.i18n.words import to_text
from mri_batch.text import to_visible

_UNITS: dict[Step, str] = {"studies": "study", "pictures": "picture", "heatmaps": "heatmap"}


def choose_progress(*, quiet: bool, verbose: bool = False) -> Progress:
    """Choose silence, a bar on a terminal, or plain lines."""
    if quiet:
        return Progress()
    if sys.stderr.isatty() and not verbose:
        return Bar()
    return Lines(every=1 if verbose else 0)


class Bar(Progress):
    """A progress bar on standard error for each step; failures are printed above it."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None
        tqdm.set_lock(RLock())  # its own would be one of the system's, a file in shared memory

    def started(self, step: Step, total: int, pending: int) -> None:
        """Start a bar where an earlier run ended."""
        self._bar = tqdm(
            total=total,
            initial=total - pending,
            unit=_UNITS[step],
            desc=None if step == "studies" else step,
            file=sys.stderr,
            dynamic_ncols=True,
        )

    def advanced(self, n: int = 1, result: StudyResult | None = None) -> None:
        """Move the bar on."""
        assert self._bar is not None
        if failure := _describe_failure(result):
            self._bar.write(to_visible(failure), file=sys.stderr)
        self._bar.update(n)
        if self._bar.n >= (self._bar.total or 0):
            self._bar.close()


class Lines(Progress):
    """Plain lines: one per study, or about twenty for the whole step (``every=0``); failures always."""

    def __init__(self, *, every: int) -> None:
        self._wanted = every
        self._every = every
        self._n = 0
        self._total = 0

    def started(self, step: Step, total: int, pending: int) -> None:
        """Print how much there is."""
        self._n, self._total = 0, pending
        self._every = self._wanted or max(1, pending // 20)
        complain(f"{total} {step} found, {pending} to do")

    def advanced(self, n: int = 1, result: StudyResult | None = None) -> None:
        """Print how far it is."""
        before, self._n = self._n, self._n + n
        if failure := _describe_failure(result):
            complain(failure)
        elif self._n // self._every > before // self._every or self._n == self._total:
            study = f" {result.status}: {result.source}" if result else ""
            complain(f"{self._n}/{self._total}{study}")


def _describe_failure(result: StudyResult | None) -> str:
    if result is None or result.status is not StudyStatus.FAILED:
        return ""
    return f"failed: {result.source}: {to_text(result.reason) if result.reason else result.code}"
