"""Files: as they were found, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mri_batch.notes import Note


class FileKind(StrEnum):
    """What a file is, judged by its content."""

    DICOM = "dicom"
    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    OTHER = "other"

    @property
    def is_picture(self) -> bool:
        """Whether it is an ordinary picture rather than DICOM."""
        return self in (FileKind.PNG, FileKind.JPEG, FileKind.TIFF)


class FileStatus(StrEnum):
    """What became of a file; every file found has exactly one."""

    USED = "used"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file as the walk met it. ``relative`` has forward slashes, from the scanned root.

    ``by_name``: the person named this very file, so that a picture is a study of its own.
    """

    path: Path
    relative: str
    file_id: str
    kind: FileKind
    size_bytes: int
    modified_ns: int
    by_name: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One row of ``files.csv``: what became of one file. ``code``, ``reason`` and ``hint`` where it was not used.

    ``sha256``: of the content of a file that was used.
    """

    file_id: str
    relative: str
    kind: FileKind
    size_bytes: int
    status: FileStatus
    code: str = ""
    reason: Note | None = None
    hint: Note | None = None
    study_id: str = ""
    series_id: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCounts:
    """found = used + skipped + failed, always."""

    used: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def found(self) -> int:
        """All of them."""
        return self.used + self.skipped + self.failed

    def __add__(self, other: FileCounts) -> FileCounts:
        return FileCounts(
            used=self.used + other.used,
            skipped=self.skipped + other.skipped,
            failed=self.failed + other.failed,
        )
