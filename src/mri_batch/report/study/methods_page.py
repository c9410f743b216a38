"""The page of ``mri-batch explain``: one picture, every method, layer and head side by side."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.card import ModelCard
from mri_batch.records import MethodPanel, ReportSlice
from mri_batch.report.render import Page
from mri_batch.report.study.thumbnails import fit_shape, lay_heat, overlay, show_grey, to_jpeg, to_upright, unturned
from mri_batch.settings import Language

PANEL_PX = 224
PART_PX = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPanel:
    """A panel and its picture: base64 JPEG, empty where it has no heat."""

    panel: MethodPanel
    picture: str


def render_methods(
    report_slice: ReportSlice,
    methods: Sequence[MethodPanel],
    parts: Sequence[MethodPanel],
    card: ModelCard,
    label: str,
    probabilities: Sequence[float],
    *,
    lang: Language = "en",
) -> str:
    """Render the page; ``probabilities`` follow the card's labels, ``label`` is the class that was explained."""
    return Page(lang, card).render(
        "methods.html",
        scripts=("common.js", "methods.js"),
        card=card,
        explained=label,
        probabilities=list(zip(card.labels, probabilities, strict=True)),
        source=report_slice.picture.file.relative,
        plain=_draw(report_slice, None, PANEL_PX),
        methods=[DrawnPanel(panel=panel, picture=_draw(report_slice, panel, PANEL_PX)) for panel in methods],
        parts_list=[DrawnPanel(panel=panel, picture=_draw(report_slice, panel, PART_PX)) for panel in parts],
    )


def _draw(report_slice: ReportSlice, panel: MethodPanel | None, side: int) -> str:
    """Draw the upright slice, with a panel's heat where it has one, as base64 JPEG."""
    if panel is not None and panel.heat is None:
        return ""
    picture, placement = report_slice.picture, report_slice.placement
    pixels = to_upright(picture.pixels, placement)
    aspect = picture.aspect if placement.quarter_turns % 2 == 0 else 1.0 / picture.aspect
    rows, cols = fit_shape(pixels.shape[:2], aspect, side)
    drawn = show_grey(pixels, picture.window, rows, cols)
    if panel is not None and panel.heat is not None:
        share = np.clip(panel.heat.heat / panel.heat.about.scale_max, -1.0, 1.0)
        drawn = overlay(drawn, lay_heat(share, unturned(placement), rows, cols))
    return base64.b64encode(to_jpeg(drawn)).decode("ascii")
