"""Inference on the slices of a series: each is decoded once and goes through the model once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.arrays import Float32, Float64, Outputs
from mri_batch.model.decide import calibrate
from mri_batch.model.gate import Gate
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.notes import Note
from mri_batch.placement import Placement
from mri_batch.prefetch import prefetch
from mri_batch.read.decode.slices import iter_slices
from mri_batch.read.orientation import distance_mm
from mri_batch.records import FileRecord, FoundFile, ModelInput, Series, SeriesInfo, Slice
from mri_batch.settings import ReadLimits

KEPT_BYTES = 64 << 20  # of a study's slices stay in memory for its report; series beyond are decoded once more


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesInference:
    """A series and the model's answer for each of its n readable slices.

    ``probabilities``: calibrated, float32[n, k]; ``gate_scores``: float32[n], empty without a gate; ``outputs``:
    further outputs of the same passes, by name, first axis n; ``placements``: where the model looked;
    ``positions_mm``: float64[n] along the slices' normal, None where neither positions nor spacing are known.
    ``unreadable``: the files without a usable slice. ``pictures``: all n slices, where they fit in memory.
    """

    series: Series
    limits: ReadLimits
    origins: tuple[tuple[FoundFile, int], ...]
    placements: tuple[Placement, ...]
    probabilities: Float32
    gate_scores: Float32
    outputs: Outputs
    notes: tuple[Note, ...]
    unreadable: tuple[FileRecord, ...]
    positions_mm: Float64 | None
    pictures: tuple[Slice, ...] | None

    @property
    def kept_bytes(self) -> int:
        """Bytes of the slices in memory."""
        return sum(picture.pixels.nbytes for picture in self.pictures or ())

    def iter_pictures(self) -> Iterator[Slice]:
        """Yield the n slices in order: those in memory, or decoded once more."""
        if self.pictures is not None:
            yield from self.pictures
            return
        for item in iter_slices(self.series, limits=self.limits):
            if isinstance(item, Slice):
                yield item


class _Decoder:
    """Decodes a series once, on the prefetching thread; keeps all of its slices or, past ``room_bytes``, none."""

    def __init__(self, series: Series, limits: ReadLimits, room_bytes: int) -> None:
        self._series, self._limits, self._room_bytes = series, limits, room_bytes
        self._kept: list[Slice] = []
        self.fits = True
        self.unreadable: list[FileRecord] = []

    def __iter__(self) -> Iterator[Slice]:
        for item in iter_slices(self._series, limits=self._limits):
            if isinstance(item, FileRecord):
                self.unreadable.append(item)
                continue
            self._keep(item)
            yield item

    @property
    def kept(self) -> tuple[Slice, ...] | None:
        """All slices, once decoded; None where they do not fit."""
        return tuple(self._kept) if self.fits else None

    def _keep(self, picture: Slice) -> None:
        self._room_bytes -= picture.pixels.nbytes
        self.fits = self.fits and self._room_bytes >= 0
        if self.fits:
            self._kept.append(picture)
        else:
            self._kept.clear()  # all or none: a series that does not fit is decoded again as a whole


def infer_series(
    series: Series,
    session: Session,
    gate: Gate | None,
    limits: ReadLimits,
    *,
    keep: Sequence[str] = (),
    room_bytes: int = KEPT_BYTES,
) -> SeriesInference:
    """Decode a series and run the model over it batch by batch; the next batch is decoded while the model runs.

    ``keep`` names further outputs of the plain graph to collect; ``room_bytes`` of slices may stay in memory. A series
    without a readable slice has n = 0.
    """
    decoder = _Decoder(series, limits, room_bytes)
    origins: list[tuple[FoundFile, int]] = []
    placements: list[Placement] = []
    distances_mm: list[float | None] = []
    notes: dict[Note, None] = {}
    probabilities = [np.zeros((0, len(session.labels)), np.float32)]
    scores = [np.zeros(0, np.float32)]
    collected: list[Outputs] = []
    for batch, ready in prefetch(_iter_prepared(decoder, session)):
        origins += [(picture.file, picture.frame) for picture in batch]
        placements += ready.placements
        distances_mm += [distance_mm(picture.orientation or (), picture.position_mm or ()) for picture in batch]
        notes.update(dict.fromkeys(note for picture in batch for note in picture.notes))
        outputs = session.outputs(ready.pixels, _name_outputs(session, gate, keep))
        probabilities.append(calibrate(outputs[session.wiring.logits], session.card))
        if gate is not None and session.wiring.features:
            scores.append(gate.score(outputs[session.wiring.features]))
        collected.append({name: outputs[name] for name in keep})
    return SeriesInference(
        series=series,
        limits=limits,
        origins=tuple(origins),
        placements=tuple(placements),
        probabilities=np.concatenate(probabilities),
        gate_scores=np.concatenate(scores),
        outputs={name: np.concatenate([part[name] for part in collected]) for name in keep if collected},
        notes=tuple(notes),
        unreadable=tuple(decoder.unreadable),
        positions_mm=place_slices(distances_mm, series.info),
        pictures=decoder.kept,
    )


def place_slices(distances_mm: Sequence[float | None], info: SeriesInfo) -> Float64 | None:
    """Positions of n slices in mm: float64[n].

    ``distances_mm`` along the normal, or by the spacing between slices where one of them is unknown; None without it.
    """
    known = [distance for distance in distances_mm if distance is not None]
    if len(known) == len(distances_mm):
        return np.array(known, np.float64)
    spacing_mm = info.slice_spacing_mm or info.spacing_between_slices_mm or info.slice_thickness_mm
    return np.arange(len(distances_mm), dtype=np.float64) * np.float64(spacing_mm) if spacing_mm else None


def _name_outputs(session: Session, gate: Gate | None, keep: Sequence[str]) -> tuple[str, ...]:
    features = session.wiring.features if gate is not None else None
    return tuple(dict.fromkeys((session.wiring.logits, *([features] if features else []), *keep)))


def _iter_prepared(pictures: Iterable[Slice], session: Session) -> Iterator[tuple[list[Slice], ModelInput]]:
    for batch in _batched(pictures, session.batch_size):
        yield batch, prepare(batch, session.card.preprocessing)


def _batched(pictures: Iterable[Slice], size: int) -> Iterator[list[Slice]]:
    batch: list[Slice] = []
    for picture in pictures:
        batch.append(picture)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
