"""Hyperparameter search over a recipe's choices with Optuna (Akiba et al. 2019); resumes after its last full trial."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from mri_batch.commands.evaluate.charts import Chart, Line, fit_range
from mri_batch.commands.evaluate.page import render_chart
from mri_batch.errors import UsageError
from mri_batch_export.training.recipe import Choice, Recipe, to_recipe
from mri_batch_export.training.run import train
from mri_batch_export.training.run_folder import Row, make_folder
from mri_batch_export.training.trainer import Report

DATABASE, TABLE = "study.sqlite3", "trials.csv"


def tune(
    folders: Sequence[Path],
    recipe: Recipe,
    out: Path,
    init: Path | None,
    seed: int = 0,
    *,
    n_trials: int,
    report: Report = lambda line: None,
) -> Recipe:
    """Run trials until there are ``n_trials``, earlier ones included; return the best recipe.

    A trial's score is its least validation loss. A trial worse than the median of the others at the same epoch is
    pruned. Raises UsageError if the recipe has no [search] table, or one with keys or values that do not fit.
    """
    if not recipe.search:
        raise UsageError("the recipe has no [search]", code="RECIPE_NO_SEARCH", file=recipe.name)
    make_folder(out)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=f"sqlite:///{(out / DATABASE).resolve()}",
        study_name=recipe.name,
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=max(2, recipe.epochs // 5)),
    )
    while sum(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in study.trials) < n_trials:
        study.optimize(lambda trial: _try(trial, folders, recipe, out, init, seed), n_trials=1, catch=(UsageError,))
        report(_describe(study.trials[-1]))
        write_trials(out, study)
        if all(trial.state is TrialState.FAIL for trial in study.trials[-5:]) and len(study.trials) >= 5:
            raise UsageError("five trials in a row could not be trained", code="RECIPE_BAD", file=recipe.name)
    return vary(recipe, study.best_params)


def vary(recipe: Recipe, choices: Mapping[str, Choice]) -> Recipe:
    """Apply choices (dotted key -> value) to a recipe. Raises UsageError if a key or value does not fit."""
    raw = recipe.describe()
    for key, value in choices.items():
        *tables, last = key.split(".")
        table = raw
        for name in tables:
            table[name] = dict(table[name])
            table = table[name]
        table[last] = value
    return to_recipe(raw)


def write_trials(out: Path, study: optuna.Study) -> None:
    """Write the table of trials and a chart of their scores."""
    trials = [trial for trial in study.trials if trial.value is not None]
    if not trials:
        return
    keys = sorted({key for trial in trials for key in trial.params})
    with (out / TABLE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["trial", "state", "val_nll", "val_accuracy", *keys])
        for trial in trials:
            accuracy = trial.user_attrs.get("val_accuracy", "")
            writer.writerow(
                [trial.number, trial.state.name, trial.value, accuracy, *(trial.params.get(key, "") for key in keys)]
            )
    (out / "trials.svg").write_text(render_chart(_chart(trials)), "utf-8")


def _try(trial: Trial, folders: Sequence[Path], recipe: Recipe, out: Path, init: Path | None, seed: int) -> float:
    choices = {key: trial.suggest_categorical(key, values) for key, values in recipe.search.items()}
    best: list[float] = []

    def report_epoch(row: Row) -> None:
        if not best or row["val_nll"] < min(best):
            trial.set_user_attr("val_accuracy", row["val_accuracy"])
        best.append(row["val_nll"])
        trial.report(row["val_nll"], int(row["epoch"]))
        if trial.should_prune():
            raise optuna.TrialPruned

    train(folders, vary(recipe, choices), out / f"trial-{trial.number:03d}", init, seed, after_epoch=report_epoch)
    return min(best)


def _describe(trial: FrozenTrial) -> str:
    score = "none" if trial.value is None else f"{trial.value:.4f}"
    return f"trial {trial.number} {trial.state.name.lower()} val_nll {score} {trial.params}"


def _chart(trials: Sequence[FrozenTrial]) -> Chart:
    scores = [(float(trial.number), float(trial.value or 0.0)) for trial in trials]
    so_far = [(number, min(v for _, v in scores[: i + 1])) for i, (number, _) in enumerate(scores)]
    return Chart(
        title="Validation loss by trial",
        x_label="trial",
        y_label="validation loss",
        x_range=fit_range([number for number, _ in scores]),
        y_range=fit_range([v for _, v in scores], zero=True),
        lines=(Line(label="trial", points=tuple(scores)), Line(label="best so far", points=tuple(so_far))),
    )
