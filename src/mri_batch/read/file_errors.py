"""From a problem with one file to its row in the list of files; from foreign errors to our own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from mri_batch.errors import Damaged, FileProblem, MriBatchError, NotUsable
from mri_batch.records import FileRecord, FileStatus, FoundFile


def to_record(file: FoundFile, status: FileStatus, code: str, reason: str) -> FileRecord:
    """Return the row of a file that is not used."""
    return FileRecord(
        file_id=file.file_id,
        relative=file.relative,
        kind=file.kind,
        size_bytes=file.size_bytes,
        status=status,
        code=code,
        reason=reason,
    )


def problem_record(file: FoundFile, problem: FileProblem) -> FileRecord:
    """Return the row of a file with a problem: skipped where the file is sound, else failed. Reason and hint in one."""
    status = FileStatus.SKIPPED if isinstance(problem, NotUsable) else FileStatus.FAILED
    reason = f"{problem.reason}; {problem.hint}" if problem.hint else problem.reason
    return to_record(file, status, problem.code, reason)


@contextmanager
def foreign_errors(code: str, reason: str, hint: str = "copy the file again from its source") -> Iterator[None]:
    """Turn whatever a library raises over one file into Damaged; its text stays out, since it may quote the file.

    A parser of hostile bytes can raise any exception there is, and a Rust library even a BaseException, so that no
    list of types would do. pydicom's warnings, which quote values too, are silenced for the same reason.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MriBatchError:
        raise
    except RecursionError:
        raise Damaged("sequences are nested too deeply", code="TOO_DEEP", hint=hint) from None
    except MemoryError:
        raise Damaged("the file asks for more memory than there is", code="TOO_LARGE", hint=hint) from None
    except OSError as error:
        raise _unreadable(error, code, reason, hint) from None
    except Exception as error:
        raise Damaged(f"{reason} ({type(error).__name__})", code=code, hint=hint) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise Damaged(f"{reason} (the decoder panicked)", code=code, hint=hint) from None


def _unreadable(error: OSError, code: str, reason: str, hint: str) -> Damaged:
    if isinstance(error, FileNotFoundError):
        return Damaged("the file was gone when it was opened", code="VANISHED", hint="scan again")
    if error.errno is None:  # Pillow and others raise a bare OSError over bad content
        return Damaged(reason, code=code, hint=hint)
    why = (error.strerror or "input error").lower()
    return Damaged(f"the file cannot be read: {why}", code="UNREADABLE", hint="check its permissions and the disk")
