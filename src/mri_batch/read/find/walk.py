"""Walk files and folders, lazily and always in the same order; each file's kind is found from its content."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mri_batch.notes import Note
from mri_batch.read.file_errors import COPY_AGAIN, explain_os_error, to_record
from mri_batch.read.find.formats import is_side_file
from mri_batch.read.find.sniff import HEAD_BYTES, choose_kind
from mri_batch.records import FileKind, FileRecord, FileStatus, FoundFile
from mri_batch.settings import ReadLimits

_Inode = tuple[int, int]
# Without O_NONBLOCK, opening a FIFO that took a file's place between listing and opening would wait for ever.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_JOURNAL, _RESULTS = "journal.jsonl", ("run.json", "results.jsonl")  # as run/store names them
_WINDOWS_ELSEWHERE = 0x1000 | 0x40000 | 0x400000  # offline, recalled when opened, recalled when read
_MAC_DATALESS = 0x40000000
_CHECK_PERMISSIONS, _COPY_TARGET = Note("HINT_PERMISSIONS"), Note("HINT_COPY_TARGET")


@dataclass(frozen=True, slots=True)
class _Walk:
    """The settings of one walk: limits, a folder to leave out, and the roots, whose files need no link to be found."""

    limits: ReadLimits
    avoid: Path | None
    roots: tuple[Path, ...]


class _Level(NamedTuple):
    """A folder that is being walked, and what is left of its entries."""

    inode: _Inode
    relative: str
    entries: Iterator[os.DirEntry[str]]


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
            yield from _walk_folder(path, "" if alone else name, walk)
        else:
            yield _open(path, name, walk, by_name=True)


def file_id(relative: str) -> str:
    """Return the short name of a file, used where its path must not be shown."""
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


def _walk_folder(folder: Path, relative: str, walk: _Walk) -> Iterator[FoundFile | FileRecord]:
    """Walk a tree with a stack of our own, since Python's would not hold a tree of a thousand levels."""
    levels: list[_Level] = []
    refused = _enter(folder, relative, levels, walk.limits)
    if refused is not None:
        yield refused
    while levels:
        entry = next(levels[-1].entries, None)
        if entry is None:
            levels.pop()
            continue
        name, above = _printable(entry.name), levels[-1].relative
        found = _visit(entry, f"{above}/{name}" if above else name, levels, walk)
        if found is not None:
            yield found


def _enter(folder: Path, relative: str, levels: list[_Level], limits: ReadLimits) -> FileRecord | None:
    """Put a folder's entries on the stack; return a record where it is not entered."""
    if len(levels) > limits.max_folder_depth:
        why = Note("FOLDER_TOO_DEEP", {"limit": limits.max_folder_depth})
        return _refuse(f"{relative}/", "FOLDER_TOO_DEEP", why, Note("HINT_NAME_FOLDER"))
    try:
        about = folder.stat()
        here = (about.st_dev, about.st_ino)
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        why = Note("FOLDER_UNREADABLE", {"why": explain_os_error(error)})
        return _refuse(f"{relative or '.'}/", "FOLDER_UNREADABLE", why, _CHECK_PERMISSIONS)
    if here[1] and any(level.inode == here for level in levels):  # a bind mount can loop without any link
        return _refuse(f"{relative}/", "LINK_LOOP", Note("FOLDER_LOOP"), status=FileStatus.SKIPPED)
    if levels and _holds_results({entry.name for entry in entries}):
        return _refuse(f"{relative}/", "EARLIER_RESULTS", Note("EARLIER_RESULTS"), status=FileStatus.SKIPPED)
    levels.append(_Level(here, relative, iter(entries)))
    return None


def _visit(entry: os.DirEntry[str], relative: str, levels: list[_Level], walk: _Walk) -> FoundFile | FileRecord | None:
    """Return what an entry is; a folder goes on the stack, and the output folder is passed over."""
    path = Path(entry.path)
    try:
        if entry.is_symlink() or (sys.version_info >= (3, 12) and entry.is_junction()):
            return _follow(path, relative, walk)
        if not entry.is_dir(follow_symlinks=False):
            return _open(path, relative, walk)
        if walk.avoid is not None and _real(path) == walk.avoid:
            return None
        return _enter(path, relative, levels, walk.limits)
    except OSError as error:
        return _unreadable(relative, error, Note("HINT_PERMISSIONS_AND_DISK"))


def _follow(path: Path, relative: str, walk: _Walk) -> FoundFile | FileRecord:
    """Read a link to a file that the walk does not meet otherwise; refuse all other links."""
    try:
        target = path.resolve(strict=True)
    except FileNotFoundError:
        return _refuse(relative, "LINK_DANGLING", Note("LINK_DANGLING"), _COPY_TARGET)
    except (OSError, RuntimeError):  # RuntimeError: a loop, before Python 3.13
        return _refuse(relative, "LINK_LOOP", Note("LINK_LOOP"), _COPY_TARGET)
    if target.is_dir():
        hint = Note("HINT_NAME_FOLDER")
        return _refuse(relative, "LINK_TO_FOLDER", Note("LINK_TO_FOLDER"), hint, status=FileStatus.SKIPPED)
    if any(target.is_relative_to(root) for root in walk.roots):
        return _refuse(relative, "LINK_TO_FOUND", Note("LINK_TO_FOUND"), status=FileStatus.SKIPPED)
    return _open(path, relative, walk)


def _open(path: Path, relative: str, walk: _Walk, *, by_name: bool = False) -> FoundFile | FileRecord:
    try:
        handle = os.open(path, _OPEN_FLAGS)
    except FileNotFoundError:
        return _refuse(relative, "VANISHED", Note("FILE_VANISHED"), Note("HINT_SCAN_AGAIN"))
    except OSError as error:
        if not _is_regular(path):
            return _special(relative)
        return _unreadable(relative, error, _CHECK_PERMISSIONS)
    with os.fdopen(handle, "rb", buffering=0) as stream:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return _special(relative)
        if _is_elsewhere(about):
            return _refuse(relative, "NOT_DOWNLOADED", Note("NOT_DOWNLOADED"), Note("HINT_DOWNLOAD"))
        try:
            head = stream.read(HEAD_BYTES)
        except OSError as error:
            return _unreadable(relative, error, Note("HINT_DISK"))
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
    if found.size_bytes == 0 and is_side_file(found.relative):
        return to_record(found, FileStatus.SKIPPED, "SIDE_FILE", Note("SIDE_FILE"))
    if found.size_bytes == 0:
        return to_record(found, FileStatus.FAILED, "EMPTY", Note("FILE_EMPTY"), COPY_AGAIN)
    if found.size_bytes > limits.max_file_bytes and found.kind is not FileKind.OTHER:
        sizes = {"size_bytes": found.size_bytes, "limit_bytes": limits.max_file_bytes}
        return to_record(found, FileStatus.FAILED, "TOO_LARGE", Note("FILE_TOO_LARGE", sizes))
    return found


def _holds_results(names: AbstractSet[str]) -> bool:
    """Whether a folder is the output of an earlier scan."""
    return _JOURNAL in names and not names.isdisjoint(_RESULTS)


def _is_elsewhere(about: os.stat_result) -> bool:
    """Whether only a cloud has the content: reading would download it (Windows), or wait for that (macOS)."""
    windows, mac = getattr(about, "st_file_attributes", 0), getattr(about, "st_flags", 0)
    return bool(windows & _WINDOWS_ELSEWHERE or mac & _MAC_DATALESS)


def _special(relative: str) -> FileRecord:
    return _refuse(relative, "NOT_A_FILE", Note("NOT_A_FILE"), Note("HINT_REMOVE"), status=FileStatus.SKIPPED)


def _unreadable(relative: str, error: OSError, hint: Note) -> FileRecord:
    return _refuse(relative, "UNREADABLE", Note("FILE_UNREADABLE", {"why": explain_os_error(error)}), hint)


def _refuse(
    relative: str, code: str, reason: Note, hint: Note | None = None, *, status: FileStatus = FileStatus.FAILED
) -> FileRecord:
    return FileRecord(
        file_id=file_id(relative),
        relative=relative,
        kind=FileKind.OTHER,
        size_bytes=0,
        status=status,
        code=code,
        reason=reason,
        hint=hint,
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
