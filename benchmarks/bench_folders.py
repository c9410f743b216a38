"""SimpleITK, dicom2nifti and dcm2niix beside us on the folder cases of the tests; prints the table of docs/reading.md.

Each peer converts the folder in a process of its own, as its users run it: SimpleITK through its own list of series
IDs for every folder below, dicom2nifti through ``convert_directory``, dcm2niix through its program. The number
of slices in each volume that it wrote is set against what the case expects. Pictures are left out: no peer reads them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.read.folder_cases import CASES, FolderCase
from tests.read.reading import read_paths, read_slices

TIMEOUT_S = 20
_SIMPLE_ITK = """
import sys, os
import SimpleITK as sitk
for folder, _, _ in os.walk(sys.argv[1], followlinks=True):
    for uid in sitk.ImageSeriesReader.GetGDCMSeriesIDs(folder):
        image = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(folder, uid))
        print("VOLUME", image.GetSize()[2])
"""
_DICOM2NIFTI = """
import sys, glob, warnings
warnings.simplefilter("ignore")
import dicom2nifti, nibabel
dicom2nifti.convert_directory(sys.argv[1], sys.argv[2])
for path in glob.glob(sys.argv[2] + "/*.nii.gz"):
    print("VOLUME", nibabel.load(path).shape[2])
"""
_DCM2NIIX = """
import sys, glob, subprocess, nibabel
command = ["dcm2niix", "-d", "9", "-f", "%s_%j", "-o", sys.argv[2], sys.argv[1]]
code = subprocess.run(command, capture_output=True).returncode
for path in glob.glob(sys.argv[2] + "/*.nii"):
    print("VOLUME", nibabel.load(path).shape[2])
sys.exit(code)
"""
PEERS = {"SimpleITK": _SIMPLE_ITK, "dicom2nifti": _DICOM2NIFTI, "dcm2niix": _DCM2NIIX}


def run_peer(script: str, folder: Path, out: Path) -> tuple[tuple[int, ...], str]:
    """Return the slices of each volume that a peer wrote, and how it ended."""
    command = [sys.executable, "-c", script, str(folder), str(out)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, errors="replace")
    except subprocess.TimeoutExpired:
        return (), f"hangs over {TIMEOUT_S} s"
    lines = [line for line in done.stdout.splitlines() if line.startswith("VOLUME")]
    ended = "exit 0" if done.returncode == 0 else f"exit {done.returncode}"
    return tuple(sorted(int(line.split()[1]) for line in lines)), ended


def run_ours(folder: Path) -> tuple[tuple[int, ...], str]:
    """Return the slices of each series that we read, and the codes of all other files."""
    outcome = read_paths(folder)
    read = [read_slices(series) for series in outcome.series]
    codes = {*outcome.codes, *(problem.code for _, problems in read for problem in problems)}
    return tuple(sorted(len(slices) for slices, _ in read)), ", ".join(sorted(codes)) or "all used"


def run_with(case: FolderCase, reader: Callable[[Path], tuple[tuple[int, ...], str]]) -> tuple[tuple[int, ...], str]:
    """Build a case's folder and read it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "in"
        folder.mkdir()
        case.build(folder)
        return reader(folder)


def run_peer_on(case: FolderCase, script: str) -> tuple[tuple[int, ...], str]:
    """Build a case's folder and let a peer convert it."""
    with tempfile.TemporaryDirectory() as out:
        return run_with(case, lambda folder: run_peer(script, folder, Path(out)))


def show(volumes: tuple[int, ...], ended: str, wanted: tuple[int, ...] | None) -> str:
    """Spell volumes as 5+4; what is as expected stands plain, all else in bold."""
    spelled = "+".join(map(str, volumes)) or "none"
    return f"{spelled}, {ended}" if wanted is None or volumes == wanted else f"**{spelled}**, {ended}"


def main() -> None:
    """Print one row per case, and how many came out as expected."""
    right = dict.fromkeys(PEERS, 0)
    cases = [case for case in CASES if not any(word in case.name for word in ("picture ", "pictures", "tiff"))]
    print(f"| folder | expected | mri-batch | {' | '.join(PEERS)} |\n|---|---|---|{'---|' * len(PEERS)}")
    for case in cases:
        ours, ended = run_with(case, run_ours)
        cells = [show(ours, ended, None)]
        for name, script in PEERS.items():
            volumes, how = run_peer_on(case, script)
            right[name] += volumes == ours
            cells.append(show(volumes, how, ours))
        print(f"| {case.name} | {case.expectation.rstrip('.')} | {' | '.join(cells)} |", flush=True)
    print(f"| as expected, of {len(cases)} | | {len(cases)} | {' | '.join(str(right[name]) for name in PEERS)} |")


if __name__ == "__main__":
    main()
