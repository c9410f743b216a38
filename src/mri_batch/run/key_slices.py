"""The slices that a study's report shows, with heat on the key slices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from mri_batch.arrays import Float32, Uint8
from mri_batch.card import ModelCard
from mri_batch.explain.registry import choose_methods
from mri_batch.model.decide import choose_key_slices, measure_evidence
from mri_batch.model.prepare import prepare_placed
from mri_batch.model.session import Session
from mri_batch.notes import Note
from mri_batch.placement import Placement
from mri_batch.records import KeySlice, ReportSlice, SeriesResult, Slice, StudyResult
from mri_batch.run.attribution import explain_heads, explain_pictures
from mri_batch.run.inference import SeriesInference
from mri_batch.run.slice_store import SliceStore
from mri_batch.settings import FaithfulnessOf, ScanSettings

SHOWN_SLICES = 200  # pictures on a page at most; where there are more, a note says which are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSlices:
    """The slices of a study that its report shows, by index in the study: ``keys`` with heat, the ``others`` without.

    ``placements`` are those of all slices of the study. ``notes``: what the result should say about the choice.
    """

    keys: Mapping[int, ReportSlice]
    others: SliceStore
    placements: Sequence[Placement]
    notes: tuple[Note, ...] = ()

    def key_slices(self) -> tuple[ReportSlice, ...]:
        """Return the key slices in order."""
        return tuple(self.keys[index] for index in sorted(self.keys))

    def key_results(self, result: StudyResult) -> tuple[KeySlice, ...]:
        """Return the records of the key slices in a study's result."""
        records = []
        for key in self.key_slices():
            of_slice = result.slices[key.index]
            records.append(
                KeySlice(
                    index=key.index,
                    file=of_slice.file,
                    frame=of_slice.frame,
                    label=of_slice.label,
                    probability=of_slice.probabilities[result.labels.index(of_slice.label)],
                    heatmaps=tuple(heat.about for heat in key.heats),
                )
            )
        return tuple(records)

    def slices(self) -> Iterator[ReportSlice]:
        """Yield all shown slices in order."""
        for index in sorted({*self.keys, *self.others}):
            if index in self.keys:
                yield self.keys[index]
            else:
                yield ReportSlice(index=index, picture=self.others[index], placement=self.placements[index])


def plan_report_slices(
    series: Sequence[SeriesInference],
    result: StudyResult,
    settings: ScanSettings,
    session: Session,
    store: SliceStore,
) -> ReportSlices:
    """Choose the slices to show, and explain the key slices among them; the others are put into ``store``.

    Key slices are chosen among the slices that decided: for a finding those that speak for it most, for the background
    label the most suspicious ones.

    Series that are not in memory are decoded once more, for both.
    """
    most = settings.max_key_slices
    firsts = [0, *accumulate(len(each.origins) for each in series)]
    labels = [session.labels.index(of_series.label) for of_series in result.series]
    evidence = [_find_evidence(of_series, result, session.card) for of_series in result.series]
    picked = [
        choose_key_slices(values, [i - first for i in result.deciding if 0 <= i - first < len(values)], most)
        for values, first in zip(evidence, firsts, strict=False)
    ]
    key_indices = frozenset(first + i for first, rows in zip(firsts, picked, strict=False) for i in rows)
    shown = _choose_shown(firsts[-1], key_indices)
    keys: dict[int, ReportSlice] = {}
    for each, label, rows, first, values in zip(series, labels, picked, firsts, evidence, strict=False):
        pictures = _sort_out(each, rows, first, shown, store)
        for key in _explain_series(each, pictures, label, values, first, settings, session):
            keys[key.index] = key
    notes = list(choose_methods(session.card, settings.explain).absent)
    if len(shown) < firsts[-1]:
        notes.append(Note("SLICES_SHOWN", {"n": len(shown), "total": firsts[-1]}))
    placements = [placement for each in series for placement in each.placements]
    return ReportSlices(keys=keys, others=store, placements=placements, notes=tuple(notes))


def _find_evidence(series: SeriesResult, result: StudyResult, card: ModelCard) -> Float32:
    """How much each slice of a series speaks for the series' label: float32[n]."""
    own = [one.probabilities for one in result.slices if one.series_id == series.series_id]
    return measure_evidence(np.array(own, np.float32), card.labels.index(series.label), card)


def _sort_out(
    series: SeriesInference, picked: Sequence[int], first: int, shown: frozenset[int], store: SliceStore
) -> dict[int, Slice]:
    """Return the key slices by row in the series; those that are only shown go into the store."""
    keys = {}
    for i, picture in enumerate(series.iter_pictures()):
        if i in picked:
            keys[i] = picture
        elif first + i in shown and series.pictures is not None:
            store.hold(first + i, picture)
        elif first + i in shown:
            store.add(first + i, picture)
    return keys


def _explain_series(
    series: SeriesInference,
    pictures: Mapping[int, Slice],
    label: int,
    evidence: Float32,
    first: int,
    settings: ScanSettings,
    session: Session,
) -> Iterator[ReportSlice]:
    """Explain key slices, by row in the series, whose first slice has the index ``first`` in the study.

    ``evidence`` float32[n] of the series' slices: single heads are shown, and heat is tested, where it is strongest.
    """
    rows = list(pictures)
    ready = prepare_placed(pictures.values(), [series.placements[i] for i in rows], session.card.preprocessing)
    strength = evidence[rows]
    chosen = choose_methods(session.card, settings.explain).chosen
    tested = _choose_tested(strength, settings.faithfulness)
    known = {name: values[rows] for name, values in series.outputs.items()}
    heats = explain_pictures(session, ready, label, chosen, tested=tested, known=known)
    strongest = int(np.argmax(strength)) if chosen else None
    for row, (i, picture) in enumerate(pictures.items()):
        yield ReportSlice(
            index=first + i,
            picture=picture,
            placement=ready.placements[row],
            heats=heats[row],
            prepared=_to_picture(ready.pixels[row], session),
            heads=explain_heads(session, ready.pixels[row : row + 1]) if row == strongest else None,
        )


def _choose_tested(strength: Float32, of: FaithfulnessOf) -> frozenset[int]:
    """Choose the rows whose heat is tested: all, none, or the slice of the strongest evidence."""
    if of == "top":
        return frozenset({int(np.argmax(strength))})
    return frozenset(range(len(strength)) if of == "all" else ())


def _to_picture(pixels: Float32, session: Session) -> Uint8:
    """Return the model's input as a picture: uint8[rows, cols], or [rows, cols, 3] for colour models."""
    p = session.card.preprocessing
    spread = np.moveaxis(pixels, 0, -1) * np.array(p.std, np.float32) + np.array(p.mean, np.float32)
    picture: Uint8 = (np.clip(spread, 0, 1) * 255 + 0.5).astype(np.uint8)
    return picture if p.colour == "rgb" else picture[:, :, 0]


def _choose_shown(n: int, keys: frozenset[int]) -> frozenset[int]:
    if n <= SHOWN_SLICES:
        return frozenset(range(n))
    spread = np.linspace(0, n - 1, max(SHOWN_SLICES - len(keys), 0)).round().astype(int).tolist()
    return keys | frozenset(spread)
