from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from mri_batch.errors import FileProblem
from mri_batch.read import duplicate_instances
from mri_batch.read.collect import collect
from mri_batch.read.group import Grouper
from mri_batch.read.stacks import Member
from mri_batch.settings import ReadLimits
from tests import make
from tests.read.reading import read_paths, read_slices

LIMITS = ReadLimits()


def make_folder(folder: Path) -> Path:
    """Write two studies, a copy of a slice, a text file, an empty file and a dangling link."""
    first, *_ = make.save_series(folder / "a", 3)
    make.save_series(folder / "b", 2, study="2", series="2")
    shutil.copy(first, folder / "a" / "copy.dcm")
    (folder / "notes.txt").write_text("no picture")
    (folder / "empty.dcm").touch()
    (folder / "gone.dcm").symlink_to(folder / "nowhere")
    return folder


def test_every_file_is_in_a_study_or_left_over(tmp_path: Path) -> None:
    """What the walk could not open comes first among the leftovers, each with a reason."""
    with collect([make_folder(tmp_path / "in")], limits=LIMITS) as grouper:
        studies = list(grouper.iter_studies())
        leftovers = list(grouper.iter_leftovers())
        assert grouper.count_studies() == len(studies) == 2
    assert [record.relative for record in leftovers] == ["empty.dcm", "gone.dcm", "notes.txt"]
    assert all(record.reason for record in leftovers)
    assert [len(series.files) for study in studies for series in study.series] == [3, 2]
    assert [record.code for study in studies for record in study.unused] == ["DUPLICATE"]


def test_studies_built_again_are_equal_and_hash_no_duplicate_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second pass reads no file again."""
    compared = []
    compare = duplicate_instances._compare

    def count(original: Member, copy: Member, limits: ReadLimits) -> FileProblem:
        compared.append(copy)
        return compare(original, copy, limits)

    monkeypatch.setattr(duplicate_instances, "_compare", count)
    with collect([make_folder(tmp_path / "in")], limits=LIMITS) as grouper:
        assert list(grouper.iter_studies()) == list(grouper.iter_studies())
    assert len(compared) == 1


def test_table_lies_in_the_given_folder_and_goes_with_the_context(tmp_path: Path) -> None:
    """Nothing is left in the working folder; the folder to avoid is not walked."""
    folder, out = make_folder(tmp_path / "in"), tmp_path / "in" / "out"
    make.save_series(out, 2, study="3", series="3")
    (work := tmp_path / "work").mkdir()
    with collect([folder], limits=LIMITS, workdir=work, avoid=out) as grouper:
        assert isinstance(grouper, Grouper)
        assert [path.name for path in work.iterdir()] == ["files.sqlite"]
        assert grouper.count_studies() == 2
    assert list(work.iterdir()) == []


def test_stacks_of_one_series_uid_hold_the_pixels_of_one_acquisition_each(tmp_path: Path) -> None:
    """Each part of a series of two echoes has the pixels written for that echo, in the order of positions."""
    written = {}
    for echo, time in enumerate((4.9, 9.8)):
        for number in (1, 2, 3):
            pixels = written[echo, number] = make.make_head(seed=10 * echo + number)
            about = {"EchoTime": time, "EchoNumbers": None, "SOPInstanceUID": make.make_uid(echo, number)}
            make.save(
                make.make_dicom(pixels, number=number, ScanningSequence="GR", **about), tmp_path / f"{number}{echo}"
            )
    outcome = read_paths(tmp_path)
    for echo, series in enumerate(outcome.series):
        slices, problems = read_slices(series)
        assert not problems
        for number, picture in enumerate(slices, 1):
            np.testing.assert_array_equal(picture.pixels, written[echo, number])


def test_parted_studies_keep_their_ids_whatever_the_order_of_finding(tmp_path: Path) -> None:
    """The id of a person's study depends on the person, not on which file was met first."""
    for first, second in (("a", "b"), ("b", "a")):
        make.save_series(tmp_path / first / "1", 2, series="1", PatientSex="M")
        make.save_series(tmp_path / first / "2", 2, series="2", PatientSex="F")
        (tmp_path / first / "1").rename(tmp_path / first / f"{second}1")
    ids = [{study.study_id for study in read_paths(tmp_path / name).studies} for name in ("a", "b")]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 2
