"""Which methods may be shown without a warning, and what a package then says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mri_batch.card import MethodEntry
from mri_batch.checksums import SUMS
from mri_batch.commands.evaluate.estimate import Bootstrap, Estimate
from mri_batch.commands.evaluate.evaluation import EvaluateSettings, evaluate
from mri_batch.commands.evaluate.heatmap_metrics import Criterion, MapMetrics, Measure
from mri_batch.commands.evaluate.heatmap_scores import MapBudget, spread_out
from mri_batch.commands.evaluate.validation import Finding, Validation, to_words, validate, write_validation
from mri_batch.commands.evaluate.write import write_evaluation
from mri_batch.commands.explain import explain_one
from mri_batch.errors import OutputError
from mri_batch.model.package import read_package
from mri_batch.notes import Note
from mri_batch.progress import Progress
from mri_batch.report.i18n.words import to_text
from mri_batch.run.scan import scan
from mri_batch.settings import ScanSettings
from tests.commands.evaluate.tiny import make_data, make_package

NOTE = "METHOD_FAILED_VALIDATION"
FAILED = Validation(method="occlusion", verdict="failed", finding=Finding.BEHIND, criteria=(Criterion.ENERGY_RANDOM,))
SURE = Estimate(value=0.5, low=0.2, high=0.8)


def measured(n: int = 40, n_faith: int = 20, changed: dict[Criterion, Estimate] | None = None) -> MapMetrics:
    """A method that is ahead in everything but what is ``changed``."""
    ahead = dict.fromkeys(Criterion, SURE) | (changed or {})
    return MapMetrics(method="rollout", n=n, n_faith=n_faith, passes=1.0, metrics={}, ahead=ahead)


def test_method_that_is_ahead_in_everything_passes() -> None:
    """By more than the interval, in each of the eight."""
    assert validate(measured()) == Validation(method="rollout", verdict="passed", finding=Finding.AHEAD)


@pytest.mark.parametrize("test", Criterion)
def test_method_that_is_behind_in_one_thing_fails(test: Criterion) -> None:
    """Even where the interval would allow more: the finding names it."""
    found = validate(measured(changed={test: Estimate(value=0.0, low=-0.2, high=0.2)}))
    assert (found.verdict, found.finding, found.criteria) == ("failed", Finding.BEHIND, (test,))


def test_method_stays_untested_where_nothing_is_settled() -> None:
    """Ahead, but not by more than the interval; on few slices; or without a test."""
    wide = validate(measured(changed={Criterion.ENERGY_CENTRE: Estimate(value=0.5, low=-0.1, high=0.9)}))
    assert (wide.verdict, wide.finding, wide.criteria) == ("untested", Finding.OPEN, (Criterion.ENERGY_CENTRE,))
    assert validate(measured(n_faith=9)).finding is Finding.FEW_SLICES
    assert validate(measured(n=9)).finding is Finding.FEW_SLICES
    whole = measured()
    short = replace(whole, ahead={test: lead for test, lead in whole.ahead.items() if test is not Criterion.WEIGHTS})
    found = validate(short)
    assert (found.verdict, found.finding, found.criteria) == ("untested", Finding.NOT_RUN, (Criterion.WEIGHTS,))
    assert to_words(found) == "not tested for change with the weights"


def test_first_slices_are_spread_over_all() -> None:
    """However many are taken, no third of the row is left out; and each comes once."""
    for n in (1, 2, 7, 40, 100):
        order = spread_out(n)
        assert sorted(order) == list(range(n))
        if n >= 40:
            assert set(np.array(order[:10]) * 3 // n) == {0, 1, 2}


def test_validation_is_written_into_the_package(tmp_path: Path) -> None:
    """Card, prose and digests agree afterwards, nothing else changes, and what was not tested keeps its entry."""
    folder = make_package(tmp_path / "model")
    before = read_package(folder)
    after = write_validation(before, [FAILED], {"occlusion": "8 slices"})
    assert after.sha256 != before.sha256
    entries = {entry.method: entry for entry in read_package(folder).card.explanations}
    assert entries["occlusion"].validation == "failed"
    assert entries["occlusion"].validation_reason == "not ahead in energy over a random map (8 slices)"
    assert entries["lime"].validation == "untested"
    assert "failed its faithfulness tests" in (folder / "MODEL_CARD.md").read_text("utf-8")
    assert after.card.model_copy(update={"explanations": ()}) == before.card


def test_validation_needs_a_package_of_ours(tmp_path: Path) -> None:
    """A folder without digests was put together by hand, and is left alone."""
    folder = make_package(tmp_path / "model")
    (folder / SUMS).unlink()
    with pytest.raises(OutputError):
        write_validation(read_package(folder), [], {})


def test_cards_of_earlier_packages_are_read() -> None:
    """They call the verdict a licence; what is written has the new names."""
    entry = MethodEntry.model_validate({"method": "lime", "licence": "passed", "licence_reason": "40 slices"})
    assert (entry.validation, entry.validation_reason) == ("passed", "40 slices")
    assert MethodEntry.model_validate_json(entry.model_dump_json()) == entry
    assert "licence" not in entry.model_dump_json()


def test_evaluation_judges_the_methods_that_it_measured(tmp_path: Path) -> None:
    """The centre's peak touches every outline of these pictures, so that no method is ahead of it: failed, and told."""
    model = make_package(tmp_path / "model")
    data = make_data(tmp_path / "data", "ulul", "abcd", masks=True)
    settings = EvaluateSettings(
        datasets=(data,),
        model=model,
        explain=("occlusion",),
        bootstrap=Bootstrap(n_draws=20),
        maps=MapBudget(faith_slices=2),
        threads=1,
    )
    found, predictions = evaluate(settings, Progress())
    (occlusion,) = found.validations
    assert occlusion.verdict == "failed"
    assert Criterion.POINTING_CENTRE in occlusion.criteria
    assert found.maps[0].metrics[Measure.WEIGHT_AGREEMENT].value < 0.9
    write_evaluation(tmp_path, found, predictions, read_package(model).card)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert to_words(occlusion) in page
    assert page.count('aria-label="weight agreement"') == 1


def test_failed_method_is_labelled_wherever_its_map_is_shown(tmp_path: Path) -> None:
    """On the page of one picture, and in a scan's; a method that did not fail carries no such note."""
    folder = make_package(tmp_path / "model")
    data = make_data(tmp_path / "data", "u", "a")
    write_validation(read_package(folder), [FAILED], {"occlusion": "8 slices"})
    explain_one(data / "0.png", tmp_path / "why", folder, methods=("occlusion", "rise"), label=None)
    methods = json.loads((tmp_path / "why" / "explain.json").read_text("utf-8"))["methods"]
    assert [NOTE in {note["code"] for note in each["notes"]} for each in methods] == [True, False]
    words = to_text(Note(NOTE))
    assert words in (tmp_path / "why" / "explain.html").read_text("utf-8")
    wanted = ScanSettings(paths=(data,), out=tmp_path / "scan", model=folder, explain=("occlusion",), threads=1)
    scan(wanted, Progress())
    (page,) = (tmp_path / "scan").glob("studies/*/report.html")
    assert words in page.read_text("utf-8")
