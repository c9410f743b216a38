"""The table of found files, on disk, so that memory does not grow with their number."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from mri_batch.notes import Note, from_plain, to_plain
from mri_batch.records import FileKind, FileRecord, FileStatus, FoundFile

_SCHEMA = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000; PRAGMA temp_store = FILE;
CREATE TABLE files (
  seq INTEGER PRIMARY KEY, path BLOB, relative TEXT, file_id TEXT, kind TEXT, size_bytes INTEGER, modified_ns INTEGER,
  by_name INTEGER, folder TEXT, study TEXT, person INTEGER, header TEXT,
  status TEXT, code TEXT, reason TEXT, hint TEXT, rank INTEGER);
"""
_INDEXES = "CREATE INDEX by_study ON files (study, seq); CREATE INDEX by_folder ON files (folder);"
_UNREADABLE, _FOUND, _DUPLICATE = 0, 1, 2  # ranks: the order in which unused files are listed


class Row(NamedTuple):
    """One file. ``header``, ``reason`` and ``hint`` are JSON; ``study`` is a key; ``status`` is empty while in use.

    ``person``: the number of the person named in the header, 0 where nobody is.
    """

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
    person: int
    header: str
    status: str = ""
    code: str = ""
    reason: str = ""
    hint: str = ""
    rank: int = _FOUND

    @property
    def is_duplicate(self) -> bool:
        """Whether another file of the same instance is used in its place."""
        return self.rank == _DUPLICATE

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


class FileTable:
    """Rows are inserted in one transaction; :meth:`end_inserts` comes before the first query."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.unlink(missing_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript(_SCHEMA)
        self._connection.execute("BEGIN")

    def close(self) -> None:
        """Close and remove the table."""
        self._connection.close()
        self._path.unlink(missing_ok=True)

    def insert(self, file: FoundFile, study: str, person: int, header: str, problem: FileRecord | None) -> None:
        """Add a file that the walk opened; with ``problem``, one that is not used."""
        row = Row(
            seq=None,
            path=os.fsencode(file.path),
            relative=file.relative,
            file_id=file.file_id,
            kind=file.kind.value,
            size_bytes=file.size_bytes,
            modified_ns=file.modified_ns,
            by_name=int(file.by_name),
            folder=str(PurePosixPath(file.relative).parent),
            study=study,
            person=person,
            header=header,
        )
        self._insert(_refuse(row, problem, _FOUND) if problem else row)

    def insert_unreadable(self, record: FileRecord) -> None:
        """Add what the walk could not open."""
        row = Row(
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
            person=0,
            header="",
        )
        self._insert(_refuse(row, record, _UNREADABLE))

    def end_inserts(self) -> None:
        """End the transaction and build the indexes."""
        self._connection.executescript(_INDEXES)

    def iter_shared(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield each study key that holds files of several known people, with their numbers."""
        shared = self._connection.execute(
            "SELECT study, GROUP_CONCAT(DISTINCT person) FROM files WHERE study != '' AND person > 0 "
            "GROUP BY study HAVING COUNT(DISTINCT person) > 1"
        ).fetchall()
        return ((study, tuple(map(int, people.split(",")))) for study, people in shared)

    def move(self, seq: int, study: str) -> None:
        """Give a file to another study."""
        self._connection.execute("UPDATE files SET study = ? WHERE seq = ?", (study, seq))

    def adopt(self, orphan: str, kind: str) -> None:
        """Give files whose study key starts with ``orphan`` to their folder's study of a kind, if there is just one."""
        orphans = self._connection.execute(
            "SELECT DISTINCT study, folder FROM files WHERE study LIKE ?", (f"{orphan}%",)
        )
        for key, folder in orphans.fetchall():
            homes = self._connection.execute(
                "SELECT DISTINCT study FROM files WHERE folder = ? AND study LIKE ? LIMIT 2", (folder, f"{kind}%")
            ).fetchall()
            if len(homes) == 1:
                self._connection.execute("UPDATE files SET study = ? WHERE study = ?", (homes[0][0], key))

    def count_studies(self) -> int:
        """Count the study keys."""
        (count,) = self._connection.execute("SELECT COUNT(DISTINCT study) FROM files WHERE study != ''").fetchone()
        return int(count)

    def iter_keys(self) -> Iterator[str]:
        """Yield each study key, in the order in which the first file of each was inserted."""
        keys = self._connection.execute("SELECT study FROM files WHERE study != '' GROUP BY study ORDER BY MIN(seq)")
        return (key for (key,) in keys)

    def iter_rows(self, study: str) -> Iterator[Row]:
        """Yield the files of a study as they were inserted."""
        return map(Row._make, self._connection.execute("SELECT * FROM files WHERE study = ? ORDER BY seq", (study,)))

    def iter_leftovers(self) -> Iterator[FileRecord]:
        """Yield the files of no study; first those that could not be opened."""
        for row in self._connection.execute("SELECT * FROM files WHERE study = '' ORDER BY rank, seq"):
            yield Row._make(row).to_record()

    def mark_duplicate(self, study: str, record: FileRecord) -> None:
        """Remember that a file of a study is not used, since it repeats another one."""
        why = (record.status.value, record.code, _to_json(record.reason), _to_json(record.hint), _DUPLICATE)
        self._connection.execute(
            "UPDATE files SET status = ?, code = ?, reason = ?, hint = ?, rank = ? WHERE study = ? AND relative = ?",
            (*why, study, record.relative),
        )

    def _insert(self, row: Row) -> None:
        self._connection.execute("INSERT INTO files VALUES (?, ?,?,?,?, ?,?,?, ?,?,?,?, ?,?,?,?, ?)", row)


def _refuse(row: Row, record: FileRecord, rank: int) -> Row:
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
