from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.read.folder_cases import CASES, FolderCase
from tests.read.reading import read_paths, read_slices


def test_folder_cases_are_forty_or_more_and_differ() -> None:
    """The table holds what was promised, under names that do not repeat."""
    assert len({case.name for case in CASES}) == len(CASES) >= 40


@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(" ", "-") for case in CASES])
def test_folder_is_read_as_expected(case: FolderCase, tmp_path: Path) -> None:
    """Studies, series, slices and each file's reason are those that the case's expectation says."""
    folder = tmp_path / "in"
    folder.mkdir()
    case.build(folder)
    outcome = read_paths(folder)
    read = [read_slices(series) for series in outcome.series]
    problems = itertools.chain.from_iterable(failures for _, failures in read)
    notes = [note for slices, _ in read for picture in slices for note in picture.notes]

    assert len(outcome.studies) == case.studies
    assert tuple(sorted(len(series.files) for series in outcome.series)) == case.series
    assert tuple(outcome.codes) == case.codes
    assert tuple(sorted(record.code for record in problems)) == case.unreadable
    assert outcome.n_accounted == outcome.n_met
    assert all(record.reason for record in outcome.unused)
    assert [why for study in outcome.studies for why in study.caution_reasons] == (
        [case.caution] if case.caution else []
    )
    if case.note:
        assert case.note in notes
        assert case.note in [note for series in outcome.series for note in series.info.notes]
