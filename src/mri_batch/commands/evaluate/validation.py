"""Validation of explanation methods: which may be shown without a warning, and how a package records it.

A method is tested against what knows nothing of the model: a random map and the centre of the picture for where its
heat lies, random orders for deletion and insertion, and the same network with shuffled weights. It has *passed* when
it is ahead in all of these by more than the 95 % interval, on at least ten slices each. It has *failed* when it is not
ahead in one of them. Otherwise it stays *untested*: the slices do not settle it, or a test was not run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mri_batch.card import MethodEntry, with_fields
from mri_batch.checksums import SUMS
from mri_batch.commands.evaluate.heatmap_metrics import Criterion, MapMetrics
from mri_batch.commands.evaluate.heatmap_scores import FEWEST
from mri_batch.explain.registry import list_methods
from mri_batch.model.package import CARD, PROSE, Package, write_package

CRITERION_NAMES: Mapping[Criterion, str] = {
    Criterion.POINTING_RANDOM: "pointing over a random map",
    Criterion.POINTING_CENTRE: "pointing over the centre of the picture",
    Criterion.ENERGY_RANDOM: "energy over a random map",
    Criterion.ENERGY_CENTRE: "energy over the centre of the picture",
    Criterion.CURVES_RANDOM: "insertion less deletion over a random map",
    Criterion.CURVES_CENTRE: "insertion less deletion over the centre of the picture",
    Criterion.FAITHFULNESS: "faithfulness over random orders",
    Criterion.WEIGHTS: "change with the weights",
}


class Finding(StrEnum):
    """What a verdict on a method rests on."""

    AHEAD = "ahead"  # in every criterion
    BEHIND = "behind"  # in these criteria
    NOT_RUN = "not_run"  # these criteria
    FEW_SLICES = "few_slices"
    OPEN = "open"  # the slices do not settle these criteria


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The verdict on a method, and the criteria that it rests on."""

    method: str
    verdict: Literal["untested", "passed", "failed"]
    finding: Finding
    criteria: tuple[Criterion, ...] = ()


def validate_methods(measured: Sequence[MapMetrics]) -> tuple[Validation, ...]:
    """Validate each method that was measured; baselines have no criteria of their own."""
    return tuple(validate(each) for each in measured if each.ahead)


def validate(measured: MapMetrics) -> Validation:
    """Validate one method."""
    name, ahead = measured.method, measured.ahead
    behind = tuple(each for each, lead in ahead.items() if not lead.value > 0)
    if behind:
        return Validation(method=name, verdict="failed", finding=Finding.BEHIND, criteria=behind)
    absent = tuple(each for each in Criterion if each not in ahead)
    if absent:
        return Validation(method=name, verdict="untested", finding=Finding.NOT_RUN, criteria=absent)
    if min(measured.n, measured.n_faith) < FEWEST:
        return Validation(method=name, verdict="untested", finding=Finding.FEW_SLICES)
    unsettled = tuple(each for each, lead in ahead.items() if not lead.low > 0)
    if unsettled:
        return Validation(method=name, verdict="untested", finding=Finding.OPEN, criteria=unsettled)
    return Validation(method=name, verdict="passed", finding=Finding.AHEAD)


def to_words(validation: Validation) -> str:
    """Say what a verdict rests on; empty for a method that passed."""
    criteria = ", ".join(CRITERION_NAMES[each] for each in validation.criteria)
    return {
        Finding.AHEAD: "",
        Finding.BEHIND: f"not ahead in {criteria}",
        Finding.NOT_RUN: f"not tested for {criteria}",
        Finding.FEW_SLICES: f"tested on fewer than {FEWEST} slices",
        Finding.OPEN: f"not settled in {criteria}",
    }[validation.finding]


def write_validation(package: Package, validations: Sequence[Validation], tested_on: Mapping[str, str]) -> Package:
    """Write the verdicts into the package's card, and update its prose and digests.

    ``tested_on``: the pictures, by method. Entries of methods that were not tested stay as they are. The package's
    identity, which is the digest over its files, changes. Raises OutputError where the folder cannot be written, or
    has no ``SHA256SUMS``.
    """
    by_method = {each.method: each for each in validations}
    entries = tuple(
        _record(entry, by_method.get(entry.method), tested_on.get(entry.method, ""))
        for entry in list_methods(package.card)
    )
    card = with_fields(package.card, explanations=entries)
    kept = {path.name: path for path in package.folder.iterdir() if path.name not in (CARD, PROSE, SUMS)}
    return write_package(package.folder, card, kept, replace=True)


def _record(entry: MethodEntry, found: Validation | None, tested_on: str) -> MethodEntry:
    if found is None:
        return entry
    words = to_words(found)
    reason = f"{words} ({tested_on})" if words else f"tested on {tested_on}"
    return with_fields(entry, validation=found.verdict, validation_reason=reason)
