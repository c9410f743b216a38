"""Files and folders that appear whole or not at all: written beside their place, flushed, then renamed.

While it is written, ``name`` is called ``.name.part``; what a killed process leaves behind is replaced by the next
write. All functions raise OutputError where the disk refuses.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mri_batch.errors import OutputError


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file atomically. Text is encoded as UTF-8, and its line ends stay as they are on every system."""
    with new_file(path) as part:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def new_file(final: Path) -> Iterator[Path]:
    """Yield a path to write to; the file takes its place when the block ends without an error."""
    part = part_of(final)
    try:
        yield part
        _sync(part)
        part.replace(final)
        _sync(final.parent)
    except OSError as error:
        raise cannot_write(final, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; it takes its place when the block ends without an error.

    A folder that is there already gives way then. Its parent is made where it is missing, and no more: what lies above
    is gone only when a share is, and nothing is written under a bare mount point.
    """
    part = part_of(final)
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.parent.mkdir(exist_ok=True)
        part.mkdir()
        yield part
        for path in part.rglob("*"):
            if path.is_file():
                _sync(path)
        _sync(part)
        _swap(part, final)
        _sync(final.parent)
    except OSError as error:
        raise cannot_write(final, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def part_of(final: Path) -> Path:
    """Return the path under which a file or folder is written before it takes its place."""
    return final.with_name(f".{final.name}.part")


def cannot_write(path: Path, error: Exception) -> OutputError:
    """Return the error for a path that the disk refuses to take."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return OutputError(
        f"cannot write: {reason or type(error).__name__}",
        code="OUTPUT_UNWRITABLE",
        file=str(path),
        hint="check the free space and the permissions of the output folder",
    )


def _swap(part: Path, final: Path) -> None:
    """Rename a folder into place; an earlier one moves aside first and is back where that fails."""
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.is_dir():
        final.replace(old)
    try:
        part.replace(final)
    except OSError:
        if old.exists():
            old.replace(final)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a folder to flush it
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
