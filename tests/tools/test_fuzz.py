"""Slices of ``tools/fuzz_scan.py`` and ``fuzz_reader.py``: the batch lives, every file has its row, sound studies
are untouched, and nothing but our own errors comes out of the reader."""

from __future__ import annotations

from pathlib import Path

from tools.fuzz_reader import read_one
from tools.fuzz_scan import fuzz, load_seeds, mutate


def test_mutants_harm_neither_the_batch_nor_the_sound_studies() -> None:
    """Sixty mutants of real files beside the samples, by the real command."""
    tally = fuzz(60, seed=3, size=60)
    assert tally.finds == []
    assert sum(tally.codes.values()) == 60


def test_mutants_are_the_same_every_time() -> None:
    """A find can be made again from the seed and its number."""
    seeds = load_seeds()
    assert [mutate(seeds, 8, n) for n in range(40)] == [mutate(seeds, 8, n) for n in range(40)]
    assert len({content for _, content in (mutate(seeds, 8, n) for n in range(40))}) == 40


def test_reader_lets_no_foreign_error_out(tmp_path: Path) -> None:
    """A hundred mutants, and what is hardly a file, through what atheris is pointed at."""
    seeds = load_seeds()
    for number in range(100):
        read_one(mutate(seeds, 5, number)[1], tmp_path / "x")
    for scrap in (b"", b"\0", b"\x89PNG\r\n\x1a\n", bytes(128) + b"DICM", b"II*\0"):
        read_one(scrap, tmp_path / "x")
