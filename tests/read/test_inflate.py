"""A deflated file is read piece by piece: what follows its data set costs nothing."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from pydicom.uid import DeflatedExplicitVRLittleEndian

from mri_batch.read.header.load import load_header
from mri_batch.settings import ReadLimits
from tests.make import make_dicom


def test_sparse_tail_of_a_deflated_file_is_not_read(tmp_path: Path) -> None:
    """Two gigabytes of nothing after the data set take a few megabytes of memory, and the header is read."""
    path = tmp_path / "a.dcm"
    dataset = make_dicom()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    with path.open("r+b") as stream:
        stream.truncate(1 << 31)
    tracemalloc.start()
    try:
        header = load_header(path, ReadLimits())
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert header.rows > 0
    assert peak_bytes < 32 << 20
