"""An evaluation as files: ``index.html``, ``evaluation.json``, ``figures.csv``, ``slices.csv``."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mri_batch.card import ModelCard
from mri_batch.commands.evaluate.charts import Bar, Chart, Line, Strip
from mri_batch.commands.evaluate.estimate import Estimate
from mri_batch.commands.evaluate.evaluation import Evaluation
from mri_batch.commands.evaluate.heatmap_metrics import Baseline, MapMetrics, Measure
from mri_batch.commands.evaluate.page import render_page
from mri_batch.commands.evaluate.predictions import Predictions
from mri_batch.commands.evaluate.selective_prediction import decide_slices
from mri_batch.commands.evaluate.summary import Summary
from mri_batch.commands.evaluate.validation import to_words
from mri_batch.files import write_file
from mri_batch.probabilities import ECE_BINS
from mri_batch.text import JsonObject

RESULT = "evaluation.json"
_NOT_PERCENT = ("mcc", "brier", "log_loss")


def write_evaluation(out: Path, evaluation: Evaluation, predictions: Predictions, card: ModelCard) -> None:
    """Write all files of an evaluation into ``out``."""
    write_file(out / "index.html", _page(evaluation))
    write_file(out / "figures.csv", _to_csv(_figure_rows(evaluation)))
    write_file(out / "slices.csv", _to_csv(_slice_rows(predictions, card)))
    write_file(out / RESULT, to_json(evaluation))


def to_json(evaluation: Evaluation) -> str:
    """Every metric as JSON; what is not defined is null, and the gallery's pictures are left out."""
    whole = asdict(evaluation)
    for picture in whole["gallery"]:
        del picture["jpeg"]
    return json.dumps({"schema_version": 2, **clean(whole)}, indent=1, ensure_ascii=False) + "\n"


def clean(value: Any) -> Any:
    """Make a value fit for JSON: NaN becomes null."""
    if isinstance(value, dict):
        return {key: clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [clean(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _page(e: Evaluation) -> str:
    return render_page(
        "evaluate",
        "evaluate.html",
        e=e,
        charts={"slices": _charts(e.slices), "patients": _charts(e.patients)},
        measures=tuple(Measure),
        validations={each.method: (each.verdict, to_words(each)) for each in e.validations},
        strips=_strips(e.maps),
        baselines=tuple(Baseline),
        not_percent=_NOT_PERCENT,
        shade=_shade,
    )


def _charts(s: Summary) -> tuple[Chart, ...]:
    width = 1 / ECE_BINS
    places = [min(int(b.confidence / width), ECE_BINS - 1) * width for b in s.bins]
    bars = tuple(Bar(x=x, width=width, height=b.accuracy) for x, b in zip(places, s.bins, strict=True))
    shares = tuple(Bar(x=x, width=width, height=b.n / s.n) for x, b in zip(places, s.bins, strict=True))
    return (
        Chart(
            title="ROC, one class against the others",
            x_label="false positive rate",
            y_label="true positive rate",
            lines=tuple(Line(label=c.label, points=c.points) for c in s.roc),
            diagonal=True,
        ),
        Chart(
            title="Precision and recall",
            x_label="recall",
            y_label="precision",
            lines=tuple(Line(label=c.label, points=c.points) for c in s.pr),
        ),
        Chart(
            title="Reliability: accuracy in each bin of confidence",
            x_label="probability of the predicted label",
            y_label="share that is right",
            bars=bars,
            diagonal=True,
        ),
        Chart(
            title="Distribution of confidence",
            x_label="probability of the predicted label",
            y_label="share of all",
            bars=shares,
        ),
    )


def _strips(maps: Sequence[MapMetrics]) -> tuple[Strip, ...]:
    """One strip for each measure, the methods below one another."""
    return tuple(
        Strip(
            title=measure,
            rows=tuple(
                (m.method, m.metrics[measure].value, m.metrics[measure].low, m.metrics[measure].high) for m in known
            ),
        )
        for measure in Measure
        if (known := [m for m in maps if measure in m.metrics])
    )


def _shade(s: Summary) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Yield the rows of the confusion matrix, each number with a tint of 0 to 10 by its share of the row."""
    for label, row in zip(s.support, s.confusion, strict=True):
        total = sum(row) or 1
        yield label, [(n, round(10 * n / total)) for n in row]


def _figure_rows(e: Evaluation) -> Iterator[JsonObject]:
    by_source = [(f"source {s.name}", s) for s in e.sources]
    for level, summary in [("slice", e.slices), ("patient", e.patients), *by_source]:
        yield from _rows(level, "", summary.n, summary.overall)
        for label, estimates in summary.per_class.items():
            yield from _rows(level, label, summary.support[label], estimates)
    for c in e.coverage:
        yield from _rows("prediction set", c.label, c.n, {"coverage": c.coverage, "mean_size": c.mean_size})
    for v in e.verdicts:
        yield from _rows("verdict", v.verdict.value, v.n, {"share": v.share, "accuracy": v.accuracy})
    for r in (*e.refusals, *e.ood):
        shares = {"refused": r.refused, "unusual": r.unusual, "abstained": r.abstained, "confident": r.confident}
        yield from _rows("gate", f"{r.part} {r.value}".strip(), r.n, shares)
    for m in e.maps:
        yield from _rows("heatmap", m.method, m.n, m.metrics)
        yield from _rows("heatmap ahead", m.method, m.n, m.ahead)


def _rows(level: str, of: str, n: int, estimates: Mapping[Any, Estimate]) -> Iterator[JsonObject]:
    for name, estimate in estimates.items():
        yield {
            "level": level,
            "of": of,
            "n": n,
            "figure": str(name),
            "value": _number(estimate.value),
            "low": _number(estimate.low),
            "high": _number(estimate.high),
        }


def _slice_rows(predictions: Predictions, card: ModelCard) -> Iterator[JsonObject]:
    decided = decide_slices(predictions, card)
    for i, (item, d) in enumerate(zip(predictions.items, decided, strict=True)):
        row: JsonObject = {
            "data_set": item.data_set,
            "file": item.name,
            "frame": predictions.frames[i],
            "group": item.group,
            "source": item.source,
            "label": item.label,
            "predicted": d.label,
            "right": int(d.label == item.label),
        }
        row |= {f"p_{label}": repr(p) for label, p in zip(predictions.labels, d.probabilities, strict=True)}
        row["prediction_set"] = " ".join(d.prediction_set)
        row["verdict"] = d.verdict.value
        row["gate_score"] = repr(float(predictions.gate_scores[i])) if len(predictions.gate_scores) else ""
        yield row


def _to_csv(rows: Iterator[JsonObject]) -> str:
    stream = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(stream, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
    return stream.getvalue()


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"
