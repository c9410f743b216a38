"""Metrics of whole volumes from the file of ``collect_volumes``: in all and by site, with intervals by patient.

``python -m benchmarks.measure_volumes FILE.npz [--split S] [--window MM] [--temperature T] [--shift S]
[--slice-shift S] [--smooth MM] [--mirror]``

The files hold no slice spacing, so slices are placed as if those that show a head covered 170 mm.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mri_batch.commands.evaluate.estimate import Estimate
from mri_batch.commands.evaluate.volumes import (
    UNLABELLED,
    Volume,
    VolumePolicy,
    measure_studies,
    measure_volumes,
    with_removed,
)
from mri_batch.study_rule import StudyRule

HEAD_MM = 170.0  # neck to vertex, the usual coverage of whole-head series of adults
MIN_HEAD = 0.08  # share of the picture; with less there is no brain
BACKGROUND = "no_tumor"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--window", type=float, default=20.0)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--shift", type=float, default=0.0)
    parser.add_argument("--slice-shift", type=float, default=0.0)
    parser.add_argument("--smooth", type=float, default=0.0)
    parser.add_argument("--mirror", action="store_true", help="Average with the logits of the mirrored pictures.")
    args = parser.parse_args(arguments)
    volumes, labels = load_volumes(args.file, args.split, mirror=args.mirror)
    rule = StudyRule(
        background=labels.index(BACKGROUND),
        window_mm=args.window,
        temperature=args.temperature,
        shift=args.shift,
        slice_shift=args.slice_shift,
        slice_smooth_mm=args.smooth,
    )
    print_metrics("all", volumes, VolumePolicy(rule=rule))
    print_by_source(volumes, VolumePolicy(rule=rule))
    return 0


def print_by_source(volumes: Sequence[Volume], policy: VolumePolicy) -> None:
    """Print every metric of each source's volumes."""
    for source in sorted({volume.source for volume in volumes}):
        print_metrics(source, [volume for volume in volumes if volume.source == source], policy)


def print_metrics(title: str, volumes: Sequence[Volume], policy: VolumePolicy) -> None:
    """Print every metric of some volumes."""
    print(f"\n{title}: {len(volumes)} volumes")
    for name, estimate in measure_volumes(volumes, policy).items():
        print(f"| {name} | {to_text(estimate)} |")
    for name, estimate in measure_studies(with_removed(volumes, policy.rule.background), policy.rule).items():
        print(f"| by study, with and without the tumour: {name} | {to_text(estimate)} |")


def to_text(estimate: Estimate) -> str:
    """Format an estimate with its interval."""
    return f"{estimate.value:.3f} ({estimate.low:.2f} to {estimate.high:.2f})"


def load_volumes(path: Path, split: str, *, mirror: bool = False) -> tuple[list[Volume], tuple[str, ...]]:
    """Load the volumes of a split, the patients whose slices have a head fraction, and the labels."""
    data = np.load(path)
    labels = tuple(data["labels"].tolist())
    logits = (data["logits"] + data["mirrored"]) / 2 if mirror else data["logits"]
    index_of = {label: k for k, label in enumerate(labels)}
    background = index_of[BACKGROUND]
    volumes = []
    wanted = (data["split"] == split) & ~np.isnan(data["head"])
    for unit in dict.fromkeys(data["unit"][wanted].tolist()):
        rows = np.flatnonzero((data["unit"] == unit) & wanted)
        own = np.array([index_of.get(label, UNLABELLED) for label in data["label"][rows]])
        usable = data["head"][rows] >= MIN_HEAD
        findings = own[(own != UNLABELLED) & (own != background)]
        volumes.append(
            Volume(
                unit=unit,
                source=str(data["source"][rows[0]]),
                target=int(findings[0]) if findings.size else background,
                labels=own,
                has_outline=data["outlined"][rows],
                peak_hits=data["hit"][rows],
                logits=logits[rows],
                positions_mm=np.arange(len(rows)) * HEAD_MM / max(1, int(usable.sum())),
                usable=usable,
            )
        )
    return volumes, labels


if __name__ == "__main__":
    sys.exit(main())
