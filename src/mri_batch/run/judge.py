"""The slices of a series, and the model's answer for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.model.decide import Gate, calibrate
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.read.slices import iter_slices
from mri_batch.records import FileRecord, Float32, FoundFile, Series, Slice
from mri_batch.settings import ReadLimits

KEPT_BYTES = 128 << 20  # slices kept between judging and showing; a larger series is read again


class SliceSource:
    """The readable slices of one series, in order; kept in memory while they fit and read again where they do not."""

    def __init__(self, series: Series, limits: ReadLimits) -> None:
        self.series = series
        self.problems: tuple[FileRecord, ...] = ()
        self._limits = limits
        self._kept: list[Slice] | None = None

    def __iter__(self) -> Iterator[Slice]:
        """Yield each slice; after a full pass ``problems`` lists the files that could not be used."""
        return iter(self._kept) if self._kept is not None else self._read()

    def _read(self) -> Iterator[Slice]:
        problems, kept, size_bytes = [], [], 0
        for item in iter_slices(self.series, limits=self._limits):
            if isinstance(item, FileRecord):
                problems.append(item)
                continue
            size_bytes += item.pixels.nbytes
            if size_bytes <= KEPT_BYTES:
                kept.append(item)
            yield item
        self.problems = tuple(problems)
        if size_bytes <= KEPT_BYTES:
            self._kept = kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A series with an answer per slice: calibrated ``probabilities`` float32[n, k], ``gate_scores`` float32[n]."""

    source: SliceSource
    origins: tuple[tuple[FoundFile, int], ...]
    probabilities: Float32
    gate_scores: Float32
    notes: tuple[str, ...]


def judge_series(series: Series, session: Session, gate: Gate | None, limits: ReadLimits) -> Judged:
    """Read a series and run the model over it, batch by batch. A series without a readable slice has n = 0."""
    source = SliceSource(series, limits)
    origins: list[tuple[FoundFile, int]] = []
    notes: dict[str, None] = {}
    answers = [np.zeros((0, len(session.labels)), np.float32)]
    scores = [np.zeros(0, np.float32)]
    for batch in _batched(source, session.batch_size):
        origins += [(picture.file, picture.frame) for picture in batch]
        notes.update(dict.fromkeys(note for picture in batch for note in picture.notes))
        probabilities, distances = _answer(batch, session, gate)
        answers.append(probabilities)
        scores.append(distances)
    return Judged(
        source=source,
        origins=tuple(origins),
        probabilities=np.concatenate(answers),
        gate_scores=np.concatenate(scores),
        notes=tuple(notes),
    )


def _answer(batch: Sequence[Slice], session: Session, gate: Gate | None) -> tuple[Float32, Float32]:
    pixels = prepare(batch, session.card.preprocessing).pixels
    features = session.wiring.features if gate is not None else None
    names = (session.wiring.logits, features) if features else (session.wiring.logits,)
    outputs = session.outputs(pixels, names)
    distances = gate.score(outputs[features]) if gate is not None and features else np.zeros(0, np.float32)
    return calibrate(outputs[session.wiring.logits], session.card), distances


def _batched(pictures: SliceSource, size: int) -> Iterator[list[Slice]]:
    batch: list[Slice] = []
    for picture in pictures:
        batch.append(picture)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
