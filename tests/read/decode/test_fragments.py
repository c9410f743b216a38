"""Frames are where their fragments are, whatever the offset table and the frame count say."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames

from mri_batch.notes import Note
from mri_batch.records import Slice
from tests import make
from tests.read.reading import read_file

N = 5
HEADS = np.stack([make.make_head(seed=k) for k in range(N)])
SYNTAXES = [uid.RLELossless, uid.JPEG2000Lossless, uid.JPEGLSLossless]


def _read(dataset: FileDataset, path: Path) -> list[Slice]:
    items = read_file(make.save(dataset, path))
    assert all(isinstance(item, Slice) for item in items), items
    return [item for item in items if isinstance(item, Slice)]


def _with_table(syntax: uid.UID, change: Callable[[list[int]], list[int]], split: int = 1) -> FileDataset:
    """Return an object of N frames, ``split`` fragments each, with a changed basic offset table."""
    dataset = make.compress(make.make_dicom(HEADS), syntax)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=N))
    content = encapsulate(frames, fragments_per_frame=split, has_bot=True)
    n_table = struct.unpack_from("<L", content, 4)[0]
    table = change(list(struct.unpack_from(f"<{n_table // 4}L", content, 8)))
    head = b"\xfe\xff\x00\xe0" + struct.pack(f"<L{len(table)}L", 4 * len(table), *table)
    dataset.PixelData = head + content[8 + n_table :]
    return dataset


TABLES: dict[str, Callable[[list[int]], list[int]]] = {
    "zeros": lambda table: [0] * N,
    "shifted": lambda table: [each + 8 for each in table],
    "one": lambda table: table[:1],
    "too many": lambda table: [*table, table[-1] + 2],
    "backwards": lambda table: table[::-1],
    "beyond": lambda table: [*table[:-1], 1 << 30],
    "empty": lambda table: [],
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_offset_table_that_does_not_fit_is_not_used(name: str, syntax: uid.UID, tmp_path: Path) -> None:
    """Every frame shows its own pixels."""
    slices = _read(_with_table(syntax, TABLES[name]), tmp_path / "x.dcm")
    assert [np.array_equal(s.pixels, h) for s, h in zip(slices, HEADS, strict=True)] == [True] * N
    said = {note.code for s in slices for note in s.notes}
    assert said == (set() if name in ("empty", "too many") else {"OFFSETS_WRONG"})


@pytest.mark.parametrize("name", ["zeros", "shifted", "empty"])
def test_frames_of_several_fragments_are_told_by_their_markers(name: str, tmp_path: Path) -> None:
    """A JPEG 2000 frame in two fragments starts where its codestream does."""
    slices = _read(_with_table(uid.JPEG2000Lossless, TABLES[name], split=2), tmp_path / "x.dcm")
    assert [np.array_equal(s.pixels, h) for s, h in zip(slices, HEADS, strict=True)] == [True] * N


def test_true_table_is_used_without_a_word(tmp_path: Path) -> None:
    """Nothing is said of a sound object, of one fragment a frame or several."""
    for split in (1, 2):
        slices = _read(_with_table(uid.JPEG2000Lossless, lambda table: table, split), tmp_path / "x.dcm")
        assert [np.array_equal(s.pixels, h) for s, h in zip(slices, HEADS, strict=True)] == [True] * N
        assert {s.notes for s in slices} == {()}


@pytest.mark.parametrize("syntax", [None, *SYNTAXES])
def test_missing_count_is_derived(syntax: uid.UID | None, tmp_path: Path) -> None:
    """Without NumberOfFrames the pixels say how many there are."""
    dataset = make.make_dicom(HEADS)
    if syntax:
        make.compress(dataset, syntax)
    del dataset.NumberOfFrames
    slices = _read(dataset, tmp_path / "x.dcm")
    assert [np.array_equal(s.pixels, h) for s, h in zip(slices, HEADS, strict=True)] == [True] * N
    assert slices[0].notes == (Note("FRAMES_DERIVED", {"n": N}),)


@pytest.mark.parametrize("syntax", [None, *SYNTAXES])
def test_surplus_pixels_are_noted(syntax: uid.UID | None, tmp_path: Path) -> None:
    """The frames that the header counts are used, and the rest is noted."""
    dataset = make.make_dicom(HEADS)
    if syntax:
        make.compress(dataset, syntax)
    dataset.NumberOfFrames = 3
    slices = _read(dataset, tmp_path / "x.dcm")
    assert [np.array_equal(s.pixels, h) for s, h in zip(slices, HEADS[:3], strict=True)] == [True] * 3
    assert "PIXELS_SURPLUS" in [note.code for note in slices[0].notes]


@pytest.mark.parametrize("shift", [0, 8])
def test_extended_offset_table_counts_only_if_it_fits(shift: int, tmp_path: Path) -> None:
    """A shifted one is not used."""
    dataset = make.compress(make.make_dicom(HEADS), uid.JPEGLSLossless)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=N))
    dataset.PixelData, offsets, lengths = encapsulate_extended(frames)
    dataset.ExtendedOffsetTable = (np.frombuffer(offsets, "<u8") + np.uint64(shift)).tobytes()
    dataset.ExtendedOffsetTableLengths = lengths
    slices = _read(dataset, tmp_path / "x.dcm")
    assert [np.array_equal(s.pixels, h) for s, h in zip(slices, HEADS, strict=True)] == [True] * N
