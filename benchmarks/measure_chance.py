"""How often does a random map pass as better than chance? On real images, with a real model.

``python -m benchmarks.measure_chance DATASET --model PKG [--split val] [--slices 100] [--maps 1] [--full]``

Each image gets random maps at one of the smoothness levels of the test, the levels taking turns; several maps of an
image are compared with the same random orders, as in a report. ``--full`` uses five shares of the cells and up to 100
orders instead of the quick test of reports. Prints one line per level.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from mri_batch.dataset import choose_split, load_dataset, read_picture
from mri_batch.explain.ops.grid import choose_grid
from mri_batch.explain.quality.faithfulness import (
    QUICK,
    SIGMAS,
    RandomOrders,
    Trial,
    draw_smooth_map,
    judge_faithfulness,
)
from mri_batch.model.package import read_package
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument("--slices", type=int, default=100)
    parser.add_argument("--maps", type=int, default=1)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    session = Session(read_package(args.model), threads=args.threads)
    trial = Trial() if args.full else QUICK
    items = choose_split(load_dataset([args.dataset]), args.split)
    passed: dict[float, list[bool]] = defaultdict(list)
    for case, row in enumerate(np.linspace(0, len(items) - 1, args.slices).round().astype(int)):
        pixels = prepare([read_picture(items[row].path)], session.card.preprocessing).pixels
        target = session.logits(pixels).argmax(axis=1).astype(np.int64)
        sigma = SIGMAS[case % len(SIGMAS)]
        rng, orders = np.random.default_rng((1, case)), RandomOrders()
        for _ in range(args.maps):
            blind = draw_smooth_map(choose_grid(session.wiring, pixels), sigma, rng)
            trial_result = judge_faithfulness(session, pixels[0], blind, int(target[0]), orders, trial)
            passed[sigma].append(trial_result.better_than_chance)
        print(".", end="", file=sys.stderr, flush=True)
    print(f"\n{session.card.name} {session.card.version}, split {args.split}")
    for sigma, verdicts in sorted(passed.items()):
        print(f"random maps, blur of {sigma:g} cells: {sum(verdicts)} of {len(verdicts)} better than chance")
    print(f"random maps: {sum(map(sum, passed.values()))} of {sum(map(len, passed.values()))} better than chance")


if __name__ == "__main__":
    main()
