"""The output folder is ours, whole, and written by one scan at a time."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from mri_batch.errors import OutputError
from mri_batch.run.store.folder import JOURNAL, LOCK, WORK, claim_output


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


@pytest.mark.parametrize("line", ['{"time": 1, "mine": true}\n', "[]\n", "\n", "dear diary", ""])
def test_claim_refuses_a_folder_of_somebody_else_that_has_a_journal(tmp_path: Path, line: str) -> None:
    """A file of that name is no proof; the results beside it are somebody's."""
    (tmp_path / JOURNAL).write_text(line)
    (tmp_path / "results.csv").write_text("my,years,of,work")
    with pytest.raises(OutputError) as caught, claim_output(tmp_path):
        pass
    assert caught.value.code == "OUTPUT_FOREIGN"
    assert sorted(p.name for p in tmp_path.iterdir()) == [JOURNAL, "results.csv"]


ENTRY = '{"key": "k", "study_id": "st-1", "status": "done", "files": {}}\n'


@pytest.mark.parametrize("line", ['{"mri_batch_journal": 1}\n', ENTRY, ENTRY + "torn"])
def test_claim_knows_a_folder_of_ours(tmp_path: Path, line: str) -> None:
    """The header proves it, and so does a study recorded by version 0.1.0."""
    (tmp_path / JOURNAL).write_text(line)
    (tmp_path / "results.csv").touch()
    with claim_output(tmp_path):
        pass


@pytest.mark.parametrize("line", ["", '{"mri_ba'])
def test_claim_knows_a_scan_that_was_killed_at_once(tmp_path: Path, line: str) -> None:
    """Before the first whole line there is nothing but the journal and the folder of studies."""
    (tmp_path / JOURNAL).write_text(line)
    (tmp_path / "studies").mkdir()
    with claim_output(tmp_path):
        pass


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
