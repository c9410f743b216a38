from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mri_batch.errors import FileProblem
from mri_batch.read import duplicate_instances
from mri_batch.read.collect import collect
from mri_batch.read.group import Grouper
from mri_batch.read.stacks import Member
from mri_batch.settings import ReadLimits
from tests import make

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

    def count(original: Member, copy: Member) -> FileProblem:
        compared.append(copy)
        return compare(original, copy)

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
