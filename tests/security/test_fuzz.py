"""A slice of ``benchmarks/fuzz_scan.py``: the batch lives, every file has its row, sound studies are untouched."""

from __future__ import annotations

from benchmarks.fuzz_scan import fuzz, load_seeds, mutate


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
