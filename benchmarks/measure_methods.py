"""Every method of a package against human outlines and against the model; tables of docs/research/methods.md.

``python -m benchmarks.measure_methods DATASET --model PKG [--split test] [--slices 60] [--faith 0] [--passes 1000]``

Besides the methods that the package offers, rollouts over other layers and with other fusions, a random map and the
centre of the image are measured. A method is given as many slices as ``--passes`` forward passes allow, at least ten.
``--cheap`` leaves out methods over ten passes and ``--dear`` runs only those, so the table can be made in two runs.
``--lead`` runs only the default method and its baselines, on more slices in the same time.
Prints Markdown: the methods, and the default's lead over its baselines, slice by slice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mri_batch.card import ModelCard
from mri_batch.commands.evaluate.heatmap_metrics import (
    MEASURES,
    RANDOM,
    MapFigures,
    Taken,
    join_scores,
    sum_up_maps,
    take_maps,
)
from mri_batch.commands.evaluate.predictions import answer_items
from mri_batch.commands.evaluate.summary import Figure
from mri_batch.commands.evaluate.validation import judge_methods
from mri_batch.dataset import choose_split, load_dataset
from mri_batch.explain.base import Method
from mri_batch.explain.methods.rollout import Rollout
from mri_batch.explain.registry import available_methods, build_method, choose_default
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.model.shuffle import shuffle_package

DEAR = ("integrated_gradients", "smoothgrad", "occlusion", "rise", "lime", "kernel_shap")
LEADS = {"pointing": 1, "energy": 1, "auprc": 1, "deletion": -1, "insertion": 1}  # -1: less is better
DRAWS = 1000


def choose_contenders(card: ModelCard, *, cheap: bool, dear: bool, lead: bool) -> list[tuple[str, Method]]:
    """The methods that the package offers, and rollouts that it could have as its default."""
    depth = len(card.wiring.attention)
    every_layer = [(f"rollout, layers 1-{depth}", Rollout())] if depth else []
    if lead:
        default = choose_default(card)
        return [(default, build_method(default, card)), *every_layer]
    offered = [e.method for e in available_methods(card) if e.available]
    names = [name for name in offered if not (cheap and name in DEAR) and not (dear and name not in DEAR)]
    contenders = [(name, build_method(name, card)) for name in names]
    if depth and not dear:
        first = max(0, depth - 4)
        strong = Rollout(fusion="max", discard=0.9, first_layer=first)
        contenders += [
            *every_layer,
            (f"rollout, layers {depth - 1}-{depth}", Rollout(first_layer=depth - 2)),
            (f"rollout, minimum of heads, layers {first + 1}-{depth}", Rollout(fusion="min", first_layer=first)),
            (f"rollout, minimum of heads, layers 1-{depth}", Rollout(fusion="min")),
            (f"rollout, maximum of heads, discard 0.9, layers {first + 1}-{depth}", strong),
        ]
    return contenders


def write_table(measured: Sequence[MapFigures]) -> str:
    """Markdown: a row for each method, a column for each figure, the 95 % interval of the first, and the licence."""
    told = {each.method: each.verdict for each in judge_methods(measured)}
    lines = [f"| method | passes | n | {' | '.join(MEASURES)} | licence |", "|---" * (4 + len(MEASURES)) + "|"]
    for row in measured:
        cells = [f"{row.figures[name].value:.3f}" if name in row.figures else "" for name in MEASURES]
        if "pointing" in row.figures:
            pointing = row.figures["pointing"]
            cells[0] = f"{pointing.value:.3f} ({pointing.low:.2f}-{pointing.high:.2f})"
        licence = told.get(row.method, "")
        lines.append(f"| {row.method} | {row.passes:g} | {row.n}, {row.n_faith} | {' | '.join(cells)} | {licence} |")
    return "\n".join(lines)


def measure_lead(taken: Taken, one: str, other: str) -> dict[str, Figure]:
    """By how much one method is ahead of another in each measure, over the slices that both took; above 0 is better."""
    pairs = zip(taken.scores[one], taken.scores[other], strict=False)
    ahead = [{key: sign * (a[key] - b[key]) for key, sign in LEADS.items()} for a, b in pairs]
    return join_scores(ahead, taken.units, DRAWS, 0)


def write_leads(taken: Taken, one: str) -> str:
    """Markdown: the lead of one method over each of the others, with 95 % intervals."""
    lines = [f"| {one} ahead of | n | {' | '.join(LEADS)} |", "|---" * (2 + len(LEADS)) + "|"]
    for other, scores in taken.scores.items():
        if other != one:
            leads = measure_lead(taken, one, other).values()
            cells = [f"{lead.value:+.3f} ({lead.low:+.3f} to {lead.high:+.3f})" for lead in leads]
            lines.append(f"| {other} | {min(len(scores), len(taken.scores[one]))} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Read the words, measure, print."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("datasets", nargs="+", type=Path)
    words.add_argument("--model", type=Path, required=True)
    words.add_argument("--split", default="test")
    words.add_argument("--slices", type=int, default=60)
    words.add_argument("--faith", type=int, default=0)
    words.add_argument("--passes", type=int, default=1000)
    which = words.add_mutually_exclusive_group()
    which.add_argument("--cheap", action="store_true")
    which.add_argument("--dear", action="store_true")
    which.add_argument("--lead", action="store_true")
    words.add_argument("--threads", type=int, default=0)
    words.add_argument("--batch", type=int, default=8)
    asked = words.parse_args()
    session = Session(read_package(asked.model), threads=asked.threads, batch_size=asked.batch)
    items = [i for i in choose_split(load_dataset(asked.datasets), asked.split) if i.mask is not None]
    answers = answer_items(items, session, None, lambda done: None)
    with tempfile.TemporaryDirectory() as folder:
        other = shuffle_package(session.package, Path(folder) / "shuffled") if asked.faith else None
        taken = take_maps(
            answers,
            choose_contenders(session.card, cheap=asked.cheap, dear=asked.dear, lead=asked.lead),
            session,
            most=asked.slices,
            most_faith=asked.faith,
            most_passes=asked.passes,
            seed=0,
            progress=lambda done: print(".", end="", file=sys.stderr, flush=True),
            shuffled=Session(other, threads=asked.threads, batch_size=asked.batch) if other else None,
        )
    card = session.card
    print(
        f"\n{card.name} {card.version}, split {asked.split}: {len(taken.units)} rightly classified slices; "
        "n: slices, and those with random orders and shuffled weights.\n"
    )
    print(write_table(sum_up_maps(taken, n_draws=DRAWS, seed=0)))
    default = choose_default(card)
    print("\n" + write_leads(taken, default if default in taken.scores else RANDOM))


if __name__ == "__main__":
    main()
