"""``mri-batch explain``: one picture, every method side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mri_batch.card import MethodEntry
from mri_batch.errors import NothingToRead, UsageError
from mri_batch.explain.base import Method
from mri_batch.explain.methods.attention import Attention
from mri_batch.explain.ops.heads import read_heads
from mri_batch.explain.registry import ALL, AbsentMethod, ChosenMethod, choose_methods, iter_parts
from mri_batch.files import new_file, write_file
from mri_batch.model.decide import calibrate
from mri_batch.model.package import read_package
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.notes import Note
from mri_batch.read.collect import collect
from mri_batch.read.decode.slices import iter_slices
from mri_batch.records import Attribution, MethodPanel, ModelInput, ReportSlice, Slice
from mri_batch.report.schema.notes import from_note, from_notes
from mri_batch.report.study.methods_page import render_methods
from mri_batch.run.attribution import MethodRunner, to_report_heat
from mri_batch.settings import ReadLimits
from mri_batch.text import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A picture, the calibrated probabilities, and a panel for each method, layer and head."""

    picture: ReportSlice
    label: str
    probabilities: tuple[float, ...]
    methods: tuple[MethodPanel, ...]
    parts: tuple[MethodPanel, ...]


def explain_one(
    image: Path, out: Path, model: Path, *, methods: Sequence[str], label: str | None, frame: int = 0
) -> Path:
    """Explain one picture by all methods or those named, for ``label`` or the likeliest one; returns the page."""
    session = Session(read_package(model))
    explained = explain_slice(read_one(image, frame), session, methods=methods, label=label)
    out.mkdir(parents=True, exist_ok=True)
    page = render_methods(
        explained.picture, explained.methods, explained.parts, session.card, explained.label, explained.probabilities
    )
    write_file(out / "explain.html", page)
    write_file(out / "explain.json", json.dumps(_to_json(explained, session.labels), indent=1) + "\n")
    with new_file(out / "heat.npz") as part, part.open("wb") as stream:
        arrays = {panel.name: panel.heat.heat for panel in explained.methods if panel.heat}
        np.savez_compressed(stream, allow_pickle=False, **arrays)
    return out / "explain.html"


def read_one(image: Path, frame: int) -> Slice:
    """Read one frame of one file. Raises NothingToRead with the file's own reason."""
    limits = ReadLimits()
    reason: str | Note | None = None
    with collect((image,), limits=limits) as grouper:
        for series in (series for study in grouper.iter_studies() for series in study.series):
            for each in iter_slices(series, limits=limits):
                if isinstance(each, Slice) and each.frame == frame:
                    return each
                reason = f"it has no frame {frame}" if isinstance(each, Slice) else each.reason
        reason = next((record.reason for record in grouper.iter_leftovers()), reason)
    raise NothingToRead(
        reason or Note("NOT_A_PICTURE"), file=str(image), hint="give a DICOM, PNG, JPEG or TIFF picture"
    )


def explain_slice(picture: Slice, session: Session, *, methods: Sequence[str], label: str | None) -> Explained:
    """Explain one slice. Raises UsageError for a label that the model does not have."""
    ready = prepare([picture], session.card.preprocessing)
    probabilities = calibrate(session.logits(ready.pixels), session.card)[0]
    if label is not None and label not in session.labels:
        raise UsageError(f"the model has no label {label!r}", hint=f"its labels: {', '.join(session.labels)}")
    target = session.labels.index(label) if label else int(np.argmax(probabilities))
    request = methods or (ALL,)
    runner = MethodRunner(session, ready, target, tested=(0,))
    panels = tuple(_make_panel(item, runner) for item in choose_methods(session.card, request).items)
    return Explained(
        picture=ReportSlice(index=0, picture=picture, placement=ready.placements[0]),
        label=session.labels[target],
        probabilities=tuple(float(p) for p in probabilities),
        methods=panels,
        parts=tuple(_iter_parts(session, ready, target)) if ALL in request else (),
    )


def _make_panel(item: ChosenMethod | AbsentMethod, runner: MethodRunner, part: Note | None = None) -> MethodPanel:
    if isinstance(item, AbsentMethod):
        return MethodPanel(name=item.name, reason=item.reason)
    run = runner.run(item)
    return MethodPanel(name=item.name, part=part, heat=run.heats[0], passes=run.passes, ms=run.ms)


def _iter_parts(session: Session, ready: ModelInput, target: int) -> Iterator[MethodPanel]:
    """Yield every layer and head of a ViT, every stage of a CNN."""
    if session.wiring.attention:
        source = _without_scale(Attention())
        for layer, heads in enumerate(read_heads(session, ready.pixels)):
            for head, heat in enumerate(heads):
                attribution = Attribution(heat=heat[None], method=source.name, label=None)
                yield MethodPanel(
                    name=source.name,
                    part=Note("PANEL_HEAD", {"layer": layer, "head": head}),
                    heat=to_report_heat(attribution, 0, source, ready.placements[0], layer=layer, head=head),
                )
    runner = MethodRunner(session, ready, target)
    for part, method in iter_parts(session.card):
        yield _make_panel(_without_scale(method), runner, part)


def _without_scale(method: Method) -> ChosenMethod:
    """A part of a method has no scale in the package."""
    return ChosenMethod(method=method, entry=MethodEntry(method=method.name))


def _to_json(explained: Explained, labels: Sequence[str]) -> JsonObject:
    """Return ``explain.json``: probabilities, and each method's peak, faithfulness and cost, or why it is absent."""
    return {
        "label": explained.label,
        "probabilities": {k: round(p, 6) for k, p in zip(labels, explained.probabilities, strict=True)},
        "methods": [_panel_to_json(panel) for panel in explained.methods],
    }


def _panel_to_json(panel: MethodPanel) -> JsonObject:
    about = panel.heat.about if panel.heat else None
    test = about.faithfulness if about else None
    return {
        "method": panel.name,
        "reason": from_note(panel.reason),
        "label": about.label if about else None,
        "peak_row": about.peak_px[0] if about else None,
        "peak_col": about.peak_px[1] if about else None,
        "faithfulness": round(test.score, 6) if test else None,
        "better_than_chance": test.better_than_chance if test else None,
        "passes": panel.passes,
        "ms": panel.ms,
        "notes": from_notes(about.notes if about else ()),
    }
