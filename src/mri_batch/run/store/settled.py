"""Whether a recorded study is settled: the disk is believed, the journal alone is not.

A study that failed for want of memory, of time or of a reachable file is not settled, since the same command may
succeed when there is more of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from mri_batch.records import FileRecord, Study, StudyResult
from mri_batch.report.schema import from_result_json
from mri_batch.run.store.folder import RESULT, STUDIES

_PASSING = frozenset({"WORKER_DIED", "STUDY_TIMEOUT", "STUDY_MEMORY", "VANISHED", "UNREADABLE"})


def is_settled(out: Path, study: Study, key: str, files: Sequence[str]) -> bool:
    """Whether a study's folder is there with all its ``files``, its result parses and is the one of ``key``, and more
    memory, time or a returning share would not change it.
    """
    result = _load_result(out / STUDIES / study.study_id / RESULT)
    if result is None or (result.study_id, result.key) != (study.study_id, key):
        return False
    if not files or not all((out / name).is_file() for name in files):
        return False
    read = {file.file_id for series in study.series for file in series.files}  # the others are part of the key
    return not any(file.file_id in read and _may_pass(file) for file in result.files)


def _may_pass(file: FileRecord) -> bool:
    """Whether a file, or the study that failed with it, may be read next time."""
    return file.code in _PASSING or (file.reason is not None and file.reason.code == "MEMORY_EXCEEDED")


def _load_result(path: Path) -> StudyResult | None:
    try:
        return from_result_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):  # gone, torn, or not ours
        return None
