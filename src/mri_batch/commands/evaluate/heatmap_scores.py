"""Heatmaps measured slice by slice: against outlines drawn by people, and against the model itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.commands.evaluate.heatmap_metrics import Baseline, MapScores, Measure, Scores
from mri_batch.commands.evaluate.predictions import Predictions
from mri_batch.dataset import Item, read_picture
from mri_batch.errors import UsageError
from mri_batch.explain.cached_model import CachedModel
from mri_batch.explain.quality.faithfulness import QUICK, RandomOrders, judge_faithfulness, measure_areas
from mri_batch.explain.quality.localization import (
    Mask,
    centre_prior,
    draw_random_map,
    energy_ratio,
    hits_mask,
    mask_auprc,
    rank_agreement,
)
from mri_batch.explain.quality.randomization import compare_heat
from mri_batch.explain.registry import ChosenMethod
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.placement import Placement, find_peak, place_heat
from mri_batch.progress import Progress
from mri_batch.records import Slice
from mri_batch.run.attribution import attribute

FEWEST = 10  # slices for the most expensive methods
AREA_PASSES = 10  # for the areas under a map's deletion and insertion curves


@dataclass(frozen=True, slots=True, kw_only=True)
class MapBudget:
    """How much is spent on measuring maps.

    ``slices`` at most; on ``faith_slices`` of them maps are judged as a report judges them (86 to 166 passes for each
    smoothness of maps), and compared with those of shuffled weights. A method takes fewer slices, but at least ten,
    where its maps and their areas would cost more than ``passes`` forward passes.
    """

    slices: int = 100
    faith_slices: int = 10
    passes: int = 4000
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """One slice under test: its outline, where the model looks, the two likeliest labels; what both models remember."""

    mask: Mask
    pixels: Float32
    placement: Placement
    label: int
    runner_up: int
    model: CachedModel
    shuffled: CachedModel | None
    orders: RandomOrders = field(default_factory=RandomOrders)


def choose_subjects(predictions: Predictions, most: int) -> tuple[int, ...]:
    """Choose rows to test: correctly classified, with an outline, spread evenly over each class."""
    by_label: dict[str, list[int]] = defaultdict(list)
    for i, (item, right) in enumerate(
        zip(predictions.items, predictions.predicted == predictions.targets, strict=True)
    ):
        if right and item.mask is not None:
            by_label[item.label].append(i)
    chosen: list[int] = []
    for rows in by_label.values():
        places = np.linspace(0, len(rows) - 1, min(len(rows), -(-most // len(by_label))))
        chosen += [rows[i] for i in np.unique(places.round().astype(int))]
    return tuple(sorted(chosen))


def measure_maps(
    predictions: Predictions,
    methods: Sequence[ChosenMethod],
    session: Session,
    budget: MapBudget,
    progress: Progress,
    shuffled: Session | None = None,
) -> MapScores:
    """Measure the maps of each method, beside a random map and the centre of the picture.

    ``shuffled``: the same network with other weights.
    """
    chosen = choose_subjects(predictions, budget.slices)
    rows = [chosen[i] for i in spread_out(len(chosen))]
    progress.started("heatmaps", len(rows), len(rows))
    scores: dict[str, list[Scores]] = defaultdict(list)
    passes: dict[str, float] = {}
    for number, subject in enumerate(_iter_subjects(predictions, rows, session, shuffled)):
        affordable = [each for each in methods if number < _count_affordable(passes.get(each.name, 1.0), budget.passes)]
        if not affordable:
            break  # no map to set the baselines beside
        grid = (1, 1)
        for each in affordable:
            measured, shape, passes[each.name] = _measure_method(each, subject, faith=number < budget.faith_slices)
            scores[each.name].append(measured)
            grid = max(grid, shape)
        for baseline, measured in _measure_baselines(subject, grid, np.random.default_rng((budget.seed, number))):
            scores[baseline].append(measured)
        progress.advanced()
    return MapScores(units=tuple(predictions.units[i] for i in rows), scores=dict(scores), passes=passes)


def spread_out(n: int) -> list[int]:
    """Order 0..n-1 so that the first m are spread over the whole, for every m (by their digits read backwards)."""
    bits = max(1, (n - 1).bit_length())
    return sorted(range(n), key=lambda i: f"{i:0{bits}b}"[::-1])


def load_mask(item: Item, picture: Slice) -> Mask:
    """Load an item's outline: bool[rows, cols] on the slice's own grid. Raises UsageError where it has another size."""
    assert item.mask is not None
    pixels = read_picture(item.mask).pixels
    mask: Mask = (pixels if pixels.ndim == 2 else pixels.max(axis=2)) > 127
    if mask.shape != picture.shape_px:
        raise UsageError(
            f"the mask has {mask.shape[0]} x {mask.shape[1]} pixels, its picture {picture.shape_px}",
            code="DATASET_MASK_SIZE",
            file=str(item.mask),
        )
    return mask


def _count_affordable(passes: float, most_passes: int) -> int:
    """Slices for a method whose map costs that much: one map for each of two classes, and the areas of the first."""
    return max(FEWEST, int(most_passes / (2 * passes + AREA_PASSES)))


def _iter_subjects(
    predictions: Predictions, rows: Sequence[int], session: Session, shuffled: Session | None
) -> Iterator[_Subject]:
    for i in rows:
        picture = read_picture(predictions.items[i].path)
        ready = prepare([picture], session.card.preprocessing)
        runner_up, label = np.argsort(predictions.probabilities[i], kind="stable")[-2:].tolist()
        yield _Subject(
            mask=load_mask(predictions.items[i], picture),
            pixels=ready.pixels[0],
            placement=ready.placements[0],
            label=label,
            runner_up=runner_up,
            model=CachedModel(session),
            shuffled=CachedModel(shuffled) if shuffled else None,
        )


def _measure_method(each: ChosenMethod, subject: _Subject, *, faith: bool) -> tuple[Scores, tuple[int, int], float]:
    """Return a method's scores on one slice, the grid of its map, and its cost in passes."""
    picture = subject.pixels[None]
    attribution = attribute(subject.model, each.method, picture, subject.label)
    heat = attribution.heat[0]
    second = attribute(subject.model, each.method, picture, subject.runner_up).heat[0]
    measured = {**_measure(heat, subject), Measure.CLASS_AGREEMENT: rank_agreement(heat, second)}
    if faith:
        test = judge_faithfulness(subject.model, subject.pixels, heat, subject.label, subject.orders, QUICK)
        measured[Measure.FAITHFULNESS] = test.score
        measured[Measure.BETTER_THAN_CHANCE] = float(test.better_than_chance)
        if subject.shuffled is not None:
            other = attribute(subject.shuffled, each.method, picture, subject.label).heat[0]
            measured[Measure.WEIGHT_AGREEMENT] = compare_heat(heat, other)
    return measured, (int(heat.shape[0]), int(heat.shape[1])), attribution.passes


def _measure_baselines(
    subject: _Subject, grid: tuple[int, int], rng: np.random.Generator
) -> Iterator[tuple[Baseline, Scores]]:
    """Yield the scores of a random map, and of the centre of the picture, which no class or weight changes."""
    one, other = draw_random_map(grid, rng), draw_random_map(grid, rng)
    maps = ((Baseline.RANDOM, one, rank_agreement(one, other)), (Baseline.CENTRE, centre_prior(grid), 1.0))
    for baseline, heat, agreement in maps:
        either = {Measure.CLASS_AGREEMENT: agreement, Measure.WEIGHT_AGREEMENT: agreement}
        yield baseline, {**_measure(heat, subject), **either}


def _measure(heat: Float32, subject: _Subject) -> dict[Measure, float]:
    """Where the heat lies, which costs no pass of the model, and the areas under its curves."""
    laid, model = place_heat(heat, subject.placement), subject.model
    deletion, insertion = measure_areas(model, subject.pixels, heat, subject.label, subject.orders)
    return {
        Measure.POINTING: float(hits_mask(find_peak(heat, subject.placement), subject.mask)),
        Measure.ENERGY: energy_ratio(laid, subject.mask),
        Measure.AUPRC: mask_auprc(laid, subject.mask),
        Measure.DELETION: deletion,
        Measure.INSERTION: insertion,
    }
