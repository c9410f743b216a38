"""Tables over a whole scan: ``results.jsonl``, ``results.csv`` and ``files.csv``."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mri_batch.records import FileRecord, StudyResult, StudyStatus
from mri_batch.report.schema.files import from_file
from mri_batch.report.schema.notes import text_of
from mri_batch.report.schema.study import to_line
from mri_batch.text import to_cell, to_json

FILES_COLUMNS = (
    "file_id",
    "file",
    "kind",
    "size_bytes",
    "status",
    "code",
    "reason",
    "study_id",
    "series_id",
    "sha256",
)
_NOTHING = StudyResult(study_id="", source="", kind="", key="", status=StudyStatus.DONE)


def write_results_jsonl(path: Path, results: Iterable[StudyResult]) -> None:
    """Write one line per study."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for result in results:
            stream.write(to_json(to_line(result)) + "\n")


def write_results_csv(path: Path, results: Iterable[StudyResult]) -> None:
    """Write the same, flat: one row per study, one probability column per label."""
    rows = to_rows(results)
    header = to_flat(to_line(_NOTHING), ()) if not rows else rows[0]
    _write_csv(path, tuple(header), rows)


def to_rows(results: Iterable[StudyResult]) -> list[dict[str, Any]]:
    """Flatten results to the rows of ``results.csv``."""
    lines = [to_line(result) for result in results]
    labels = tuple(dict.fromkeys(label for line in lines for label in line["probabilities"]))
    return [to_flat(line, labels) for line in lines]


def to_flat(line: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """Flatten a line of ``results.jsonl`` to one row; lists, and a reason and its hint, are joined by semicolons."""
    keys = line["key_slices"]
    return {
        **{key: line[key] for key in ("schema_version", "study_id", "source", "status", "code")},
        "reason": "; ".join(filter(None, (line["reason"], line["hint"] and line["hint"]["text"]))),
        "label": line["label"],
        "probability": line["probability"],
        **{f"probability_{label}": line["probabilities"].get(label) for label in labels},
        "prediction_set": "; ".join(line["prediction_set"]),
        "verdict": line["verdict"],
        "verdict_reasons": "; ".join(reason["text"] for reason in line["verdict_reasons"]),
        "model_name": line["model"]["name"],
        "model_version": line["model"]["version"],
        "model_sha256": line["model"]["sha256"],
        "n_series": len(line["series"]),
        "n_slices": sum(series["n_slices"] for series in line["series"]),
        "n_key_slices": len(keys),
        **{f"files_{name}": line["n_files"][name] for name in ("found", "used", "skipped", "failed")},
        "timings_ms": "; ".join(f"{name}={value}" for name, value in line["timings_ms"].items()),
    }


def write_files_csv(path: Path, records: Iterable[FileRecord]) -> None:
    """Write one row per file found; the hint stands behind the reason."""
    rows = ({**from_file(record), "reason": text_of(record.reason, record.hint)} for record in records)
    _write_csv(path, FILES_COLUMNS, rows)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([to_cell(column) for column in columns])
        for row in rows:
            writer.writerow([to_cell(row[column]) for column in columns])
