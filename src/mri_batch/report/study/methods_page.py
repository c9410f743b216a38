"""The page of ``mri-batch explain``: one picture, every method, layer and head side by side."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from mri_batch.card import ModelCard
from mri_batch.records import MethodPanel, ReportSlice
from mri_batch.report.study.page import render_template, to_percent
from mri_batch.report.study.thumbnails import fit_shape, lay_heat, overlay, show_grey, to_jpeg, to_upright, unturned

PANEL_PX = 224
PART_PX = 96


def render_methods(
    shown: ReportSlice,
    methods: Sequence[MethodPanel],
    parts: Sequence[MethodPanel],
    card: ModelCard,
    label: str,
    probabilities: Sequence[float],
) -> str:
    """Render the page; ``probabilities`` follow the card's labels, ``label`` is the class that was explained."""
    return render_template(
        "methods.html",
        lang="en",
        scripts=(),
        card=card,
        label=label,
        probabilities=[(name, to_percent(p)) for name, p in zip(card.labels, probabilities, strict=True)],
        source=shown.picture.file.relative,
        plain=_picture(shown, None, PANEL_PX),
        methods=[(panel, _picture(shown, panel, PANEL_PX)) for panel in methods],
        parts_list=[(panel, _picture(shown, panel, PART_PX)) for panel in parts],
    )


def _picture(shown: ReportSlice, panel: MethodPanel | None, side: int) -> str:
    """Draw the upright slice, with a panel's heat where it has one, as base64 JPEG."""
    if panel is not None and panel.heat is None:
        return ""
    pixels = to_upright(shown.picture.pixels, shown.placement)
    aspect = shown.picture.aspect if shown.placement.quarter_turns % 2 == 0 else 1.0 / shown.picture.aspect
    rows, cols = fit_shape(pixels.shape[:2], aspect, side)
    drawn = show_grey(pixels, shown.picture.window, rows, cols)
    if panel is not None and panel.heat is not None:
        share = np.clip(panel.heat.heat / panel.heat.about.scale_max, -1.0, 1.0)
        drawn = overlay(drawn, lay_heat(share, unturned(shown.placement), rows, cols))
    return base64.b64encode(to_jpeg(drawn)).decode("ascii")
