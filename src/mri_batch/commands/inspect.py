"""What a scan would read, without running the model and without writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mri_batch.model.package import read_package
from mri_batch.read.collect import collect
from mri_batch.read.series_choice import choose_series
from mri_batch.records import FileRecord, Study
from mri_batch.settings import ReadLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionCounts:
    """Counts over everything found; the last of an inspection."""

    used: int
    unused: int


# A study (its series chosen, its unused files with it), a file that belongs to none, and the counts at the end
Found = Study | FileRecord | InspectionCounts


def inspect(paths: Sequence[Path], out: Path | None, model: Path) -> Iterator[Found]:
    """Yield each study with the series that a scan would use, each file of no study, and the counts.

    ``model``: the package whose card chooses the series. ``out``: a folder to leave out.
    """
    card = read_package(model, check_digests=False).card
    used, unused = 0, 0
    with collect(paths, limits=ReadLimits(), avoid=out) as grouper:
        for study in grouper.iter_studies():
            chosen = choose_series(study, card)
            used += sum(len(series.files) for series in chosen.series)
            unused += len(chosen.unused)
            yield chosen
        for record in grouper.iter_leftovers():
            unused += 1
            yield record
    yield InspectionCounts(used=used, unused=unused)
