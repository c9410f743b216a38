"""Every method of a package against people's outlines and against the model, as the table of docs/methods.md.

``python -m benchmarks.measure_methods DATASET --model PKG [--split test] [--slices 500] [--faith 40] [--passes 4000]``

Beside the methods as the package offers them stand rollouts over other layers and with other fusions, a random map and
the centre of the picture. A method takes as many slices as ``--passes`` forward passes allow, at least ten; ``--cheap``
leaves out the methods that cost over ten passes. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mri_batch.card import ModelCard
from mri_batch.evaluate.answers import answer_items
from mri_batch.evaluate.dataset import choose_split, load_dataset
from mri_batch.evaluate.licence import judge_methods
from mri_batch.evaluate.maps import MEASURES, SETTLED_PASSES, MapFigures, measure_maps
from mri_batch.explain import available_methods, build_method
from mri_batch.explain.base import Method
from mri_batch.explain.rollout import Rollout
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.model.shuffle import shuffle_package

DEAR = ("integrated_gradients", "smoothgrad", "occlusion", "rise", "lime", "kernel_shap")


def choose_contenders(card: ModelCard, cheap: bool) -> list[tuple[str, Method]]:
    """The methods that the package offers, and rollouts that it could have as its default."""
    names = [e.method for e in available_methods(card) if e.available and not (cheap and e.method in DEAR)]
    contenders = [(name, build_method(name, card)) for name in names]
    depth = len(card.wiring.attention)
    for first in sorted({0, depth // 2, *range(max(0, depth - 4), depth)} if depth else ()):
        contenders.append((f"rollout, layers {first + 1}-{depth}", Rollout(first_layer=first)))
    if depth:
        first = max(0, depth - 4)
        contenders.append(
            (f"rollout, minimum of heads, layers {first + 1}-{depth}", Rollout(fusion="min", first_layer=first))
        )
        contenders.append((f"rollout, minimum of heads, layers 1-{depth}", Rollout(fusion="min")))
        strong = Rollout(fusion="max", discard=0.9, first_layer=first)
        contenders.append((f"rollout, maximum of heads, discard 0.9, layers {first + 1}-{depth}", strong))
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


def main() -> None:
    """Read the words, measure, print."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("datasets", nargs="+", type=Path)
    words.add_argument("--model", type=Path, required=True)
    words.add_argument("--split", default="test")
    words.add_argument("--slices", type=int, default=500)
    words.add_argument("--faith", type=int, default=40)
    words.add_argument("--passes", type=int, default=SETTLED_PASSES)
    words.add_argument("--cheap", action="store_true")
    words.add_argument("--threads", type=int, default=0)
    asked = words.parse_args()
    session = Session(read_package(asked.model), threads=asked.threads)
    items = [i for i in choose_split(load_dataset(asked.datasets), asked.split) if i.mask is not None]
    answers = answer_items(items, session, None, lambda done: None)
    with tempfile.TemporaryDirectory() as folder:
        other = shuffle_package(session.package, Path(folder) / "shuffled")
        measured = measure_maps(
            answers,
            choose_contenders(session.card, asked.cheap),
            session,
            most=asked.slices,
            most_faith=asked.faith,
            most_passes=asked.passes,
            n_draws=1000,
            seed=0,
            progress=lambda done: print(".", end="", file=sys.stderr, flush=True),
            shuffled=Session(other, threads=asked.threads) if other else None,
        )
    card = session.card
    print(
        f"\n{card.name} {card.version}, split {asked.split}: {measured[0].n} rightly classified slices; "
        "n: slices, and those with deletion, insertion and shuffled weights.\n"
    )
    print(write_table(measured))


if __name__ == "__main__":
    main()
