"""Results: calibrated predictions for slices, series and studies."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mri_batch.notes import Note
from mri_batch.records.files import FileCounts, FileRecord, FileStatus
from mri_batch.records.heat import Heatmap
from mri_batch.records.series import SeriesInfo


class StudyStatus(StrEnum):
    """What became of a study."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class Verdict(StrEnum):
    """What a reader should do with the model's output."""

    REPORT = "report"
    CAUTION = "caution"
    ABSTAIN = "abstain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A calibrated answer for one slice, series or study. ``probabilities`` follow the card's labels."""

    probabilities: tuple[float, ...]
    label: str
    prediction_set: tuple[str, ...]
    verdict: Verdict
    reasons: tuple[Note, ...] = ()

    @property
    def probability(self) -> float:
        """The probability of the label."""
        return max(self.probabilities)


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceResult:
    """The calibrated answer for one slice."""

    file: str
    frame: int
    series_id: str
    label: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySlice:
    """A slice that the report shows, with its heatmaps. ``index`` points into the study's slices."""

    index: int
    file: str
    frame: int
    label: str
    probability: float
    heatmaps: tuple[Heatmap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesResult:
    """The calibrated answer for one series. ``reason``: why the series was used."""

    series_id: str
    n_slices: int
    label: str
    probabilities: tuple[float, ...]
    info: SeriesInfo = field(default_factory=SeriesInfo)
    reason: Note | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """What became of one study; no arrays. ``code``, ``reason`` and ``hint`` where it is not done.

    ``deciding``: indices of the slices that the answer rests on. ``patient``: keyword and value of tags that name the
    patient, only where that was asked for.
    """

    study_id: str
    source: str
    kind: str
    key: str
    status: StudyStatus
    code: str = ""
    reason: Note | None = None
    hint: Note | None = None
    labels: tuple[str, ...] = ()
    model_name: str = ""
    model_version: str = ""
    model_sha256: str = ""
    prediction: Prediction | None = None
    series: tuple[SeriesResult, ...] = ()
    slices: tuple[SliceResult, ...] = ()
    deciding: tuple[int, ...] = ()
    key_slices: tuple[KeySlice, ...] = ()
    files: tuple[FileRecord, ...] = ()
    notes: tuple[Note, ...] = ()
    patient: tuple[tuple[str, str], ...] = ()
    timings_ms: tuple[tuple[str, float], ...] = ()

    @property
    def n_files(self) -> FileCounts:
        """Its files by what became of them."""
        status = [f.status for f in self.files]
        return FileCounts(
            used=status.count(FileStatus.USED),
            skipped=status.count(FileStatus.SKIPPED),
            failed=status.count(FileStatus.FAILED),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSummary:
    """Counts over a whole scan; owns the exit code."""

    done: int = 0
    skipped: int = 0
    failed: int = 0
    resumed: int = 0
    files: FileCounts = field(default_factory=FileCounts)
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 all done, 3 no readable study, 4 some failed, 5 all failed, 130 interrupted."""
        if self.interrupted:
            return 130
        if self.done == 0 and self.failed == 0:
            return 3
        if self.failed and not self.done:
            return 5
        return 4 if self.failed else 0
