"""Without scripts, on paper, and for people who do not see or point."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.browser.pilot import Pilot


def test_study_reads_without_scripts(scriptless: Pilot, site: Path) -> None:
    """Key slices as pictures with overlay; controls that would do nothing are not shown."""
    scriptless.open(site / "studies/st-two/report.html")
    assert "Scripts are off" in scriptless.text("main")
    assert scriptless.visible("img.still")
    assert not scriptless.visible("#viewer")
    assert not scriptless.visible("#help-open")
    assert "output is glioma" in scriptless.text("main")
    assert "FILE_TRUNCATED" in scriptless.text("main")


def test_list_reads_without_scripts(scriptless: Pilot, site: Path) -> None:
    """Rows and thumbnails are in the page itself."""
    scriptless.open(site / "index.html")
    assert len(scriptless.driver.find_elements("css selector", "#rows tr")) == 5
    assert scriptless.visible("#row-0 img")
    assert not scriptless.visible("#filter")
    scriptless.click("#row-0 a")
    assert "output is glioma" in scriptless.text("main")


def test_every_printed_page_says_that_it_is_for_research(pilot: Pilot, site: Path) -> None:
    """Top and bottom of each page, in dark mode too; the viewer is left out, the pictures are there."""
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    pilot.open(site / "studies/st-two/report.html")
    pilot.forget()
    pilot.emulate("dark")
    paper = pypdf.PdfReader(io.BytesIO(pilot.print()))
    pilot.emulate("light")
    assert len(paper.pages) >= 2
    for page in paper.pages:
        words = " ".join(page.extract_text().split())
        assert words.count("For research use only; not a medical device") == 2
    whole = " ".join(page.extract_text() for page in paper.pages)
    assert "Opacity" not in whole
    assert "No better than chance" not in whole  # stands with the maps that are folded away
    assert sum(len(page.images) for page in paper.pages) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["studies/st-two/report.html", "studies/st-0009/report.html", "index.html"])
def test_axe_finds_no_serious_violation(pilot: Pilot, site: Path, page: str, scheme: str) -> None:
    """WCAG A and AA by axe-core: nothing serious or critical."""
    axe = pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    pilot.open(site / page)
    pilot.forget()
    pilot.emulate(scheme)
    pilot.run((Path(axe.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = pilot.driver.execute_async_script(
        "var done = arguments[0]; axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}).then(done)"
    )
    pilot.emulate("light")
    serious = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in serious] == []
