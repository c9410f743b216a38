"""An audit as files: ``index.html`` and ``audit.json``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image

from mri_batch.arrays import Float32
from mri_batch.commands.audit.audit import Audit
from mri_batch.commands.audit.near_duplicates import Pair
from mri_batch.commands.evaluate.charts import Chart, Line, fit_range
from mri_batch.commands.evaluate.page import render_page
from mri_batch.files import write_file
from mri_batch.report.study.thumbnails import to_jpeg
from mri_batch.text import JsonObject

RESULT = "audit.json"
LISTED_PAIRS = 40  # of each kind on the page; the JSON has them all
THUMB_PX = 128


def write_audit(out: Path, found: Audit) -> None:
    """Write the files of an audit into ``out``."""
    write_file(out / "index.html", _page(found))
    write_file(out / RESULT, to_json(found))


def to_json(found: Audit) -> str:
    """Return all results but the pictures as JSON."""
    fields = {
        "schema_version": 1,
        "data_sha256": found.data_sha256,
        "n": found.n,
        "n_groups": found.n_groups,
        "findings": [asdict(finding) for finding in found.findings],
        "counts": [dict(zip(("label", "split", "source", "n"), row, strict=True)) for row in found.counts],
        "sizes": [dict(zip(("size", "mode", "n"), row, strict=True)) for row in found.sizes],
        "unreadable": found.unreadable,
        "shared_patients": found.shared_patients,
        "exact": [_pair(pair) for pair in found.exact],
        "near": [_pair(pair) for pair in found.near],
        "guesses": [asdict(guess) | {"is_shortcut": guess.is_shortcut} for guess in found.guesses],
        "histograms": {view.label: view.histogram.tolist() for view in found.classes},
    }
    return json.dumps(fields, indent=1, ensure_ascii=False) + "\n"


def _pair(pair: Pair) -> JsonObject:
    return {
        "one": f"{pair.one.data_set}/{pair.one.name}",
        "other": f"{pair.other.data_set}/{pair.other.name}",
        "labels": [pair.one.label, pair.other.label],
        "splits": [pair.one.split, pair.other.split],
        "correlation": round(pair.correlation, 4),
    }


def _page(found: Audit) -> str:
    return render_page(
        "audit",
        "audit.html",
        a=found,
        listed={"pixel-identical": found.exact[:LISTED_PAIRS], "near-identical": found.near[:LISTED_PAIRS]},
        totals={"pixel-identical": len(found.exact), "near-identical": len(found.near)},
        chart=_histograms(found),
        means={view.label: _sheet([view.mean]) for view in found.classes},
        sheets={view.label: _sheet(view.samples) for view in found.classes},
    )


def _histograms(found: Audit) -> Chart:
    lines = tuple(
        Line(
            label=view.label,
            points=tuple(((i + 0.5) / len(view.histogram), float(v)) for i, v in enumerate(view.histogram)),
        )
        for view in found.classes
    )
    heights = [y for line in lines for x, y in line.points if x > 1 / len(line.points)]
    return Chart(
        title="Intensities between black and white, mean over each class; the darkest bin is cut off",
        x_label="share of the way from black to white",
        y_label="share of the pixels",
        y_range=fit_range(heights, zero=True),
        lines=tuple(Line(label=line.label, points=line.points[1:]) for line in lines),
    )


def _sheet(pictures: Sequence[Float32]) -> bytes:
    tiles = [np.asarray(Image.fromarray(p).resize((THUMB_PX, THUMB_PX), Image.Resampling.BICUBIC)) for p in pictures]
    return to_jpeg((np.clip(np.concatenate(tiles, axis=1), 0, 1) * 255 + 0.5).astype(np.uint8))
