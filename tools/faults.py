"""A three-study scan whose disk fills up, breaks or vanishes at every n-th call, and one that is killed at random.

``python -m tools.faults --every 1`` lets each write, open, rename, mkdir and fsync under the output folder fail,
one after the other; ``--kills 200`` kills as many scans with SIGKILL, half of them on top of one another, and resumes
them. Each scan is a fork of this process, whose worker is a fork again, so that nothing is imported anew. Needs Linux
and a C compiler.
"""

from __future__ import annotations

import argparse
import errno
import multiprocessing
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.make import save_series
from tests.paths import VIT

HERE = Path(__file__).parent
MODEL = VIT
SEALS = ("SHA256SUMS", "runlog.jsonl", "journal.jsonl")  # digests of files with times in them; verified, not compared
FATES = {"full": (errno.ENOSPC, 1), "broken": (errno.EIO, 0), "vanished": (errno.ESTALE, 1)}
_TIMES = re.compile(  # and how many studies an earlier run did
    rb'"?(?:read_and_infer|explain)"?[ :=]+[\d.]+(?: ms)?|\d{4}-\d\d-\d\dT[\d:.]+\+00:00'
    rb'|resumed(?:": |</dt><dd class="path">)\d+'
)
_STATE = struct.Struct("5l")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where the scans run."""

    folder: Path

    @property
    def out(self) -> Path:
        """The output folder, whose calls fail."""
        return self.folder / "out"

    @property
    def state(self) -> Path:
        """The file that steers the preloaded library."""
        return self.folder / "state"

    def arm(self, at: int, fate: str) -> None:
        """Let the ``at``-th call fail, none for 0."""
        error, lasting = FATES[fate]
        with self.state.open("r+b") as stream:  # in place: it is mapped
            stream.write(_STATE.pack(0, at, lasting, error, 0))

    def count(self) -> tuple[int, int]:
        """Calls made and calls failed since it was armed."""
        calls, _, _, _, failed = _STATE.unpack(self.state.read_bytes())
        return calls, failed

    def start(self) -> int:
        """Start a scan; returns its process id."""
        pid = os.fork()
        if pid:
            return pid
        os.setpgid(0, 0)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        words = ["scan", str(self.folder / "in"), "--out", str(self.out), "--model", str(MODEL), "-q"]
        sys.argv = ["mri-batch", *words, "--faithfulness", "none"]
        try:
            from mri_batch.cli import main

            main()
        except SystemExit as leave:
            os._exit(leave.code if isinstance(leave.code, int) else 1)
        finally:
            os._exit(99)

    def scan(self) -> int:
        """Scan to the end; returns the exit code, or minus the signal."""
        return os.waitstatus_to_exitcode(os.waitpid(self.start(), 0)[1])


def set_up(folder: Path) -> Bench:
    """Make the input, load what a scan needs, and let workers be forks."""
    for number in range(3):
        save_series(folder / "in" / str(number), 2, patient=str(number), study=str(number))
    for name in ("mri_batch.cli.common", "mri_batch.cli.progress", "mri_batch.cli.scan", "mri_batch.run.scan"):
        import_module(name)
    import_module("mri_batch.model.session").import_onnxruntime()
    fork = multiprocessing.get_context("fork")
    multiprocessing.get_context = lambda method=None: fork  # type: ignore[assignment]
    return Bench(folder=folder)


def snapshot(out: Path) -> dict[str, bytes]:
    """Read every file under a final name, without times."""
    names = [path.relative_to(out) for path in sorted(out.rglob("*")) if path.is_file()]
    final = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    return {str(name): _TIMES.sub(b"", (out / name).read_bytes()) for name in final if name.name not in SEALS}


def check_whole(bench: Bench, expected: dict[str, bytes], when: str) -> None:
    """Hold a finished output against the undisturbed one, and its seals against its files; no scratch is left."""
    from mri_batch.run.store.runlog import verify_scan

    found = snapshot(bench.out)
    other = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    assert not other, f"{when}: {', '.join(other)} not as in an undisturbed scan"
    assert verify_scan(bench.out).ok, f"{when}: the seals do not hold"
    assert not list(bench.out.rglob(".*")), f"{when}: scratch is left"


def check_parts(bench: Bench, expected: dict[str, bytes], when: str) -> None:
    """Hold what stands under final names after a failure against the undisturbed output: each file whole."""
    for name, content in snapshot(bench.out).items():
        assert content == expected.get(name), f"{when}: {name} is partial: {content!r} for {expected.get(name)!r}"


def learn(bench: Bench) -> tuple[dict[str, bytes], int]:
    """Scan undisturbed: the expected output, and how many calls it takes."""
    bench.arm(0, "full")
    assert bench.scan() == 0
    calls, _ = bench.count()
    expected = snapshot(bench.out)
    check_whole(bench, expected, "undisturbed")
    return expected, calls


def inject(bench: Bench, fates: list[str], numbers: range | None, every: int) -> Iterator[str]:
    """Let one call after the other fail; yields a line for each. AssertionError where a promise is broken."""
    expected, calls = learn(bench)
    for fate in fates:
        for at in numbers or range(1, calls + 1, every):
            shutil.rmtree(bench.out)
            bench.arm(at, fate)
            code = bench.scan()
            _, failed = bench.count()
            when = f"{fate} at call {at} of {calls}"
            bench.arm(0, fate)
            if code == 0:  # nothing failed, or only what can be done without
                check_whole(bench, expected, when)
            else:
                assert failed, f"{when}: exit code {code} without a fault"
                assert code == 7, f"{when}: exit code {code}, which is not that of an output that cannot be written"
                if bench.out.exists():
                    check_parts(bench, expected, when)
                assert bench.scan() == 0, f"{when}: the same command does not finish it"
                check_whole(bench, expected, f"{when}, then resumed")
            yield f"{when}: exit code {code}"


def kill(bench: Bench, count: int, seed: int) -> Iterator[str]:
    """Kill scans at random moments until ``count`` kills met a scan at work; yields a line for each."""
    expected, _ = learn(bench)
    chance = random.Random(seed)
    began = time.monotonic()
    shutil.rmtree(bench.out)
    bench.scan()
    usual_s = time.monotonic() - began
    shutil.rmtree(bench.out)
    killed = 0
    while killed < count:
        pid = bench.start()
        time.sleep(chance.uniform(0, 1.1 * usual_s))
        os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code == 0:
            usual_s *= 0.9
            check_whole(bench, expected, f"after {killed} kills")
            shutil.rmtree(bench.out)
            continue
        assert code == -signal.SIGKILL, f"exit code {code}"
        killed += 1
        if bench.out.exists():
            check_parts(bench, expected, f"kill {killed}")
        in_place = len(list(bench.out.glob("studies/st-*")))
        usual_s *= 0.95 if in_place else 1.1  # a busy machine changes its pace; kills shall fall everywhere
        yield f"kill {killed}: {in_place} studies in place"
        if chance.random() < 0.5:  # else the next scan is killed too, on top of this one
            assert bench.scan() == 0, f"kill {killed}: the same command does not finish it"
            check_whole(bench, expected, f"kill {killed}, then resumed")
            shutil.rmtree(bench.out)


def preload(folder: Path) -> dict[str, str]:
    """Build the library; returns the variables that load it."""
    library, state = folder / "faults.so", folder / "state"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, HERE / "faults.c", "-ldl"], check=True)
    state.write_bytes(_STATE.pack(0, 0, 0, 0, 0))
    return {"LD_PRELOAD": str(library), "FAULTS_STATE": str(state), "FAULTS_ROOT": str(folder / "out")}


def main() -> None:
    """Read the words; start again with the library preloaded; run."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--every", type=int, default=0, help="let every so manieth call fail")
    words.add_argument("--fates", nargs="+", choices=FATES, default=list(FATES))
    words.add_argument("--at", type=int, default=0, help="let this call alone fail")
    words.add_argument("--kills", type=int, default=0)
    words.add_argument("--seed", type=int, default=0)
    asked: Any = words.parse_args()
    if "FAULTS_STATE" not in os.environ:
        with tempfile.TemporaryDirectory(prefix="mri-batch-faults-") as name:
            environment = os.environ | preload(Path(name)) | {"OMP_NUM_THREADS": "1"}
            sys.exit(subprocess.run([sys.executable, *sys.orig_argv[1:]], env=environment, check=False).returncode)
    bench = set_up(Path(os.environ["FAULTS_STATE"]).parent)
    done = 0
    numbers = range(asked.at, asked.at + 1) if asked.at else None
    if asked.every or numbers:
        for line in inject(bench, asked.fates, numbers, asked.every):
            done += 1
            print(line, flush=True)
    for line in kill(bench, asked.kills, asked.seed) if asked.kills else ():
        done += 1
        print(line, flush=True)
    print(f"{done} disturbed scans, every promise kept")


if __name__ == "__main__":
    main()
