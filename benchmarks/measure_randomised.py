"""Do maps depend on the weights? Rank correlation with the maps of the same network with its weights shuffled.

``python -m benchmarks.measure_randomised DATASET --model PKG [--split val] [--slices 16]``

Copies of the package are made in which the numbers of the last layer, and of every layer, stand in another order (each
tensor for itself, so that its distribution stays), as in Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS
2018. Prints Markdown; 1 means that the map does not depend on what was shuffled.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx

from mri_batch.evaluate.dataset import choose_split, load_dataset, read_picture
from mri_batch.explain import available_methods, build_method
from mri_batch.explain.base import Int64, Method
from mri_batch.explain.sanity import compare_models
from mri_batch.model.package import read_package
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.records import Float32

CHEAP_PASSES = 3.0  # the dearer methods only ask the same network more often


def shuffle_package(package: Path, copy: Path, *, n_labels: int, head_only: bool, seed: int = 0) -> Path:
    """Copy a package with the weights of its last layer (matrices with an axis of ``n_labels``), or all, shuffled."""
    shutil.copytree(package, copy)
    done: set[tuple[str, int]] = set()
    for file in sorted(copy.glob("*.onnx")):
        for tensor in onnx.load(file, load_external_data=False).graph.initializer:
            where = {entry.key: entry.value for entry in tensor.external_data}
            place = where.get("location", ""), int(where.get("offset", 0))
            is_head = len(tensor.dims) > 1 and n_labels in tensor.dims
            if where and len(tensor.dims) > 0 and place not in done and (is_head or not head_only):
                done.add(place)
                _shuffle(copy / place[0], place[1], int(where["length"]), int(np.prod(tensor.dims)), seed)
    if not done:
        raise SystemExit("the package keeps no weights beside its graphs, or none has an axis of the labels")
    return copy


def _shuffle(path: Path, offset: int, n_bytes: int, n_values: int, seed: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(offset)
        values = np.frombuffer(stream.read(n_bytes), np.uint8).reshape(n_values, -1)
        stream.seek(offset)
        stream.write(np.random.default_rng((seed, offset)).permutation(values).tobytes())


def measure(ours: Session, other: Session, methods: Sequence[Method], pixels: Float32, target: Int64) -> list[float]:
    """Mean rank correlation over the pictures for each method."""
    return [float(np.nanmean(compare_models(ours, other, method, pixels, target))) for method in methods]


def main() -> None:
    """Read the words, shuffle, measure, print."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("dataset", type=Path)
    words.add_argument("--model", type=Path, required=True)
    words.add_argument("--split", default="val")
    words.add_argument("--slices", type=int, default=16)
    asked = words.parse_args()
    session = Session(read_package(asked.model))
    items = choose_split(load_dataset([asked.dataset]), asked.split)
    picked = np.linspace(0, len(items) - 1, asked.slices).round().astype(int)
    pixels = prepare([read_picture(items[i].path) for i in picked], session.card.preprocessing).pixels
    target = session.logits(pixels).argmax(axis=1).astype(np.int64)
    methods = [build_method(e.method, session.card) for e in available_methods(session.card) if e.available]
    methods = [method for method in methods if method(session, pixels[:1], target[:1]).passes <= CHEAP_PASSES]
    columns = []
    for head_only in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            copy = shuffle_package(
                asked.model, Path(folder) / "copy", n_labels=len(session.labels), head_only=head_only
            )
            other = Session(read_package(copy, check_digests=False))
            columns.append(measure(session, other, methods, pixels, target))
    print("| method | last layer shuffled | all layers shuffled |\n|---|---|---|")
    for method, head, every in zip(methods, *columns, strict=True):
        print(f"| {method.name} | {head:.2f} | {every:.2f} |")


if __name__ == "__main__":
    main()
