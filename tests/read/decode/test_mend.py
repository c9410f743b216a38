"""Sound files that say something wrong about how they are written, compared with the numbers that were written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid
from pydicom.filewriter import dcmwrite

from mri_batch.records import Slice
from tests import make
from tests.read.reading import only_problem, only_slice, read_file, read_paths, read_slices

HEAD = make.make_head()
EXPLICIT, IMPLICIT = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0"
SOP_CLASS = b"\x08\x00\x08\x00CS"  # ImageType, the first element of the data set


def _repeat_meta(content: bytes, other: bytes) -> bytes:
    at = content.index(SOP_CLASS)
    return content[:at] + content[132:at].replace(EXPLICIT, other) + content[at:]


def _rename_pixels(content: bytes, name: bytes) -> bytes:
    return content.replace(b"\xe0\x7f\x10\x00OW", b"\xe0\x7f\x10\x00" + name)


def _insert(content: bytes, vr: bytes) -> bytes:
    at = content.index(b"\x18\x00\x50\x00")
    return content[:at] + b"\x18\x00\x49\x00" + vr + b"\x04\x00" + b"abcd" + content[at:]


MENDED: dict[str, Callable[[bytes], bytes]] = {
    "explicit named implicit": lambda content: content.replace(EXPLICIT, IMPLICIT, 1),
    "meta twice, implicit": lambda content: _repeat_meta(content, IMPLICIT),
    "meta twice, JPEG": lambda content: _repeat_meta(content, b"1.2.840.10008.1.2.4\0"),
    "meta twice, equal": lambda content: _repeat_meta(content, EXPLICIT),
    "OX": lambda content: _rename_pixels(content, b"OX"),
    "odd representation": lambda content: _insert(content, b"XX"),
    "another odd one": lambda content: _insert(content, b"QQ"),
}


@pytest.mark.parametrize("name", MENDED)
def test_sound_file_is_read_whatever_it_says_of_itself(name: str, tmp_path: Path) -> None:
    """The whole way, from the walk to the pixels."""
    path = tmp_path / "x.dcm"
    path.write_bytes(MENDED[name](make.to_bytes(make.make_dicom())))
    (series,) = read_paths(tmp_path).series
    assert np.array_equal(only_slice(read_slices(series)[0]).pixels, HEAD)


def test_implicit_named_explicit(tmp_path: Path) -> None:
    """The content decides here too."""
    dataset = make.make_dicom()
    explicit = make.to_bytes(dataset)
    dataset.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
    path = tmp_path / "x.dcm"
    dcmwrite(path, dataset, implicit_vr=True, little_endian=True)
    body = path.read_bytes().index(SOP_CLASS[:4])
    path.write_bytes(explicit[: explicit.index(SOP_CLASS)] + path.read_bytes()[body:])
    (series,) = read_paths(tmp_path).series
    assert np.array_equal(only_slice(read_slices(series)[0]).pixels, HEAD)


@pytest.mark.parametrize("n_frames", [1, 3])
def test_end_of_file_is_the_last_delimiter(n_frames: int, tmp_path: Path) -> None:
    """Whole fragments without a delimiter behind them are all there is; a fragment cut short is damage."""
    heads = np.stack([make.make_head(seed=k) for k in range(n_frames)])
    path = make.save(make.compress(make.make_dicom(heads), uid.RLELossless), tmp_path / "x.dcm")
    content = path.read_bytes()
    path.write_bytes(content[:-8])
    slices = [item for item in read_file(path) if isinstance(item, Slice)]
    assert [np.array_equal(s.pixels, h) for s, h in zip(slices, heads, strict=True)] == [True] * n_frames
    path.write_bytes(content[:-30])
    assert only_problem(read_file(path)).code == "NO_PIXELS"
