"""Walk and group in one step: what scan, inspect and explain begin with."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mri_batch.read.find.walk import iter_files
from mri_batch.read.group import Grouper
from mri_batch.records import FileRecord
from mri_batch.settings import ReadLimits


@contextmanager
def collect(
    paths: Sequence[Path], *, limits: ReadLimits, workdir: Path | None = None, avoid: Path | None = None
) -> Iterator[Grouper]:
    """Group every file under ``paths``; those that could not be opened are among the grouper's leftovers.

    ``workdir``: where the grouper keeps its table until the context ends; a temporary folder by default.
    ``avoid``: a folder left out of the walk, such as the output folder.
    """
    with ExitStack() as stack:
        folder = workdir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mri-batch-")))
        grouper = stack.enter_context(Grouper(folder, limits=limits))
        for item in iter_files(paths, limits=limits, avoid=avoid):
            if isinstance(item, FileRecord):
                grouper.add_unreadable(item)
            else:
                grouper.add(item)
        yield grouper
