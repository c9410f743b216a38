"""The explanation licence: which methods of a model may be shown without a warning, and how a package says so.

A method is tested against what knows nothing of the model: a random map and the centre of the picture for where its
heat lies, random orders for deletion and insertion, and the same network with its weights shuffled. It has *passed*
when it is ahead in all of these by more than the 95 % interval, on at least ten slices each. It has *failed* when it is
not ahead in one of them. Else it stays *untested*: the slices do not settle it, or a test was not taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mri_batch.card import MethodEntry
from mri_batch.checksums import SUMS
from mri_batch.commands.evaluate.heatmap_metrics import AHEAD, FEWEST, MapFigures
from mri_batch.explain.registry import available_methods
from mri_batch.model.package import CARD, PROSE, Package, write_package


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """What the tests say of a method, and ``reason``: in what it failed, or what is open."""

    method: str
    verdict: Literal["untested", "passed", "failed"]
    reason: str = ""


def judge_methods(measured: Sequence[MapFigures]) -> tuple[Licence, ...]:
    """Judge each method that was measured; the random map and the centre are what they are judged against."""
    return tuple(judge(one) for one in measured if one.ahead)


def judge(measured: MapFigures) -> Licence:
    """Judge one method."""
    behind = [test for test, figure in measured.ahead.items() if not figure.value > 0]
    if behind:
        return Licence(method=measured.method, verdict="failed", reason=f"not ahead in {', '.join(behind)}")
    absent = [test for test in AHEAD if test not in measured.ahead]
    if absent:
        return Licence(method=measured.method, verdict="untested", reason=f"not tested for {', '.join(absent)}")
    if min(measured.n, measured.n_faith) < FEWEST:
        return Licence(method=measured.method, verdict="untested", reason=f"tested on fewer than {FEWEST} slices")
    open_ = [test for test, figure in measured.ahead.items() if not figure.low > 0]
    if open_:
        return Licence(method=measured.method, verdict="untested", reason=f"not settled in {', '.join(open_)}")
    return Licence(method=measured.method, verdict="passed")


def write_licences(package: Package, licences: Sequence[Licence], tested_on: Mapping[str, str]) -> Package:
    """Write what was found into the package's card, and bring its prose and digests up to date.

    ``tested_on`` says on which pictures, by method. Entries of methods that were not tested stay as they are. The
    package's identity, which is the digest over its files, changes. Raises OutputError where the folder cannot be
    written, or has no ``SHA256SUMS``.
    """
    found = {each.method: each for each in licences}
    entries = tuple(
        _note(entry, found.get(entry.method), tested_on.get(entry.method, ""))
        for entry in available_methods(package.card)
    )
    card = package.card.model_copy(update={"explanations": entries})
    kept = {path.name: path for path in package.folder.iterdir() if path.name not in (CARD, PROSE, SUMS)}
    return write_package(package.folder, card, kept, replace=True)


def _note(entry: MethodEntry, found: Licence | None, tested_on: str) -> MethodEntry:
    if found is None:
        return entry
    reason = f"{found.reason} ({tested_on})" if found.reason else f"tested on {tested_on}"
    return entry.model_copy(update={"licence": found.verdict, "licence_reason": reason})
