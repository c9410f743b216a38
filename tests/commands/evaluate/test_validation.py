"""Which methods may be shown without a warning, and what a package then says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mri_batch.checksums import SUMS
from mri_batch.commands.evaluate.evaluation import EvaluateSettings, Watch, evaluate
from mri_batch.commands.evaluate.heatmap_metrics import AHEAD, MapFigures, spread_out
from mri_batch.commands.evaluate.summary import Figure
from mri_batch.commands.evaluate.validation import Licence, judge, write_licences
from mri_batch.commands.evaluate.write import write_evaluation
from mri_batch.commands.explain import explain_one
from mri_batch.errors import OutputError
from mri_batch.model.package import read_package
from mri_batch.run.scan import Watch as ScanWatch
from mri_batch.run.scan import scan
from mri_batch.settings import ScanSettings
from tests.commands.evaluate.tiny import make_data, make_package

NOTE = "this method failed its faithfulness tests on this model"
SURE = Figure(value=0.5, low=0.2, high=0.8)


def measured(n: int = 40, n_faith: int = 20, changed: dict[str, Figure] | None = None) -> MapFigures:
    """A method that is ahead in everything but what is ``changed``, named by a test's first word."""
    ahead = dict.fromkeys(AHEAD, SURE) | {
        next(t for t in AHEAD if t.startswith(k)): v for k, v in (changed or {}).items()
    }
    return MapFigures(method="rollout", n=n, n_faith=n_faith, passes=1.0, figures={}, ahead=ahead)


def test_method_that_is_ahead_in_everything_passes() -> None:
    """By more than the interval, in each of the eight."""
    assert judge(measured()) == Licence(method="rollout", verdict="passed")


@pytest.mark.parametrize("test", ["pointing", "energy", "insertion", "faithfulness", "change"])
def test_method_that_is_behind_in_one_thing_fails(test: str) -> None:
    """Even where the interval would allow more: the reason names it."""
    behind = {test: Figure(value=0.0, low=-0.2, high=0.2)}
    found = judge(measured(changed=behind))
    assert found.verdict == "failed"
    assert test in found.reason


def test_method_stays_untested_where_nothing_is_settled() -> None:
    """Ahead, but not by more than the interval; on few slices; or without a test."""
    wide = judge(measured(changed={"energy": Figure(value=0.5, low=-0.1, high=0.9)}))
    assert (wide.verdict, "energy" in wide.reason) == ("untested", True)
    assert judge(measured(n_faith=9)).verdict == "untested"
    assert judge(measured(n=9)).verdict == "untested"
    one = measured()
    del one.ahead[AHEAD[-1]]
    assert judge(one) == Licence(method="rollout", verdict="untested", reason=f"not tested for {AHEAD[-1]}")


def test_first_slices_are_spread_over_all() -> None:
    """However many are taken, no third of the row is left out; and each comes once."""
    for n in (1, 2, 7, 40, 100):
        order = spread_out(n)
        assert sorted(order) == list(range(n))
        if n >= 40:
            assert set(np.array(order[:10]) * 3 // n) == {0, 1, 2}


def test_licences_are_written_into_the_package(tmp_path: Path) -> None:
    """Card, prose and digests agree afterwards, nothing else changes, and what was not tested keeps its entry."""
    folder = make_package(tmp_path / "model")
    before = read_package(folder)
    failed = Licence(method="occlusion", verdict="failed", reason="not ahead in energy over a random map")
    after = write_licences(before, [failed], {"occlusion": "8 slices"})
    assert after.sha256 != before.sha256
    entries = {entry.method: entry for entry in read_package(folder).card.explanations}
    assert entries["occlusion"].licence == "failed"
    assert entries["occlusion"].licence_reason == "not ahead in energy over a random map (8 slices)"
    assert entries["lime"].licence == "untested"
    assert "failed its faithfulness tests" in (folder / "MODEL_CARD.md").read_text("utf-8")
    assert after.card.model_copy(update={"explanations": ()}) == before.card


def test_licences_need_a_package_of_ours(tmp_path: Path) -> None:
    """A folder without digests was put together by hand, and is left alone."""
    folder = make_package(tmp_path / "model")
    (folder / SUMS).unlink()
    with pytest.raises(OutputError):
        write_licences(read_package(folder), [], {})


def test_evaluation_judges_the_methods_that_it_measured(tmp_path: Path) -> None:
    """The centre's peak touches every outline of these pictures, so that no method is ahead of it: failed, and told."""
    model = make_package(tmp_path / "model")
    data = make_data(tmp_path / "data", "ulul", "abcd", masks=True)
    settings = EvaluateSettings(
        datasets=(data,), model=model, explain=("occlusion",), n_draws=20, faith_slices=2, threads=1
    )
    found, answers = evaluate(settings, Watch())
    (occlusion,) = found.licences
    assert occlusion.verdict == "failed"
    assert "pointing over the centre of the picture" in occlusion.reason
    agreement = found.maps[0].figures["weight_agreement"].value
    assert agreement < 0.9
    write_evaluation(tmp_path, found, answers, read_package(model).card)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert occlusion.reason in page
    assert page.count('aria-label="weight agreement"') == 1


def test_failed_method_is_labelled_wherever_its_map_is_shown(tmp_path: Path) -> None:
    """On the page of one picture, and in a scan's; a method that did not fail carries no such note."""
    folder = make_package(tmp_path / "model")
    data = make_data(tmp_path / "data", "u", "a")
    failed = Licence(method="occlusion", verdict="failed", reason="not ahead in energy over a random map")
    write_licences(read_package(folder), [failed], {"occlusion": "8 slices"})
    explain_one(data / "0.png", tmp_path / "why", folder, methods=("occlusion", "rise"), label=None)
    told = json.loads((tmp_path / "why" / "explain.json").read_text("utf-8"))["methods"]
    assert [NOTE in each["notes"] for each in told] == [True, False]
    assert NOTE in (tmp_path / "why" / "explain.html").read_text("utf-8")
    wanted = ScanSettings(paths=(data,), out=tmp_path / "scan", model=folder, explain=("occlusion",), threads=1)
    scan(wanted, ScanWatch())
    (page,) = (tmp_path / "scan").glob("studies/*/report.html")
    assert NOTE in page.read_text("utf-8")
