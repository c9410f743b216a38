"""SimpleITK, dicom2nifti and dcm2niix on the folder cases of the tests; prints docs/research/folder-cases.md's table.

Each peer converts the folder in a process of its own, the way its users run it: SimpleITK by its list of series IDs
for every sub-folder, dicom2nifti by ``convert_directory``, dcm2niix by its program. The number of slices in each volume
written is compared with what the case expects. Folders of plain images are left out: no peer reads them.
"""

from __future__ import annotations

import multiprocessing
import os
import struct
import subprocess
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import dicom2nifti
import SimpleITK
from tests.read.folder_cases import CASES, FolderCase
from tests.read.reading import read_paths, read_slices

TIMEOUT_S = 60
Volumes = tuple[int, ...]
Peer = Callable[[Path, Path], tuple[Volumes, int]]  # from input and output folder to slices and exit code


def run_simple_itk(folder: Path, out: Path) -> tuple[Volumes, int]:
    """Read every series that SimpleITK lists, folder by folder."""
    slices = []
    for inner, _, _ in os.walk(folder, followlinks=True):
        for uid in SimpleITK.ImageSeriesReader.GetGDCMSeriesIDs(inner):
            names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(inner, uid)
            slices.append(SimpleITK.ReadImage(names).GetSize()[2])
    return tuple(sorted(slices)), 0


def run_dicom2nifti(folder: Path, out: Path) -> tuple[Volumes, int]:
    """Convert with dicom2nifti's own walk."""
    dicom2nifti.convert_directory(str(folder), str(out), compression=False)
    return nifti_slices(out), 0


def run_dcm2niix(folder: Path, out: Path) -> tuple[Volumes, int]:
    """Convert with dcm2niix, as deep as it goes."""
    command = ["dcm2niix", "-d", "9", "-f", "%s_%j", "-o", str(out), str(folder)]
    done = subprocess.run(command, capture_output=True)
    return nifti_slices(out), done.returncode


def nifti_slices(out: Path) -> Volumes:
    """Return dim[3] of each NIfTI-1 header."""
    return tuple(sorted(struct.unpack_from("<h", path.read_bytes(), 46)[0] for path in out.glob("*.nii")))


PEERS: dict[str, Peer] = {
    "SimpleITK": run_simple_itk,
    "dicom2nifti": run_dicom2nifti,
    "dcm2niix": run_dcm2niix,
}


def _child(peer: Peer, folder: Path, out: Path, pipe: Connection) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    warnings.simplefilter("ignore")
    volumes, code = peer(folder, out)
    pipe.send(volumes)
    os._exit(code)


def run_peer(peer: Peer, folder: Path, out: Path) -> tuple[Volumes, str]:
    """Return the slices of each volume that a peer made, and how its process ended."""
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    process = fork.Process(target=_child, args=(peer, folder, out, sender))
    process.start()
    sender.close()
    process.join(TIMEOUT_S)
    if process.is_alive():
        process.kill()
        return (), f"hangs over {TIMEOUT_S} s"
    try:
        volumes: Volumes = receiver.recv()
    except EOFError:  # it ended before it could tell of any
        volumes = ()
    return volumes, f"exit {process.exitcode}"


def run_ours(folder: Path) -> tuple[Volumes, str]:
    """Return the slices of each series that we read, and the codes of all other files."""
    outcome = read_paths(folder)
    read = [read_slices(series) for series in outcome.series]
    codes = {*outcome.codes, *(problem.code for _, problems in read for problem in problems)}
    return tuple(sorted(len(slices) for slices, _ in read if slices)), ", ".join(sorted(codes)) or "all used"


def run_with(case: FolderCase, reader: Callable[[Path], tuple[Volumes, str]]) -> tuple[Volumes, str]:
    """Build a case's folder and read it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "in"
        folder.mkdir()
        case.build(folder)
        return reader(folder)


def run_peer_on(case: FolderCase, peer: Peer) -> tuple[Volumes, str]:
    """Build a case's folder and let a peer convert it."""
    with tempfile.TemporaryDirectory() as out:
        return run_with(case, lambda folder: run_peer(peer, folder, Path(out)))


def show(volumes: Volumes, ended: str, wanted: Volumes | None) -> str:
    """Spell volumes as 4 + 5; what is as expected stands plain, all else in bold."""
    counted = Counter(volumes)
    spelled = (
        " + ".join(f"{n} x {size}" if n > 3 else " + ".join([str(size)] * n) for size, n in counted.items()) or "none"
    )
    return f"{spelled}, {ended}" if wanted is None or volumes == wanted else f"**{spelled}**, {ended}"


def main() -> None:
    """Print one row per case, and how many came out as expected."""
    right = dict.fromkeys(PEERS, 0)
    cases = [case for case in CASES if not any(word in case.name for word in ("picture", "tiff"))]
    print(f"| folder | expected | mri-batch | {' | '.join(PEERS)} |\n|---|---|---|{'---|' * len(PEERS)}")
    for case in cases:
        ours, ended = run_with(case, run_ours)
        cells = [show(ours, ended, None)]
        for name, peer in PEERS.items():
            volumes, how = run_peer_on(case, peer)
            right[name] += volumes == ours
            cells.append(show(volumes, how, ours))
        print(f"| {case.name} | {case.expectation.rstrip('.')} | {' | '.join(cells)} |", flush=True)
    print(f"| as expected, of {len(cases)} | | {len(cases)} | {' | '.join(str(right[name]) for name in PEERS)} |")


if __name__ == "__main__":
    main()
