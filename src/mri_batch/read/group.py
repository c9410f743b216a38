"""Group found files into studies and series on disk, so that memory does not grow with their number."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Literal, Self

from mri_batch.errors import FileProblem
from mri_batch.read.duplicate_instances import drop_duplicates
from mri_batch.read.file_errors import problem_record, to_record
from mri_batch.read.find.non_images import check_header, check_other, is_picture_name
from mri_batch.read.header.load import Header, from_json, load_header, to_json
from mri_batch.read.header.series_info import describe_stack
from mri_batch.read.order import Member, natural_key, sort_stack, split_stacks
from mri_batch.records import FileKind, FileRecord, FileStatus, FoundFile, Series, Study
from mri_batch.settings import ReadLimits

_SCHEMA = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000; PRAGMA temp_store = FILE;
CREATE TABLE files (
  seq INTEGER PRIMARY KEY, path BLOB, relative TEXT, file_id TEXT, kind TEXT, size_bytes INTEGER, modified_ns INTEGER,
  by_name INTEGER, folder TEXT, study TEXT, header TEXT, status TEXT, code TEXT, reason TEXT);
"""
_INDEXES = "CREATE INDEX by_study ON files (study, seq); CREATE INDEX by_folder ON files (folder);"
_ORPHAN = "orphan\n"  # a study key starts with what it is: orphan, dicom, folder or picture


class Grouper:
    """Takes found files one by one; gives back studies in the order in which their first file was met.

    Every file added ends up exactly once: in a series, in ``Study.unused``, or among the leftovers.
    """

    def __init__(self, workdir: Path, *, limits: ReadLimits) -> None:
        self._path = workdir / "files.sqlite"
        self._limits = limits
        self._settled = False

    def __enter__(self) -> Self:
        self._path.unlink(missing_ok=True)
        self._store = sqlite3.connect(self._path, isolation_level=None)
        self._store.executescript(_SCHEMA)
        self._store.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.close()
        self._path.unlink(missing_ok=True)

    def add(self, file: FoundFile) -> None:
        """Take one file: read the header of a DICOM file, and keep what grouping needs on disk."""
        folder = str(PurePosixPath(file.relative).parent)
        study, header, problem = "", "", None
        try:
            if file.kind is FileKind.DICOM:
                known = load_header(file.path, self._limits)
                study = _dicom_key(known, folder) if known.study_uid else ""
                check_header(known)
                study, header = _dicom_key(known, folder), to_json(known)
            elif file.kind.is_picture:
                study = _picture_key(file, folder)
            else:
                check_other(file)
        except FileProblem as error:
            problem = problem_record(file, error)
            study = self._study_of_unused(file, folder, study, problem)
        self._insert(file, folder, study, header, problem)

    @staticmethod
    def _study_of_unused(file: FoundFile, folder: str, study: str, problem: FileRecord) -> str:
        """Skipped files belong to no study; damaged ones to theirs where it is known, else to their folder."""
        if problem.status is FileStatus.SKIPPED or study:
            return study if problem.status is FileStatus.FAILED else ""
        return _picture_key(file, folder) if is_picture_name(file) else _ORPHAN + folder

    def _insert(self, file: FoundFile, folder: str, study: str, header: str, problem: FileRecord | None) -> None:
        why = (problem.status.value, problem.code, problem.reason) if problem else ("", "", "")
        about = (os.fsencode(file.path), file.relative, file.file_id, file.kind.value)
        numbers = (file.size_bytes, file.modified_ns, int(file.by_name))
        self._store.execute(
            "INSERT INTO files VALUES (NULL, ?,?,?,?, ?,?,?, ?,?,?, ?,?,?)",
            (*about, *numbers, folder, study, header, *why),
        )

    def iter_studies(self) -> Iterator[Study]:
        """Yield each study, in order of first appearance; at any time one study is in memory."""
        self._settle()
        keys = self._store.execute("SELECT study FROM files WHERE study != '' GROUP BY study ORDER BY MIN(seq)")
        for (key,) in keys:
            yield self._make_study(key)

    def iter_leftovers(self) -> Iterator[FileRecord]:
        """Yield the files that belong to no study, each with its reason."""
        self._settle()
        for row in self._store.execute("SELECT * FROM files WHERE study = '' ORDER BY seq"):
            yield _row_record(row)

    def _settle(self) -> None:
        """Give damaged files to the one DICOM study of their folder, where there is just one."""
        if self._settled:
            return
        self._store.executescript(_INDEXES)  # which also ends the transaction
        orphans = self._store.execute("SELECT DISTINCT study, folder FROM files WHERE study LIKE ?", (_ORPHAN + "%",))
        for key, folder in orphans.fetchall():
            known = self._store.execute(
                "SELECT DISTINCT study FROM files WHERE folder = ? AND study LIKE 'dicom%' LIMIT 2", (folder,)
            ).fetchall()
            if len(known) == 1:
                self._store.execute("UPDATE files SET study = ? WHERE study = ?", (known[0][0], key))
        self._settled = True

    def _make_study(self, key: str) -> Study:
        members, pictures, unused, folders = [], [], [], []
        study_id = "st-" + _digest(key)
        for row in self._store.execute("SELECT * FROM files WHERE study = ? ORDER BY seq", (key,)):
            folders.append(row[8])
            if row[11]:
                unused.append(_row_record(row))
            elif row[10]:
                members.append(Member(_row_file(row), from_json(row[10])))
            else:
                pictures.append(_row_file(row))
        kept, dropped = drop_duplicates(members)
        unused += [problem_record(member.file, problem) for member, problem in dropped]
        series = _dicom_series(kept, key) if members else _picture_series(pictures, key)
        kind: Literal["dicom", "pictures"] = "dicom" if key.startswith(("dicom", _ORPHAN)) else "pictures"
        source = pictures[0].relative if key.startswith("picture") and pictures else _common_folder(folders)
        return Study(study_id=study_id, source=source, kind=kind, series=series, unused=tuple(unused))


def _dicom_key(header: Header, folder: str) -> str:
    """One study: a StudyInstanceUID of one patient; without a UID, what lies in one folder."""
    return f"dicom\n{header.study_uid or folder}\n{header.patient}"


def _picture_key(file: FoundFile, folder: str) -> str:
    return f"picture\n{file.relative}" if file.by_name else f"folder\n{folder}"


def _dicom_series(members: Sequence[Member], key: str) -> tuple[Series, ...]:
    by_uid: dict[str, list[Member]] = {}
    for member in members:
        by_uid.setdefault(_series_key(member), []).append(member)
    made = []
    for uid, together in by_uid.items():
        for index, stack in enumerate(split_stacks(together)):
            ordered = sort_stack(stack)
            made.append(
                Series(
                    series_id="se-" + _digest(f"{key}\n{uid}\n{index}"),
                    files=tuple(member.file for member in ordered),
                    modality=ordered[0].header.modality,
                    facts=describe_stack(ordered),
                )
            )
    return tuple(made)


def _series_key(member: Member) -> str:
    folder = str(PurePosixPath(member.file.relative).parent)
    number = dict(member.header.facts).get("SeriesNumber", "")
    return member.header.series_uid or f"{folder}\n{number}"


def _picture_series(pictures: Sequence[FoundFile], key: str) -> tuple[Series, ...]:
    if not pictures:
        return ()
    ordered = sorted(pictures, key=lambda file: natural_key(file.relative))
    return (Series(series_id="se-" + _digest(f"{key}\nseries"), files=tuple(ordered)),)


def _common_folder(folders: Sequence[str]) -> str:
    """Return the folder above all; where that is only the scanned root, the one that holds most of the files."""
    common = PurePosixPath(folders[0])
    for folder in set(folders):
        while not PurePosixPath(folder).is_relative_to(common):
            common = common.parent
    return Counter(folders).most_common(1)[0][0] if str(common) == "." else str(common)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _row_file(row: tuple[Any, ...]) -> FoundFile:
    _, path, relative, file_id, kind, size_bytes, modified_ns, by_name, *_ = row
    return FoundFile(
        path=Path(os.fsdecode(path)),
        relative=relative,
        file_id=file_id,
        kind=FileKind(kind),
        size_bytes=size_bytes,
        modified_ns=modified_ns,
        by_name=bool(by_name),
    )


def _row_record(row: tuple[Any, ...]) -> FileRecord:
    file, (status, code, reason) = _row_file(row), row[-3:]
    return to_record(file, FileStatus(status), code, reason)
