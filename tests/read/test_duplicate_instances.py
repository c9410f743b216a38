from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom import uid

from tests import make
from tests.read.reading import read_paths, read_slices


def test_whole_copy_is_read_where_a_truncated_one_comes_first(tmp_path: Path) -> None:
    """The slice has the pixels that were written, and nothing of the study has failed."""
    head = make.make_head(seed=3)
    cut = make.save(make.make_dicom(head), tmp_path / "a.dcm")
    cut.write_bytes(cut.read_bytes()[:-300])
    make.save(make.make_dicom(head), tmp_path / "b.dcm")
    outcome = read_paths(tmp_path)
    slices, problems = read_slices(outcome.series[0])
    assert outcome.codes == ["DUPLICATE_UNSOUND"]
    assert not outcome.failed
    assert not problems
    np.testing.assert_array_equal(slices[0].pixels, head)


def test_codestreams_are_compared_as_stored(tmp_path: Path) -> None:
    """Copies in one codec with another description are equal where their codestreams are, else they differ."""
    for name, seed, text in (("a", 1, "one"), ("b", 1, "two"), ("c", 2, "one")):
        dataset = make.compress(make.make_dicom(make.make_head(seed=seed)), uid.JPEG2000Lossless)
        dataset.SeriesDescription = text
        make.save(dataset, tmp_path / name)
    assert read_paths(tmp_path).codes == ["DUPLICATE", "DUPLICATE_DIFFERS"]


def test_copy_at_another_place_differs(tmp_path: Path) -> None:
    """Equal pixels at two places are two slices that claim one UID."""
    make.save(make.make_dicom(), tmp_path / "a")
    make.save(make.make_dicom(ImagePositionPatient=[0.0, 0.0, 40.0]), tmp_path / "b")
    assert read_paths(tmp_path).codes == ["DUPLICATE_DIFFERS"]
