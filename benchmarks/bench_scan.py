"""Throughput of a scan relative to raw ONNX Runtime (logits only) with the same model and number of threads.

``python -m benchmarks.bench_scan [--model PKG] [--side 256] [--slices 24] [--threads 1] [--rounds 5]``

A study is processed as a worker does it (decode, prepare, infer, default heatmap, thumbnails, page, fsync), in turn
with as many made-up images through the bare session, in one process, so that a busy machine slows both down alike.
Printed are ratios of CPU time, which waiting does not affect, and of wall time; medians over rounds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from PIL import Image
from tests import make

from mri_batch.model.bundled import choose_model
from mri_batch.read.collect import collect
from mri_batch.run.executors.worker import load_worker_model
from mri_batch.run.results import Job
from mri_batch.run.study import process
from mri_batch.settings import ScanSettings

SAMPLES = Path(__file__).parents[1] / "sample_inputs" / "dicom_axial"


def make_study(folder: Path, n_slices: int, side: int, study: str = "1") -> None:
    """Write a series of the sample head's slices, resized, over and over with fresh noise."""
    samples = [pydicom.dcmread(path).pixel_array for path in sorted(SAMPLES.glob("*.dcm"))]
    for number in range(n_slices):
        grey = np.asarray(Image.fromarray(samples[number % len(samples)].astype(np.float32)).resize((side, side)))
        noisy = np.abs(grey + np.random.default_rng(number).normal(0, 12, grey.shape)).astype(np.uint16)
        make.save(make.make_dicom(noisy, study=study, number=number + 1), folder / f"{number:05d}.dcm")


def read_job(settings: ScanSettings, work: Path) -> Job:
    """Walk and group the input's only study."""
    with collect(settings.paths, limits=settings.limits, workdir=work) as grouper:
        return Job(study=next(grouper.iter_studies()), key="bench")


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of one run."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - cpu, time.perf_counter() - wall


def measure(model: Path, *, side: int, n_slices: int, threads: int, rounds: int, faithfulness: Any) -> dict[str, float]:
    """Measure; milliseconds a slice and ratios by name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_study(folder / "in", n_slices, side)
        (folder / "out").mkdir()
        settings = ScanSettings(paths=(folder / "in",), out=folder / "out", model=model, faithfulness=faithfulness)
        settings = replace(settings, threads=threads)
        job = read_job(settings, folder)
        worker_model = load_worker_model(model, threads=threads, batch_size=settings.batch_size)
        session = worker_model.session
        p = session.card.preprocessing
        shape = (n_slices, p.channels, p.rows, p.cols)
        pixels = np.random.default_rng(0).standard_normal(shape, np.float32)
        pairs = []
        for _ in range(rounds + 1):
            raw = timed(lambda: session.logits(pixels))
            pairs.append((raw, timed(lambda: process(job, settings, worker_model))))
    raw_ms, scan_ms = ([statistics.median(p[i][k] for p in pairs[1:]) / n_slices * 1e3 for k in (0, 1)] for i in (0, 1))
    ratio = [statistics.median(raw[k] / scan[k] for raw, scan in pairs[1:]) for k in (0, 1)]
    return {
        "raw CPU ms": raw_ms[0],
        "scan CPU ms": scan_ms[0],
        "raw wall ms": raw_ms[1],
        "scan wall ms": scan_ms[1],
        "CPU ratio": ratio[0],
        "wall ratio": ratio[1],
    }


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=choose_model, default=choose_model(None))
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--slices", type=int, default=24)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--faithfulness", default="none")
    args = parser.parse_args()
    figures = measure(
        args.model,
        side=args.side,
        n_slices=args.slices,
        threads=args.threads,
        rounds=args.rounds,
        faithfulness=args.faithfulness,
    )
    for name, value in figures.items():
        print(f"{name:14s}{value:9.2f}")


if __name__ == "__main__":
    main()
