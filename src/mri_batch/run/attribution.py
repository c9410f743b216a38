"""Heat on slices: methods run over prepared pictures; scale, caveats, faithfulness and peak of each map."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float32, Outputs
from mri_batch.card import MethodEntry, ModelCard
from mri_batch.explain.base import Forward, Method
from mri_batch.explain.cached_model import CachedModel
from mri_batch.explain.ops.heads import read_heads
from mri_batch.explain.quality.faithfulness import QUICK, RandomOrders, judge_faithfulness
from mri_batch.explain.registry import ChosenMethod, choose_methods
from mri_batch.model.session import Session
from mri_batch.notes import Note
from mri_batch.placement import Placement, find_peak
from mri_batch.records import Attribution, Faithfulness, Heatmap, LayerHeads, ModelInput, ReportHeat

HEAD_CELLS = 1 << 16  # cells of single heads on a page per series, about 70 kB; the last layers come first


def outputs_of_methods(card: ModelCard, request: Sequence[str]) -> tuple[str, ...]:
    """Outputs of the plain graph that already are maps of the chosen methods, collected during inference."""
    names = [each.method.ready_output(card.wiring) for each in choose_methods(card, request).chosen]
    return tuple(dict.fromkeys(name for name in names if name))


def attribute(model: Forward, method: Method, pixels: Float32, label: int) -> Attribution:
    """Run a method over pictures float32[n, c, rows, cols] for the class index ``label``."""
    return method(model, pixels, np.full(len(pixels), label, np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodRun:
    """A method's heatmaps of n pictures; ``passes``: cost per picture; ``ms``: wall time of the method's call."""

    heats: tuple[ReportHeat, ...]
    passes: float
    ms: float


class MethodRunner:
    """Runs methods over n prepared pictures for one label.

    The faithfulness of the maps is measured on the pictures whose rows are in ``tested``; the random orders that it
    is measured against cost the most, and are shared by the methods. ``known``: outputs of the plain graph for the n
    pictures, by name, as far as inference has collected them.
    """

    def __init__(
        self,
        session: Session,
        ready: ModelInput,
        label: int,
        *,
        tested: Collection[int] = (),
        known: Outputs | None = None,
    ) -> None:
        self._session, self._ready, self._label, self._tested = session, ready, label, tested
        self._model = CachedModel(session, pixels=ready.pixels, known=known, memoise=False)
        self._orders = [RandomOrders() for _ in ready.placements]

    def run(self, chosen: ChosenMethod) -> MethodRun:
        """Run one method."""
        began = time.perf_counter()
        attribution = attribute(self._model, chosen.method, self._ready.pixels, self._label)
        ms = (time.perf_counter() - began) * 1000
        heats = tuple(
            to_report_heat(attribution, i, chosen, placement, faithfulness=self._judge(attribution, i))
            for i, placement in enumerate(self._ready.placements)
        )
        return MethodRun(heats=heats, passes=attribution.passes, ms=round(ms, 1))

    def _judge(self, attribution: Attribution, i: int) -> Faithfulness | None:
        if i not in self._tested:
            return None
        picture, heat = self._ready.pixels[i], attribution.heat[i]
        return judge_faithfulness(self._session, picture, heat, self._label, self._orders[i], QUICK)


def explain_pictures(
    session: Session,
    ready: ModelInput,
    label: int,
    chosen: Sequence[ChosenMethod],
    *,
    tested: Collection[int],
    known: Outputs,
) -> list[tuple[ReportHeat, ...]]:
    """Explain n prepared pictures for one label by each method: n tuples of heat, one for each method.

    For ``tested`` and ``known`` see :class:`MethodRunner`.
    """
    runner = MethodRunner(session, ready, label, tested=tested, known=known)
    runs = [runner.run(each) for each in chosen]
    return [tuple(run.heats[i] for run in runs) for i in range(len(ready.placements))]


def explain_heads(session: Session, picture: Float32) -> LayerHeads | None:
    """Read the layers and heads of a ViT for float32[1, c, rows, cols], in one pass; None for other models.

    Only the layers that a page holds are requested: all of a large model would fill the memory.
    """
    n_layers = len(session.wiring.attention)
    if not n_layers:
        return None
    rows, cols = session.wiring.grid or (1, 1)
    n_shown = min(n_layers, max(1, HEAD_CELLS // (session.count_heads() * rows * cols)))
    return LayerHeads(weights=read_heads(session, picture, last_layers=n_shown), first_layer=n_layers - n_shown)


def to_report_heat(
    attribution: Attribution,
    i: int,
    source: ChosenMethod,
    placement: Placement,
    *,
    faithfulness: Faithfulness | None = None,
    layer: int | None = None,
    head: int | None = None,
) -> ReportHeat:
    """The heat of picture ``i`` and its metadata, on the package's scale or else on that of these pictures."""
    heat = attribution.heat[i]
    about = Heatmap(
        method=attribution.method,
        label=attribution.label,
        grid=(int(heat.shape[0]), int(heat.shape[1])),
        peak_px=find_peak(heat, placement),
        scale_max=source.entry.scale_max or float(np.abs(attribution.heat).max()) or 1.0,
        signed=attribution.signed,
        layer=layer,
        head=head,
        faithfulness=faithfulness,
        family=source.method.family,
        notes=(*attribution.notes, *list_caveats(source.entry)),
    )
    return ReportHeat(heat=heat, about=about)


def list_caveats(entry: MethodEntry) -> tuple[Note, ...]:
    """What the package's card has readers keep in mind about every map of a method."""
    notes = [Note("TEXT", {"text": entry.reason})] if entry.reason else []
    if entry.validation == "failed":
        notes.append(Note("METHOD_FAILED_VALIDATION"))
    if entry.scale_max is None:
        notes.append(Note("SCALE_OF_SERIES"))
    return tuple(notes)
