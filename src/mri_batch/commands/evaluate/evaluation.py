"""A whole evaluation, as one visible list of steps."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mri_batch.commands.evaluate.estimate import Bootstrap
from mri_batch.commands.evaluate.gallery import Contrast, GalleryPicture, choose_pictures, contrast, draw_gallery
from mri_batch.commands.evaluate.heatmap_metrics import MapMetrics, summarise_maps
from mri_batch.commands.evaluate.heatmap_scores import MapBudget, choose_subjects, measure_maps
from mri_batch.commands.evaluate.predictions import Predictions, load_predictions, predict_items
from mri_batch.commands.evaluate.selective_prediction import (
    Coverage,
    Refusals,
    VerdictRow,
    measure_coverage,
    measure_ood,
    measure_refusals,
    measure_verdicts,
)
from mri_batch.commands.evaluate.summary import Summary, rows_by_patient, rows_by_slice, summarise
from mri_batch.commands.evaluate.validation import Validation, validate_methods
from mri_batch.dataset import Item, check_splits, choose_split, digest_items, load_dataset
from mri_batch.errors import MethodAbsent
from mri_batch.explain.registry import ChosenMethod, choose_methods
from mri_batch.model.gate import Gate, load_gate
from mri_batch.model.package import Package, read_package
from mri_batch.model.session import Session
from mri_batch.model.shuffle import shuffle_package
from mri_batch.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateSettings:
    """One ``mri-batch evaluate``. ``split`` None: test where there are splits, else all."""

    datasets: tuple[Path, ...]
    model: Path
    split: str | None = None
    scan: Path | None = None  # take the predictions from the files of this finished scan
    ood: tuple[Path, ...] = ()  # folders of pictures that the model was not made for
    explain: tuple[str, ...] = ("auto",)
    maps: MapBudget = field(default_factory=MapBudget)
    ood_files: int = 200  # of each folder; more narrows the interval little
    wrong_pictures: int = 12
    right_pictures: int = 8
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    threads: int = 0


class Missing(StrEnum):
    """Why an evaluation has no gate scores, or no heatmaps."""

    NO_GATE = "no_gate"
    SCAN_WITHOUT_SCORES = "scan_without_scores"
    NO_METHOD = "no_method"
    NO_OUTLINE = "no_outline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Everything that an evaluation found."""

    model_name: str
    model_version: str
    model_sha256: str
    data_sha256: str
    split: str
    rule: str
    bootstrap: Bootstrap
    slices: Summary
    patients: Summary
    sources: tuple[Summary, ...]
    coverage: tuple[Coverage, ...]
    verdicts: tuple[VerdictRow, ...]
    has_gate: bool
    no_gate_scores: Missing | None
    refusals: tuple[Refusals, ...]
    ood: tuple[Refusals, ...]
    maps: tuple[MapMetrics, ...]
    validations: tuple[Validation, ...]
    no_maps: Missing | None
    contrasts: tuple[Contrast, ...]
    gallery_method: str
    gallery: tuple[GalleryPicture, ...]

    @property
    def tested_on(self) -> dict[str, str]:
        """The pictures that the maps of each method were tested on, in words."""
        data = f"split {self.split!r}, data {self.data_sha256[:12]}"
        return {each.method: f"{each.n} slices of {data}" for each in self.maps}


def evaluate(settings: EvaluateSettings, progress: Progress) -> tuple[Evaluation, Predictions]:
    """Evaluate. Raises UsageError for a data set that does not fit, ModelPackageError for a bad package."""
    package = read_package(settings.model)
    items = load_dataset(settings.datasets)
    check_splits(items)
    items = choose_split(items, settings.split)
    session = Session(package, threads=settings.threads)
    gate = load_gate(package)
    predictions = _predict(items, settings, session, gate, progress)
    methods = _choose_methods(package, settings.explain)
    maps = _measure_maps(predictions, methods, settings, session, progress)
    return _measure(settings, items, session, gate, predictions, methods, maps), predictions


def _measure(
    settings: EvaluateSettings,
    items: Sequence[Item],
    session: Session,
    gate: Gate | None,
    predictions: Predictions,
    methods: Sequence[ChosenMethod],
    maps: tuple[MapMetrics, ...],
) -> Evaluation:
    card, bootstrap = session.card, settings.bootstrap
    return Evaluation(
        model_name=card.name,
        model_version=card.version,
        model_sha256=session.package.sha256,
        data_sha256=digest_items(items),
        split=settings.split or ("test" if any(item.split for item in items) else "all"),
        rule=card.decision.aggregation,
        bootstrap=bootstrap,
        slices=summarise(rows_by_slice(predictions), bootstrap),
        patients=summarise(rows_by_patient(predictions, card), bootstrap),
        sources=_by_source(predictions, bootstrap),
        coverage=measure_coverage(predictions, card, bootstrap),
        verdicts=measure_verdicts(predictions, card, bootstrap),
        has_gate=gate is not None,
        no_gate_scores=_why_no_gate_scores(settings, gate),
        refusals=measure_refusals(predictions, card, bootstrap) if len(predictions.gate_scores) else (),
        ood=tuple(measure_ood(path, session, gate, bootstrap, most_files=settings.ood_files) for path in settings.ood),
        maps=maps,
        validations=validate_methods(maps),
        no_maps=_why_no_maps(predictions, methods),
        contrasts=contrast(predictions, card, bootstrap),
        gallery_method=methods[0].name if methods else "",
        gallery=_draw_gallery(predictions, methods, settings, session),
    )


def _predict(
    items: Sequence[Item], settings: EvaluateSettings, session: Session, gate: Gate | None, progress: Progress
) -> Predictions:
    if settings.scan is not None:
        return load_predictions(settings.scan, items, session.labels)
    return predict_items(items, session, gate, progress)


def _choose_methods(package: Package, request: Sequence[str]) -> tuple[ChosenMethod, ...]:
    """Choose the methods to measure. Raises MethodAbsent for a named one that the model does not offer."""
    choice = choose_methods(package.card, request)
    if choice.absent:
        raise MethodAbsent(choice.absent[0])
    return choice.chosen


def _by_source(predictions: Predictions, bootstrap: Bootstrap) -> tuple[Summary, ...]:
    sources = predictions.sources
    return tuple(
        summarise(rows_by_slice(predictions.take(sources == source)), bootstrap, name=source)
        for source in sorted(set(sources.tolist()))
    )


def _measure_maps(
    predictions: Predictions,
    methods: Sequence[ChosenMethod],
    settings: EvaluateSettings,
    session: Session,
    progress: Progress,
) -> tuple[MapMetrics, ...]:
    if not (methods and choose_subjects(predictions, settings.maps.slices)):
        return ()
    with tempfile.TemporaryDirectory(prefix="mri-batch-") as folder:
        shuffled = shuffle_package(session.package, Path(folder) / "shuffled", seed=settings.maps.seed)
        other = Session(shuffled, threads=settings.threads) if shuffled else None
        measured = measure_maps(predictions, methods, session, settings.maps, progress, other)
    return summarise_maps(measured, settings.bootstrap)


def _draw_gallery(
    predictions: Predictions, methods: Sequence[ChosenMethod], settings: EvaluateSettings, session: Session
) -> tuple[GalleryPicture, ...]:
    rows = choose_pictures(predictions, settings.wrong_pictures, settings.right_pictures)
    return draw_gallery(predictions, rows, session, methods[0].method if methods else None)


def _why_no_gate_scores(settings: EvaluateSettings, gate: Gate | None) -> Missing | None:
    if gate is None:
        return Missing.NO_GATE
    return Missing.SCAN_WITHOUT_SCORES if settings.scan else None


def _why_no_maps(predictions: Predictions, methods: Sequence[ChosenMethod]) -> Missing | None:
    if not methods:
        return Missing.NO_METHOD
    return None if choose_subjects(predictions, 1) else Missing.NO_OUTLINE
