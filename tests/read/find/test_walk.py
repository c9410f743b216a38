from __future__ import annotations

import os
from pathlib import Path

import pytest

from mri_batch.read.find.walk import iter_files
from mri_batch.records import FileKind, FileRecord, FileStatus, FoundFile
from mri_batch.settings import ReadLimits
from tests import make

LIMITS = ReadLimits()


def walk(*paths: Path, avoid: Path | None = None) -> list[FoundFile | FileRecord]:
    """Walk to the end."""
    return list(iter_files(paths, limits=LIMITS, avoid=avoid))


def test_walk_is_sorted_by_code_points_whatever_the_listing(tmp_path: Path) -> None:
    """Folders and files come sorted by name, capitals first, independent of locale."""
    for name in ("b.txt", "B.txt", "ä.txt", "a/z.txt", "a/10.txt", "a/9.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [item.relative for item in walk(tmp_path)] == ["B.txt", "a/10.txt", "a/9.txt", "a/z.txt", "b.txt", "ä.txt"]


def test_kind_is_judged_by_content(tmp_path: Path) -> None:
    """Neither suffix nor its absence decides."""
    make.save(make.make_dicom(), tmp_path / "1.png")
    make.save(make.make_dicom(), tmp_path / "2", preamble=False)
    for index, suffix in enumerate(("png", "jpg", "tif"), start=3):
        make.save_picture(tmp_path / f"x.{suffix}").rename(tmp_path / f"{index}.dcm")
    (tmp_path / "6.dcm").write_text("text")
    kinds = [item.kind for item in walk(tmp_path)]
    assert kinds == [FileKind.DICOM, FileKind.DICOM, FileKind.PNG, FileKind.JPEG, FileKind.TIFF, FileKind.OTHER]


def test_paths_of_several_roots_start_with_unique_names(tmp_path: Path) -> None:
    """Two roots of one name stay apart, and a picture given by name is called by it."""
    for parent in ("x", "y"):
        make.save_picture(tmp_path / parent / "scans" / "a.png")
    picture = make.save_picture(tmp_path / "one.png")
    items = walk(tmp_path / "x" / "scans", tmp_path / "y" / "scans", picture)
    assert [item.relative for item in items] == ["scans/a.png", "scans~2/a.png", "one.png"]
    assert [isinstance(item, FoundFile) and item.by_name for item in items] == [False, False, True]
    assert len({item.file_id for item in items}) == 3


def test_path_inside_another_one_is_read_once(tmp_path: Path) -> None:
    """Naming a folder and a part of it does not double the part."""
    make.save_picture(tmp_path / "in" / "a.png")
    assert [item.relative for item in walk(tmp_path / "in", tmp_path)] == ["in/a.png"]
    assert len(walk(tmp_path, tmp_path)) == 1


def test_output_folder_is_not_walked(tmp_path: Path) -> None:
    """An output folder inside the input is left out without a word."""
    make.save_picture(tmp_path / "a.png")
    make.save_picture(tmp_path / "out" / "b.png")
    assert [item.relative for item in walk(tmp_path, avoid=tmp_path / "out")] == ["a.png"]


def test_file_that_vanishes_during_the_walk_is_a_failure(tmp_path: Path) -> None:
    """A listing is a promise that a network folder may break."""
    for name in ("a.png", "b.png", "c.png"):
        make.save_picture(tmp_path / name)
    met = iter_files([tmp_path], limits=LIMITS)
    next(met)
    (tmp_path / "b.png").unlink()
    vanished, last = met
    assert isinstance(vanished, FileRecord)
    assert vanished.code == "VANISHED"
    assert isinstance(last, FoundFile)


def test_missing_path_is_a_failure(tmp_path: Path) -> None:
    """A path that is not there gives one record."""
    (record,) = walk(tmp_path / "nowhere")
    assert isinstance(record, FileRecord)
    assert (record.status, record.code) == (FileStatus.FAILED, "VANISHED")


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs POSIX users")
def test_unreadable_file_and_folder_are_failures(tmp_path: Path) -> None:
    """Without permission, the file and the folder are named, and the rest is read."""
    make.save_picture(tmp_path / "a.png").chmod(0o644)
    make.save_picture(tmp_path / "b.png").chmod(0)
    make.save_picture(tmp_path / "shut" / "c.png").parent.chmod(0)
    opened = [folder for folder in (tmp_path, *tmp_path.parents) if folder.stat().st_mode & 0o005 != 0o005]
    before = [(folder, folder.stat().st_mode) for folder in opened]
    root = os.geteuid() == 0
    try:
        for folder in opened:
            folder.chmod(0o755)
        if root:
            os.seteuid(65534)
        items = walk(tmp_path)
    finally:
        if root:
            os.seteuid(0)
        for folder, mode in before:
            folder.chmod(mode)
        (tmp_path / "shut").chmod(0o755)
    assert [(i.relative, getattr(i, "code", "")) for i in items] == [
        ("a.png", ""),
        ("b.png", "UNREADABLE"),
        ("shut/", "FOLDER_UNREADABLE"),
    ]


def test_file_over_the_limit_is_a_failure(tmp_path: Path) -> None:
    """A picture larger than what is read is refused before it is opened."""
    path = make.save_picture(tmp_path / "a.png")
    (record,) = iter_files([tmp_path], limits=ReadLimits(max_file_bytes=path.stat().st_size - 1))
    assert isinstance(record, FileRecord)
    assert record.code == "TOO_LARGE"


def test_deep_tree_is_walked_to_its_bound(tmp_path: Path) -> None:
    """A tree deeper than Python's stack costs one row; files above the bound, and beside the tree, are read."""
    make.save_picture(tmp_path / "z.png")
    before = Path.cwd()
    try:
        os.chdir(tmp_path)
        for level in range(600):
            Path("d").mkdir()
            os.chdir("d")
            if level in (LIMITS.max_folder_depth - 1, LIMITS.max_folder_depth):
                Path("a.txt").write_text("x")
    finally:
        os.chdir(before)
    kept, deep, last = walk(tmp_path)
    assert kept.relative.count("/") == LIMITS.max_folder_depth
    assert isinstance(deep, FileRecord)
    assert (deep.code, deep.status) == ("FOLDER_TOO_DEEP", FileStatus.FAILED)
    assert last.relative == "z.png"
