"""One picture, every method side by side."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mri_batch.card import MethodEntry
from mri_batch.errors import MethodAbsent, NothingToRead, UsageError
from mri_batch.explain.base import Method
from mri_batch.explain.methods.attention import every_head
from mri_batch.explain.quality.faithfulness import QUICK, RandomOrders, judge_faithfulness
from mri_batch.explain.registry import available_methods, build_method, iter_parts
from mri_batch.model.decide import calibrate
from mri_batch.model.package import read_package
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.placement import find_peak
from mri_batch.read.decode.slices import iter_slices
from mri_batch.read.find.walk import iter_files
from mri_batch.read.group import Grouper
from mri_batch.records import Attribution, FoundFile, Heatmap, MethodPanel, ModelInput, ReportHeat, ReportSlice, Slice
from mri_batch.report.study.methods_page import render_methods
from mri_batch.run.attribution import list_caveats
from mri_batch.run.store.folder import write_file
from mri_batch.settings import ReadLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A picture, the calibrated answer, and a panel for each method, layer and head."""

    shown: ReportSlice
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
        explained.shown, explained.methods, explained.parts, session.card, explained.label, explained.probabilities
    )
    write_file(out / "explain.html", page)
    write_file(out / "explain.json", json.dumps(_tell(explained, session.labels), indent=1) + "\n")
    with tempfile.TemporaryDirectory(dir=out, prefix=".") as folder:
        beside = Path(folder) / "heat.npz"
        arrays: dict[str, Any] = {p.title: p.heat.heat for p in explained.methods if p.heat is not None}
        np.savez_compressed(beside, **arrays)
        beside.replace(out / "heat.npz")
    return out / "explain.html"


def read_one(image: Path, frame: int) -> Slice:
    """Read one frame of one file. Raises NothingToRead with the file's own reason."""
    limits = ReadLimits()
    reason = "it is not a picture"
    with tempfile.TemporaryDirectory(prefix="mri-batch-") as work, Grouper(Path(work), limits=limits) as grouper:
        for item in iter_files((image,), limits=limits):
            if isinstance(item, FoundFile):
                grouper.add(item)
            else:
                reason = item.reason
        for study in grouper.iter_studies():
            for series in study.series:
                for each in iter_slices(series, limits=limits):
                    if isinstance(each, Slice) and each.frame == frame:
                        return each
                    reason = f"it has no frame {frame}" if isinstance(each, Slice) else each.reason
        reason = next((record.reason for record in grouper.iter_leftovers()), reason)
    raise NothingToRead(reason, file=str(image), hint="give a DICOM, PNG, JPEG or TIFF picture")


def explain_slice(picture: Slice, session: Session, *, methods: Sequence[str], label: str | None) -> Explained:
    """Explain one slice. Raises UsageError for a label that the model does not have."""
    ready = prepare([picture], session.card.preprocessing)
    probabilities = calibrate(session.logits(ready.pixels), session.card)[0]
    if label is not None and label not in session.labels:
        raise UsageError(f"the model has no label {label!r}", hint=f"its labels: {', '.join(session.labels)}")
    target = session.labels.index(label) if label else int(np.argmax(probabilities))
    orders = RandomOrders()
    panels = tuple(_panel(name, session, ready, target, orders) for name in _choose(methods, session))
    wanted = not methods or "all" in methods
    return Explained(
        shown=ReportSlice(index=0, picture=picture, placement=ready.placements[0]),
        label=session.labels[target],
        probabilities=tuple(float(p) for p in probabilities),
        methods=panels,
        parts=tuple(_iter_parts(session, ready, target)) if wanted else (),
    )


def _choose(methods: Sequence[str], session: Session) -> list[str]:
    every = [entry.method for entry in available_methods(session.card)]
    return every if not methods or "all" in methods else list(methods)


def _panel(name: str, session: Session, ready: ModelInput, target: int, orders: RandomOrders) -> MethodPanel:
    entry = next((e for e in available_methods(session.card) if e.method == name), MethodEntry(method=name))
    try:
        panel = _run(name, build_method(name, session.card), session, ready, target, entry)
    except MethodAbsent as error:
        return MethodPanel(title=name, reason=error.reason)
    assert panel.heat is not None
    score = judge_faithfulness(session, ready.pixels[0], panel.heat.heat, target, orders, QUICK)
    return replace(panel, heat=replace(panel.heat, about=replace(panel.heat.about, faithfulness=score)))


def _iter_parts(session: Session, ready: ModelInput, target: int) -> Iterator[MethodPanel]:
    """Yield every layer and head of a ViT, every stage of a CNN."""
    if session.wiring.attention:
        for layer, heads in enumerate(every_head(session, ready.pixels)):
            for head, heat in enumerate(heads):
                told = Attribution(heat=heat[None], method="attention", label=None)
                yield MethodPanel(
                    title=f"layer {layer}, head {head}",
                    heat=_show(told, ready, MethodEntry(method="attention"), layer=layer, head=head),
                )
    for title, method in iter_parts(session.card):
        yield _run(title, method, session, ready, target, MethodEntry(method=method.name))


def _run(
    title: str, method: Method, session: Session, ready: ModelInput, target: int, entry: MethodEntry
) -> MethodPanel:
    began = time.perf_counter()
    told = method(session, ready.pixels, np.array([target], np.int64))
    ms = (time.perf_counter() - began) * 1000
    return MethodPanel(title=title, heat=_show(told, ready, entry), passes=told.passes, ms=round(ms, 1))


def _show(
    told: Attribution, ready: ModelInput, entry: MethodEntry, layer: int | None = None, head: int | None = None
) -> ReportHeat:
    heat = told.heat[0]
    about = Heatmap(
        method=told.method,
        label=told.label,
        grid=(int(heat.shape[0]), int(heat.shape[1])),
        peak_px=find_peak(heat, ready.placements[0]),
        scale_max=entry.scale_max or float(np.abs(heat).max()) or 1.0,
        signed=told.signed,
        layer=layer,
        head=head,
        notes=(*told.notes, *list_caveats(entry)),
    )
    return ReportHeat(heat=heat, about=about)


def _tell(explained: Explained, labels: Sequence[str]) -> dict[str, object]:
    """Return ``explain.json``: the answer, and for each method its peak, faithfulness and cost, or why it is absent."""
    methods = []
    for panel in explained.methods:
        about = panel.heat.about if panel.heat else None
        test = about.faithfulness if about else None
        methods.append(
            {
                "method": panel.title,
                "reason": panel.reason,
                "label": about.label if about else None,
                "peak_row": about.peak_px[0] if about else None,
                "peak_col": about.peak_px[1] if about else None,
                "faithfulness": round(test.score, 6) if test else None,
                "better_than_chance": test.better_than_chance if test else None,
                "passes": panel.passes,
                "ms": panel.ms,
                "notes": list(about.notes) if about else [],
            }
        )
    return {
        "label": explained.label,
        "probabilities": {k: round(p, 6) for k, p in zip(labels, explained.probabilities, strict=True)},
        "methods": methods,
    }
