"""What is worked out ahead comes in order, raises where it is used, and is never far ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mri_batch.prefetch import map_prefetched, prefetch


def count_up(made: list[int], n: int = 6) -> Iterator[int]:
    """Yield numbers and note each that was made."""
    for i in range(n):
        made.append(i)
        yield i


def test_iter_ahead_makes_the_next_item_while_one_is_in_use() -> None:
    """The second item is made by a thread while the first is in hand, and the third is not."""
    began = threading.Event()

    def source() -> Iterator[int]:
        yield 0
        began.set()
        yield 1
        pytest.fail("two ahead")

    items = prefetch(source())
    assert next(items) == 0
    assert began.wait(10)
    items.close()  # type: ignore[attr-defined]


def test_map_ahead_uses_its_threads_at_once() -> None:
    """Two items wait for one another."""
    meeting = threading.Barrier(2, timeout=10)
    assert sorted(map_prefetched(lambda i: meeting.wait(), range(2), threads=2)) == [0, 1]


@pytest.mark.parametrize("threads", [1, 3])
def test_map_ahead_keeps_order_and_bounds_what_is_held(threads: int) -> None:
    """Results come in the order of the items; no more are taken from the source than threads are busy."""
    made: list[int] = []
    for i, square in enumerate(map_prefetched(lambda i: i * i, count_up(made), threads)):
        assert square == i * i
        assert len(made) <= i + 1 + threads
    assert made == list(range(6))


@pytest.mark.parametrize("run", [prefetch, lambda items: map_prefetched(lambda i: i, items, 2)])
def test_what_a_thread_raises_is_raised_where_it_is_used(run: object) -> None:
    """An error of the source reaches the loop, after the items before it."""

    def source() -> Iterator[int]:
        yield 0
        raise OSError("the share is gone")

    got: list[int] = []
    with pytest.raises(OSError, match="gone"):
        got.extend(run(source()))  # type: ignore[operator]
