"""The journal of finished studies, by which the same command resumes a scan: pending = found - recorded."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mri_batch.checksums import Digests
from mri_batch.errors import OutputError
from mri_batch.records import FoundFile, Study
from mri_batch.settings import ScanSettings

HEADER = b'{"mri_batch_journal": 1}\n'
_LONGEST_LINE_BYTES = 64 << 20


def is_journal(path: Path) -> bool:
    """Whether a file begins as a journal does, with the header or, in one of 0.1.0, with a study. Raises OSError."""
    with path.open("rb") as stream:
        first = stream.readline(_LONGEST_LINE_BYTES)
    return first == HEADER or bool(_read(first)[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A finished study. ``files``: digests of the files in its folder."""

    key: str
    study_id: str
    status: str
    files: Digests


class Journal:
    """One line per finished study, flushed to disk once its folder is in place. A torn last line is ignored.

    The last of several lines about a study counts: its folder is the one that exists.
    """

    def __init__(self, path: Path, *, forget: bool = False) -> None:
        self._path = path
        self._entries: dict[str, Entry] = {}
        try:
            if forget:
                path.unlink(missing_ok=True)
            whole = 0
            if path.exists():
                content = path.read_bytes()
                self._entries, whole = _read(content)
            with path.open("ab") as stream:
                stream.truncate(whole)
                if whole == 0:
                    stream.write(HEADER)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._keys = {entry.key for entry in self._entries.values()}

    def __contains__(self, key: str) -> bool:
        """Whether a study of this key is recorded."""
        return key in self._keys

    def list_files(self, study_id: str) -> list[str]:
        """List the files of a recorded study, by name."""
        return list(self._entries[study_id].files) if study_id in self._entries else []

    def drop(self, study_id: str) -> None:
        """Count a study as not recorded until it is recorded again; its line stays."""
        if study_id in self._entries:
            self._keys.discard(self._entries.pop(study_id).key)

    @property
    def sums(self) -> Digests:
        """Digests of the files of all recorded studies, as of when they were written."""
        return {name: digest for entry in self._entries.values() for name, digest in entry.files.items()}

    def record(self, key: str, study_id: str, status: str, files: Digests) -> None:
        """Record a study whose folder is in its final place. ``files``: digests of its files."""
        self._append([Entry(key=key, study_id=study_id, status=status, files=files)])

    def renew(self, files: Digests) -> None:
        """Record that files of recorded studies were rewritten."""
        changed = []
        for entry in self._entries.values():
            new = {name: files.get(name, digest) for name, digest in entry.files.items()}
            if new != entry.files:
                changed.append(replace(entry, files=new))
        self._append(changed)

    def _append(self, entries: Sequence[Entry]) -> None:
        try:
            with self._path.open("ab") as stream:
                for entry in entries:
                    stream.write(json.dumps(asdict(entry)).encode() + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise _unwritable(self._path, error) from error
        for entry in entries:
            if entry.study_id in self._entries:
                self._keys.discard(self._entries[entry.study_id].key)
            self._entries[entry.study_id] = entry
            self._keys.add(entry.key)


def study_key(study: Study, model_sha256: str, settings: ScanSettings) -> str:
    """Return a digest of all that determines a study's output: its files, the model, and the settings that matter."""
    digest = hashlib.sha256(model_sha256.encode())
    digest.update(json.dumps(settings.answer_fields(), sort_keys=True).encode())
    digest.update(study.study_id.encode())
    for file in _files(study):
        digest.update(f"{file.relative}\0{file.size_bytes}\0{file.modified_ns}\n".encode("utf-8", "surrogateescape"))
    for record in study.unused:
        digest.update(f"{record.relative}\0{record.size_bytes}\0{record.code}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _files(study: Study) -> Iterator[FoundFile]:
    for series in study.series:
        yield from series.files


def _read(content: bytes) -> tuple[dict[str, Entry], int]:
    """Return the entries by study, and how many bytes of whole lines they take."""
    entries, whole = {}, 0
    for line in content.splitlines(keepends=True):
        if line == HEADER:
            whole += len(line)
            continue
        try:
            fields = json.loads(line)
            key, study_id, files = str(fields["key"]), str(fields["study_id"]), dict(fields["files"])
            entry = Entry(key=key, study_id=study_id, status=str(fields.get("status", "")), files=files)
        except (ValueError, KeyError, TypeError, AttributeError):
            break
        if not line.endswith(b"\n"):
            break
        entries[study_id] = entry
        whole += len(line)
    return entries, whole


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write the journal: {error.strerror or type(error).__name__}",
        code="OUTPUT_UNWRITABLE",
        file=str(path),
    )
