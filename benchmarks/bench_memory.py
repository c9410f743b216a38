"""Peak memory of a scan's largest process, by number of slices and of frames.

``python -m benchmarks.bench_memory [--model PKG] [--counts 1000 10000] [--frames 2000]``

Each scan runs in processes of its own; the peak is the largest resident set among them, which is the worker's.
``--frames`` writes multi-frame objects with that many frames instead of single-frame files.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from tests import make

from mri_batch.model.bundled import choose_model

SIDE = 128  # 1,000 of them are as many bytes as are kept in memory
SCAN = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def make_slices(folder: Path, count: int, frames: int) -> None:
    """Write one study of ``count`` slices, in files or in objects of ``frames``."""
    head = make.make_head(SIDE, SIDE)
    if not frames:
        for number in range(count):
            make.save(make.make_dicom(head, number=number + 1), folder / f"{number:06d}.dcm")
        return
    for number in range(count // frames):
        pixels = np.broadcast_to(head, (frames, SIDE, SIDE))
        make.save(make.make_dicom(np.ascontiguousarray(pixels), number=number + 1), folder / f"{number:06d}.dcm")


def peak_mb(model: Path, count: int, frames: int) -> float:
    """Peak of a scan of one study, in MB; untested heatmaps, which are what pages hold."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_slices(folder / "in", count, frames)
        words = ["scan", folder / "in", "--out", folder / "out", "--model", model, "--faithfulness", "none"]
        command = [sys.executable, "-c", SCAN, sys.executable, "-c", "from mri_batch.cli import main; main()"]
        output = subprocess.run([*command, *map(str, words)], check=True, capture_output=True, text=True)
        return int(output.stdout) / (1024 if sys.platform == "linux" else 1 << 20)


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=choose_model, default=choose_model(None))
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--frames", type=int, default=0)
    args = parser.parse_args()
    for count in args.counts:
        print(f"{count:7d} slices{peak_mb(args.model, count, args.frames):9.0f} MB", flush=True)


if __name__ == "__main__":
    main()
