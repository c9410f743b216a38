"""Heatmaps against the outlines that people drew, and against the model itself, method by method."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.commands.evaluate import metrics as f
from mri_batch.commands.evaluate.cached_model import Recall
from mri_batch.commands.evaluate.predictions import Answers, Progress
from mri_batch.commands.evaluate.summary import Figure
from mri_batch.dataset import Item, read_picture
from mri_batch.errors import UsageError
from mri_batch.explain.base import Forward, Method
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
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.placement import Placement, find_peak, place_heat
from mri_batch.records import Slice

RANDOM, CENTRE = "a random map", "the centre of the picture"
MEASURES = (
    "pointing",
    "energy",
    "auprc",
    "deletion",
    "insertion",
    "faithfulness",
    "better_than_chance",
    "class_agreement",
    "weight_agreement",
)
SETTLED_PASSES = 4000  # forward passes spent on the maps of a method, but for a few slices of the dearest
FEWEST = 10  # slices for the dearest
AREA_PASSES = 10  # for the areas under a map's deletion and insertion curves
MOST_AGREEMENT = 0.5  # rank correlation with the maps of shuffled weights
OVER = ("pointing", "energy", "insertion less deletion")
AHEAD = (
    *(f"{key} over {title}" for key in OVER for title in (RANDOM, CENTRE)),
    "faithfulness over random orders",
    "change with the weights",
)
Scores = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFigures:
    """How one method's maps do on ``n`` slices, and on ``n_faith`` of them in the costly measures; absent: not taken.

    ``pointing``: share of maps whose peak lies within 4 px of the outline; ``energy``: heat inside over the outline's
    share of the area; ``auprc``: heat as a score for pixels in it; ``deletion``, ``insertion``: areas under the curves;
    ``class_agreement``: rank correlation with the map of the next most probable class, 1 for a map that does not tell
    classes apart. On ``n_faith``: ``faithfulness``, -1..1, above 0 better than random orders; ``better_than_chance``,
    the share of maps that a report would call so; ``weight_agreement``: with the map of the same network with its
    weights shuffled, 1 for a map that does not depend on them. ``ahead`` are differences to what stands beside the
    method, slice by slice: pointing, energy and insertion less deletion over the random map and over the centre,
    ``faithfulness`` over random orders, and by how much the agreement with shuffled weights is below 0.5.
    """

    method: str
    n: int
    n_faith: int
    passes: float
    figures: dict[str, Figure]
    ahead: dict[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was taken on single slices, before anything is averaged.

    ``units``: of whom each slice is, in the order in which they were taken; ``scores``: method -> one dict for each of
    the first slices; ``passes``: what a map of each method costs.
    """

    units: tuple[str, ...]
    scores: dict[str, list[Scores]]
    passes: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """One slice under test: the picture, where the model looks, what it said, and the outline."""

    item: Item
    picture: Slice
    pixels: Float32
    placement: Placement
    label: int
    runner_up: int
    mask: Mask


def choose_subjects(answers: Answers, most: int) -> tuple[int, ...]:
    """Choose rows to test: rightly classified, with an outline, spread evenly over each class."""
    chosen: list[int] = []
    fit = [
        i
        for i, (item, right) in enumerate(zip(answers.items, answers.predicted == answers.targets, strict=True))
        if right and item.mask is not None
    ]
    by_label: dict[str, list[int]] = defaultdict(list)
    for i in fit:
        by_label[answers.items[i].label].append(i)
    for rows in by_label.values():
        places = np.linspace(0, len(rows) - 1, min(len(rows), -(-most // len(by_label))))
        chosen += [rows[i] for i in np.unique(places.round().astype(int))]
    return tuple(sorted(chosen))


def take_maps(
    answers: Answers,
    methods: Sequence[tuple[str, Method]],
    session: Session,
    *,
    most: int,
    most_faith: int,
    seed: int,
    progress: Progress,
    shuffled: Session | None = None,
    most_passes: int = SETTLED_PASSES,
) -> Taken:
    """Measure the maps of each method on up to ``most`` slices, beside a random map and the centre of the picture.

    On ``most_faith`` slices maps are judged as a report judges them (86 to 166 passes for each smoothness of maps),
    and compared with those of ``shuffled``, the same network with other weights. A method takes fewer slices, at least
    ten, where its maps and their areas would cost more than ``most_passes``.
    """
    chosen = choose_subjects(answers, most)
    rows = [chosen[i] for i in spread_out(len(chosen))]
    taken: dict[str, list[Scores]] = defaultdict(list)
    passes: dict[str, float] = {}
    for number, subject in enumerate(_iter_subjects(answers, rows, session)):
        if all(number >= _affordable(passes.get(name, 1.0), most_passes) for name, _ in methods):
            break  # there is nothing to set a random map beside
        asked, orders, grid = Recall(session), RandomOrders(), (1, 1)
        other = Recall(shuffled) if shuffled else None
        for name, method in methods:
            if number >= _affordable(passes.get(name, 1.0), most_passes):
                continue
            heat, passes[name] = _explain(method, asked, subject, subject.label)
            second, _ = _explain(method, asked, subject, subject.runner_up)
            grid = max(grid, (int(heat.shape[0]), int(heat.shape[1])))
            measured = _measure(heat, asked, subject, orders) | {"class_agreement": rank_agreement(heat, second)}
            if number < most_faith:
                measured |= _judge(heat, asked, subject, orders)
                measured |= _compare_weights(heat, method, other, subject) if other else {}
            taken[name].append(measured)
        rng = np.random.default_rng((seed, number))
        one, another = draw_random_map(grid, rng), draw_random_map(grid, rng)
        for name, heat, agreement in ((RANDOM, one, rank_agreement(one, another)), (CENTRE, centre_prior(grid), 1.0)):
            either = {"class_agreement": agreement, "weight_agreement": agreement}
            taken[name].append(_measure(heat, asked, subject, orders) | either)
        progress(1)
    return Taken(units=tuple(answers.items[i].unit for i in rows), scores=dict(taken), passes=passes)


def sum_up_maps(taken: Taken, *, n_draws: int, seed: int) -> tuple[MapFigures, ...]:
    """Average over slices, with intervals from ``n_draws`` draws of whole patients."""
    beside = {title: taken.scores.get(title, []) for title in (RANDOM, CENTRE)}
    return tuple(
        MapFigures(
            method=name,
            n=len(scores),
            n_faith=sum("faithfulness" in one for one in scores),
            passes=taken.passes.get(name, 0.0),
            figures=join_scores(scores, taken.units, n_draws, seed),
            ahead=join_scores(_compare(scores, beside), taken.units, n_draws, seed) if name in taken.passes else {},
        )
        for name, scores in taken.scores.items()
    )


def spread_out(n: int) -> list[int]:
    """Order 0..n-1 so that the first m are spread over the whole, for every m (by their digits read backwards)."""
    bits = max(1, (n - 1).bit_length())
    return sorted(range(n), key=lambda i: f"{i:0{bits}b}"[::-1])


def _affordable(passes: float, most_passes: int) -> int:
    """Slices for a method whose map costs that much: one for each of two classes, and the areas of the first."""
    return max(FEWEST, int(most_passes / (2 * passes + AREA_PASSES)))


def _compare(scores: Sequence[Scores], beside: Mapping[str, Sequence[Scores]]) -> list[Scores]:
    """By how much a method is ahead on each of its slices; NaN where that was not taken."""
    compared = []
    for number, own in enumerate(scores):
        found = {
            f"{key} over {title}": read_score(own, key) - read_score(others[number], key)
            for key in OVER
            for title, others in beside.items()
        }
        found[AHEAD[-2]] = own.get("faithfulness", np.nan)
        found[AHEAD[-1]] = MOST_AGREEMENT - own.get("weight_agreement", np.nan)
        compared.append(found)
    return compared


def read_score(scores: Scores, key: str) -> float:
    """One score of a slice; "a less b" is the difference of two."""
    one, _, other = key.partition(" less ")
    return scores[one] - (scores[other] if other else 0.0)


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


def _iter_subjects(answers: Answers, rows: Sequence[int], session: Session) -> Iterator[_Subject]:
    for i in rows:
        item = answers.items[i]
        picture = read_picture(item.path)
        ready = prepare([picture], session.card.preprocessing)
        runner_up, label = np.argsort(answers.probabilities[i], kind="stable")[-2:].tolist()
        yield _Subject(
            item=item,
            picture=picture,
            pixels=ready.pixels[0],
            placement=ready.placements[0],
            label=label,
            runner_up=runner_up,
            mask=load_mask(item, picture),
        )


def _explain(method: Method, model: Forward, subject: _Subject, label: int) -> tuple[Float32, float]:
    told = method(model, subject.pixels[None], np.array([label], np.int64))
    return told.heat[0], told.passes


def _measure(heat: Float32, model: Forward, subject: _Subject, orders: RandomOrders) -> Scores:
    """Where the heat lies, which costs no pass of the model, and the areas under its curves."""
    laid = place_heat(heat, subject.placement)
    deletion, insertion = measure_areas(model, subject.pixels, heat, subject.label, orders)
    return {
        "pointing": float(hits_mask(find_peak(heat, subject.placement), subject.mask)),
        "energy": energy_ratio(laid, subject.mask),
        "auprc": mask_auprc(laid, subject.mask),
        "deletion": deletion,
        "insertion": insertion,
    }


def _judge(heat: Float32, model: Forward, subject: _Subject, orders: RandomOrders) -> Scores:
    faith = judge_faithfulness(model, subject.pixels, heat, subject.label, orders, QUICK)
    return {"faithfulness": faith.score, "better_than_chance": float(faith.better_than_chance)}


def _compare_weights(heat: Float32, method: Method, other: Forward, subject: _Subject) -> Scores:
    theirs, _ = _explain(method, other, subject, subject.label)
    return {"weight_agreement": compare_heat(heat, theirs)}


def join_scores(taken: Sequence[Scores], units: Sequence[str], n_draws: int, seed: int) -> dict[str, Figure]:
    """Means and intervals of each score; the slices taken are the first of ``units``."""
    weights = f.draw_weights(units[: len(taken)], n_draws, seed)
    joined = {}
    for name in dict.fromkeys(name for one in taken for name in one):
        values = np.array([one.get(name, np.nan) for one in taken])
        known = ~np.isnan(values)
        if known.any():
            joined[name] = Figure.of(f.mean(values[known], weights[:, known]))
    return joined
