"""Series in machine files: the answer, and what the headers tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from mri_batch.notes import Note
from mri_batch.records import Plane, Role, SeriesInfo, SeriesResult, Weighting
from mri_batch.report.schema.notes import from_note, from_notes, to_note, to_notes

_READERS: Mapping[str, Callable[[Any], object]] = {  # fields that JSON has no type for
    "role": Role,
    "weighting": lambda value: value and Weighting(value),
    "plane": lambda value: value and Plane(value),
    "image_type": tuple,
    "scanning_sequence": tuple,
    "notes": to_notes,
}


def from_series(series: SeriesResult, labels: Sequence[str]) -> dict[str, Any]:
    """Return a series' object."""
    return {
        "series_id": series.series_id,
        "modality": series.info.modality,
        "n_slices": series.n_slices,
        "label": series.label,
        "probabilities": dict(zip(labels, series.probabilities, strict=True)),
        "info": {**asdict(series.info), "notes": from_notes(series.info.notes)},
        "reason": from_note(series.reason),
    }


def to_series(series: Mapping[str, Any], labels: Sequence[str]) -> SeriesResult:
    """Rebuild a series from :func:`from_series`, exactly."""
    return SeriesResult(
        series_id=series["series_id"],
        n_slices=series["n_slices"],
        label=series["label"],
        probabilities=tuple(series["probabilities"][label] for label in labels),
        info=_to_info(series["info"]) if "info" in series else _from_facts(series),
        reason=to_note(series.get("reason")),
    )


def _to_info(info: Mapping[str, Any]) -> SeriesInfo:
    known = {field.name for field in fields(SeriesInfo)} & set(info)
    values: dict[str, Any] = {name: _READERS[name](info[name]) if name in _READERS else info[name] for name in known}
    return SeriesInfo(**values)


def _from_facts(series: Mapping[str, Any]) -> SeriesInfo:
    """Keep what version 1 tells as pairs of words."""
    texts = (value if name == "note" else f"{name}: {value}" for name, value in series["facts"].items())
    return SeriesInfo(modality=series["modality"], notes=tuple(Note("TEXT", {"text": text}) for text in texts))
