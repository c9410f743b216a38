"""The output folder of a scan: file names, ownership check, and the lock against a second writer."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path

from mri_batch.errors import OutputError
from mri_batch.files import cannot_write
from mri_batch.run.store.journal import is_journal

_HEAD_BYTES = 1 << 20
LOCK, JOURNAL, WORK = ".lock", "journal.jsonl", ".work"
RESULTS, RESULTS_CSV, FILES = "results.jsonl", "results.csv", "files.csv"
RUN, MODEL_CARD = "run.json", "model-card.json"
STUDIES, RESULT, REPORT, PIECES = "studies", "result.json", "report.html", "pieces.zip"


@contextmanager
def claim_output(out: Path) -> Iterator[Path]:
    """Lock the output folder for one scan. Raises OutputError where it is foreign, not writable or in use."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        _take_lock(out / LOCK)
    except OSError as error:
        raise cannot_write(out, error) from error
    try:
        _check_ours(out)
        work = out / WORK
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        yield out
    except (OSError, sqlite3.Error) as error:  # the index of found files is in there too
        raise cannot_write(out, error) from error
    finally:
        shutil.rmtree(out / WORK, ignore_errors=True)
        (out / LOCK).unlink(missing_ok=True)


def remove_work(out: Path) -> None:
    """Remove the scratch folder of a scan. Raises OSError."""
    shutil.rmtree(out / WORK)


def _check_ours(out: Path) -> None:
    """Raise OutputError unless the folder is empty or a scan's: a file called like a journal proves nothing."""
    names = {path.name for path in out.iterdir()} - {LOCK, WORK}
    if not names or ((out / JOURNAL).is_file() and (is_journal(out / JOURNAL) or _is_barely_begun(out, names))):
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


def _take_lock(lock: Path) -> None:
    mine = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
    for _ in range(2):
        try:
            handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            _clear_stale(lock)
            continue
        with os.fdopen(handle, "w") as stream:
            stream.write(mine)
        return
    raise OutputError("another scan has just locked the output folder", code="OUTPUT_IN_USE", file=str(lock.parent))


def _clear_stale(lock: Path) -> None:
    try:
        holder = json.loads(lock.read_text("utf-8"))
        pid, host = int(holder["pid"]), str(holder["host"])
    except (OSError, ValueError, KeyError, TypeError):
        pid, host = 0, ""  # truncated by a crash
    if host and (host != socket.gethostname() or _alive(pid)):
        raise OutputError(
            f"another scan (process {pid} on {host}) is writing here",
            code="OUTPUT_IN_USE",
            file=str(lock.parent),
            hint=f"wait for it to finish; if it no longer runs, delete {lock.name} in that folder",
        )
    lock.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    if pid == os.getpid():
        return True
    if os.name == "nt":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)  # type: ignore[attr-defined, unused-ignore]
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
