"""The output folder is ours, whole, and written by one scan at a time."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from mri_batch.errors import OutputError
from mri_batch.run.store.folder import JOURNAL, LOCK, WORK, claim_output, new_file, new_folder, write_file
from mri_batch.run.store.journal import Journal


def test_claim_makes_and_cleans_up(tmp_path: Path) -> None:
    """A new folder is made, held while the block runs, and left without lock and scratch."""
    with claim_output(tmp_path / "a" / "out") as out:
        assert (out / LOCK).exists()
        assert (out / WORK).is_dir()
    assert list(out.iterdir()) == []


def test_claim_refuses_a_folder_of_somebody_else(tmp_path: Path) -> None:
    """Files that are not from a scan are never mixed with results, nor touched."""
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(OutputError) as caught, claim_output(tmp_path):
        pass
    assert caught.value.code == "OUTPUT_FOREIGN"
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


def test_claim_refuses_a_second_scan_and_names_the_first(tmp_path: Path) -> None:
    """Two scans never write into one folder."""
    with claim_output(tmp_path), pytest.raises(OutputError) as caught, claim_output(tmp_path):
        pass
    assert caught.value.code == "OUTPUT_IN_USE"
    assert str(os.getpid()) in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", json.dumps({"pid": 2**22 + 1, "host": socket.gethostname()})])
def test_claim_recovers_a_stale_lock(tmp_path: Path, content: str) -> None:
    """A lock torn by a crash, or of a process that is gone, does not block the folder."""
    (tmp_path / JOURNAL).touch()
    (tmp_path / LOCK).write_text(content)
    with claim_output(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()


def test_claim_respects_a_lock_of_another_host(tmp_path: Path) -> None:
    """On a share, another machine's process cannot be checked and counts as alive."""
    (tmp_path / JOURNAL).touch()
    (tmp_path / LOCK).write_text(json.dumps({"pid": 1, "host": "another"}))
    with pytest.raises(OutputError, match="another"), claim_output(tmp_path):
        pass


def test_claim_says_so_where_it_cannot_write(tmp_path: Path) -> None:
    """A file in the way of the folder is an output error with a fix."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught, claim_output(tmp_path / "file" / "out"):
        pass
    assert caught.value.code == "OUTPUT_UNWRITABLE"
    assert caught.value.hint


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
