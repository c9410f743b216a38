"""Whether a recorded study is settled: the disk is believed, the journal alone is not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from mri_batch.records import Study, StudyResult
from mri_batch.report.schema import from_result_json
from mri_batch.run.store.folder import RESULT, STUDIES


def is_settled(out: Path, study: Study, key: str, files: Sequence[str]) -> bool:
    """Whether a study's folder is there with all its ``files``, and its result parses and is the one of ``key``."""
    result = _load_result(out / STUDIES / study.study_id / RESULT)
    if result is None or (result.study_id, result.key) != (study.study_id, key):
        return False
    return bool(files) and all((out / name).is_file() for name in files)


def _load_result(path: Path) -> StudyResult | None:
    try:
        return from_result_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):  # gone, torn, or not ours
        return None
