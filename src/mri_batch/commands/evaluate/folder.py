"""The output folder of an evaluation or an audit."""

from __future__ import annotations

from pathlib import Path

from mri_batch.errors import OutputError


def prepare_folder(out: Path, result: str) -> None:
    """Make the output folder. Raises OutputError where it holds something other than an earlier result."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        is_foreign = not (out / result).exists() and any(out.iterdir())
    except OSError as error:
        raise OutputError(f"cannot write: {error.strerror}", code="OUTPUT_UNWRITABLE", file=str(out)) from error
    if is_foreign:
        raise OutputError(
            "the output folder holds other files",
            code="OUTPUT_FOREIGN",
            file=str(out),
            hint="give an empty folder",
        )
