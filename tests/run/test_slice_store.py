"""Slices come back as they were added, from memory or from disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mri_batch.errors import OutputError
from mri_batch.records import FileKind, FoundFile, Slice
from mri_batch.run.slice_store import SliceStore


def make_slice(number: int, shape: tuple[int, ...] = (4, 3)) -> Slice:
    """Make a slice of known pixels."""
    file = FoundFile(
        path=Path("x"), relative="x", file_id="f", kind=FileKind.PNG, size_bytes=1, modified_ns=1, by_name=False
    )
    pixels = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) + number
    return Slice(file=file, frame=number, pixels=pixels, window=(0.0, 1.0))


@pytest.mark.parametrize("room_bytes", [0, 4 * 3 * 4, 1 << 20])
def test_slices_come_back_bit_by_bit(tmp_path: Path, room_bytes: int) -> None:
    """Grey and colour, contiguous or not, in any order; the folder is left as it was."""
    slices = {7: make_slice(7), 2: make_slice(2, (4, 3, 3)), 5: make_slice(5)}
    slices[9] = Slice(file=slices[7].file, frame=9, pixels=slices[7].pixels[:, ::-1].T, window=(0.0, 1.0))
    with SliceStore(tmp_path, room_bytes=room_bytes) as store:
        for index, picture in slices.items():
            store.add(index, picture)
        assert list(store) == [2, 5, 7, 9]
        for index in (9, 2, 7, 5):
            np.testing.assert_array_equal(store[index].pixels, slices[index].pixels)
            assert store[index].frame == index
    assert list(store) == []
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_an_output_error(tmp_path: Path) -> None:
    """The scan ends with exit code 7, as for every other file of the output."""
    (tmp_path / "file").touch()
    with SliceStore(tmp_path / "file" / "work", room_bytes=0) as store, pytest.raises(OutputError):
        store.add(0, make_slice(0))
