"""Metrics of heatmaps method by method, averaged over slices, and how they compare with what knows nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import numpy as np

from mri_batch.commands.evaluate import metrics
from mri_batch.commands.evaluate.estimate import Bootstrap, Estimate

MOST_AGREEMENT = 0.5  # rank correlation with the maps of shuffled weights


class Measure(StrEnum):
    """What is measured on the map of one slice."""

    POINTING = "pointing"
    ENERGY = "energy"
    AUPRC = "auprc"
    DELETION = "deletion"
    INSERTION = "insertion"
    FAITHFULNESS = "faithfulness"
    BETTER_THAN_CHANCE = "better_than_chance"
    CLASS_AGREEMENT = "class_agreement"
    WEIGHT_AGREEMENT = "weight_agreement"


class Baseline(StrEnum):
    """Maps without knowledge of the model, measured on the same slices as the methods."""

    RANDOM = "random_map"
    CENTRE = "centre"


class Criterion(StrEnum):
    """What a method must be ahead in to pass validation."""

    POINTING_RANDOM = "pointing_over_random_map"
    POINTING_CENTRE = "pointing_over_centre"
    ENERGY_RANDOM = "energy_over_random_map"
    ENERGY_CENTRE = "energy_over_centre"
    CURVES_RANDOM = "curves_over_random_map"
    CURVES_CENTRE = "curves_over_centre"
    FAITHFULNESS = "faithfulness_over_random_orders"
    WEIGHTS = "change_with_weights"


Scores = Mapping[Measure, float]
Key = TypeVar("Key", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapScores:
    """Scores of single slices, before anything is averaged.

    ``units``: of whom each slice is, in the order of measurement; ``scores``: method -> scores of each of the first
    slices; ``passes``: cost of a map of each method.
    """

    units: tuple[str, ...]
    scores: Mapping[str, Sequence[Scores]]
    passes: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapMetrics:
    """How one method's maps do on ``n`` slices, and on ``n_faith`` of them in the costly measures.

    ``pointing``: share of maps whose peak lies within 4 px of the outline; ``energy``: heat inside over the outline's
    share of the area; ``auprc``: heat as a score for pixels inside; ``deletion``, ``insertion``: areas under the
    curves; ``class_agreement``: rank correlation with the map of the next most probable class, 1 for a map that does
    not tell classes apart. On ``n_faith``: ``faithfulness``, -1..1, above 0 better than random orders;
    ``better_than_chance``, the share of maps that a report would call so; ``weight_agreement``: with the map of the
    same network with shuffled weights, 1 for a map that does not depend on them.

    ``ahead``: mean differences slice by slice: pointing, energy and insertion less deletion over each baseline,
    ``faithfulness`` over random orders, and by how much the agreement with shuffled weights is below 0.5.
    """

    method: str
    n: int
    n_faith: int
    passes: float
    metrics: Mapping[Measure, Estimate]
    ahead: Mapping[Criterion, Estimate] = field(default_factory=dict)


def summarise_maps(measured: MapScores, bootstrap: Bootstrap) -> tuple[MapMetrics, ...]:
    """Average over slices, with intervals."""
    baselines = {baseline: measured.scores.get(baseline, []) for baseline in Baseline}
    return tuple(
        MapMetrics(
            method=name,
            n=len(scores),
            n_faith=sum(Measure.FAITHFULNESS in each for each in scores),
            passes=measured.passes.get(name, 0.0),
            metrics=average(scores, measured.units, bootstrap),
            ahead=average(_compare(scores, baselines), measured.units, bootstrap) if name in measured.passes else {},
        )
        for name, scores in measured.scores.items()
    )


def average(scores: Sequence[Mapping[Key, float]], units: Sequence[str], bootstrap: Bootstrap) -> dict[Key, Estimate]:
    """Means and intervals of each score over the slices that have it; the slices are the first of ``units``."""
    weights = bootstrap.weights(units[: len(scores)])
    averaged = {}
    for key in dict.fromkeys(key for each in scores for key in each):
        values = np.array([each.get(key, np.nan) for each in scores])
        known = ~np.isnan(values)
        if known.any():
            averaged[key] = Estimate.of(metrics.mean(values[known], weights[:, known]))
    return averaged


def _compare(
    scores: Sequence[Scores], baselines: Mapping[Baseline, Sequence[Scores]]
) -> list[Mapping[Criterion, float]]:
    """By how much a method is ahead on each of its slices; NaN where that was not measured."""
    compared: list[Mapping[Criterion, float]] = []
    for number, own in enumerate(scores):
        chance, centre = (baselines[baseline][number] for baseline in Baseline)
        compared.append(
            {
                Criterion.POINTING_RANDOM: own[Measure.POINTING] - chance[Measure.POINTING],
                Criterion.POINTING_CENTRE: own[Measure.POINTING] - centre[Measure.POINTING],
                Criterion.ENERGY_RANDOM: own[Measure.ENERGY] - chance[Measure.ENERGY],
                Criterion.ENERGY_CENTRE: own[Measure.ENERGY] - centre[Measure.ENERGY],
                Criterion.CURVES_RANDOM: _gain(own) - _gain(chance),
                Criterion.CURVES_CENTRE: _gain(own) - _gain(centre),
                Criterion.FAITHFULNESS: own.get(Measure.FAITHFULNESS, np.nan),
                Criterion.WEIGHTS: MOST_AGREEMENT - own.get(Measure.WEIGHT_AGREEMENT, np.nan),
            }
        )
    return compared


def _gain(scores: Scores) -> float:
    return scores[Measure.INSERTION] - scores[Measure.DELETION]
