"""Scan mutants of real files among sound studies: ``python -m tools.fuzz_scan --mutants 20000``.

The seeds are the DICOM files that come with pydicom and the repository's own samples. Each batch of mutants, with the
samples unharmed beside them, goes through the real command. Looked for: a batch that dies, a study that hangs, a file
without its row, an error of our own (``INTERNAL``), a line on standard error that is not ours, a sound study whose
bytes differ. Every mutant is made from the seed and its number alone, so that a find can be made again.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pydicom.data
from pydicom import uid
from tests.make import compress, make_dicom, to_bytes

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_inputs"
MODEL = ROOT / "tests" / "golden" / "vit"  # tiny, and takes every modality
COMMAND = (sys.executable, "-c", "from mri_batch.cli import main; main()")
CODECS = (uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless)
MAX_SEED_BYTES = 200_000
STUDY_LIMIT_S, BATCH_LIMIT_S = 60, 3600
_UID = re.compile(rb"(?<![0-9.])[0-9]{1,10}(?:\.[0-9]{1,39}){2,12}(?![0-9.])")
_WITH_PIXELS = (b"\xe0\x7f\x10\0", b"\x7f\xe0\0\x10", b"IDAT")  # the tag of PixelData in both byte orders
_STANDARD = b"1.2.840.10008."
_CAPTURE, _MR = b"1.2.840.10008.5.1.4.1.1.7\0", b"1.2.840.10008.5.1.4.1.1.4\0"
_EDGES = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)


@dataclass
class Tally:
    """What became of all mutants, and what should not have been."""

    codes: Counter[str] = field(default_factory=Counter)
    finds: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


def load_seeds() -> list[tuple[str, bytes]]:
    """Load (name, content) of the files that mutants are made of, in a fixed order."""
    theirs = (Path(pydicom.data.__file__).parent / "test_files").glob("*.dcm")
    ours = (path for path in SAMPLES.rglob("*") if path.suffix in (".dcm", ".png"))
    files = [*sorted(theirs), *sorted(ours)]
    small = [(path.name, path.read_bytes()) for path in files if path.stat().st_size <= MAX_SEED_BYTES]
    seeds = [(name, content) for name, content in small if any(mark in content for mark in _WITH_PIXELS)]
    return seeds + [(f"{syntax.keyword}.dcm", to_bytes(compress(make_dicom(), syntax))) for syntax in CODECS]


def mutate(seeds: Sequence[tuple[str, bytes]], seed: int, number: int) -> tuple[str, bytes]:
    """Make mutant ``number``: its name, and its content, whose UIDs are its own so that it is a study by itself."""
    rng = random.Random(f"{seed}/{number}")
    name, original = rng.choice(seeds)
    content = bytearray(_own_uids(original, number))
    if rng.random() < 0.8:  # most of the seeds are captures, which a scan leaves out unread
        content = content.replace(_CAPTURE, _MR)
    for _ in range(1 + int(rng.expovariate(0.35))):
        _MUTATIONS[rng.randrange(len(_MUTATIONS))](content, rng)
    if name.endswith(".png") and rng.random() < 0.7:
        content = mend_png(content)
    return f"{number:06d}-{name}", bytes(content)


def _own_uids(content: bytes, number: int) -> bytes:
    """Replace the end of every UID that is not the standard's, keeping its length."""

    def own(match: re.Match[bytes]) -> bytes:
        known = match[0]
        tail = f".{number + 1}".encode()
        if known.startswith(_STANDARD) or len(known) < 20:
            return known
        return known[: -len(tail)].rstrip(b".").ljust(len(known) - len(tail), b"1") + tail

    return _UID.sub(own, content)


def _flip(content: bytearray, rng: random.Random) -> None:
    if content:
        content[_place(content, rng)] ^= 1 << rng.randrange(8)


def _set(content: bytearray, rng: random.Random) -> None:
    if content:
        content[_place(content, rng)] = rng.choice(_EDGES)


def _number(content: bytearray, rng: random.Random) -> None:
    """Overwrite two or four bytes, as a length or a size would be."""
    at, size = _place(content, rng), rng.choice((2, 4))
    value = rng.choice((0, 1, 2, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF, rng.getrandbits(32)))
    content[at : at + size] = (value & (256**size - 1)).to_bytes(size, rng.choice(("little", "big")))


def _delete(content: bytearray, rng: random.Random) -> None:
    at = _place(content, rng)
    del content[at : at + rng.choice((1, 2, 8, 64, 1024))]


def _repeat(content: bytearray, rng: random.Random) -> None:
    at, size = _place(content, rng), rng.choice((8, 64, 512))
    content[at:at] = content[at : at + size] * rng.choice((1, 2, 50))


def _cut(content: bytearray, rng: random.Random) -> None:
    if rng.random() < 0.3:
        del content[_place(content, rng) :]


def _splice(content: bytearray, rng: random.Random) -> None:
    """Copy a stretch to another place."""
    start, at, size = _place(content, rng), _place(content, rng), rng.choice((4, 16, 128))
    content[at : at + size] = content[start : start + size]


def _place(content: bytearray, rng: random.Random) -> int:
    """Choose a place, half of the time in the first kilobytes, where headers and codestream markers stand."""
    return rng.randrange(min(len(content), 4096) if rng.random() < 0.5 else len(content)) if content else 0


_MUTATIONS = (_flip, _flip, _set, _number, _number, _delete, _repeat, _cut, _splice)


def mend_png(content: bytearray) -> bytearray:
    """Put right checksums in, so that a mutated chunk is not refused for them alone."""
    at = 8
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        end = at + 8 + size
        if end + 4 > len(content):
            break
        content[end : end + 4] = zlib.crc32(content[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return content


def scan_batch(folder: Path, out: Path) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run the command as a person would; returns how it ended and how long it took in s."""
    words = ("scan", str(folder), "--out", str(out), "--model", str(MODEL), "--explain", "none", "-q")
    limit = ("--timeout-per-study", str(STUDY_LIMIT_S))
    began = time.monotonic()
    done = subprocess.run(
        (*COMMAND, *words, *limit), capture_output=True, text=True, errors="replace", timeout=BATCH_LIMIT_S, check=False
    )
    return done, time.monotonic() - began


def look(
    folder: Path, out: Path, done: subprocess.CompletedProcess[str], sound: dict[str, bytes], tally: Tally
) -> None:
    """Judge one batch."""
    if done.returncode not in (0, 4):
        tally.finds.append(f"exit code {done.returncode}: {done.stderr[-2000:]}")
        return
    tally.finds += [f"stderr: {line}" for line in done.stderr.splitlines() if not line.startswith("mri-batch: ")]
    rows = list(csv.DictReader((out / "files.csv").read_text("utf-8").splitlines()))
    met = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if sorted(row["file"] for row in rows) != met:
        tally.finds.append("files without a row, or rows without a file")
    mutants = [row for row in rows if not row["file"].startswith("sound/")]
    tally.codes.update(row["code"] or row["status"] for row in mutants)
    bad = ("INTERNAL", "STUDY_TIMEOUT", "WORKER_DIED")
    tally.finds += [f"{row['code']}: {row['file']}: {row['reason']}" for row in mutants if row["code"] in bad]
    if read_sound(out) != sound:
        tally.finds.append("a sound study has other bytes")


def read_sound(out: Path) -> dict[str, bytes]:
    """Read what was written of the sound studies, without the times."""
    found = {}
    for path in sorted((out / "studies").glob("*/result.json")):
        result = json.loads(path.read_text("utf-8"))
        if result["source"].startswith("sound"):
            del result["timings_ms"]
            pieces = path.with_name("pieces.zip")
            found[result["study_id"]] = json.dumps(result).encode() + (pieces.read_bytes() if pieces.exists() else b"")
    return found


def iter_batches(n: int, size: int) -> Iterator[range]:
    """Yield ranges of mutants."""
    for start in range(0, n, size):
        yield range(start, min(n, start + size))


def fuzz(n: int, seed: int, size: int, first: int = 0, keep: Path | None = None) -> Tally:
    """Scan ``n`` mutants from number ``first`` on, ``size`` a batch; mutants of a batch with a find go to ``keep``."""
    seeds, tally = load_seeds(), Tally()
    with tempfile.TemporaryDirectory(prefix="mri-batch-fuzz-") as work:
        sound: dict[str, bytes] = {}
        for batch in (range(0), *iter_batches(n, size)):
            folder, out = Path(work) / "in", Path(work) / "out"
            shutil.copytree(SAMPLES, folder / "sound", copy_function=shutil.copy2)
            for number in batch:
                name, content = mutate(seeds, seed, first + number)
                (folder / name[:6]).mkdir()  # a folder each, so that what is left of one is no part of another
                (folder / name[:6] / name).write_bytes(content)
            known = len(tally.finds)
            done, took_s = scan_batch(folder, out)
            if not batch:
                sound = read_sound(out)
                assert sound, done.stderr
            else:
                look(folder, out, done, sound, tally)
                tally.slowest_s = max(tally.slowest_s, took_s)
                print(f"{first + batch.stop} mutants, {took_s:.0f} s, {len(tally.finds)} finds", flush=True)
            for find in tally.finds[known:]:
                print(f"  {find}", flush=True)
            if keep and len(tally.finds) > known:
                shutil.copytree(folder, keep / f"{first + batch.start}", dirs_exist_ok=True)
            shutil.rmtree(folder)
            shutil.rmtree(out, ignore_errors=True)
    return tally


def main() -> None:
    """Fuzz, and print what became of the mutants."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--keep", type=Path, help="folder for batches with a find")
    asked = parser.parse_args()
    tally = fuzz(asked.mutants, asked.seed, asked.batch, asked.first, asked.keep)
    for code, count in tally.codes.most_common():
        print(f"{count:6d}  {code}")
    print(f"{len(tally.finds)} finds; slowest batch {tally.slowest_s:.0f} s")
    sys.exit(1 if tally.finds else 0)


if __name__ == "__main__":
    main()
