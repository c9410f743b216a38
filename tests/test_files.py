"""Files and folders appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mri_batch.errors import OutputError
from mri_batch.files import new_file, new_folder, write_file
from mri_batch.run.store.journal import Journal


def test_new_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """A block that fails leaves the earlier folder as it was, and no part of the new one."""
    with new_folder(tmp_path / "study") as folder:
        (folder / "result.json").write_text("first")

    def fail_half_way() -> None:
        with new_folder(tmp_path / "study") as folder:
            (folder / "result.json").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert (tmp_path / "study" / "result.json").read_text() == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["study"]


def test_new_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """A block that fails leaves the earlier file as it was, and no part of the new one."""
    write_file(tmp_path / "files.csv", "first")

    def fail_half_way() -> None:
        with new_file(tmp_path / "files.csv") as beside:
            beside.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert (tmp_path / "files.csv").read_text() == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["files.csv"]


def test_write_file_leaves_no_part_behind(tmp_path: Path) -> None:
    """A target that cannot be replaced is an error, and nothing half-written stays."""
    (tmp_path / "run.json").mkdir()
    with pytest.raises(OutputError):
        write_file(tmp_path / "run.json", "{}")
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_new_folder_that_cannot_take_its_place_is_an_error(tmp_path: Path) -> None:
    """What stands in the way stays, and nobody is told that the folder was written."""
    (tmp_path / "study").write_text("somebody's")
    with pytest.raises(OutputError), new_folder(tmp_path / "study") as folder:
        (folder / "result.json").write_text("new")
    assert [p.name for p in tmp_path.iterdir()] == ["study"]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that is filled with what is flushed to the disk and what is renamed, by name and in order."""
    seen: list[str] = []
    flush, rename = os.fsync, Path.replace

    def watch_flush(handle: int) -> None:
        seen.append(f"flush {Path(f'/proc/self/fd/{handle}').readlink().name}")
        flush(handle)

    def watch_rename(path: Path, target: Any) -> Path:
        seen.append(f"rename {path.name}")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", watch_flush)
    monkeypatch.setattr(Path, "replace", watch_rename)
    return seen


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files are told by Linux alone")
def test_what_has_its_final_name_is_on_the_disk(tmp_path: Path, steps: list[str]) -> None:
    """After a power cut a file under its name is whole: its content is flushed before, the name after."""
    write_file(tmp_path / "run.json", "{}")
    assert steps == ["flush .run.json.part", "rename .run.json.part", f"flush {tmp_path.name}"]
    steps.clear()
    with new_folder(tmp_path / "study") as folder:
        (folder / "dicom").mkdir()
        (folder / "dicom" / "a.dcm").write_text("a")
        (folder / "result.json").write_text("r")
    assert sorted(steps[:2]) == ["flush a.dcm", "flush result.json"]
    assert steps[2:] == ["flush .study.part", "rename .study.part", f"flush {tmp_path.name}"]
    steps.clear()
    Journal(tmp_path / "journal.jsonl").record("key", "st-1", "done", {})
    assert steps == ["flush journal.jsonl"]


def test_an_earlier_folder_survives_a_rename_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the new folder cannot take its place, the earlier one is back."""
    with new_folder(tmp_path / "study") as folder:
        (folder / "result.json").write_text("first")
    rename = Path.replace

    def refuse_part(path: Path, target: Any) -> Path:
        if path.name.endswith(".part"):
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", refuse_part)
    with pytest.raises(OutputError), new_folder(tmp_path / "study") as folder:
        (folder / "result.json").write_text("second")
    assert (tmp_path / "study" / "result.json").read_text() == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["study"]
