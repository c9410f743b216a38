"""The output folder: whose it is, who is writing in it, and files that are whole or not there at all."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mri_batch.errors import OutputError

LOCK, JOURNAL, WORK = ".lock", "journal.jsonl", ".work"


@contextmanager
def claim_output(out: Path) -> Iterator[Path]:
    """Hold the output folder for one scan. Raises OutputError where it is not ours, not writable or in use."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        _take_lock(out / LOCK)
    except OSError as error:
        raise _cannot_write(out, error) from error
    try:
        _check_ours(out)
        work = out / WORK
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        yield out
    except (OSError, sqlite3.Error) as error:  # the index of found files lies there too
        raise _cannot_write(out, error) from error
    finally:
        shutil.rmtree(out / WORK, ignore_errors=True)
        (out / LOCK).unlink(missing_ok=True)


def sweep(out: Path) -> None:
    """Remove a scan's scratch. Raises OSError."""
    shutil.rmtree(out / WORK)


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file whole: beside, flushed to the disk, then renamed into place. Raises OutputError."""
    with new_file(path) as beside:
        beside.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def new_file(final: Path) -> Iterator[Path]:
    """Write a file beside its final place; it appears there whole, when the block ends well, or not at all."""
    beside = final.with_name(f".{final.name}.part")
    try:
        yield beside
        _sync(beside)
        beside.replace(final)
        _sync(final.parent)
    except OSError as error:
        raise _cannot_write(final, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


@contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """Fill a folder beside its final place; it appears there whole, when the block ends well, or not at all."""
    beside = final.with_name(f".{final.name}.part")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        yield beside
        for path in beside.rglob("*"):
            if path.is_file():
                _sync(path)
        _sync(beside)
        if final.exists():
            shutil.rmtree(final)
        beside.replace(final)
        _sync(final.parent)
    except OSError as error:
        raise _cannot_write(final, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _check_ours(out: Path) -> None:
    if not (out / JOURNAL).exists() and any(p.name not in (LOCK, WORK) for p in out.iterdir()):
        raise OutputError(
            "the output folder holds files that are not from a scan",
            code="OUTPUT_FOREIGN",
            file=str(out),
            hint="give an empty folder, or the folder of an earlier scan to continue it",
        )


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a folder to flush it
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
    raise OutputError("another scan took the output folder just now", code="OUTPUT_IN_USE", file=str(lock.parent))


def _clear_stale(lock: Path) -> None:
    try:
        holder = json.loads(lock.read_text("utf-8"))
        pid, host = int(holder["pid"]), str(holder["host"])
    except (OSError, ValueError, KeyError, TypeError):
        pid, host = 0, ""  # torn by a crash while it was written
    if host and (host != socket.gethostname() or _alive(pid)):
        raise OutputError(
            f"another scan (process {pid} on {host}) is writing here",
            code="OUTPUT_IN_USE",
            file=str(lock.parent),
            hint=f"wait for it; if it is gone for good, delete {lock.name} in that folder",
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


def _cannot_write(path: Path, error: OSError | sqlite3.Error) -> OutputError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return OutputError(
        f"cannot write: {reason or type(error).__name__}",
        code="OUTPUT_UNWRITABLE",
        file=str(path),
        hint="check the free space and the permissions of the output folder",
    )
