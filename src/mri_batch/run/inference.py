"""The slices of a series, and the model's answer for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.model.decide import calibrate
from mri_batch.model.gate import Gate
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.notes import Note
from mri_batch.placement import Placement
from mri_batch.prefetch import prefetch
from mri_batch.read.decode.slices import iter_slices
from mri_batch.records import FileRecord, FoundFile, ModelInput, Series, Slice
from mri_batch.settings import ReadLimits

KEPT_BYTES = 64 << 20  # of a study's slices kept between judging and showing; series beyond are read again


class SliceSource:
    """The readable slices of one series, in order; kept in memory while they fit and read again where they do not."""

    def __init__(self, series: Series, limits: ReadLimits, room_bytes: int) -> None:
        self.series = series
        self.problems: tuple[FileRecord, ...] = ()
        self._limits, self._room_bytes = limits, room_bytes
        self._kept: list[Slice] | None = None

    def __iter__(self) -> Iterator[Slice]:
        """Yield each slice; after a full pass ``problems`` lists the files that could not be used."""
        return iter(self._kept) if self._kept is not None else self._read()

    @property
    def kept_bytes(self) -> int:
        """Bytes of the slices in memory."""
        return sum(picture.pixels.nbytes for picture in self._kept or ())

    def forget(self) -> None:
        """Let go of the slices in memory; they are read again where they are asked for."""
        self._kept = None

    def _read(self) -> Iterator[Slice]:
        problems, kept, size_bytes = [], [], 0
        for item in iter_slices(self.series, limits=self._limits):
            if isinstance(item, FileRecord):
                problems.append(item)
                continue
            size_bytes += item.pixels.nbytes
            if size_bytes <= self._room_bytes:
                kept.append(item)
            else:
                kept.clear()  # all or none: these would only fill the memory
            yield item
        self.problems = tuple(problems)
        if size_bytes <= self._room_bytes:
            self._kept = kept


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesInference:
    """A series with an answer per slice: calibrated ``probabilities`` float32[n, k], ``gate_scores`` float32[n].

    ``placements``: where the model looked, n of them. ``kept``: further outputs of the same passes, by name.
    """

    source: SliceSource
    origins: tuple[tuple[FoundFile, int], ...]
    placements: tuple[Placement, ...]
    probabilities: Float32
    gate_scores: Float32
    kept: Mapping[str, Float32]
    notes: tuple[Note, ...]


def infer_series(
    series: Series,
    session: Session,
    gate: Gate | None,
    limits: ReadLimits,
    *,
    keep: Sequence[str] = (),
    room_bytes: int = KEPT_BYTES,
) -> SeriesInference:
    """Read a series and run the model over it, batch by batch; the next batch is read while the model runs.

    ``keep`` names outputs of the plain graph that are wanted besides; ``room_bytes`` of slices may stay in memory. A
    series without a readable slice has n = 0.
    """
    source = SliceSource(series, limits, room_bytes)
    origins: list[tuple[FoundFile, int]] = []
    placements: list[Placement] = []
    notes: dict[Note, None] = {}
    answers = [np.zeros((0, len(session.labels)), np.float32)]
    scores = [np.zeros(0, np.float32)]
    kept: dict[str, list[Float32]] = {name: [] for name in keep}
    for batch, ready in prefetch(_iter_ready(source, session)):
        origins += [(picture.file, picture.frame) for picture in batch]
        placements += ready.placements
        notes.update(dict.fromkeys(note for picture in batch for note in picture.notes))
        outputs = session.outputs(ready.pixels, _name_outputs(session, gate, keep))
        answers.append(calibrate(outputs[session.wiring.logits], session.card))
        if gate is not None and session.wiring.features:
            scores.append(gate.score(outputs[session.wiring.features]))
        for name in keep:
            kept[name].append(outputs[name])
    return SeriesInference(
        source=source,
        origins=tuple(origins),
        placements=tuple(placements),
        probabilities=np.concatenate(answers),
        gate_scores=np.concatenate(scores),
        kept={name: np.concatenate(parts) for name, parts in kept.items() if parts},
        notes=tuple(notes),
    )


def _name_outputs(session: Session, gate: Gate | None, keep: Sequence[str]) -> tuple[str, ...]:
    features = session.wiring.features if gate is not None else None
    return tuple(dict.fromkeys((session.wiring.logits, *([features] if features else []), *keep)))


def _iter_ready(pictures: SliceSource, session: Session) -> Iterator[tuple[list[Slice], ModelInput]]:
    for batch in _batched(pictures, session.batch_size):
        yield batch, prepare(batch, session.card.preprocessing)


def _batched(pictures: SliceSource, size: int) -> Iterator[list[Slice]]:
    batch: list[Slice] = []
    for picture in pictures:
        batch.append(picture)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
