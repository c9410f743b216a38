"""Results as machine files: JSON Lines, CSV, and the ``result.json`` that pages can be made from again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mri_batch.records import (
    Faithfulness,
    FileKind,
    FileRecord,
    FileStatus,
    Heatmap,
    KeySlice,
    Prediction,
    SeriesResult,
    SliceResult,
    StudyResult,
    StudyStatus,
    Verdict,
)
from mri_batch.text import to_cell, to_json

SCHEMA_VERSION = 1
_DIGITS = 6  # of the tables; result.json keeps floats whole, so that pages made from it again are the same bytes

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


def to_line(result: StudyResult) -> dict[str, Any]:
    """Return a study's object for ``results.jsonl``: what most readers want, floats to six digits."""
    whole = to_result_json(result)
    line = {key: whole[key] for key in _LINE_KEYS}
    line["series"] = [_only(series, _SERIES_KEYS) for series in whole["series"]]
    line["key_slices"] = [
        {**_only(key, _KEY_SLICE_KEYS), "heatmaps": [_only(h, _HEATMAP_KEYS) for h in key["heatmaps"]]}
        for key in whole["key_slices"]
    ]
    rounded: dict[str, Any] = _round(line)
    return rounded


def to_result_json(result: StudyResult) -> dict[str, Any]:
    """Return all of a study's result, for ``result.json``; :func:`from_result_json` is the inverse."""
    prediction = result.prediction
    return {
        "schema_version": SCHEMA_VERSION,
        "study_id": result.study_id,
        "source": result.source,
        "kind": result.kind,
        "key": result.key,
        "status": result.status.value,
        "code": result.code,
        "reason": result.reason,
        "labels": list(result.labels),
        "label": prediction.label if prediction else None,
        "probability": prediction.probability if prediction else None,
        "probabilities": _by_label(result.labels, prediction.probabilities) if prediction else {},
        "prediction_set": list(prediction.prediction_set) if prediction else [],
        "verdict": prediction.verdict.value if prediction else None,
        "verdict_reasons": list(prediction.reasons) if prediction else [],
        "model": {
            "name": result.model_name,
            "version": result.model_version,
            "sha256": result.model_sha256,
        },
        "series": [_from_series(series, result.labels) for series in result.series],
        "key_slices": [_from_key_slice(key) for key in result.key_slices],
        "n_files": {
            "found": result.n_files.found,
            "used": result.n_files.used,
            "skipped": result.n_files.skipped,
            "failed": result.n_files.failed,
        },
        "timings_ms": dict(result.timings_ms),
        "notes": list(result.notes),
        "patient": dict(result.patient),
        "slices": [_from_slice(piece, result.labels) for piece in result.slices],
        "files": [_from_file(record) for record in result.files],
    }


def from_result_json(whole: Mapping[str, Any]) -> StudyResult:
    """Rebuild a result from :func:`to_result_json`, exactly."""
    labels = tuple(whole["labels"])
    return StudyResult(
        study_id=whole["study_id"],
        source=whole["source"],
        kind=whole["kind"],
        key=whole["key"],
        status=StudyStatus(whole["status"]),
        code=whole["code"],
        reason=whole["reason"],
        labels=labels,
        model_name=whole["model"]["name"],
        model_version=whole["model"]["version"],
        model_sha256=whole["model"]["sha256"],
        prediction=_to_decided(whole, labels) if whole["verdict"] is not None else None,
        series=tuple(_to_series(series, labels) for series in whole["series"]),
        slices=tuple(_to_slice(piece, labels) for piece in whole["slices"]),
        key_slices=tuple(_to_key_slice(key) for key in whole["key_slices"]),
        files=tuple(_to_file(record) for record in whole["files"]),
        notes=tuple(whole["notes"]),
        patient=tuple(whole["patient"].items()),
        timings_ms=tuple((name, value) for name, value in whole["timings_ms"].items()),
    )


def dump_result(result: StudyResult) -> str:
    """Write the text of ``result.json``; a study's page carries the same bytes."""
    return to_json(to_result_json(result), indent=1) + "\n"


def write_results_jsonl(path: Path, results: Iterable[StudyResult]) -> None:
    """Write one line per study."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for result in results:
            stream.write(to_json(to_line(result)) + "\n")


def write_results_csv(path: Path, results: Iterable[StudyResult]) -> None:
    """Write the same, flat: one row per study, one probability column per label met."""
    lines = [to_line(result) for result in results]
    labels = tuple(dict.fromkeys(label for line in lines for label in line["probabilities"]))
    rows = [to_flat(line, labels) for line in lines]
    header = to_flat(to_line(_NOTHING), labels)
    _write_csv(path, tuple(header), rows)


def to_flat(line: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """Flatten a line of ``results.jsonl`` to one row; lists are joined by semicolons."""
    keys = line["key_slices"]
    return {
        **{key: line[key] for key in ("schema_version", "study_id", "source", "status", "code", "reason")},
        "label": line["label"],
        "probability": line["probability"],
        **{f"probability_{label}": line["probabilities"].get(label) for label in labels},
        "prediction_set": "; ".join(line["prediction_set"]),
        "verdict": line["verdict"],
        "verdict_reasons": "; ".join(line["verdict_reasons"]),
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
    """Write one row per file found."""
    _write_csv(path, FILES_COLUMNS, (_from_file(record) for record in records))


_LINE_KEYS = (
    "schema_version",
    "study_id",
    "source",
    "status",
    "code",
    "reason",
    "label",
    "probability",
    "probabilities",
    "prediction_set",
    "verdict",
    "verdict_reasons",
    "model",
    "series",
    "key_slices",
    "n_files",
    "timings_ms",
)
_SERIES_KEYS = ("series_id", "modality", "n_slices", "label", "probabilities")
_KEY_SLICE_KEYS = ("file", "frame", "label", "probability")
_HEATMAP_KEYS = (
    "method",
    "label",
    "layer",
    "head",
    "peak_row",
    "peak_col",
    "faithfulness",
    "better_than_chance",
)
_NOTHING = StudyResult(study_id="", source="", kind="", key="", status=StudyStatus.DONE)


def _only(whole: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: whole[key] for key in keys}


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {key: _round(inner) for key, inner in value.items()}
    return [_round(inner) for inner in value] if isinstance(value, list) else value


def _by_label(labels: Sequence[str], probabilities: Sequence[float]) -> dict[str, float]:
    return dict(zip(labels, probabilities, strict=True))


def _from_series(series: SeriesResult, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "series_id": series.series_id,
        "modality": series.modality,
        "n_slices": series.n_slices,
        "label": series.label,
        "probabilities": _by_label(labels, series.probabilities),
        "facts": dict(series.facts),
        "reason": series.reason,
    }


def _to_series(series: Mapping[str, Any], labels: Sequence[str]) -> SeriesResult:
    return SeriesResult(
        series_id=series["series_id"],
        modality=series["modality"],
        n_slices=series["n_slices"],
        label=series["label"],
        probabilities=tuple(series["probabilities"][label] for label in labels),
        facts=tuple(series["facts"].items()),
        reason=series.get("reason", ""),  # absent where an earlier version wrote it
    )


def _from_slice(piece: SliceResult, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "file": piece.file,
        "frame": piece.frame,
        "series_id": piece.series_id,
        "label": piece.label,
        "probabilities": _by_label(labels, piece.probabilities),
    }


def _to_slice(piece: Mapping[str, Any], labels: Sequence[str]) -> SliceResult:
    return SliceResult(
        file=piece["file"],
        frame=piece["frame"],
        series_id=piece["series_id"],
        label=piece["label"],
        probabilities=tuple(piece["probabilities"][label] for label in labels),
    )


def _from_key_slice(key: KeySlice) -> dict[str, Any]:
    return {
        "index": key.index,
        "file": key.file,
        "frame": key.frame,
        "label": key.label,
        "probability": key.probability,
        "heatmaps": [from_heatmap(heatmap) for heatmap in key.heatmaps],
    }


def _to_key_slice(key: Mapping[str, Any]) -> KeySlice:
    return KeySlice(
        index=key["index"],
        file=key["file"],
        frame=key["frame"],
        label=key["label"],
        probability=key["probability"],
        heatmaps=tuple(to_heatmap(heatmap) for heatmap in key["heatmaps"]),
    )


def from_heatmap(heatmap: Heatmap) -> dict[str, Any]:
    """Return a heatmap's object: its test's score under ``faithfulness``, the whole test beside it."""
    test = heatmap.faithfulness
    return {
        "method": heatmap.method,
        "label": heatmap.label,
        "layer": heatmap.layer,
        "head": heatmap.head,
        "peak_row": heatmap.peak_px[0],
        "peak_col": heatmap.peak_px[1],
        "faithfulness": test.score if test else None,
        "better_than_chance": test.better_than_chance if test else None,
        "faithfulness_test": asdict(test) if test else None,
        "grid": list(heatmap.grid),
        "scale_max": heatmap.scale_max,
        "signed": heatmap.signed,
        "notes": list(heatmap.notes),
    }


def to_heatmap(heatmap: Mapping[str, Any]) -> Heatmap:
    """Rebuild a heatmap from :func:`from_heatmap`, exactly."""
    test = heatmap["faithfulness_test"]
    return Heatmap(
        method=heatmap["method"],
        label=heatmap["label"],
        layer=heatmap["layer"],
        head=heatmap["head"],
        grid=(heatmap["grid"][0], heatmap["grid"][1]),
        peak_px=(heatmap["peak_row"], heatmap["peak_col"]),
        scale_max=heatmap["scale_max"],
        signed=heatmap["signed"],
        faithfulness=Faithfulness(**test) if test else None,
        notes=tuple(heatmap["notes"]),
    )


def _from_file(record: FileRecord) -> dict[str, Any]:
    return {
        "file_id": record.file_id,
        "file": record.relative,
        "kind": record.kind.value,
        "size_bytes": record.size_bytes,
        "status": record.status.value,
        "code": record.code,
        "reason": record.reason,
        "study_id": record.study_id,
        "series_id": record.series_id,
        "sha256": record.sha256,
    }


def _to_file(record: Mapping[str, Any]) -> FileRecord:
    return FileRecord(
        file_id=record["file_id"],
        relative=record["file"],
        kind=FileKind(record["kind"]),
        size_bytes=record["size_bytes"],
        status=FileStatus(record["status"]),
        code=record["code"],
        reason=record["reason"],
        study_id=record["study_id"],
        series_id=record["series_id"],
        sha256=record["sha256"],
    )


def _to_decided(whole: Mapping[str, Any], labels: Sequence[str]) -> Prediction:
    return Prediction(
        probabilities=tuple(whole["probabilities"][label] for label in labels),
        label=whole["label"],
        prediction_set=tuple(whole["prediction_set"]),
        verdict=Verdict(whole["verdict"]),
        reasons=tuple(whole["verdict_reasons"]),
    )


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([to_cell(column) for column in columns])
        for row in rows:
            writer.writerow([to_cell(row[column]) for column in columns])
