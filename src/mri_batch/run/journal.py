"""What is recorded of a scan, so that the same command continues it: pending = found - recorded."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from mri_batch.errors import OutputError
from mri_batch.records import FoundFile, Study
from mri_batch.settings import ScanSettings


class Journal:
    """One line per finished study, flushed to the disk after its folder is in place; a torn last line is ignored."""

    def __init__(self, path: Path, *, forget: bool = False) -> None:
        self._path = path
        self._recorded: set[str] = set()
        try:
            if forget:
                path.unlink(missing_ok=True)
            whole = 0
            if path.exists():
                content = path.read_bytes()
                self._recorded, whole = _read(content)
            with path.open("ab") as stream:
                stream.truncate(whole)
        except OSError as error:
            raise _unwritable(path, error) from error

    def __contains__(self, key: str) -> bool:
        """Whether a study of this key is recorded."""
        return key in self._recorded

    def record(self, key: str, study_id: str, status: str) -> None:
        """Record a study whose folder stands in its final place."""
        line = json.dumps({"key": key, "study_id": study_id, "status": status}) + "\n"
        try:
            with self._path.open("ab") as stream:
                stream.write(line.encode())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise _unwritable(self._path, error) from error
        self._recorded.add(key)


def study_key(study: Study, model_sha256: str, settings: ScanSettings) -> str:
    """Digest of what decides a study's output: its files, the model, the settings that change answers."""
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


def _read(content: bytes) -> tuple[set[str], int]:
    keys, whole = set(), 0
    for line in content.splitlines(keepends=True):
        try:
            key = str(json.loads(line)["key"])
        except (ValueError, KeyError, TypeError):
            break
        if not line.endswith(b"\n"):
            break
        keys.add(key)
        whole += len(line)
    return keys, whole


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot keep the journal: {error.strerror or type(error).__name__}",
        code="OUTPUT_UNWRITABLE",
        file=str(path),
    )
