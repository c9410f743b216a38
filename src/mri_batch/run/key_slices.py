"""What a report shows of a judged study: which slices, and the heat on the key slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float32, Uint8
from mri_batch.model.decide import choose_key_slices
from mri_batch.model.prepare import prepare_placed
from mri_batch.model.session import Session
from mri_batch.records import KeySlice, ReportSlice, StudyResult
from mri_batch.run.attribution import choose_methods, explain_heads, explain_pictures
from mri_batch.run.inference import SeriesInference
from mri_batch.settings import FaithfulnessOf, ScanSettings

SHOWN_SLICES = 200  # a page holds at most this many pictures; the choice beyond is stated on it


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSlices:
    """The slices of a study that its report shows, key slices with heat; the others are read when asked for."""

    judged: tuple[SeriesInference, ...]
    keys: dict[int, ReportSlice]
    chosen: frozenset[int]
    result: StudyResult
    session: Session
    notes: tuple[str, ...] = ()

    def told(self) -> tuple[KeySlice, ...]:
        """Return what the result tells of the key slices."""
        label_at = {label: k for k, label in enumerate(self.result.labels)}
        told = []
        for index, key in sorted(self.keys.items()):
            answer = self.result.slices[index]
            told.append(
                KeySlice(
                    index=index,
                    file=answer.file,
                    frame=answer.frame,
                    label=answer.label,
                    probability=answer.probabilities[label_at[answer.label]],
                    heatmaps=tuple(heat.about for heat in key.heats),
                )
            )
        return tuple(told)

    def key_slices(self) -> tuple[ReportSlice, ...]:
        """Return the key slices in order."""
        return tuple(self.keys[index] for index in sorted(self.keys))

    def slices(self) -> Iterator[ReportSlice]:
        """Yield all shown slices in order."""
        index = -1
        for judged in self.judged:
            for picture, placement in zip(judged.source, judged.placements, strict=True):
                index += 1
                if index in self.keys:
                    yield self.keys[index]
                elif index in self.chosen:
                    yield ReportSlice(index=index, picture=picture, placement=placement)


def plan_report_slices(
    judged: Sequence[SeriesInference], result: StudyResult, settings: ScanSettings, session: Session
) -> ReportSlices:
    """Choose the slices to show and explain the key slices among them."""
    keys: dict[int, ReportSlice] = {}
    notes: dict[str, None] = {}
    first = 0
    for series, answer in zip(judged, result.series, strict=True):
        label = session.labels.index(answer.label)
        picked = choose_key_slices(series.probabilities, label, settings.max_key_slices)
        for shown in _explain(series, picked, label, first, settings, session, notes):
            keys[shown.index] = shown
        first += len(series.origins)
    chosen = _choose_slices(first, frozenset(keys))
    if len(chosen) < first:
        notes[f"{len(chosen)} of {first} slices are shown: the key slices and an even choice of the others"] = None
    return ReportSlices(
        judged=tuple(judged), keys=keys, chosen=chosen, result=result, session=session, notes=tuple(notes)
    )


def _explain(
    judged: SeriesInference,
    picked: Sequence[int],
    label: int,
    first: int,
    settings: ScanSettings,
    session: Session,
    notes: dict[str, None],
) -> Iterator[ReportSlice]:
    """Explain the key slices of a series, by their numbers in it in order."""
    pictures = {i: picture for i, picture in enumerate(judged.source) if i in set(picked)}
    ready = prepare_placed(pictures.values(), [judged.placements[i] for i in picked], session.card.preprocessing)
    likely = judged.probabilities[list(picked), label]
    chosen, absent = choose_methods(session.card, settings.explain)
    notes |= dict.fromkeys(absent)
    tested = _choose_tested(likely, settings.faithfulness)
    known = {name: values[list(picked)] for name, values in judged.kept.items()}
    heats = explain_pictures(session, ready, label, chosen, tested=tested, known=known)
    loudest = int(np.argmax(likely)) if chosen else None
    for row, (i, picture) in enumerate(pictures.items()):
        yield ReportSlice(
            index=first + i,
            picture=picture,
            placement=ready.placements[row],
            heats=heats[row],
            prepared=_seen(ready.pixels[row], session),
            heads=explain_heads(session, ready.pixels[row : row + 1]) if row == loudest else None,
        )


def _choose_tested(likely: Float32, of: FaithfulnessOf) -> frozenset[int]:
    """Choose the rows whose heat is tested: all, none, or the slice that speaks loudest for the series."""
    if of == "top":
        return frozenset({int(np.argmax(likely))})
    return frozenset(range(len(likely)) if of == "all" else ())


def _seen(pixels: np.ndarray, session: Session) -> Uint8:
    """Return what the model saw as a picture: uint8[rows, cols], or [rows, cols, 3] for colour models."""
    p = session.card.preprocessing
    spread = np.moveaxis(pixels, 0, -1) * np.array(p.std, np.float32) + np.array(p.mean, np.float32)
    seen: Uint8 = (np.clip(spread, 0, 1) * 255 + 0.5).astype(np.uint8)
    return seen if p.colour == "rgb" else seen[:, :, 0]


def _choose_slices(n: int, keys: frozenset[int]) -> frozenset[int]:
    if n <= SHOWN_SLICES:
        return frozenset(range(n))
    spread = np.linspace(0, n - 1, max(SHOWN_SLICES - len(keys), 0)).round().astype(int).tolist()
    return keys | frozenset(spread)
