"""Every method of a package against human outlines and against the model; tables of docs/research/methods.md.

``python -m benchmarks.measure_methods DATASET --model PKG [--split test] [--slices 60] [--faith 0] [--passes 1000]``

Besides the methods that the package offers, rollouts over other layers and with other fusions, a random map and the
centre of the image are measured. A method is given as many slices as ``--passes`` forward passes allow, at least ten.
``--cheap`` leaves out methods over ten passes and ``--expensive`` runs only those: one table in two runs.
``--lead`` runs only the default method and its baselines, on more slices in the same time.
Prints Markdown: the methods, and the default's lead over its baselines, slice by slice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mri_batch.card import MethodEntry, ModelCard
from mri_batch.commands.evaluate.estimate import Bootstrap, Estimate
from mri_batch.commands.evaluate.heatmap_metrics import (
    Baseline,
    MapMetrics,
    MapScores,
    Measure,
    average,
    summarise_maps,
)
from mri_batch.commands.evaluate.heatmap_scores import MapBudget, measure_maps
from mri_batch.commands.evaluate.predictions import predict_items
from mri_batch.commands.evaluate.validation import validate_methods
from mri_batch.dataset import choose_split, load_dataset
from mri_batch.explain.base import Method
from mri_batch.explain.methods.rollout import Rollout
from mri_batch.explain.registry import ChosenMethod, build_method, choose_default, list_methods
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.model.shuffle import shuffle_package
from mri_batch.progress import Progress, Step
from mri_batch.records import StudyResult

EXPENSIVE = ("integrated_gradients", "smoothgrad", "occlusion", "rise", "lime", "kernel_shap")
LEADS = {  # -1: less is better
    Measure.POINTING: 1,
    Measure.ENERGY: 1,
    Measure.AUPRC: 1,
    Measure.DELETION: -1,
    Measure.INSERTION: 1,
}
BOOTSTRAP = Bootstrap(n_draws=1000, seed=0)


class Dots(Progress):
    """A dot for each slice."""

    def __init__(self) -> None:
        self.step: Step = "pictures"

    def started(self, step: Step, total: int, pending: int) -> None:
        """Remember the step."""
        self.step = step

    def advanced(self, n: int = 1, result: StudyResult | None = None) -> None:
        """Write a dot."""
        if self.step == "heatmaps":
            print(".", end="", file=sys.stderr, flush=True)


def choose_contenders(card: ModelCard, *, cheap: bool, expensive: bool, lead: bool) -> list[ChosenMethod]:
    """The methods that the package offers, and rollouts that it could have as its default."""
    depth = len(card.wiring.attention)
    every_layer = [_name(f"rollout, layers 1-{depth}", Rollout())] if depth else []
    if lead:
        default = choose_default(card)
        return [_name(default, build_method(default, card)), *every_layer] if default else every_layer
    offered = [e.method for e in list_methods(card) if e.available]
    names = [
        name for name in offered if not (cheap and name in EXPENSIVE) and not (expensive and name not in EXPENSIVE)
    ]
    contenders = [_name(name, build_method(name, card)) for name in names]
    if depth and not expensive:
        first = max(0, depth - 4)
        strong = Rollout(fusion="max", discard=0.9, first_layer=first)
        contenders += [
            *every_layer,
            _name(f"rollout, layers {depth - 1}-{depth}", Rollout(first_layer=depth - 2)),
            _name(f"rollout, minimum of heads, layers {first + 1}-{depth}", Rollout(fusion="min", first_layer=first)),
            _name(f"rollout, minimum of heads, layers 1-{depth}", Rollout(fusion="min")),
            _name(f"rollout, maximum of heads, discard 0.9, layers {first + 1}-{depth}", strong),
        ]
    return contenders


def _name(name: str, method: Method) -> ChosenMethod:
    return ChosenMethod(method=method, entry=MethodEntry(method=name))


def write_table(measured: Sequence[MapMetrics]) -> str:
    """Markdown: a row for each method, a column for each metric, the 95 % interval of the first, and the validation."""
    verdicts = {each.method: each.verdict for each in validate_methods(measured)}
    lines = [f"| method | passes | n | {' | '.join(Measure)} | validation |", "|---" * (4 + len(Measure)) + "|"]
    for row in measured:
        cells = [f"{row.metrics[name].value:.3f}" if name in row.metrics else "" for name in Measure]
        if Measure.POINTING in row.metrics:
            pointing = row.metrics[Measure.POINTING]
            cells[0] = f"{pointing.value:.3f} ({pointing.low:.2f}-{pointing.high:.2f})"
        verdict = verdicts.get(row.method, "")
        lines.append(f"| {row.method} | {row.passes:g} | {row.n}, {row.n_faith} | {' | '.join(cells)} | {verdict} |")
    return "\n".join(lines)


def measure_lead(measured: MapScores, one: str, other: str) -> dict[Measure, Estimate]:
    """Mean lead of one method over another in each measure, on the slices that both have; above 0 is better."""
    pairs = zip(measured.scores[one], measured.scores[other], strict=False)
    ahead = [{key: sign * (a[key] - b[key]) for key, sign in LEADS.items()} for a, b in pairs]
    return average(ahead, measured.units, BOOTSTRAP)


def write_leads(measured: MapScores, one: str) -> str:
    """Markdown: the lead of one method over each of the others, with 95 % intervals."""
    lines = [f"| {one} ahead of | n | {' | '.join(LEADS)} |", "|---" * (2 + len(LEADS)) + "|"]
    for other, scores in measured.scores.items():
        if other != one:
            leads = measure_lead(measured, one, other).values()
            cells = [f"{lead.value:+.3f} ({lead.low:+.3f} to {lead.high:+.3f})" for lead in leads]
            lines.append(f"| {other} | {min(len(scores), len(measured.scores[one]))} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="+", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--slices", type=int, default=60)
    parser.add_argument("--faith", type=int, default=0)
    parser.add_argument("--passes", type=int, default=1000)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--cheap", action="store_true")
    which.add_argument("--expensive", action="store_true")
    which.add_argument("--lead", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--batch", type=int, default=8)
    args = parser.parse_args()
    session = Session(read_package(args.model), threads=args.threads, batch_size=args.batch)
    items = [i for i in choose_split(load_dataset(args.datasets), args.split) if i.mask is not None]
    predictions = predict_items(items, session, None, Dots())
    with tempfile.TemporaryDirectory() as folder:
        other = shuffle_package(session.package, Path(folder) / "shuffled") if args.faith else None
        measured = measure_maps(
            predictions,
            choose_contenders(session.card, cheap=args.cheap, expensive=args.expensive, lead=args.lead),
            session,
            MapBudget(slices=args.slices, faith_slices=args.faith, passes=args.passes),
            Dots(),
            shuffled=Session(other, threads=args.threads, batch_size=args.batch) if other else None,
        )
    card = session.card
    print(
        f"\n{card.name} {card.version}, split {args.split}: {len(measured.units)} correctly classified slices; "
        "n: slices, and those with random orders and shuffled weights.\n"
    )
    print(write_table(summarise_maps(measured, BOOTSTRAP)))
    default = choose_default(card)
    print("\n" + write_leads(measured, default if default and default in measured.scores else Baseline.RANDOM))


if __name__ == "__main__":
    main()
