"""The same input, model and settings give the same bytes, whatever the machine is set to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tools.faults import MODEL, snapshot

from tests.make import save_picture, save_series

# Folders and the grouping of files must not depend on the order in which the system lists them.
SCAN = """
import os, random, sys
plain, chance = os.scandir, random.Random(int(sys.argv.pop(1)))

class Listing:
    def __init__(self, where):
        with plain(where) as entries:
            self.entries = list(entries)
        chance.shuffle(self.entries)
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def __iter__(self): return iter(self.entries)
    def __next__(self):
        if not self.entries: raise StopIteration
        return self.entries.pop()
    def close(self): pass

os.scandir = lambda where=".": Listing(where)
os.listdir = lambda where=".": [entry.name for entry in Listing(where)]
from mri_batch.cli import main
if __name__ == "__main__":
    main()
"""
_MACHINE = re.compile(rb'"(?:jobs|cores)": \d+|(?:jobs|cores)</dt><dd class="path">\d+')


def scan_as(folder: Path, out: Path, *words: str, order: int = 0, **environment: str) -> dict[str, bytes]:
    """Scan in a process of its own with such settings; returns the files without times and numbers of jobs."""
    command = [sys.executable, "-c", SCAN, str(order), "scan", str(folder), "--out", str(out), "--model", str(MODEL)]
    subprocess.run(
        [*command, "-q", "--faithfulness", "none", *words],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    return {name: _MACHINE.sub(b"", content) for name, content in snapshot(out).items()}


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make four studies, names in several scripts among them."""
    root = tmp_path_factory.mktemp("in")
    for name in ("b", "a", "Ä"):
        save_series(root / name, 3, patient=name, study=name)
    save_picture(root / "ß" / "eins.png")
    return root


@pytest.fixture(scope="module")
def plain(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Scan as usual."""
    return scan_as(studies, tmp_path_factory.mktemp("out") / "o", LC_ALL="C.UTF-8", TZ="UTC", PYTHONHASHSEED="1")


@pytest.mark.parametrize(
    ("words", "order", "environment"),
    [
        (["--jobs", "2"], 1, {"TZ": "Pacific/Auckland", "PYTHONHASHSEED": "2"}),
        (["--jobs", "4"], 2, {"LC_ALL": "C", "PYTHONHASHSEED": "3"}),
    ],
)
def test_scan_gives_the_same_bytes(
    studies: Path, plain: dict[str, bytes], tmp_path: Path, words: list[str], order: int, environment: dict[str, str]
) -> None:
    """Jobs, listing order, time zone, locale and hash seed change no byte of any file but the times in it."""
    again = scan_as(studies, tmp_path / "o", *words, order=order, **environment)
    assert [name for name in plain.keys() | again.keys() if plain.get(name) != again.get(name)] == []
    assert len(plain) > 4 * 3
