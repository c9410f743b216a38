"""Scaling of a scan with workers: ``--jobs 1`` on one thread, ``--jobs 2``, and a Dask cluster of two workers.

``python -m benchmarks.bench_scaling [--model PKG] [--studies 8] [--slices 24] [--rounds 3]``

Wall time of whole scans without heatmap tests, contenders in turn. A one-thread job reads and packs while the model
runs, so it is also pinned to one core (Linux): that is the baseline a second worker can double. Only meaningful on an
otherwise idle machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks.bench_scan import make_study
from mri_batch.model.bundled import choose_model
from mri_batch.progress import Progress
from mri_batch.run.scan import scan
from mri_batch.settings import ScanSettings

ONE_CORE = "--jobs 1, one core"


def wall_s(settings: ScanSettings, cores: set[int]) -> float:
    """Seconds of one scan into a fresh folder, on these cores."""
    with tempfile.TemporaryDirectory() as name:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)
        began = time.perf_counter()
        try:
            scan(replace(settings, out=Path(name) / "out"), Progress())
        finally:
            os.sched_setaffinity(0, before)
        return time.perf_counter() - began


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=choose_model, default=choose_model(None))
    parser.add_argument("--studies", type=int, default=8)
    parser.add_argument("--slices", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        for number in range(args.studies):
            make_study(Path(name) / f"{number}", args.slices, 256, study=str(number))
        one = ScanSettings(paths=(Path(name),), out=Path(), model=args.model, threads=1, faithfulness="none")
        contenders = {ONE_CORE: one, "--jobs 1": one, "--jobs 2": replace(one, jobs=2)}
        try:
            from distributed import LocalCluster
        except ModuleNotFoundError:
            print("Dask is not installed: pip install 'mri-batch[cluster]'")
        else:
            started = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)  # type: ignore[no-untyped-call]
            cluster = stack.enter_context(started)
            contenders["Dask, 2 workers"] = replace(one, cluster=cluster.scheduler_address)
        every = os.sched_getaffinity(0)
        rounds = [
            {who: wall_s(s, {min(every)} if who == ONE_CORE else every) for who, s in contenders.items()}
            for _ in range(args.rounds)
        ]
    for who in contenders:
        speed_up = statistics.median(r[ONE_CORE] / r[who] for r in rounds)
        print(f"{who:20s}{statistics.median(r[who] for r in rounds):8.1f} s{speed_up:8.2f} x")


if __name__ == "__main__":
    main()
