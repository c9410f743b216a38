"""A study's result in machine files: ``result.json`` in whole, its line of ``results.jsonl`` in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mri_batch.records import KeySlice, Prediction, SliceResult, StudyResult, StudyStatus, Verdict
from mri_batch.report.schema.files import from_file, to_file
from mri_batch.report.schema.heatmap import from_heatmap, to_heatmap
from mri_batch.report.schema.notes import from_note, from_notes, text_of, to_note, to_notes
from mri_batch.report.schema.series import from_series, to_series
from mri_batch.text import to_json

SCHEMA_VERSION = 2  # 1 had reasons and notes as English sentences; it can still be read
_DIGITS = 6  # of the tables; result.json keeps floats whole, so that pages made from it again are the same bytes

_LINE_KEYS = (
    "schema_version",
    "study_id",
    "source",
    "status",
    "code",
    "reason",
    "reason_note",
    "hint",
    "label",
    "probability",
    "probabilities",
    "prediction_set",
    "verdict",
    "verdict_reasons",
    "model",
    "series",
    "deciding_slices",
    "key_slices",
    "n_files",
    "timings_ms",
)
_SERIES_KEYS = ("series_id", "modality", "n_slices", "label", "probabilities")
_DECIDING_KEYS = ("file", "frame")
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


def to_line(result: StudyResult) -> dict[str, Any]:
    """Return a study's object for ``results.jsonl``: what most readers want, floats to six digits."""
    whole = to_result_json(result)
    line = {key: whole[key] for key in _LINE_KEYS}
    line["series"] = [_only(series, _SERIES_KEYS) for series in whole["series"]]
    line["deciding_slices"] = [_only(piece, _DECIDING_KEYS) for piece in whole["deciding_slices"]]
    line["key_slices"] = [
        {**_only(key, _KEY_SLICE_KEYS), "heatmaps": [_only(h, _HEATMAP_KEYS) for h in key["heatmaps"]]}
        for key in whole["key_slices"]
    ]
    rounded: dict[str, Any] = _round(line)
    return rounded


def to_result_json(result: StudyResult) -> dict[str, Any]:
    """Return all of a study's result, for ``result.json``; :func:`from_result_json` is the inverse."""
    return {
        "schema_version": SCHEMA_VERSION,
        "study_id": result.study_id,
        "source": result.source,
        "kind": result.kind,
        "key": result.key,
        "status": result.status.value,
        "code": result.code,
        "reason": text_of(result.reason),
        "reason_note": from_note(result.reason),
        "hint": from_note(result.hint),
        "labels": list(result.labels),
        **_from_prediction(result.prediction, result.labels),
        "model": {"name": result.model_name, "version": result.model_version, "sha256": result.model_sha256},
        "series": [from_series(series, result.labels) for series in result.series],
        "deciding_slices": [_from_deciding(i, result.slices[i]) for i in result.deciding],
        "key_slices": [_from_key_slice(key) for key in result.key_slices],
        "n_files": {"found": result.n_files.found, **asdict(result.n_files)},
        "timings_ms": dict(result.timings_ms),
        "notes": from_notes(result.notes),
        "patient": dict(result.patient),
        "slices": [_from_slice(piece, result.labels) for piece in result.slices],
        "files": [from_file(record) for record in result.files],
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
        reason=to_note(whole.get("reason_note", whole["reason"])),  # without the note in version 1
        hint=to_note(whole.get("hint")),
        labels=labels,
        model_name=whole["model"]["name"],
        model_version=whole["model"]["version"],
        model_sha256=whole["model"]["sha256"],
        prediction=_to_prediction(whole, labels) if whole["verdict"] is not None else None,
        series=tuple(to_series(series, labels) for series in whole["series"]),
        slices=tuple(_to_slice(piece, labels) for piece in whole["slices"]),
        deciding=tuple(piece["index"] for piece in whole.get("deciding_slices", ())),  # absent before 0.2.0
        key_slices=tuple(_to_key_slice(key) for key in whole["key_slices"]),
        files=tuple(to_file(record) for record in whole["files"]),
        notes=to_notes(whole["notes"]),
        patient=tuple(whole["patient"].items()),
        timings_ms=tuple((name, value) for name, value in whole["timings_ms"].items()),
    )


def dump_result(result: StudyResult) -> str:
    """Write the text of ``result.json``; a study's page carries the same bytes."""
    return to_json(to_result_json(result), indent=1) + "\n"


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


def _from_deciding(index: int, piece: SliceResult) -> dict[str, Any]:
    return {"index": index, "file": piece.file, "frame": piece.frame}


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


def _from_prediction(prediction: Prediction | None, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "label": prediction.label if prediction else None,
        "probability": prediction.probability if prediction else None,
        "probabilities": _by_label(labels, prediction.probabilities) if prediction else {},
        "prediction_set": list(prediction.prediction_set) if prediction else [],
        "verdict": prediction.verdict.value if prediction else None,
        "verdict_reasons": from_notes(prediction.reasons) if prediction else [],
    }


def _to_prediction(whole: Mapping[str, Any], labels: Sequence[str]) -> Prediction:
    return Prediction(
        probabilities=tuple(whole["probabilities"][label] for label in labels),
        label=whole["label"],
        prediction_set=tuple(whole["prediction_set"]),
        verdict=Verdict(whole["verdict"]),
        reasons=to_notes(whole["verdict_reasons"]),
    )
