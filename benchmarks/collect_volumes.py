"""Outputs of a model for every slice of a data set, in one npz file, for studying study rules.

``python -m benchmarks.collect_volumes DATASET... --model PKG|RUN --out FILE.npz [--split S ...] [--mirror]``

One row per slice in the data set's order, unlabelled slices included: logits, rollout, features, whether the rollout
peaks within 4 px of the outline, and the columns of ``labels.csv``. ``--mirror`` adds the logits of the mirrored
picture.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float32
from mri_batch.card import Preprocessing
from mri_batch.commands.evaluate.heatmap_scores import load_mask
from mri_batch.dataset import Item, load_dataset, read_picture
from mri_batch.explain.quality.localization import hits_mask
from mri_batch.model.package import read_package
from mri_batch.model.prepare import prepare
from mri_batch.model.session import Session
from mri_batch.placement import Placement, find_peak
from mri_batch.records import Slice

BATCH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Outputs for n pictures: ``logits`` float32[n, k], ``rollout`` float32[n, grid_rows, grid_cols] (1 x 1 zeros
    without one), ``features`` float32[n, d] (d = 0: none).
    """

    logits: Float32
    rollout: Float32
    features: Float32


Forward = Callable[[Float32], Outputs]  # of pixels float32[n, c, rows, cols]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("datasets", nargs="+", type=Path)
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--split", action="append", default=[])
    parser.add_argument("--mirror", action="store_true")
    args = parser.parse_args(arguments)
    forward, preprocessing, labels = open_model(args.model)
    items = [i for i in load_dataset(args.datasets, unlabelled=True) if not args.split or i.split in args.split]
    heads = read_heads(args.datasets)
    collected = collect(items, forward, preprocessing, mirror=args.mirror)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        args.out,
        allow_pickle=False,
        labels=np.array(labels),
        name=np.array([item.name for item in items]),
        unit=np.array([item.unit for item in items]),
        source=np.array([item.source for item in items]),
        split=np.array([item.split for item in items]),
        label=np.array([item.label for item in items]),
        outlined=np.array([item.mask is not None for item in items]),
        head=np.array([heads.get(item.name, np.nan) for item in items], np.float32),
        **collected,
    )
    return 0


def collect(
    items: Sequence[Item], forward: Forward, preprocessing: Preprocessing, *, mirror: bool
) -> dict[str, npt.NDArray[np.generic]]:
    """Run the model on every item; arrays by their name in the file."""
    outputs, mirrored, hits = [], [], []
    for start in range(0, len(items), BATCH):
        batch = items[start : start + BATCH]
        pictures = [read_picture(item.path) for item in batch]
        ready = prepare(pictures, preprocessing)
        outputs.append(forward(ready.pixels))
        if mirror:
            mirrored.append(forward(np.ascontiguousarray(ready.pixels[..., ::-1])).logits)
        hits += [
            hits_peak(item, picture, outputs[-1].rollout[i], ready.placements[i])
            for i, (item, picture) in enumerate(zip(batch, pictures, strict=True))
        ]
    logits = np.concatenate([output.logits for output in outputs])
    return {
        "hit": np.array(hits),
        "logits": logits,
        "mirrored": np.concatenate(mirrored) if mirrored else logits[:0],
        "rollout": np.concatenate([output.rollout for output in outputs]).astype(np.float16),
        "features": np.concatenate([output.features for output in outputs]).astype(np.float16),
    }


def hits_peak(item: Item, picture: Slice, heat: Float32, placement: Placement) -> bool:
    """Whether the rollout peaks within 4 px of the outline; false without an outline."""
    return item.mask is not None and hits_mask(find_peak(heat, placement), load_mask(item, picture))


def read_heads(folders: Sequence[Path]) -> dict[str, float]:
    """Share of each slice that the head covers, by name, where ``labels.csv`` has a column ``head_fraction``."""
    heads: dict[str, float] = {}
    for folder in folders:
        with (folder / "labels.csv").open(newline="", encoding="utf-8-sig") as stream:
            heads |= {
                row["file"]: float(row["head_fraction"]) for row in csv.DictReader(stream) if "head_fraction" in row
            }
    return heads


def open_model(path: Path) -> tuple[Forward, Preprocessing, tuple[str, ...]]:
    """Open a package, or a run folder with PyTorch: forward function, preprocessing, labels."""
    if (path / "run.json").is_file():
        return open_run(path)
    session = Session(read_package(path), threads=2)
    w = session.wiring
    names = [name for name in (w.logits, w.rollout, w.features) if name]

    def forward(pixels: Float32) -> Outputs:
        outputs = session.outputs(pixels, names)
        none = _no_extras(len(pixels))
        return Outputs(
            logits=outputs[w.logits],
            rollout=outputs[w.rollout] if w.rollout else none[0],
            features=outputs[w.features] if w.features else none[1],
        )

    return forward, session.card.preprocessing, session.labels


def open_run(path: Path) -> tuple[Forward, Preprocessing, tuple[str, ...]]:
    """Open the averaged weights of a run folder; bfloat16, as in training."""
    import torch

    from mri_batch_export.architectures.vit import ViT, rollout_cls
    from mri_batch_export.packaging.source import load_source

    source = load_source(path)
    model = source.network.eval()

    def forward(pixels: Float32) -> Outputs:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            if not isinstance(model, ViT):
                logits = model(torch.from_numpy(pixels)).float().numpy()
                rollout, features = _no_extras(len(pixels))
                return Outputs(logits=logits, rollout=rollout, features=features)
            scores, attentions, means = model.forward_with_attention(torch.from_numpy(pixels))
            heat = rollout_cls([a.float() for a in attentions], model.prefix_tokens, len(attentions) - 4)
        return Outputs(
            logits=scores.float().numpy(),
            rollout=heat.reshape(-1, *model.grid).numpy(),
            features=means.float().numpy(),
        )

    return forward, source.preprocessing, source.labels


def _no_extras(n: int) -> tuple[Float32, Float32]:
    return np.zeros((n, 1, 1), np.float32), np.zeros((n, 0), np.float32)


if __name__ == "__main__":
    sys.exit(main())
