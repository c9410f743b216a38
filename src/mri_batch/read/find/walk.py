"""Walk files and folders, lazily and always in the same order, and tell what each file is by its content."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mri_batch.read.file_errors import to_record
from mri_batch.read.find.sniff import HEAD_BYTES, choose_kind
from mri_batch.records import FileKind, FileRecord, FileStatus, FoundFile
from mri_batch.settings import ReadLimits

_Inode = tuple[int, int]
# Without O_NONBLOCK, opening a FIFO that took a file's place between listing and opening would wait for ever.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class _Walk:
    """What one walk knows: its bounds, what it must not enter, and the roots whose files it meets anyway."""

    limits: ReadLimits
    avoid: Path | None
    roots: tuple[Path, ...]


def iter_files(
    paths: Sequence[Path], *, limits: ReadLimits, avoid: Path | None = None
) -> Iterator[FoundFile | FileRecord]:
    """Yield each regular file under ``paths``, and a record with the reason for each thing that cannot be opened.

    Folders are listed sorted by the code points of their names, whatever the file system or the locale. Links to
    folders are never followed. ``avoid`` (the output folder) is left out. One folder as the only path: ``relative``
    starts below it; otherwise it starts with the path's own name, made unique by ``~2`` and so on.
    """
    kept = _drop_nested(paths)
    walk = _Walk(limits, _real(avoid) if avoid else None, tuple(_real(p) for p in kept))
    alone = len(kept) == 1
    for path, name in zip(kept, _unique_names(kept), strict=True):
        if path.is_dir():
            yield from _walk_folder(path, "" if alone else name, walk, ())
        else:
            yield _open(path, name, walk, by_name=True)


def file_id(relative: str) -> str:
    """Return the short name of a file that stands where its path must not be shown."""
    return "f-" + hashlib.sha256(relative.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _drop_nested(paths: Sequence[Path]) -> list[Path]:
    """Leave out paths that lie inside another one, or repeat one: their files are met once through the outer path."""
    kept: list[Path] = []
    real = [_real(p) for p in paths]
    for index, path in enumerate(paths):
        others = (r for i, r in enumerate(real) if i != index and (r != real[index] or i < index))
        if not any(real[index].is_relative_to(other) for other in others):
            kept.append(path)
    return kept


def _unique_names(paths: Sequence[Path]) -> list[str]:
    taken: set[str] = set()
    names = []
    for path in paths:
        base = _printable(path.name or _real(path).name or "root")
        name, count = base, 1
        while name.casefold() in taken:
            count += 1
            name = f"{base}~{count}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _walk_folder(
    folder: Path, relative: str, walk: _Walk, above: tuple[_Inode, ...]
) -> Iterator[FoundFile | FileRecord]:
    try:
        about = folder.stat()
        here = (about.st_dev, about.st_ino)
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        yield _refuse(f"{relative or '.'}/", "FOLDER_UNREADABLE", f"the folder cannot be listed: {_why(error)}")
        return
    if here in above and here[1]:  # a bind mount can loop without any link
        yield _refuse(f"{relative}/", "LINK_LOOP", "the folder contains itself", FileStatus.SKIPPED)
        return
    for entry in entries:
        name = _printable(entry.name)
        yield from _visit(entry, f"{relative}/{name}" if relative else name, walk, (*above, here))


def _visit(
    entry: os.DirEntry[str], relative: str, walk: _Walk, above: tuple[_Inode, ...]
) -> Iterator[FoundFile | FileRecord]:
    path = Path(entry.path)
    try:
        if entry.is_symlink() or (sys.version_info >= (3, 12) and entry.is_junction()):
            yield _follow(path, relative, walk)
        elif entry.is_dir(follow_symlinks=False):
            if walk.avoid is None or _real(path) != walk.avoid:
                yield from _walk_folder(path, relative, walk, above)
        else:
            yield _open(path, relative, walk)
    except OSError as error:
        yield _refuse(relative, "UNREADABLE", f"the file cannot be read: {_why(error)}")


def _follow(path: Path, relative: str, walk: _Walk) -> FoundFile | FileRecord:
    """Read a link to a file that the walk does not meet otherwise; refuse all other links."""
    try:
        target = path.resolve(strict=True)
    except FileNotFoundError:
        return _refuse(relative, "LINK_DANGLING", "the link points to nothing; copy the file itself")
    except (OSError, RuntimeError):  # RuntimeError: a loop, before Python 3.13
        return _refuse(relative, "LINK_LOOP", "the link leads back to itself; copy the file itself")
    if target.is_dir():
        reason = "links to folders are not followed; name the folder itself as a path if it is to be read"
        return _refuse(relative, "LINK_TO_FOLDER", reason, FileStatus.SKIPPED)
    if any(target.is_relative_to(root) for root in walk.roots):
        reason = "the link points to a file that is read in its own place"
        return _refuse(relative, "LINK_TO_FOUND", reason, FileStatus.SKIPPED)
    return _open(path, relative, walk)


def _open(path: Path, relative: str, walk: _Walk, *, by_name: bool = False) -> FoundFile | FileRecord:
    try:
        handle = os.open(path, _OPEN_FLAGS)
    except FileNotFoundError:
        return _refuse(relative, "VANISHED", "the file was gone when it was opened; scan again")
    except OSError as error:
        if not _is_regular(path):
            return _special(relative)
        return _refuse(relative, "UNREADABLE", f"the file cannot be read: {_why(error)}; check its permissions")
    with os.fdopen(handle, "rb", buffering=0) as stream:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return _special(relative)
        try:
            head = stream.read(HEAD_BYTES)
        except OSError as error:
            return _refuse(relative, "UNREADABLE", f"the file cannot be read: {_why(error)}; check the disk")
    found = FoundFile(
        path=path,
        relative=relative,
        file_id=file_id(relative),
        kind=choose_kind(head, about.st_size),
        size_bytes=about.st_size,
        modified_ns=about.st_mtime_ns,
        by_name=by_name,
    )
    return _bounded(found, walk.limits)


def _bounded(found: FoundFile, limits: ReadLimits) -> FoundFile | FileRecord:
    if found.size_bytes == 0:
        return to_record(found, FileStatus.FAILED, "EMPTY", "the file is empty; copy it again from its source")
    if found.size_bytes > limits.max_file_bytes and found.kind is not FileKind.OTHER:
        reason = f"the file has {found.size_bytes} bytes, more than the {limits.max_file_bytes} that are read"
        return to_record(found, FileStatus.FAILED, "TOO_LARGE", reason)
    return found


def _special(relative: str) -> FileRecord:
    reason = "a pipe, socket or device is not a file; remove it from the folder"
    return _refuse(relative, "NOT_A_FILE", reason, FileStatus.SKIPPED)


def _refuse(relative: str, code: str, reason: str, status: FileStatus = FileStatus.FAILED) -> FileRecord:
    return FileRecord(
        file_id=file_id(relative),
        relative=relative,
        kind=FileKind.OTHER,
        size_bytes=0,
        status=status,
        code=code,
        reason=reason,
    )


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def _printable(name: str) -> str:
    """Spell bytes of a file name that are no UTF-8 as ``\\xNN``, so that every output can hold the path."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
