"""What a model says of every slice of a data set, in one npz file, so that rules over volumes can be studied later.

``python -m benchmarks.collect_volumes DATASET... --model PKG|RUN --out FILE.npz [--split S ...] [--mirror]``

One row per slice in the data set's order, unlabelled slices among them: logits, whether the rollout peaks at most 4 px
off the outline, and what ``labels.csv`` says of it. ``--mirror`` adds the logits of the mirrored picture.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.card import Preprocessing
from mri_batch.commands.evaluate.heatmap_scores import load_mask
from mri_batch.dataset import Item, load_dataset, read_picture
from mri_batch.explain.quality.localization import hits_mask
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.placement import Placement, find_peak
from mri_batch.records import Slice

BATCH = 8
Answer = Callable[[Float32], tuple[Float32, Float32, Float32]]  # pixels -> logits, rollout, features


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("datasets", nargs="+", type=Path)
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--split", action="append", default=[])
    parser.add_argument("--mirror", action="store_true")
    told = parser.parse_args(arguments)
    answer, preprocessing, labels = open_model(told.model)
    items = [i for i in load_dataset(told.datasets, unlabelled=True) if not told.split or i.split in told.split]
    heads = read_heads(told.datasets)
    logits, mirrored, rolls, features, hits = [], [], [], [], []
    for start in range(0, len(items), BATCH):
        batch = items[start : start + BATCH]
        pictures = [read_picture(item.path) for item in batch]
        ready = prepare(pictures, preprocessing)
        scores, heat, told_features = answer(ready.pixels)
        logits.append(scores)
        rolls.append(heat)
        features.append(told_features)
        if told.mirror:
            mirrored.append(answer(np.ascontiguousarray(ready.pixels[..., ::-1]))[0])
        hits += [
            hits_peak(item, picture, heat[i], ready.placements[i])
            for i, (item, picture) in enumerate(zip(batch, pictures, strict=True))
        ]
    told.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        told.out,
        labels=np.array(labels),
        name=np.array([item.name for item in items]),
        unit=np.array([item.unit for item in items]),
        source=np.array([item.source for item in items]),
        split=np.array([item.split for item in items]),
        label=np.array([item.label for item in items]),
        outlined=np.array([item.mask is not None for item in items]),
        head=np.array([heads.get(item.name, np.nan) for item in items], np.float32),
        hit=np.array(hits),
        logits=np.concatenate(logits),
        mirrored=np.concatenate(mirrored) if mirrored else np.zeros((0, len(labels)), np.float32),
        rollout=np.concatenate(rolls).astype(np.float16),
        features=np.concatenate(features).astype(np.float16),
    )
    return 0


def hits_peak(item: Item, picture: Slice, heat: Float32, placement: Placement) -> bool:
    """Whether the rollout peaks within 4 px of the outline; false without an outline."""
    return item.mask is not None and hits_mask(find_peak(heat, placement), load_mask(item, picture))


def read_heads(folders: Sequence[Path]) -> dict[str, float]:
    """Share of the head in each slice, as far as ``labels.csv`` has a column ``head_fraction``."""
    heads: dict[str, float] = {}
    for folder in folders:
        with (folder / "labels.csv").open(newline="", encoding="utf-8-sig") as stream:
            heads |= {
                row["file"]: float(row["head_fraction"]) for row in csv.DictReader(stream) if "head_fraction" in row
            }
    return heads


def open_model(path: Path) -> tuple[Answer, Preprocessing, tuple[str, ...]]:
    """Open a package, or a run folder with PyTorch."""
    if (path / "run.json").is_file():
        return open_run(path)
    from mri_batch.model.package import read_package

    session = Session(read_package(path), threads=2)
    w = session.wiring
    names = [name for name in (w.logits, w.rollout, w.features) if name]

    def answer(pixels: Float32) -> tuple[Float32, Float32, Float32]:
        told = session.outputs(pixels, names)
        n = len(pixels)
        heat = told[w.rollout] if w.rollout else np.zeros((n, 1, 1), np.float32)
        return told[w.logits], heat, told[w.features] if w.features else np.zeros((n, 0), np.float32)

    return answer, session.card.preprocessing, session.labels


def open_run(path: Path) -> tuple[Answer, Preprocessing, tuple[str, ...]]:
    """Open a run folder's averaged weights; bfloat16, as in training."""
    import torch

    from mri_batch_export.architectures.vit import ViT, rollout_cls
    from mri_batch_export.packaging.source import load_source

    source = load_source(path)
    model = source.network.eval()

    def answer(pixels: Float32) -> tuple[Float32, Float32, Float32]:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            if not isinstance(model, ViT):
                logits = model(torch.from_numpy(pixels))
                n = len(pixels)
                return logits.float().numpy(), np.zeros((n, 1, 1), np.float32), np.zeros((n, 0), np.float32)
            logits, attentions, features = model.forward_taps(torch.from_numpy(pixels))
            heat = rollout_cls([a.float() for a in attentions], model.prefix_tokens, len(attentions) - 4)
        return logits.float().numpy(), heat.reshape(-1, *model.grid).numpy(), features.float().numpy()

    return answer, source.preprocessing, source.labels


if __name__ == "__main__":
    sys.exit(main())
