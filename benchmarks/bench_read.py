"""Walking and grouping headers against a bare pydicom loop over the same files; speed and peak memory.

``python -m benchmarks.bench_read 2000 20000`` writes trees of that many files (200 per series, about 100 elements per
header) and measures each reader in processes of its own: wall and CPU time in seconds, memory in MB per process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from tests import make

from mri_batch.read.collect import collect
from mri_batch.settings import ReadLimits

SLICES = 200
SMALL = 5000  # up to this many files, each reader runs three times
UID_LENGTH = 40


def make_tree(folder: Path, n_files: int) -> None:
    """Write n files, 200 slices a study, by filling UIDs, number and position into one template's bytes."""
    marks = {
        name: f"2.25.{digit * (UID_LENGTH - 5)}" for name, digit in (("instance", "7"), ("study", "8"), ("series", "9"))
    }
    dataset = make.make_dicom(np.zeros((8, 8), np.uint16), ImagePositionPatient=["0", "0", "-123456.5"])
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID(marks["instance"])
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = marks["study"], marks["series"]
    dataset.add_new(0x00290010, "LO", "A PRIVATE CREATOR")
    for element in range(60):  # about as many as scanners add
        dataset.add_new(0x00291000 + element, "LO", f"value {element} of a private block")
    template = make.to_bytes(dataset)
    for index in range(n_files):
        study, number = divmod(index, SLICES)
        content = template.replace(b"-123456.5", f"{number:9.2f}".encode())
        for name, value in (("instance", index), ("study", study), ("series", study)):
            content = content.replace(marks[name].encode(), f"2.25.{1:0{UID_LENGTH - 15}d}{value:010d}".encode())
        path = folder / f"{study // 100:03d}" / f"{study:06d}" / f"{number:04d}.dcm"
        if number == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(content)


def read_bare(folder: Path) -> int:
    """Read every header with pydicom, and keep nothing."""
    n_read = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in folder.rglob("*.dcm"):
            pydicom.dcmread(path, stop_before_pixels=True)
            n_read += 1
    return n_read


def read_grouped(folder: Path) -> int:
    """Walk, group, and go through all studies."""
    with collect([folder], limits=ReadLimits()) as grouper:
        return sum(len(series.files) for study in grouper.iter_studies() for series in study.series)


READERS: dict[str, Callable[[Path], int]] = {"bare": read_bare, "grouped": read_grouped}


def measure(reader: str, folder: Path) -> dict[str, float]:
    """Run one reader in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bench_read", "--one", reader, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def run_one(reader: str, folder: Path) -> None:
    """Print what one reader took."""
    wall, cpu = time.perf_counter(), time.process_time()
    n_read = READERS[reader](folder)
    used = {"files": n_read, "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    print(json.dumps({**used, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def main(counts: list[int]) -> None:
    """Measure trees of the given sizes, the readers in turn; small ones three times, of which the best is printed."""
    print("| files | reader | files/s (wall) | files/s (CPU) | peak MB |\n|---|---|---|---|---|")
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            make_tree(Path(name), count)
            turns = 3 if count <= SMALL else 1
            taken = [(reader, measure(reader, Path(name))) for _ in range(turns) for reader in READERS]
        rates = {}
        for reader in READERS:
            runs = [answer for who, answer in taken if who == reader]
            assert all(run["files"] == count for run in runs)
            wall, cpu = (min(run[key] for run in runs) for key in ("wall_s", "cpu_s"))
            rates[reader] = count / cpu
            peak = max(run["peak_mb"] for run in runs)
            print(f"| {count} | {reader} | {count / wall:.0f} | {count / cpu:.0f} | {peak:.0f} |")
        print(f"| {count} | grouped / bare | | {rates['grouped'] / rates['bare']:.2f} | |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run_one(sys.argv[2], Path(sys.argv[3]))
    else:
        main([int(text) for text in sys.argv[1:]] or [2000])
