"""Everything that can go wrong, as one tree.

::

    MriBatchError                     exit code 1
    ├── UsageError                    2   the command line asks for something that cannot be
    ├── NothingToRead                 3   no readable study in the whole input
    ├── ModelPackageError             6   a model package is missing, damaged or refused
    │   └── ExportRefused             6   a checkpoint that would not give an honest package
    ├── OutputError                   7   the output cannot be written, or belongs to something else
    ├── ExtraMissing                  2   an optional part is not installed
    └── NotedError                        its words reach results and pages, so they are notes
        ├── FileProblem                   one file cannot be used; the batch goes on
        │   ├── NotUsable                 the file is sound, and not something to classify (skipped)
        │   └── Damaged                   the file should have been usable (failed)
        ├── StudyFailed                   one study cannot be finished; the batch goes on
        └── MethodAbsent                  an explanation method cannot run on this model

Every error carries a stable ``code`` (documented in ``docs/reference/errors.md``), the ``reason``, the ``file`` it is
about where there is one, and a ``hint`` that says what to do.
"""

from __future__ import annotations

from typing import ClassVar

from mri_batch.notes import Note


class MriBatchError(Exception):
    """The root of the tree: a stable code, a reason, perhaps a file, and what to do about it."""

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "INTERNAL"
    reason: str | Note
    hint: str | Note | None

    def __init__(self, reason: str | Note, *, code: str = "", file: str = "", hint: str | Note | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code or self.default_code
        self.file = file
        self.hint = hint

    def __str__(self) -> str:
        """Return one line with file, reason, fix and code; notes as their codes (``report/i18n`` has the words)."""
        where = f"{self.file}: " if self.file else ""
        fix = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.reason}{fix} [{self.code}]"

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way from a worker process back to its parent."""
        return _rebuild, (type(self), self.reason, self.code, self.file, self.hint)


def _rebuild(
    kind: type[MriBatchError], reason: str | Note, code: str, file: str, hint: str | Note | None
) -> MriBatchError:
    return kind(reason, code=code, file=file, hint=hint)


class NotedError(MriBatchError):
    """An error whose words reach results and pages, and so are notes."""

    reason: Note
    hint: Note | None

    def __init__(self, reason: Note, *, code: str = "", file: str = "", hint: Note | None = None) -> None:
        super().__init__(reason, code=code, file=file, hint=hint)


class UsageError(MriBatchError):
    """The command line or a settings file asks for something that cannot be."""

    exit_code = 2
    default_code = "USAGE"


class FileProblem(NotedError):
    """One file cannot be used; the batch goes on."""

    default_code = "FILE_PROBLEM"


class NotUsable(FileProblem):
    """A sound file that is nothing to classify: a report object, a text file, a syntax without decoder."""

    default_code = "NOT_A_PICTURE"


class Damaged(FileProblem):
    """A file that should have been usable: empty, truncated, unreadable, corrupt."""

    default_code = "FILE_DAMAGED"


class NothingToRead(MriBatchError):
    """No readable study in the whole input."""

    exit_code = 3
    default_code = "NO_STUDY"


class StudyFailed(NotedError):
    """One study cannot be finished; the batch goes on."""

    default_code = "STUDY_FAILED"


class ModelPackageError(MriBatchError):
    """A model package is missing, damaged or refused."""

    exit_code = 6
    default_code = "MODEL_BAD"


class ExportRefused(ModelPackageError):
    """A checkpoint that is refused, or a graph that does not agree with PyTorch."""

    default_code = "EXPORT_REFUSED"


class OutputError(MriBatchError):
    """The output cannot be written, or belongs to something else."""

    exit_code = 7
    default_code = "OUTPUT_BAD"


class MethodAbsent(NotedError):
    """An explanation method cannot run on this model; the reason says why."""

    default_code = "METHOD_ABSENT"


class ExtraMissing(MriBatchError):
    """An optional part of mri-batch is not installed."""

    exit_code = 2
    default_code = "EXTRA_MISSING"
