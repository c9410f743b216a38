"""The table of whole volumes from what ``collect_volumes`` left: by site, with intervals by patient.

``python -m benchmarks.measure_volumes FILE.npz [--split S] [--window MM] [--temperature T] [--shift S]
[--slice-shift S] [--smooth MM] [--mirror]``

Slices of volumes whose files do not tell their spacing are placed as if the slices that show a head covered 170 mm.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mri_batch.commands.evaluate.estimate import Estimate
from mri_batch.commands.evaluate.volumes import Reading, Volume, measure_studies, measure_volumes, without_finding
from mri_batch.study_rule import StudyRule

HEAD_MM = 170.0  # from the neck to the vertex, as whole-head series of adults cover
FEWEST_HEAD = 0.08  # of the picture: less is no brain


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
    told = parser.parse_args(arguments)
    volumes, labels = load_volumes(told.file, told.split, mirror=told.mirror)
    rule = StudyRule(
        background=labels.index("no_tumor"),
        window_mm=told.window,
        temperature=told.temperature,
        shift=told.shift,
        slice_shift=told.slice_shift,
        slice_smooth_mm=told.smooth,
    )
    reading = Reading(rule=rule)
    sources = sorted({volume.source for volume in volumes})
    for name, some in [("all", volumes)] + [(s, [v for v in volumes if v.source == s]) for s in sources]:
        print(f"\n{name}: {len(some)} volumes")
        for key, figure in measure_volumes(some, reading).items():
            print(f"| {key} | {tell(figure)} |")
        for key, figure in measure_studies(some + [without_finding(v, rule.background) for v in some], rule).items():
            print(f"| by study, beside the same less their tumours: {key} | {tell(figure)} |")
    return 0


def tell(figure: Estimate) -> str:
    """A figure and its interval."""
    return f"{figure.value:.3f} ({figure.low:.2f} to {figure.high:.2f})"


def load_volumes(path: Path, split: str, *, mirror: bool = False) -> tuple[list[Volume], tuple[str, ...]]:
    """Load the volumes of a split: patients with slices of more than one kind."""
    data = np.load(path)
    labels = tuple(data["labels"].tolist())
    logits = (data["logits"] + data["mirrored"]) / 2 if mirror else data["logits"]
    at = {label: k for k, label in enumerate(labels)}
    volumes = []
    wanted = (data["split"] == split) & ~np.isnan(data["head"])
    for unit in dict.fromkeys(data["unit"][wanted].tolist()):
        rows = np.flatnonzero((data["unit"] == unit) & wanted)
        own = np.array([at.get(label, -1) for label in data["label"][rows]])
        usable = data["head"][rows] >= FEWEST_HEAD
        findings = own[(own >= 0) & (own != at["no_tumor"])]
        volumes.append(
            Volume(
                unit=unit,
                source=str(data["source"][rows[0]]),
                target=int(findings[0]) if findings.size else at["no_tumor"],
                labels=own,
                shows=data["outlined"][rows],
                hits=data["hit"][rows],
                logits=logits[rows],
                positions_mm=np.arange(len(rows)) * HEAD_MM / max(1, int(usable.sum())),
                usable=usable,
            )
        )
    return volumes, labels


if __name__ == "__main__":
    sys.exit(main())
