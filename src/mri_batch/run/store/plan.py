"""The studies of a scan, kept on disk so that memory does not grow with their number."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from mri_batch.records import Study
from mri_batch.run.results import Job


class Plan:
    """Studies in the order found, their keys, and which of them are pending.

    A context manager that closes its file in ``folder``, the scan's scratch folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "studies.pickle"
        self._keys: dict[str, str] = {}
        self._pending: set[str] = set()

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def iter_keys(self) -> Iterator[tuple[str, str]]:
        """Yield the id of each study and its key in the journal, in order."""
        yield from self._keys.items()

    @property
    def n_studies(self) -> int:
        """Number of studies."""
        return len(self._keys)

    @property
    def n_pending(self) -> int:
        """Number of pending studies."""
        return len(self._pending)

    def list_study_ids(self) -> list[str]:
        """List the ids in order."""
        return list(self._keys)

    def add(self, study: Study, key: str, *, pending: bool) -> None:
        """Add a study."""
        pickle.dump(study, self._file)
        self._keys[study.study_id] = key
        if pending:
            self._pending.add(study.study_id)

    def iter_studies(self) -> Iterator[Study]:
        """Yield all studies; one at a time is in memory."""
        self._file.flush()
        with self._path.open("rb") as stream:
            for _ in self._keys:
                study: Study = pickle.load(stream)
                yield study

    def iter_jobs(self) -> Iterator[Job]:
        """Yield a job for each pending study."""
        for study in self.iter_studies():
            if study.study_id in self._pending:
                yield Job(study=study, key=self._keys[study.study_id])
