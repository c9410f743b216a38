"""Group found files into studies and series on disk, so that memory does not grow with their number."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Literal, NamedTuple, Self

from mri_batch.errors import FileProblem
from mri_batch.notes import Note, from_plain, to_plain
from mri_batch.read.duplicate_instances import drop_duplicates
from mri_batch.read.file_errors import problem_record
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
  by_name INTEGER, folder TEXT, study TEXT, header TEXT, status TEXT, code TEXT, reason TEXT, hint TEXT,
  rank INTEGER);
"""
_INDEXES = "CREATE INDEX by_study ON files (study, seq); CREATE INDEX by_folder ON files (folder);"
_ORPHAN = "orphan\n"  # a study key starts with what it is: orphan, dicom, folder or picture
_UNREADABLE, _FOUND, _DUPLICATE = 0, 1, 2  # ranks: the order in which unused files are listed


class _Row(NamedTuple):
    """One row of the table. ``header``, ``reason`` and ``hint`` are JSON; ``status`` is empty for a file in use."""

    seq: int | None
    path: bytes
    relative: str
    file_id: str
    kind: str
    size_bytes: int
    modified_ns: int
    by_name: int
    folder: str
    study: str
    header: str = ""
    status: str = ""
    code: str = ""
    reason: str = ""
    hint: str = ""
    rank: int = _FOUND

    def to_file(self) -> FoundFile:
        """Return the file as the walk found it."""
        return FoundFile(
            path=Path(os.fsdecode(self.path)),
            relative=self.relative,
            file_id=self.file_id,
            kind=FileKind(self.kind),
            size_bytes=self.size_bytes,
            modified_ns=self.modified_ns,
            by_name=bool(self.by_name),
        )

    def to_record(self) -> FileRecord:
        """Return the record of a file that is not used."""
        return FileRecord(
            file_id=self.file_id,
            relative=self.relative,
            kind=FileKind(self.kind),
            size_bytes=self.size_bytes,
            status=FileStatus(self.status),
            code=self.code,
            reason=_from_json(self.reason),
            hint=_from_json(self.hint),
        )


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
            study = _study_of_unused(file, folder, study, problem)
        row = _file_row(file, folder, study, header)
        self._insert(_refuse(row, problem, _FOUND) if problem else row)

    def add_unreadable(self, record: FileRecord) -> None:
        """Take the record of something that the walk could not open; it is listed first among the leftovers."""
        row = _Row(
            seq=None,
            path=b"",
            relative=record.relative,
            file_id=record.file_id,
            kind=record.kind.value,
            size_bytes=record.size_bytes,
            modified_ns=0,
            by_name=0,
            folder="",
            study="",
        )
        self._insert(_refuse(row, record, _UNREADABLE))

    def count_studies(self) -> int:
        """Count the studies that :meth:`iter_studies` yields, without building them."""
        self._settle()
        (count,) = self._store.execute("SELECT COUNT(DISTINCT study) FROM files WHERE study != ''").fetchone()
        return int(count)

    def iter_studies(self) -> Iterator[Study]:
        """Yield each study, in order of first appearance; at any time one study is in memory.

        May be called again: duplicates are compared the first time only.
        """
        self._settle()
        keys = self._store.execute("SELECT study FROM files WHERE study != '' GROUP BY study ORDER BY MIN(seq)")
        for (key,) in keys:
            yield self._make_study(key)

    def iter_leftovers(self) -> Iterator[FileRecord]:
        """Yield the files that belong to no study, each with its reason; first those that could not be opened."""
        self._settle()
        for row in self._store.execute("SELECT * FROM files WHERE study = '' ORDER BY rank, seq"):
            yield _Row._make(row).to_record()

    def _insert(self, row: _Row) -> None:
        self._store.execute("INSERT INTO files VALUES (?, ?,?,?,?, ?,?,?, ?,?,?, ?,?,?,?, ?)", row)

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
        members: list[Member] = []
        pictures: list[FoundFile] = []
        folders: list[str] = []
        unused: list[FileRecord] = []
        duplicates: list[FileRecord] = []
        for row in map(_Row._make, self._store.execute("SELECT * FROM files WHERE study = ? ORDER BY seq", (key,))):
            folders.append(row.folder)
            if row.status:
                (duplicates if row.rank == _DUPLICATE else unused).append(row.to_record())
            elif row.header:
                members.append(Member(row.to_file(), from_json(row.header)))
            else:
                pictures.append(row.to_file())
        kept, dropped = drop_duplicates(members)
        for member, problem in dropped:
            duplicates.append(problem_record(member.file, problem))
            self._remember_duplicate(key, duplicates[-1])
        kind: Literal["dicom", "pictures"] = "dicom" if key.startswith(("dicom", _ORPHAN)) else "pictures"
        return Study(
            study_id="st-" + _digest(key),
            source=pictures[0].relative if key.startswith("picture") and pictures else _common_folder(folders),
            kind=kind,
            series=_dicom_series(kept, key) if members else _picture_series(pictures, key),
            unused=(*unused, *duplicates),
        )

    def _remember_duplicate(self, key: str, record: FileRecord) -> None:
        why = (record.status.value, record.code, _to_json(record.reason), _to_json(record.hint), _DUPLICATE)
        self._store.execute(
            "UPDATE files SET status = ?, code = ?, reason = ?, hint = ?, rank = ? WHERE study = ? AND relative = ?",
            (*why, key, record.relative),
        )


def _file_row(file: FoundFile, folder: str, study: str, header: str) -> _Row:
    return _Row(
        seq=None,
        path=os.fsencode(file.path),
        relative=file.relative,
        file_id=file.file_id,
        kind=file.kind.value,
        size_bytes=file.size_bytes,
        modified_ns=file.modified_ns,
        by_name=int(file.by_name),
        folder=folder,
        study=study,
        header=header,
    )


def _refuse(row: _Row, record: FileRecord, rank: int) -> _Row:
    """Return the row of a file that is not used, with the record's reason."""
    return row._replace(
        status=record.status.value,
        code=record.code,
        reason=_to_json(record.reason),
        hint=_to_json(record.hint),
        rank=rank,
    )


def _to_json(note: Note | None) -> str:
    return json.dumps(to_plain(note)) if note else ""


def _from_json(text: str) -> Note | None:
    return from_plain(json.loads(text)) if text else None


def _study_of_unused(file: FoundFile, folder: str, study: str, problem: FileRecord) -> str:
    """Skipped files belong to no study; damaged ones to theirs where it is known, else to their folder."""
    if problem.status is FileStatus.SKIPPED or study:
        return study if problem.status is FileStatus.FAILED else ""
    return _picture_key(file, folder) if is_picture_name(file) else _ORPHAN + folder


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
                    info=describe_stack(ordered),
                )
            )
    return tuple(made)


def _series_key(member: Member) -> str:
    folder, number = PurePosixPath(member.file.relative).parent, member.header.info.series_number
    return member.header.series_uid or f"{folder}\n{'' if number is None else number}"


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
