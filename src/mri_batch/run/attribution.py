"""Heat on key slices: which methods, on what scale, how faithful, and where it peaks on the slice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.card import MethodEntry, ModelCard, Wiring
from mri_batch.errors import MethodAbsent, UsageError
from mri_batch.explain.base import Method
from mri_batch.explain.methods.attention import every_head
from mri_batch.explain.methods.gradcam import GradCAM
from mri_batch.explain.methods.rollout import Rollout
from mri_batch.explain.quality.faithfulness import QUICK, RandomOrders, judge_faithfulness
from mri_batch.explain.registry import available_methods, build_method, choose_default, load_methods
from mri_batch.model.session import Session
from mri_batch.placement import find_peak
from mri_batch.records import Attribution, Faithfulness, Heatmap, LayerHeads, ModelInput, ReportHeat

HEAD_CELLS = 1 << 16  # of single heads a page takes so many cells a series, about 70 kB; the last layers come first


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenMethod:
    """A method to run, and how the package has it."""

    method: Method
    entry: MethodEntry


def choose_methods(card: ModelCard, asked: Sequence[str]) -> tuple[tuple[ChosenMethod, ...], tuple[str, ...]]:
    """Choose the methods to draw, and say in notes which of those asked for by name this model does not offer.

    ``auto`` is the model's default, with rollout beside it where the model has one; ``all`` is every method that it
    offers; ``none`` is none. Raises UsageError for a name that does not exist.
    """
    entries = {entry.method: entry for entry in available_methods(card)}
    names: dict[str, None] = {}
    for word in asked:
        names |= dict.fromkeys(_expand(word, card, entries))
    chosen, notes = [], []
    for name in names:
        try:
            chosen.append(ChosenMethod(method=build_method(name, card), entry=entries[name]))
        except MethodAbsent as error:
            notes.append(error.reason)
    return tuple(chosen), tuple(notes)


def check_method_names(asked: Sequence[str]) -> None:
    """Raise UsageError for a name that no model could offer, before a scan starts."""
    known = load_methods()
    for word in asked:
        if word not in known and word not in ("auto", "all", "none"):
            raise UsageError(
                f"no explanation method {word!r}",
                code="METHOD_UNKNOWN",
                hint=f"known: auto, all, none, {', '.join(known)}",
            )


def outputs_of_methods(card: ModelCard, asked: Sequence[str]) -> tuple[str, ...]:
    """Name outputs of the plain graph that are a chosen method's heat as it is, so that judging brings them along."""
    names = [_output_of(each.method, card.wiring) for each in choose_methods(card, asked)[0]]
    return tuple(dict.fromkeys(name for name in names if name))


def explain_pictures(
    session: Session,
    ready: ModelInput,
    label: int,
    chosen: Sequence[ChosenMethod],
    *,
    tested: Collection[int],
    known: Mapping[str, Float32],
) -> list[tuple[ReportHeat, ...]]:
    """Explain n prepared pictures for one label by each method: n tuples of heat, one for each method.

    The faithfulness of the heat is measured on the pictures whose rows are in ``tested``. ``known``: outputs of the
    plain graph for the n pictures, by name, as far as they are known already.
    """
    n = len(ready.placements)
    remembered = _Remembered(session, known)
    target = np.full(n, label, np.int64)
    orders = [RandomOrders() for _ in range(n)]  # shared by the methods: random orders cost the most
    shown: list[tuple[ReportHeat, ...]] = [() for _ in range(n)]
    for each in chosen:
        has_it = _output_of(each.method, session.wiring) in known
        told = each.method(remembered if has_it else session, ready.pixels, target)
        for i in range(n):
            score = None
            if i in tested:
                score = judge_faithfulness(session, ready.pixels[i], told.heat[i], label, orders[i], QUICK)
            shown[i] += (_show(told, i, each.entry, ready, score),)
    return shown


def explain_heads(session: Session, picture: Float32) -> LayerHeads | None:
    """Look into the layers and heads of a ViT for float32[1, c, rows, cols], in one pass; None for other models.

    Only the layers that a page holds are asked for: all of a large model would fill the memory.
    """
    n_layers = len(session.wiring.attention)
    if not n_layers:
        return None
    rows, cols = session.wiring.grid or (1, 1)
    n_shown = min(n_layers, max(1, HEAD_CELLS // (session.count_heads() * rows * cols)))
    return LayerHeads(weights=every_head(session, picture, last_layers=n_shown), first_layer=n_layers - n_shown)


class _Remembered:
    """A model whose outputs for some pictures are known: asked for them, it does not run."""

    def __init__(self, session: Session, known: Mapping[str, Float32]) -> None:
        self.labels, self.wiring = session.labels, session.wiring
        self.logits, self.gradients = session.logits, session.gradients
        self._known = known

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Mapping[str, Float32]:
        return {name: self._known[name] for name in names}


def _output_of(method: Method, wiring: Wiring) -> str | None:
    """Name the output of the plain graph that is the method's heat, or nothing."""
    if isinstance(method, GradCAM):
        return wiring.cam
    return wiring.rollout if isinstance(method, Rollout) and method.in_graph else None


def _show(
    told: Attribution, i: int, entry: MethodEntry, ready: ModelInput, faithfulness: Faithfulness | None
) -> ReportHeat:
    heat = told.heat[i]
    about = Heatmap(
        method=told.method,
        label=told.label,
        grid=(int(heat.shape[0]), int(heat.shape[1])),
        peak_px=find_peak(heat, ready.placements[i]),
        scale_max=entry.scale_max or float(np.abs(told.heat).max()) or 1.0,
        signed=told.signed,
        faithfulness=faithfulness,
        notes=(*told.notes, *list_caveats(entry), *_scale_caveat(entry)),
    )
    return ReportHeat(heat=heat, about=about)


def list_caveats(entry: MethodEntry) -> list[str]:
    """What a reader of any map of this method must know, by the package's card."""
    failed = ["this method failed its faithfulness tests on this model"] if entry.licence == "failed" else []
    return ([entry.reason] if entry.reason else []) + failed


def _scale_caveat(entry: MethodEntry) -> list[str]:
    return ["the scale is this series' own, as the package stores none"] if entry.scale_max is None else []


def _expand(word: str, card: ModelCard, entries: dict[str, MethodEntry]) -> list[str]:
    offered = [name for name, entry in entries.items() if entry.available]
    if word == "none":
        return []
    if word == "all":
        return offered
    if word == "auto":
        return [choose_default(card), *(name for name in ("rollout",) if name in offered)]
    return [word]
