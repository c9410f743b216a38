"""The work list in a real browser, small and large."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mri_batch.report.feedback import load_feedback
from mri_batch.report.worklist import write_index
from tests.browser.pilot import Pilot
from tests.report.studies import failed_result, shown_slices, study_result


@pytest.fixture(autouse=True)
def _closed(pilot: Pilot) -> Iterator[None]:
    """After each test: nothing was asked of the network."""
    yield
    assert pilot.asked_of_network() == []


@pytest.fixture
def work(pilot: Pilot, site: Path) -> Pilot:
    """The small list, freshly opened."""
    pilot.open(site / "index.html")
    pilot.forget()
    return pilot


def _rows(pilot: Pilot) -> list[int]:
    rows: list[int] = pilot.run("return Array.from(document.querySelectorAll('#rows tr')).map(r => +r.id.slice(4))")
    return rows


def test_thumbnails_are_drawn(work: Pilot) -> None:
    """The policy lets the page show the pictures beside it."""
    work.until(lambda: work.run("return document.querySelector('#row-0 img').naturalWidth") > 50)
    assert work.complaints() == []


def test_filter_facets_and_order_are_kept_in_the_address(work: Pilot) -> None:
    """A link brings back what was looked at; clearing gives the order of the input."""
    assert _rows(work) == [0, 1, 2, 3, 4]
    work.find("#filter").send_keys("TURNS")
    work.until(lambda: _rows(work) == [1])
    assert work.run("return location.hash") == "#q=TURNS"
    work.click("#clear")
    assert _rows(work) == [0, 1, 2, 3, 4]
    work.click("#facet-status [data-value=failed]")
    work.click("#facet-status [data-value=skipped]")
    assert _rows(work) == [3, 4]
    assert work.find("#facet-status [data-value=failed]").get_attribute("aria-pressed") == "true"
    work.driver.refresh()
    assert _rows(work) == [3, 4]
    work.click("#facet-status [data-value=skipped]")
    assert _rows(work) == [3]
    work.click("#clear")
    work.choose("#sort", "name")
    assert _rows(work) == [2, 1, 0, 3, 4]
    assert work.run("return location.hash") == "#sort=source"


def test_filter_that_matches_nothing_says_so(work: Pilot) -> None:
    """An empty list is explained."""
    work.find("#filter").send_keys("zebra")
    work.until(lambda: work.visible("#nothing"))
    assert _rows(work) == []


def test_keys_move_and_open(work: Pilot) -> None:
    """/ to the filter, j and k along the rows, Enter opens, Back comes back to the row."""
    work.press("/")
    assert work.run("return document.activeElement.id") == "filter"
    work.press("j", "j", "j", "k")
    assert work.run("return document.querySelector('tr.current').id") == "row-1"
    work.driver.switch_to.active_element.send_keys("\ue007")
    work.until(lambda: "st-turns" in work.driver.current_url)
    work.driver.back()
    work.until(lambda: work.run("return (document.querySelector('tr.current') || {}).id") == "row-1")


def test_row_made_by_the_page_is_the_row_of_the_server(work: Pilot) -> None:
    """Filtering does not change what a row says."""
    served = [work.text(f"#row-{k}") for k in range(5)]
    work.click("#facet-status [data-value=done]")
    work.click("#facet-status [data-value=done]")
    assert [work.text(f"#row-{k}") for k in range(5)] == served


def test_feedback_is_kept_and_saved_as_one_file(work: Pilot, site: Path) -> None:
    """What the study page and the list collected, readable by the tool."""
    work.click("#row-0 input[value=agree]")
    work.click("#row-0 input[value=unsure]")
    work.type("#row-0 input[type=text]", "<b>& maybe")
    assert not work.find("#row-0 input[value=agree]").is_selected()
    work.open(site / "studies/st-turns/report.html")
    work.click("input[name=answer][value=disagree]")
    work.open(site / "index.html")
    assert work.find("#row-0 input[value=unsure]").is_selected()
    assert work.find("#row-1 input[value=disagree]").is_selected()
    assert work.text("#feedback-count") == "Answered: 2"
    work.click("#save-feedback")
    saved = work.downloads / "feedback.json"
    work.until(saved.exists)
    opinions = load_feedback(saved)
    assert [(o.study_id, o.answer, o.note) for o in opinions] == [
        ("st-two", "unsure", "<b>& maybe"),
        ("st-turns", "disagree", ""),
    ]
    assert json.loads(saved.read_text("utf-8"))["schema_version"] == 1


@pytest.mark.parametrize("n", [1000, 5000])
def test_large_list_is_filtered_over_all_pages(pilot: Pilot, tmp_path: Path, n: int) -> None:
    """500 rows are drawn at a time, whatever the list's length; the filter knows all of them."""
    done = study_result(shown_slices(1, keys=(0,), size=(16, 16)))
    results = [
        replace(done if k % 10 else failed_result(), study_id=f"st-{k}", key=f"k{k}", source=f"ward {k % 7}/p {k}")
        for k in range(n)
    ]
    write_index(tmp_path, results, {}, lang="en")
    pilot.open(tmp_path / "index.html")
    assert _rows(pilot) == list(range(500))
    assert f"1 to 500 of {n:,}" in pilot.text("#showing")
    pilot.open(tmp_path / "index.html", f"#q=p%20{n - 3}")
    assert _rows(pilot) == [n - 3]
    pilot.open(tmp_path / "index.html", "#status=failed&sort=probability")
    assert _rows(pilot) == list(range(0, n, 10))[:500]
    pilot.open(tmp_path / "index.html", "#page=2")
    assert _rows(pilot) == list(range(500, 1000))
    pilot.click("#pages a")
    pilot.until(lambda: _rows(pilot)[0] == 0)
    assert (tmp_path / "index-2.html").exists()
