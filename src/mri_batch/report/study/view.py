"""What ``viewer.js`` is given: the slices, heatmaps and names of a study, without pixels."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from mri_batch.card import ModelCard
from mri_batch.records import Heatmap, SeriesResult, StudyResult
from mri_batch.report.render import Page
from mri_batch.report.study.colours import RAMP_AGAINST, RAMP_FOR
from mri_batch.report.study.piece import Piece, PieceHeads
from mri_batch.report.study.thumbnails import CONTOUR_AT, OPACITY, THRESHOLD, unturned
from mri_batch.text import JsonObject, to_visible


def describe_view(result: StudyResult, pieces: Sequence[Piece], page: Page, card: ModelCard) -> JsonObject:
    """Return what there is to show; pixels and heat stand in elements of their own."""
    return {
        "study": result.study_id,
        "key": result.key,
        "labels": result.labels,
        "label": result.prediction.label if result.prediction else None,
        "deciding": result.deciding,
        "background": card.decision.background_label,
        "series": [_describe_series(series, result) for series in result.series],
        "slices": [
            {"file": to_visible(one.file), "frame": one.frame, "p": [round(p, 4) for p in one.probabilities]}
            for one in result.slices
        ],
        "pieces": [_describe_piece(piece) for piece in pieces],
        "names": _place_names(result, pieces, page),
        "ramps": [base64.b64encode(ramp.tobytes()).decode("ascii") for ramp in (RAMP_FOR, RAMP_AGAINST)],
        "start": {"opacity": OPACITY, "threshold": THRESHOLD, "contour": CONTOUR_AT},
    }


def find_letters(piece: Piece) -> dict[str, str] | None:
    """Return the letters (R L A P H F) of an upright slice's four sides; None where the orientation is unknown."""
    if piece.orientation is None:
        return None
    row, col = np.array(piece.orientation[:3]), np.array(piece.orientation[3:])
    if piece.placement.mirrored:
        row = -row
    for _ in range(piece.placement.quarter_turns % 4):
        row, col = col, -row
    return {"left": _letter(-row), "right": _letter(row), "top": _letter(-col), "bottom": _letter(col)}


def _letter(direction: npt.NDArray[np.float64]) -> str:
    """Return the letters of the axes that a direction follows, the strongest first, down to about 20 degrees."""
    signs = (("R", "L"), ("A", "P"), ("F", "H"))
    order = sorted(range(3), key=lambda axis: -abs(float(direction[axis])))
    strong = [axis for axis in order if abs(float(direction[axis])) > 0.35]
    return "".join(signs[axis][int(direction[axis] > 0)] for axis in strong)


def _place_names(result: StudyResult, pieces: Sequence[Piece], page: Page) -> Mapping[str, Mapping[str, int]]:
    """Return the places of names of classes and methods among the page's texts."""
    maps = [heat.about for piece in pieces for heat in piece.heats]
    labels = dict.fromkeys((*result.labels, *(heat.label for heat in maps if heat.label is not None)))
    methods = dict.fromkeys((*(heat.method for heat in maps), "attention"))
    return {
        "labels": {label: page.place(page.label(label)) for label in labels},
        "methods": {method: page.place(page.method(method)) for method in methods},
    }


def _describe_series(series: SeriesResult, result: StudyResult) -> JsonObject:
    own = [i for i, one in enumerate(result.slices) if one.series_id == series.series_id]
    return {"id": series.series_id, "label": series.label, "slices": own}


def _describe_piece(piece: Piece) -> JsonObject:
    upright = unturned(piece.placement)
    turned = piece.placement.quarter_turns % 2
    spacing = piece.spacing_mm[::-1] if piece.spacing_mm and turned else piece.spacing_mm
    return {
        "index": piece.index,
        "rows": piece.rows,
        "cols": piece.cols,
        "planes": len(piece.planes),
        "slope": piece.slope,
        "intercept": piece.intercept,
        "error": piece.error,
        "window": piece.window,
        "spacing": spacing,
        "letters": find_letters(piece),
        "full": [upright.rows, upright.cols],
        "box": [upright.top, upright.left, upright.height, upright.width],
        "mirrored": piece.placement.mirrored,
        "turns": piece.placement.quarter_turns % 4,
        "heats": [{**_describe_heat(heat.about), "low": heat.low, "step": heat.step} for heat in piece.heats],
        "heads": _describe_heads(piece.heads) if piece.heads else None,
    }


def _describe_heads(heads: PieceHeads) -> JsonObject:
    return {"first": heads.first_layer, "heads": heads.heads, "grid": heads.grid, "steps": heads.steps}


def _describe_heat(about: Heatmap) -> JsonObject:
    return {
        "method": about.method,
        "label": about.label,
        "layer": about.layer,
        "head": about.head,
        "grid": about.grid,
        "scale": about.scale_max,
        "signed": about.signed,
        "peak": about.peak_px,
    }
