"""The whole of an evaluation, as one visible list of steps."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mri_batch.commands.evaluate.gallery import Contrast, Shot, choose_shots, contrast, make_shots
from mri_batch.commands.evaluate.heatmap_metrics import (
    SETTLED_PASSES,
    MapFigures,
    choose_subjects,
    sum_up_maps,
    take_maps,
)
from mri_batch.commands.evaluate.predictions import Answers, Progress, answer_items, load_answers
from mri_batch.commands.evaluate.selective_prediction import (
    Coverage,
    Refusals,
    VerdictRow,
    judge_outsiders,
    measure_coverage,
    measure_refusals,
    measure_verdicts,
)
from mri_batch.commands.evaluate.summary import Summary, rows_by_patient, rows_by_slice, sum_up
from mri_batch.commands.evaluate.validation import Licence, judge_methods
from mri_batch.dataset import Item, check_splits, choose_split, digest_items, load_dataset
from mri_batch.explain.base import Method
from mri_batch.explain.registry import available_methods, build_method, choose_default
from mri_batch.model.decide import Gate, load_gate
from mri_batch.model.package import Package, read_package
from mri_batch.model.session import Session
from mri_batch.model.shuffle import shuffle_package


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateSettings:
    """One ``mri-batch evaluate``. ``split`` None: test where there are splits, else all."""

    datasets: tuple[Path, ...]
    model: Path
    split: str | None = None
    scan: Path | None = None  # take the answers from the files of this finished scan
    outside: tuple[Path, ...] = ()  # folders of pictures that the model was not made for
    explain: tuple[str, ...] = ("auto",)
    map_slices: int = 100
    faith_slices: int = 10  # of them; each costs 86 to 166 passes of the model for each smoothness of maps
    map_passes: int = SETTLED_PASSES
    outside_files: int = 200  # of each folder; more narrows the interval little
    wrong_shots: int = 12
    right_shots: int = 8
    n_draws: int = 1000  # the usual number for a 95 % interval by percentiles
    seed: int = 0
    threads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Everything that an evaluation found."""

    model_name: str
    model_version: str
    model_sha256: str
    data_sha256: str
    split: str
    rule: str
    n_draws: int
    seed: int
    slices: Summary
    patients: Summary
    sources: tuple[Summary, ...]
    coverage: tuple[Coverage, ...]
    verdicts: tuple[VerdictRow, ...]
    has_gate: bool
    no_gate_reason: str
    refusals: tuple[Refusals, ...]
    outsiders: tuple[Refusals, ...]
    maps: tuple[MapFigures, ...]
    licences: tuple[Licence, ...]
    no_maps_reason: str
    contrasts: tuple[Contrast, ...]
    gallery_method: str
    shots: tuple[Shot, ...]

    @property
    def tested_on(self) -> dict[str, str]:
        """The pictures that the maps of each method were tested on, in words."""
        data = f"split {self.split!r}, data {self.data_sha256[:12]}"
        return {one.method: f"{one.n} slices of {data}" for one in self.maps}


class Watch:
    """Is told how an evaluation goes on; does nothing."""

    def step(self, title: str, n: int) -> Progress:
        """Hear of a step of ``n`` parts; returns what is called with how many more of them are done."""
        return lambda done: None


def evaluate(settings: EvaluateSettings, watch: Watch) -> tuple[Evaluation, Answers]:
    """Evaluate. Raises UsageError for a data set that does not fit, ModelPackageError for a bad package."""
    package = read_package(settings.model)
    items = load_dataset(settings.datasets)
    check_splits(items)
    items = choose_split(items, settings.split)
    session = Session(package, threads=settings.threads)
    gate = load_gate(package)
    answers = _answer(items, settings, session, gate, watch)
    methods = choose_methods(package, settings.explain)
    draws = {"n_draws": settings.n_draws, "seed": settings.seed}
    maps = _measure_maps(answers, methods, settings, session, watch)
    by_source = [answers.take(rows) for rows in _by_source(answers)]
    evaluation = Evaluation(
        model_name=package.card.name,
        model_version=package.card.version,
        model_sha256=package.sha256,
        data_sha256=digest_items(items),
        split=settings.split or ("test" if any(item.split for item in items) else "all"),
        rule=package.card.decision.aggregation,
        **draws,
        slices=sum_up("by slice", rows_by_slice(answers), **draws),
        patients=sum_up("by patient", rows_by_patient(answers, package.card), **draws),
        sources=tuple(sum_up(part.items[0].source, rows_by_slice(part), **draws) for part in by_source),
        coverage=measure_coverage(answers, package.card, **draws),
        verdicts=measure_verdicts(answers, package.card, **draws),
        has_gate=gate is not None,
        no_gate_reason=_why_no_gate(settings, gate),
        refusals=measure_refusals(answers, package.card, **draws) if len(answers.gate_scores) else (),
        outsiders=tuple(
            judge_outsiders(folder, session, gate, most=settings.outside_files, **draws) for folder in settings.outside
        ),
        maps=maps,
        licences=judge_methods(maps),
        no_maps_reason=_why_no_maps(answers, methods),
        contrasts=contrast(answers, package.card, **draws),
        gallery_method=methods[0][0] if methods else "",
        shots=_make_shots(answers, methods, settings, session),
    )
    return evaluation, answers


def choose_methods(package: Package, asked: Sequence[str]) -> tuple[tuple[str, Method], ...]:
    """Choose methods: ``auto`` is the model's default, ``all`` every one that it offers, ``none`` none, or names."""
    offered = [entry.method for entry in available_methods(package.card) if entry.available]
    names: dict[str, None] = {}
    for word in asked:
        expanded = {"auto": [choose_default(package.card)], "all": offered, "none": []}.get(word, [word])
        names |= dict.fromkeys(expanded)
    return tuple((name, build_method(name, package.card)) for name in names)


def _answer(
    items: Sequence[Item], settings: EvaluateSettings, session: Session, gate: Gate | None, watch: Watch
) -> Answers:
    if settings.scan is not None:
        return load_answers(settings.scan, items, session.labels)
    return answer_items(items, session, gate, watch.step("pictures", len(items)))


def _by_source(answers: Answers) -> list[np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    sources = np.array([item.source for item in answers.items])
    return [sources == source for source in sorted(set(sources.tolist()))]


def _measure_maps(
    answers: Answers,
    methods: Sequence[tuple[str, Method]],
    settings: EvaluateSettings,
    session: Session,
    watch: Watch,
) -> tuple[MapFigures, ...]:
    n = len(choose_subjects(answers, settings.map_slices))
    if not (methods and n):
        return ()
    with tempfile.TemporaryDirectory(prefix="mri-batch-") as folder:
        other = shuffle_package(session.package, Path(folder) / "shuffled", seed=settings.seed)
        taken = take_maps(
            answers,
            methods,
            session,
            most=settings.map_slices,
            most_faith=settings.faith_slices,
            most_passes=settings.map_passes,
            seed=settings.seed,
            progress=watch.step("heatmaps", n),
            shuffled=Session(other, threads=settings.threads) if other else None,
        )
    return sum_up_maps(taken, n_draws=settings.n_draws, seed=settings.seed)


def _make_shots(
    answers: Answers, methods: Sequence[tuple[str, Method]], settings: EvaluateSettings, session: Session
) -> tuple[Shot, ...]:
    rows = choose_shots(answers, settings.wrong_shots, settings.right_shots)
    return make_shots(answers, rows, session, methods[0][1] if methods else None)


def _why_no_gate(settings: EvaluateSettings, gate: Gate | None) -> str:
    if gate is None:
        return "The package has no out-of-distribution gate."
    return "The files of a scan hold no gate scores; evaluate with the model to see them." if settings.scan else ""


def _why_no_maps(answers: Answers, methods: Sequence[tuple[str, Method]]) -> str:
    if not methods:
        return "None was asked for."
    return "" if choose_subjects(answers, 1) else "No rightly classified picture has an outline in masks/."
