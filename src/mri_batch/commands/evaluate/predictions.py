"""A model's predictions for labelled pictures: computed by the code that scans, or loaded from a finished scan."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float32, Int64
from mri_batch.dataset import Item, refuse_unreadable, to_found
from mri_batch.errors import Damaged, MriBatchError, UsageError
from mri_batch.model.gate import Gate
from mri_batch.model.session import Session
from mri_batch.progress import Progress
from mri_batch.records import Series
from mri_batch.report.schema.notes import text_of
from mri_batch.run.inference import infer_series
from mri_batch.settings import ReadLimits
from mri_batch.text import JsonObject

CHUNK = 64  # pictures between two calls of the progress callback


Scanned = dict[str, list[tuple[int, list[float]]]]  # by path: number of classes or frame, probabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """One row per slice: ``items``, calibrated ``probabilities`` float32[n, k], ``gate_scores`` float32[n].

    ``gate_scores`` has n = 0 where the model has no gate. A file of several frames has several rows.
    """

    labels: tuple[str, ...]
    items: tuple[Item, ...]
    frames: tuple[int, ...]
    probabilities: Float32
    gate_scores: Float32

    def __post_init__(self) -> None:
        n, k = len(self.items), len(self.labels)
        if self.probabilities.shape != (n, k) or len(self.frames) != n or len(self.gate_scores) not in (0, n):
            raise ValueError("predictions need one row for each item")

    @property
    def units(self) -> tuple[str, ...]:
        """Of whom each row is: n names, the patients where they are known."""
        return tuple(item.unit for item in self.items)

    @property
    def sources(self) -> npt.NDArray[np.str_]:
        """Source of each row: str[n]."""
        return np.array([item.source for item in self.items])

    @property
    def targets(self) -> Int64:
        """Index of the true label of each row: int64[n]."""
        at = {label: k for k, label in enumerate(self.labels)}
        return np.array([at[item.label] for item in self.items], np.int64)

    @property
    def predicted(self) -> Int64:
        """Index of the most probable label of each row: int64[n]."""
        top: Int64 = self.probabilities.argmax(axis=1)
        return top

    def take(self, rows: npt.NDArray[np.bool_]) -> Predictions:
        """Return the rows where ``rows`` bool[n] is true."""
        kept = np.flatnonzero(rows).tolist()
        return Predictions(
            labels=self.labels,
            items=tuple(self.items[i] for i in kept),
            frames=tuple(self.frames[i] for i in kept),
            probabilities=self.probabilities[kept],
            gate_scores=self.gate_scores[kept] if len(self.gate_scores) else self.gate_scores,
        )


def check_labels(items: Sequence[Item], labels: Sequence[str]) -> None:
    """Raise UsageError for items whose label the model does not have."""
    unknown = sorted({item.label for item in items} - set(labels))
    if unknown:
        raise UsageError(
            f"labels that the model does not know: {', '.join(unknown)}",
            code="DATASET_UNKNOWN_LABEL",
            hint=f"the model's are {', '.join(labels)}",
        )


def predict_items(items: Sequence[Item], session: Session, gate: Gate | None, progress: Progress) -> Predictions:
    """Run the model over labelled pictures with the code that scans.

    Raises UsageError, after all pictures, with those that cannot be read.
    """
    check_labels(items, session.labels)
    progress.started("pictures", len(items), len(items))
    rows: list[Item] = []
    frames: list[int] = []
    problems: list[MriBatchError | str] = []
    probabilities = [np.zeros((0, len(session.labels)), np.float32)]
    scores = [np.zeros(0, np.float32)]
    for chunk in _chunks(items, problems):
        by_id = {str(i): item for i, item in enumerate(chunk)}
        series = Series(series_id="", files=tuple(to_found(item.path, key) for key, item in by_id.items()))
        inference = infer_series(series, session, gate, ReadLimits())
        problems += [f"{by_id[p.file_id].path.name}: {text_of(p.reason)}" for p in inference.unreadable]
        rows += [by_id[file.file_id] for file, _ in inference.origins]
        frames += [frame for _, frame in inference.origins]
        probabilities.append(inference.probabilities)
        scores.append(inference.gate_scores)
        progress.advanced(len(chunk))
    refuse_unreadable(problems)
    return Predictions(
        labels=session.labels,
        items=tuple(rows),
        frames=tuple(frames),
        probabilities=np.concatenate(probabilities),
        gate_scores=np.concatenate(scores),
    )


def load_predictions(scan: Path, items: Sequence[Item], labels: tuple[str, ...]) -> Predictions:
    """Load the predictions for labelled pictures from the files of a finished scan, which hold no gate scores.

    A slice belongs to the item whose path it ends with. Raises UsageError where pictures of the data set were not
    scanned.
    """
    check_labels(items, labels)
    found: Scanned = {}
    for study in _iter_studies(scan):
        for row in study["slices"]:
            numbers = [float(row["probabilities"][label]) for label in labels]
            found.setdefault(row["file"], []).append((int(row["frame"]), numbers))
    named = {item: _find_scanned(item, found) for item in items}
    lost = [item.name for item, name in named.items() if name is None]
    if lost:
        raise UsageError(
            f"{len(lost)} pictures of the data set are not in the scan: {', '.join(lost[:5])}",
            code="SCAN_INCOMPLETE",
            file=str(scan),
        )
    rows = [(item, *row) for item, name in named.items() if name is not None for row in sorted(found[name])]
    return Predictions(
        labels=labels,
        items=tuple(item for item, _, _ in rows),
        frames=tuple(frame for _, frame, _ in rows),
        probabilities=np.array([p for _, _, p in rows], np.float32).reshape(-1, len(labels)),
        gate_scores=np.zeros(0, np.float32),
    )


def _chunks(items: Sequence[Item], problems: list[MriBatchError | str]) -> Iterator[list[Item]]:
    """Yield items that can be opened, some at a time; the others go to ``problems``."""
    chunk: list[Item] = []
    for item in items:
        try:
            to_found(item.path, item.name)
        except Damaged as error:
            problems.append(error)
            continue
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _iter_studies(scan: Path) -> Iterator[JsonObject]:
    table = scan / "results.jsonl"
    try:
        lines = table.read_text("utf-8").splitlines()
        for line in lines:
            study = json.loads(line)
            if study["status"] == "done":
                yield json.loads((scan / "studies" / study["study_id"] / "result.json").read_text("utf-8"))
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"not a finished scan: {error}", code="SCAN_UNREADABLE", file=str(scan)) from error


def _find_scanned(item: Item, found: Scanned) -> str | None:
    name = item.name
    while name:
        if name in found:
            return name
        longer = f"{item.data_set}/{name}"
        if longer in found:
            return longer
        name = name.partition("/")[2]
    return None
