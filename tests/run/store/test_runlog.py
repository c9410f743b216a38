"""A finished scan is as it was written, or ``verify`` says what is not; a log tells who made it, when and of what."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mri_batch.checksums import SUMS, digest_file, digest_folder
from mri_batch.commands.rerender import rerender
from mri_batch.errors import OutputError
from mri_batch.progress import Progress
from mri_batch.run.scan import scan
from mri_batch.run.store.runlog import LOG, verify_scan
from mri_batch.settings import ScanSettings
from tests.make import save_picture, save_series
from tests.paths import VIT


def ask(tree: Path, out: Path, **more: Any) -> ScanSettings:
    """Ask for a quick scan by the tiny ViT."""
    known: dict[str, Any] = {"paths": (tree,), "out": out, "model": VIT, "threads": 1, "explain": ("none",)}
    return ScanSettings(**(known | more))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an input folder of two studies."""
    root = tmp_path_factory.mktemp("SURNAME") / "in"
    save_series(root / "a", 1)
    save_picture(root / "b" / "one.png")
    return root


@pytest.fixture(scope="module")
def scanned(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scan once."""
    out = tmp_path_factory.mktemp("scan") / "out"
    scan(ask(tree, out), Progress())
    return out


@pytest.fixture
def out(scanned: Path, tmp_path: Path) -> Path:
    """Copy the finished scan, to be spoilt."""
    shutil.copytree(scanned, tmp_path / "out")
    return tmp_path / "out"


def log_of(out: Path) -> list[dict[str, Any]]:
    """Read the log."""
    return [json.loads(line) for line in (out / LOG).read_text("ascii").splitlines()]


def flip(path: Path, at: int) -> None:
    """Change one bit."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_finished_scan_is_as_written(scanned: Path, tree: Path) -> None:
    """Nothing differs; the log tells account, time, versions, model, settings, inputs and counts, and no place."""
    assert verify_scan(scanned).ok
    (entry,) = log_of(scanned)
    assert entry["event"] == "scan"
    assert entry["began"] <= entry["ended"]
    assert {"user", "uid", "host", "asked", "versions", "model", "inputs", "studies", "exit_code"} <= entry.keys()
    assert entry["inputs"]["found"] == 2
    assert entry["inputs"]["sha256"] == digest_file(scanned / "files.csv")
    rows = csv.DictReader((scanned / "files.csv").read_text("utf-8").splitlines())
    assert {row["file"]: row["sha256"] for row in rows} == digest_folder(tree, tree)
    assert entry["studies"]["done"] == 2
    assert entry["model"]["sha256"]
    assert "SURNAME" not in json.dumps(entry)
    assert str(tree) not in json.dumps(entry)


def test_one_changed_byte_is_found_in_every_file(scanned: Path, out: Path) -> None:
    """First, last and some bytes between, of every file, the digests and the log among them."""
    rng = random.Random(1)
    names = sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())
    assert {SUMS, LOG, "journal.jsonl", "run.json", "index.html"} <= set(names)
    for name in names:
        content = (out / name).read_bytes()
        for at in {0, len(content) - 1, *(rng.randrange(len(content)) for _ in range(4))}:
            flip(out / name, at)
            assert not verify_scan(out).ok, (name, at)
            (out / name).write_bytes(content)
    assert verify_scan(out).ok


def test_every_byte_of_the_log_counts(out: Path) -> None:
    """The log's own file and the list of digests bear no changed, added or removed byte at any place."""
    for name in (LOG, SUMS):
        content = (out / name).read_bytes()
        for at in range(0, len(content), 7):
            for spoilt in (content[:at] + content[at + 1 :], content[:at] + b" " + content[at:]):
                (out / name).write_bytes(spoilt)
                assert not verify_scan(out).ok, (name, at)
        (out / name).write_bytes(content)


SPOILERS: dict[str, Callable[[Path], object]] = {
    "removed file": lambda out: (out / "results.csv").unlink(),
    "removed page": lambda out: next(out.glob("studies/*/report.html")).unlink(),
    "added file": lambda out: (out / "evil.html").touch(),
    "added file in a study": lambda out: (next(out.glob("studies/*")) / "x").touch(),
    "added folder": lambda out: (out / "empty").mkdir(),
    "cut file": lambda out: (out / "files.csv").write_bytes((out / "files.csv").read_bytes()[:-1]),
    "file become a link": lambda out: link(out / "results.csv"),
}


def link(path: Path) -> None:
    """Put a link to the same content in a file's place."""
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


@pytest.mark.parametrize("spoil", SPOILERS)
def test_what_was_removed_or_added_is_found(out: Path, spoil: str) -> None:
    """And stays found after a report and a further scan, which vouch only for what they write."""
    SPOILERS[spoil](out)
    assert not verify_scan(out).ok


def test_change_is_not_taken_over_by_a_later_run(out: Path, tree: Path) -> None:
    """A result changed, or a page added, between two runs is still found after both a new report and a resume."""
    changed = next(out.glob("studies/*/result.json"))
    text = changed.read_text()
    changed.write_text(text.replace('"status": "done"', '"status": "done" '))
    assert changed.read_text() != text
    (out / "evil.html").touch()
    for again in (lambda: rerender(out, lang="fr", feedback=None), lambda: scan(ask(tree, out, lang="en"), Progress())):
        again()
        assert {name for _, name in verify_scan(out).differences} == {
            changed.relative_to(out).as_posix(),
            "evil.html",
        }


def test_log_grows_by_every_run(out: Path, tree: Path) -> None:
    """Resume, report and a forced scan each add a line that follows the last; results of all are as written."""
    heads = [verify_scan(out).head]
    save_picture(tree / "c" / "late.png")
    try:
        scan(ask(tree, out), Progress())
    finally:
        shutil.rmtree(tree / "c")
    heads.append(verify_scan(out).head)
    rerender(out, lang="ru", feedback=None)
    heads.append(verify_scan(out).head)
    scan(ask(tree, out, force=True), Progress())
    verified = verify_scan(out)
    assert verified.ok, verified
    assert [entry["event"] for entry in log_of(out)] == ["scan", "scan", "report", "scan"]
    assert all(verify_scan(out, head=head).ok for head in heads)
    assert not verify_scan(out, head="0" * 64).ok


def test_log_cut_before_a_run_is_told_for_ever(out: Path, tree: Path) -> None:
    """A line taken out at the end, before a further run makes the list of digests anew, leaves its trace."""
    scan(ask(tree, out), Progress())
    lines = (out / LOG).read_bytes().splitlines(keepends=True)
    (out / LOG).write_bytes(lines[0])
    scan(ask(tree, out), Progress())
    verified = verify_scan(out)
    assert not verified.differences
    assert verified.broken == (f"{LOG} was altered before run 2",)


def test_line_rewritten_before_a_run_is_told_by_its_own_digest(out: Path, tree: Path) -> None:
    """Another name in the log, and the list of digests thrown away, so that the next run makes it anew."""
    log = (out / LOG).read_text()
    (out / LOG).write_text(log.replace('"event": "scan"', '"event": "lies"'))
    (out / SUMS).unlink()
    scan(ask(tree, out), Progress())
    assert verify_scan(out).broken == (f"line 1 of {LOG} was altered",)


def test_run_killed_between_log_and_digests_is_mended_by_the_next(out: Path, tree: Path) -> None:
    """The log's new line stands, the list is still the old one: the next run goes on without a complaint."""
    before = (out / SUMS).read_bytes()
    scan(ask(tree, out), Progress())
    (out / SUMS).write_bytes(before)
    assert not verify_scan(out).ok
    scan(ask(tree, out), Progress())
    assert verify_scan(out).ok


def test_study_done_again_leaves_no_digest_of_its_old_files(out: Path, tree: Path) -> None:
    """Other settings give a study other files; the list follows."""
    scan(ask(tree, out, explain=("auto",), faithfulness="none", dicom=("sc",)), Progress())
    assert verify_scan(out).ok
    scan(ask(tree, out), Progress())
    assert verify_scan(out).ok


def test_folder_that_is_no_scan_is_no_scan(tmp_path: Path) -> None:
    """An empty folder is not a verified one."""
    with pytest.raises(OutputError) as caught:
        verify_scan(tmp_path)
    assert caught.value.code == "OUTPUT_NOT_A_SCAN"
