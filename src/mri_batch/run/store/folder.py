"""The output folder of a scan: file names, ownership check, and the lock against a second writer."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mri_batch.errors import OutputError
from mri_batch.files import cannot_write
from mri_batch.run.store.journal import is_journal
from mri_batch.run.store.lock import hold_lock

_HEAD_BYTES = 1 << 20
LOCK, JOURNAL, WORK = ".lock", "journal.jsonl", ".work"
RESULTS, RESULTS_CSV, FILES = "results.jsonl", "results.csv", "files.csv"
RUN, MODEL_CARD = "run.json", "model-card.json"
STUDIES, RESULT, REPORT, PIECES = "studies", "result.json", "report.html", "pieces.zip"


@contextmanager
def claim_output(out: Path) -> Iterator[Path]:
    """Hold the output folder for one scan. Raises OutputError where it is not ours, not writable or in use."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with hold_lock(out / LOCK):
            try:
                _check_ours(out)
                work = out / WORK
                shutil.rmtree(work, ignore_errors=True)
                work.mkdir()
                yield out
            finally:
                shutil.rmtree(out / WORK, ignore_errors=True)
    except (OSError, sqlite3.Error) as error:  # the index of found files is in there too
        raise cannot_write(out, error) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The output folder as it was when the scan began, by device and inode."""

    out: Path
    device: int
    inode: int

    @classmethod
    def of(cls, out: Path) -> Place:
        """Note where the folder is."""
        about = out.stat()
        return cls(out=out, device=about.st_dev, inode=about.st_ino)

    def check(self) -> None:
        """Raise OutputError where another folder, or none, is in its place: its share is gone, or it was moved."""
        try:
            about = self.out.stat()
        except OSError as error:
            raise cannot_write(self.out, error) from error
        if (about.st_dev, about.st_ino) != (self.device, self.inode):
            raise OutputError(
                "the output folder is not the one that the scan began with",
                code="OUTPUT_GONE",
                file=str(self.out),
                hint="check the share; the same command resumes the scan",
            )


def remove_work(out: Path) -> None:
    """Remove the scratch folder of a scan. Raises OSError."""
    shutil.rmtree(out / WORK)


def _check_ours(out: Path) -> None:
    """Raise OutputError unless the folder is empty or a scan's: a file called like a journal proves nothing."""
    names = {path.name for path in out.iterdir()} - {LOCK, WORK}
    if not names:
        return
    journal = out / JOURNAL
    if journal.is_file() and (is_journal(journal) or _is_run_of_ours(out / RUN) or _is_barely_begun(out, names)):
        return
    raise OutputError(
        "the output folder contains files that are not from a scan",
        code="OUTPUT_FOREIGN",
        file=str(out),
        hint="use an empty folder, or the folder of an earlier scan to resume it",
    )


def _is_barely_begun(out: Path, names: AbstractSet[str]) -> bool:
    """Whether the journal holds no whole line and nothing is beside it: its scan was killed at once."""
    with (out / JOURNAL).open("rb") as stream:
        return names <= {JOURNAL, STUDIES} and b"\n" not in stream.read(_HEAD_BYTES)


def _is_run_of_ours(path: Path) -> bool:
    try:
        return "mri_batch" in json.loads(path.read_bytes())
    except (OSError, ValueError, TypeError):
        return False
