"""What became of each file, in machine files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mri_batch.records import FileKind, FileRecord, FileStatus
from mri_batch.report.schema.notes import from_note, text_of, to_note


def from_file(record: FileRecord) -> dict[str, Any]:
    """Return a file's object: ``reason`` as text, and reason and hint as notes beside it."""
    return {
        "file_id": record.file_id,
        "file": record.relative,
        "kind": record.kind.value,
        "size_bytes": record.size_bytes,
        "status": record.status.value,
        "code": record.code,
        "reason": text_of(record.reason),
        "reason_note": from_note(record.reason),
        "hint": from_note(record.hint),
        "study_id": record.study_id,
        "series_id": record.series_id,
        "sha256": record.sha256,
    }


def to_file(record: Mapping[str, Any]) -> FileRecord:
    """Rebuild a file's record from :func:`from_file`, exactly."""
    return FileRecord(
        file_id=record["file_id"],
        relative=record["file"],
        kind=FileKind(record["kind"]),
        size_bytes=record["size_bytes"],
        status=FileStatus(record["status"]),
        code=record["code"],
        reason=to_note(record.get("reason_note", record["reason"])),
        hint=to_note(record.get("hint")),
        study_id=record["study_id"],
        series_id=record["series_id"],
        sha256=record["sha256"],
    )
