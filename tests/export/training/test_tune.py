"""A search over a recipe's choices: a table, a best recipe, and no trial lost but the one that was cut."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mri_batch.errors import UsageError
from mri_batch_export.training.tune import TABLE, tune, vary
from tests.export.training.test_run import make_data, make_recipe

SEARCH = {"model.dense": [4, 8], "lr": [1e-2, 1e-9]}


def rows(out: Path) -> list[dict[str, str]]:
    """The table of trials."""
    with (out / TABLE).open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_search_tries_and_goes_on(tmp_path: Path) -> None:
    """Two trials, then two more in the same folder; the best is among the choices, and each trial is a run."""
    data, out = make_data(tmp_path / "data"), tmp_path / "tune"
    recipe = make_recipe(epochs=2, search=SEARCH)
    tune([data], recipe, out, None, n_trials=2)
    first = rows(out)
    best = tune([data], recipe, out, None, n_trials=4)
    assert rows(out)[:2] == first
    assert len(rows(out)) == 4
    least = min(rows(out), key=lambda row: float(row["val_nll"]))
    assert best.lr == float(least["lr"])
    assert best.model["dense"] == int(least["model.dense"])
    assert (out / "trials.svg").read_text("utf-8").startswith("<svg")
    assert (out / "trial-003" / "history.csv").is_file()


def test_choices_reach_into_tables() -> None:
    """A dotted key changes one option and leaves the others and the recipe itself."""
    recipe = make_recipe()
    varied = vary(recipe, {"model.dense": 3, "augment.flip": 0.0, "lr": 0.5})
    assert varied.model == {"widths": [4, 8], "dense": 3}
    assert (varied.augment.flip, varied.lr) == (0.0, 0.5)
    assert recipe.model["dense"] == 8


def test_recipe_without_a_search_is_refused(tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(UsageError) as refused:
        tune([tmp_path], make_recipe(), tmp_path / "out", None, n_trials=1)
    assert refused.value.code == "RECIPE_NO_SEARCH"
    assert not (tmp_path / "out").exists()


def test_choices_that_do_not_fit_are_refused() -> None:
    """An unknown key."""
    with pytest.raises(UsageError) as refused:
        vary(make_recipe(), {"learning": 1})
    assert refused.value.code == "RECIPE_BAD"
