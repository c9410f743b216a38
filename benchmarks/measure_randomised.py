"""Do maps depend on the weights? Rank correlation with the maps of the same network with shuffled weights.

``python -m benchmarks.measure_randomised DATASET --model PKG [--split val] [--slices 16] [--methods A,B]``

Makes copies of the package in which the values of the last layer, or of every layer, are permuted (each tensor by
itself, so that its distribution is preserved), as in Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018.
Expensive methods run on fewer slices. Prints Markdown; 1 means that the map does not depend on what was shuffled.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.commands.evaluate.heatmap_scores import spread_out
from mri_batch.dataset import choose_split, load_dataset, read_picture
from mri_batch.explain.base import Method
from mri_batch.explain.quality.randomization import compare_models
from mri_batch.explain.registry import build_method, list_methods
from mri_batch.model.package import read_package
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.model.shuffle import shuffle_package

PASSES, FEWEST = 800, 3  # forward passes per method and network; the most expensive still get FEWEST slices


def measure(ours: Session, other: Session, method: Method, pixels: Float32, target: Int64) -> float:
    """Mean rank correlation over as many pictures as a method can afford."""
    n = max(FEWEST, int(PASSES / method(ours, pixels[:1], target[:1]).passes))
    return float(np.nanmean(compare_models(ours, other, method, pixels[:n], target[:n])))


def main() -> None:
    """Parse the arguments, shuffle, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument("--slices", type=int, default=16)
    parser.add_argument("--methods", default="", help="A,B; default: all")
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    session = Session(read_package(args.model), threads=args.threads)
    items = choose_split(load_dataset([args.dataset]), args.split)
    picked = np.linspace(0, len(items) - 1, args.slices).round().astype(int)[spread_out(args.slices)]
    pixels = prepare([read_picture(items[i].path) for i in picked], session.card.preprocessing).pixels
    target = session.logits(pixels).argmax(axis=1).astype(np.int64)
    offered = [e.method for e in list_methods(session.card) if e.available]
    wanted = args.methods.split(",") if args.methods else offered
    methods = [build_method(name, session.card) for name in offered if name in wanted]
    columns: list[list[float]] = []
    for head_of in (len(session.labels), None):
        with tempfile.TemporaryDirectory() as folder:
            copy = shuffle_package(session.package, Path(folder) / "copy", head_of=head_of)
            if copy is None:
                raise SystemExit("the package has no weights, or none with an axis of the labels")
            other = Session(copy, threads=args.threads)
            columns.append([measure(session, other, method, pixels, target) for method in methods])
    print("| method | last layer shuffled | all layers shuffled |\n|---|---|---|")
    for method, head, every in zip(methods, *columns, strict=True):
        print(f"| {method.name} | {head:.2f} | {every:.2f} |")


if __name__ == "__main__":
    main()
