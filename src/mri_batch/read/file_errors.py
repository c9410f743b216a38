"""From a problem with one file to its row in the list of files; from a library's errors to our own."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from mri_batch.errors import Damaged, FileProblem, MriBatchError, NotUsable
from mri_batch.notes import Note
from mri_batch.records import FileRecord, FileStatus, FoundFile

COPY_AGAIN = Note("HINT_COPY_AGAIN")
NOTHING_TO_DO = Note("HINT_NOTHING_TO_DO")
SUSPICIOUS_FILE = Note("HINT_SUSPICIOUS_FILE")


def to_record(file: FoundFile, status: FileStatus, code: str, reason: Note, hint: Note | None = None) -> FileRecord:
    """Return the row of a file that is not used."""
    return FileRecord(
        file_id=file.file_id,
        relative=file.relative,
        kind=file.kind,
        size_bytes=file.size_bytes,
        status=status,
        code=code,
        reason=reason,
        hint=hint,
    )


def problem_record(file: FoundFile, problem: FileProblem) -> FileRecord:
    """Return the row of a file with a problem: skipped where the file is sound, else failed."""
    status = FileStatus.SKIPPED if isinstance(problem, NotUsable) else FileStatus.FAILED
    return to_record(file, status, problem.code, problem.reason, problem.hint)


def to_problem(record: FileRecord, file: str = "") -> Damaged:
    """Return the record of a file that cannot be used as an error about ``file``."""
    return Damaged(record.reason or Note("NO_SLICE"), code=record.code, file=file, hint=record.hint)


def explain_os_error(error: OSError) -> Note:
    """Say why the operating system refused a file: our own words for the common errors, else the system's."""
    if error.errno == errno.EACCES:
        return Note("PERMISSION_DENIED")
    if error.errno == errno.EIO or not error.strerror:
        return Note("INPUT_ERROR")
    return Note("TEXT", {"text": error.strerror.lower()})


@contextmanager
def foreign_errors(code: str, reason: Note, hint: Note = COPY_AGAIN) -> Iterator[None]:
    """Turn whatever a library raises over one file into Damaged, without its text, which may quote the file.

    A parser of hostile bytes can raise any exception, and a Rust library even a BaseException, so no list of types
    would be complete. pydicom's warnings, which quote values too, are silenced for the same reason.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MriBatchError:
        raise
    except RecursionError:
        raise Damaged(Note("TOO_DEEP"), code="TOO_DEEP", hint=hint) from None
    except MemoryError:
        raise Damaged(Note("MEMORY_EXCEEDED"), code="TOO_LARGE", hint=hint) from None
    except OSError as error:
        raise _from_os_error(error, code, reason, hint) from None
    except Exception as error:
        raise Damaged(_with_detail(reason, type(error).__name__), code=code, hint=hint) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise Damaged(_with_detail(reason, Note("DECODER_PANICKED")), code=code, hint=hint) from None


def _with_detail(reason: Note, detail: str | Note) -> Note:
    return Note("WITH_DETAIL", {"reason": reason, "detail": detail})


def _from_os_error(error: OSError, code: str, reason: Note, hint: Note) -> Damaged:
    if isinstance(error, FileNotFoundError):
        return Damaged(Note("FILE_VANISHED"), code="VANISHED", hint=Note("HINT_SCAN_AGAIN"))
    if error.errno is None:  # Pillow and others raise a bare OSError over bad content
        return Damaged(reason, code=code, hint=hint)
    why = Note("FILE_UNREADABLE", {"why": explain_os_error(error)})
    return Damaged(why, code="UNREADABLE", hint=Note("HINT_PERMISSIONS_AND_DISK"))
