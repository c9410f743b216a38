"""Large objects: the same slices as of small ones, without their pixels in memory together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset, FileDataset
from pydicom.filewriter import dcmwrite

from mri_batch.read.decode import dicom, frames
from mri_batch.records import Slice
from tests import make
from tests.read.reading import read_file

SMALL_BYTES = 1000  # a frame of the tests has 2,560


@pytest.fixture
def cut_frames(monkeypatch: pytest.MonkeyPatch) -> list[Dataset]:
    """Return a list that is filled with the data sets that frames are decoded from."""
    seen: list[Dataset] = []

    def watch(dataset: Dataset, index: int, path: Path) -> tuple[Dataset, int]:
        found = frames.cut_frame(dataset, index, path)
        seen.append(found[0])
        return found

    monkeypatch.setattr(dicom, "cut_frame", watch)
    return seen


def _make_signed() -> FileDataset:
    dataset = make.make_enhanced(3)
    dataset.PixelRepresentation = 1
    dataset.PixelData = (np.frombuffer(dataset.PixelData, np.uint16).astype(np.int16) - 900).tobytes()
    dataset.BitsStored, dataset.HighBit = 16, 15
    return dataset


def _make_bytes() -> FileDataset:
    return make.make_dicom(np.stack([make.make_head(seed=k) // 16 for k in range(3)]).astype(np.uint8))


def _make_colour() -> FileDataset:
    return make.make_dicom(np.random.default_rng(0).integers(0, 255, (3, 40, 32, 3), np.uint8))


def _make_compressed() -> FileDataset:
    return make.compress(make.make_enhanced(3), uid.RLELossless)


OBJECTS: dict[str, tuple[Callable[[], FileDataset], bool]] = {
    "enhanced": (lambda: make.make_enhanced(5, order=[2, 0, 4, 1, 3]), True),
    "signed": (_make_signed, True),
    "bytes": (_make_bytes, True),
    "one frame": (make.make_dicom, True),
    "colour": (_make_colour, False),
    "compressed": (_make_compressed, False),
}


def _same(one: Any, other: Any) -> bool:
    """Whether two readings are equal: slices to the bit, problems by their words."""
    if not isinstance(one, Slice):
        return repr(one) == repr(other)
    told = [(each.frame, each.window, each.position_mm, each.notes) for each in (one, other)]
    return told[0] == told[1] and np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("kept", [1.0, 0.6, 0.0])
def test_large_object_gives_the_same_slices(
    name: str, kept: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_frames: list[Dataset]
) -> None:
    """Read from the file frame by frame, an object gives what it gives from memory, cut short or not."""
    build, in_place = OBJECTS[name]
    path = make.save(build(), tmp_path / "x.dcm")
    content = path.read_bytes()
    n_pixels = len(build().PixelData)
    path.write_bytes(content[: len(content) - round((1 - kept) * n_pixels)])
    small = read_file(path)
    cut_frames.clear()
    monkeypatch.setattr(frames, "LARGE_BYTES", SMALL_BYTES)
    large = read_file(path)
    assert len(small) == len(large)
    assert all(_same(one, other) for one, other in zip(small, large, strict=True))
    if in_place and kept == 1.0:
        assert cut_frames
        assert all(len(cut.PixelData) <= 2560 for cut in cut_frames)
    if kept == 1.0:
        assert all(isinstance(item, Slice) for item in large)


@pytest.mark.parametrize(
    "syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian]
)
def test_large_object_of_every_native_syntax(syntax: uid.UID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Implicit, big-endian and deflated objects read the same, large or not."""
    dataset = make.make_enhanced(3)
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == uid.ExplicitVRBigEndian:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    path = tmp_path / "x.dcm"
    dcmwrite(path, dataset, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian)
    small = read_file(path)
    assert len(small) == 3
    monkeypatch.setattr(frames, "LARGE_BYTES", SMALL_BYTES)
    assert all(_same(one, other) for one, other in zip(small, read_file(path), strict=True))
