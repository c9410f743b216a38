"""A real Chromium over pages on disk; everything here is skipped, with the reason, where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mri_batch.records import ReportSlice, StudyResult, Verdict
from mri_batch.report.schema import dump_result
from mri_batch.report.study.bundle import write_pieces
from mri_batch.report.study.page import render_study
from mri_batch.report.worklist import write_index
from tests.browser.pilot import Pilot
from tests.report.studies import (
    CARD,
    every_head,
    failed_result,
    head_slice,
    shown_slices,
    skipped_result,
    spot_heat,
    study_result,
    whole_placement,
)

TURNS = [(mirrored, turns) for mirrored in (False, True) for turns in range(4)]


@pytest.fixture(scope="session")
def chromium() -> tuple[str, str]:
    """Where the browser and its driver are."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed")
    return browser, driver


@pytest.fixture(scope="session")
def pilot(chromium: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pilot]:
    """A browser with scripts on."""
    with Pilot.start(*chromium, tmp_path_factory.mktemp("browser"), scripts=True) as started:
        yield started


@pytest.fixture(scope="session")
def scriptless(chromium: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pilot]:
    """A browser with scripts off."""
    with Pilot.start(*chromium, tmp_path_factory.mktemp("scriptless"), scripts=False) as started:
        yield started


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished scan's folder: a study of two series, one of every placement, one in depth, a failure and a skip."""
    out = tmp_path_factory.mktemp("site")
    results = [
        _write(out, _two_series(), shown_slices(9, keys=(2, 4, 7))),
        _write(out, study_result(_every_placement(), study_id="st-turns", source="turns"), _every_placement()),
        _write(out, study_result(_ramp(), study_id="st-depth", source="depth", verdict=Verdict.REPORT), _ramp()),
        _write(out, failed_result(), None),
        _write(out, skipped_result(), None),
    ]
    write_index(out, results, {"version": "0"}, lang="en")
    _write(out, study_result(_with_heads(), study_id="st-heads", source="heads"), _with_heads())
    return out


def _write(out: Path, result: StudyResult, shown: list[ReportSlice] | None) -> StudyResult:
    folder = out / "studies" / result.study_id
    folder.mkdir(parents=True)
    if shown is not None:
        write_pieces(folder / "pieces.zip", shown)
    pieces = folder / "pieces.zip" if shown is not None else None
    (folder / "report.html").write_text(render_study(result, pieces, CARD, lang="en"), "utf-8", newline="\n")
    (folder / "result.json").write_text(dump_result(result), "utf-8", newline="\n")
    return result


def _two_series() -> StudyResult:
    result = study_result(shown_slices(9, keys=(2, 4, 7)), study_id="st-two", source="two series")
    slices = tuple(replace(s, series_id="se-1" if k < 6 else "se-2") for k, s in enumerate(result.slices))
    first = result.series[0]
    series = (
        replace(first, n_slices=6),
        replace(first, series_id="se-2", n_slices=3, label="pituitary"),
    )
    return replace(result, slices=slices, series=series)


def _every_placement() -> list[ReportSlice]:
    """One non-square slice and spot, laid down in all eight ways."""
    shown = []
    for at, (mirrored, turns) in enumerate(TURNS):
        picture = head_slice(at, size=(96, 128), spot=(30, 85), noise=0.0)
        placement = whole_placement(picture, mirrored=mirrored, quarter_turns=turns)
        heats = (spot_heat(placement, (30, 85), grid=(24, 24)),)
        shown.append(ReportSlice(index=at, picture=picture, placement=placement, heats=heats))
    return shown


def _with_heads() -> list[ReportSlice]:
    """Three slices, the middle one with single layers and heads, turned, so that geometry shows."""
    slices = []
    for at in range(3):
        picture = head_slice(at, size=(96, 128), spot=(30, 85), noise=0.0)
        placement = whole_placement(picture, mirrored=True, quarter_turns=1)
        heats = (spot_heat(placement, (60, 40)),) if at else ()
        heads = every_head(placement, (30, 85)) if at == 1 else None
        slices.append(ReportSlice(index=at, picture=picture, placement=placement, heats=heats, heads=heads))
    return slices


def _ramp() -> list[ReportSlice]:
    """A slice whose values rise by one from column to column, from 1,000 to 1,255."""
    picture = replace(
        head_slice(0), pixels=np.tile(np.arange(1000, 1256, dtype=np.float32), (256, 1)), window=(0.0, 4095.0)
    )
    return [ReportSlice(index=0, picture=picture, placement=whole_placement(picture))]
