"""Heatmap metadata in machine files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mri_batch.records import Faithfulness, Heatmap
from mri_batch.report.schema.notes import from_notes, to_notes


def from_heatmap(heatmap: Heatmap) -> dict[str, Any]:
    """Return a heatmap's object: its test's score under ``faithfulness``, the whole test beside it."""
    test = heatmap.faithfulness
    return {
        "method": heatmap.method,
        "family": heatmap.family,
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
        "notes": from_notes(heatmap.notes),
    }


def to_heatmap(heatmap: Mapping[str, Any]) -> Heatmap:
    """Rebuild a heatmap from :func:`from_heatmap`, exactly."""
    test = heatmap["faithfulness_test"]
    return Heatmap(
        method=heatmap["method"],
        family=heatmap.get("family", ""),  # absent in version 1
        label=heatmap["label"],
        layer=heatmap["layer"],
        head=heatmap["head"],
        grid=(heatmap["grid"][0], heatmap["grid"][1]),
        peak_px=(heatmap["peak_row"], heatmap["peak_col"]),
        scale_max=heatmap["scale_max"],
        signed=heatmap["signed"],
        faithfulness=Faithfulness(**test) if test else None,
        notes=to_notes(heatmap["notes"]),
    )
