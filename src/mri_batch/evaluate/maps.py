"""Heatmaps against the outlines that people drew, and against the model itself, method by method."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mri_batch.errors import UsageError
from mri_batch.evaluate import figures as f
from mri_batch.evaluate.answers import Answers, Progress
from mri_batch.evaluate.dataset import Item, read_picture
from mri_batch.evaluate.summary import Figure
from mri_batch.explain.base import Method
from mri_batch.explain.metrics import (
    Mask,
    centre_prior,
    draw_random_map,
    energy_ratio,
    hits_mask,
    mask_auprc,
    rank_agreement,
)
from mri_batch.explain.scores import RandomOrders, judge_faithfulness
from mri_batch.geometry import find_peak, place_heat
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.records import Float32, Placement, Slice

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
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFigures:
    """How one method's maps do on ``n`` slices, and on ``n_faith`` of them in the costly measures; absent: not taken.

    ``pointing``: share of maps whose peak lies within 4 px of the outline; ``energy``: heat inside over the outline's
    share of the area; ``auprc``: heat as a score for pixels in it; ``deletion``, ``insertion``: areas under the curves;
    ``faithfulness``: -1..1, above 0 better than random orders; ``class_agreement``: rank correlation with the map of
    the next most probable class, 1 for a map that does not tell classes apart.
    """

    method: str
    n: int
    n_faith: int
    passes: float
    figures: dict[str, Figure]


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


def measure_maps(
    answers: Answers,
    methods: Sequence[tuple[str, Method]],
    session: Session,
    *,
    most: int,
    most_faith: int,
    n_draws: int,
    seed: int,
    progress: Progress,
) -> tuple[MapFigures, ...]:
    """Measure the maps of each method on up to ``most`` slices, beside a random map and the centre of the picture.

    Deletion and insertion, which cost some two hundred passes a method and slice, are taken on ``most_faith``.
    """
    rows = choose_subjects(answers, most)
    costly = set(np.linspace(0, len(rows) - 1, min(most_faith, len(rows))).round().astype(int).tolist())
    taken: dict[str, list[dict[str, float]]] = defaultdict(list)
    passes: dict[str, float] = {}
    for number, subject in enumerate(_iter_subjects(answers, rows, session)):
        orders = RandomOrders() if number in costly else None
        grid = (1, 1)
        for name, method in methods:
            heat, passes[name] = _explain(method, session, subject, subject.label)
            other, _ = _explain(method, session, subject, subject.runner_up)
            grid = max(grid, (int(heat.shape[0]), int(heat.shape[1])))
            taken[name].append(_measure(heat, session, subject, orders) | _agreement(heat, other))
        rng = np.random.default_rng((seed, number))
        taken[RANDOM].append(_measure(draw_random_map(grid, rng), session, subject, orders))
        taken[CENTRE].append(_measure(centre_prior(grid), session, subject, orders))
        progress(1)
    units = [answers.items[i].unit for i in rows]
    return tuple(
        MapFigures(
            method=name,
            n=len(scores),
            n_faith=len(costly),
            passes=passes.get(name, 0.0),
            figures=_join(scores, units, n_draws, seed),
        )
        for name, scores in taken.items()
    )


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


def _explain(method: Method, session: Session, subject: _Subject, label: int) -> tuple[Float32, float]:
    told = method(session, subject.pixels[None], np.array([label], np.int64))
    return told.heat[0], told.passes


def _measure(heat: Float32, session: Session, subject: _Subject, orders: RandomOrders | None) -> dict[str, float]:
    laid = place_heat(heat, subject.placement)
    measured = {
        "pointing": float(hits_mask(find_peak(heat, subject.placement), subject.mask)),
        "energy": energy_ratio(laid, subject.mask),
        "auprc": mask_auprc(laid, subject.mask),
    }
    if orders is None:
        return measured
    faith = judge_faithfulness(session, subject.pixels, heat, subject.label, orders)
    return measured | {
        "deletion": faith.deletion,
        "insertion": faith.insertion,
        "faithfulness": faith.score,
        "better_than_chance": float(faith.better_than_chance),
    }


def _agreement(heat: Float32, other: Float32) -> dict[str, float]:
    return {"class_agreement": rank_agreement(heat, other)}


def _join(taken: Sequence[dict[str, float]], units: Sequence[str], n_draws: int, seed: int) -> dict[str, Figure]:
    weights = f.draw_weights(units, n_draws, seed)
    joined = {}
    for name in MEASURES:
        values = np.array([one.get(name, np.nan) for one in taken])
        known = ~np.isnan(values)
        if known.any():
            joined[name] = Figure.of(f.mean(values[known], weights[:, known]))
    return joined
