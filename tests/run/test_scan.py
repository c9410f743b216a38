"""A whole scan over a folder as hospitals have it: every study gets a row, every file is accounted for."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mri_batch.commands.rerender import rerender
from mri_batch.errors import ModelPackageError, NothingToRead, OutputError
from mri_batch.progress import Progress, Step
from mri_batch.records import StudyResult
from mri_batch.report.study.bundle import load_pieces
from mri_batch.run.scan import ScanReport, scan
from mri_batch.run.store.folder import WORK
from mri_batch.run.store.runlog import verify_scan
from mri_batch.settings import ScanSettings
from tests.make import make_dicom, save, save_picture, save_series
from tests.paths import VIT

CANARY = "CANARY"


class Recorder(Progress):
    """Records the callbacks."""

    def __init__(self) -> None:
        self.n_pending = -1
        self.sources: list[str] = []

    def started(self, step: Step, total: int, pending: int) -> None:
        """Record the number."""
        self.n_pending = pending

    def advanced(self, n: int = 1, result: StudyResult | None = None) -> None:
        """Record the source."""
        assert result is not None
        self.sources.append(result.source)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an input folder: two DICOM studies of two patients, pictures with a broken one among them, and junk."""
    root = tmp_path_factory.mktemp("in")
    save_series(root / "a", 4, patient=f"{CANARY}1", study="1")
    save_series(root / "b", 3, patient=f"{CANARY}2", study="2")
    save_picture(root / "c" / "one.png")
    whole = save_picture(root / "c" / "two.png").read_bytes()
    (root / "c" / "two.png").write_bytes(whole[: len(whole) // 2])
    save(make_dicom(patient="3", study="3"), root / "d" / "cut.dcm")
    (root / "d" / "cut.dcm").write_bytes((root / "d" / "cut.dcm").read_bytes()[:200])
    (root / "notes.txt").write_text("not a picture")
    (root / "empty.dcm").touch()
    return root


def ask(tree: Path, out: Path, **more: Any) -> ScanSettings:
    """Ask for a scan by the tiny ViT, without faithfulness."""
    known: dict[str, Any] = {"paths": (tree,), "out": out, "model": VIT, "threads": 1, "faithfulness": "none"}
    return ScanSettings(**(known | more))


def lines_of(out: Path) -> list[dict[str, Any]]:
    """Read results.jsonl without what may differ between equal runs."""
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    for line in lines:
        del line["timings_ms"]
    return lines


@pytest.fixture(scope="module")
def done(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ScanReport]:
    """Scan once for the tests that only look."""
    out = tmp_path_factory.mktemp("scan") / "out"
    return out, scan(ask(tree, out), Progress())


def test_scan_accounts_for_every_file(tree: Path, done: tuple[Path, ScanReport]) -> None:
    """files.csv has one row per file; found = used + skipped + failed, in the run and in every study."""
    out, report = done
    rows = list(csv.DictReader((out / "files.csv").read_text("utf-8").splitlines()))
    assert sorted(row["file"] for row in rows) == sorted(
        path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()
    )
    counts = report.run["n_files"]
    assert counts["found"] == len(rows) == counts["used"] + counts["skipped"] + counts["failed"]
    assert counts["used"] == 4 + 3 + 1
    for line in lines_of(out):
        n = line["n_files"]
        assert n["found"] == n["used"] + n["skipped"] + n["failed"]
    assert all(row["code"] and row["reason"] for row in rows if row["status"] != "used")


def test_scan_gives_every_study_a_row_and_a_page(done: tuple[Path, ScanReport]) -> None:
    """Two DICOM studies and a picture folder are done; what is left of a damaged one is a failed row, not nothing."""
    out, report = done
    status = {line["source"]: line["status"] for line in lines_of(out)}
    assert [status[name] for name in ("a", "b", "c")] == ["done"] * 3
    assert "failed" in status.values()
    assert report.summary.exit_code == 4
    for line in lines_of(out):
        assert (out / "studies" / line["study_id"] / "report.html").is_file()
        assert line["study_id"] in (out / "index.html").read_text("utf-8")
        assert len(line["study_id"]) <= 40


def test_scan_reports_calibrated_probabilities_and_heat(done: tuple[Path, ScanReport]) -> None:
    """Probabilities sum to 1, the label is the likeliest, and heat peaks inside the slice."""
    out, _ = done
    line = next(line for line in lines_of(out) if line["source"] == "a")
    assert sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert line["label"] == max(line["probabilities"], key=line["probabilities"].get)
    assert line["series"][0]["n_slices"] == 4
    heat = line["key_slices"][0]["heatmaps"][0]
    assert heat["method"] == "rollout"
    assert 0 <= heat["peak_row"] < 40
    assert 0 <= heat["peak_col"] < 32
    result = json.loads((out / "studies" / line["study_id"] / "result.json").read_text())
    assert [s["file"] for s in result["slices"]] == [f"a/im-{i:03d}.dcm" for i in (3, 2, 1, 0)]


def test_scan_shows_nothing_of_the_patient(done: tuple[Path, ScanReport]) -> None:
    """Names and ids of the headers stand in no file of the output, and no file name."""
    out, _ = done
    for path in out.rglob("*"):
        assert CANARY not in path.name
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes()


def test_scan_leaves_the_input_alone_and_no_scratch(tree: Path, done: tuple[Path, ScanReport]) -> None:
    """Nothing is written beside the pictures; lock and work folder are gone."""
    out, _ = done
    assert sorted(p.name for p in tree.iterdir()) == ["a", "b", "c", "d", "empty.dcm", "notes.txt"]
    assert not list(out.rglob(".*"))


def test_second_scan_does_nothing_twice(tree: Path, done: tuple[Path, ScanReport], tmp_path: Path) -> None:
    """The same command again finds nothing to do and tells the same."""
    out = tmp_path / "out"
    shutil.copytree(done[0], out)
    before = {p: p.stat().st_mtime_ns for p in out.rglob("report.html")}
    recorder = Recorder()
    again = scan(ask(tree, out), recorder)
    assert (recorder.n_pending, recorder.sources) == (0, [])
    assert {p: p.stat().st_mtime_ns for p in out.rglob("report.html")} == before
    assert lines_of(out) == lines_of(done[0])
    assert again.summary.resumed == len(before)
    assert again.summary.exit_code == 4


def test_interrupted_scan_goes_on_where_it_was(tree: Path, done: tuple[Path, ScanReport], tmp_path: Path) -> None:
    """With one study unrecorded and its folder half there, only that study is done again."""
    out = tmp_path / "out"
    shutil.copytree(done[0], out)
    journal = (out / "journal.jsonl").read_text().splitlines(keepends=True)
    (out / "journal.jsonl").write_text("".join(journal[:-1]) + journal[-1][:20])
    lost = json.loads(journal[-1])["study_id"]
    (out / "studies" / lost / "report.html").unlink()
    recorder = Recorder()
    scan(ask(tree, out), recorder)
    assert len(recorder.sources) == 1
    assert (out / "studies" / lost / "report.html").is_file()
    assert lines_of(out) == lines_of(done[0])


def lose_folder(study: Path) -> None:
    """Delete a study's folder."""
    shutil.rmtree(study)


def lose_page(study: Path) -> None:
    """Delete a study's page."""
    (study / "report.html").unlink()


def tear_result(study: Path) -> None:
    """Cut a study's result short."""
    path = study / "result.json"
    path.write_bytes(path.read_bytes()[:900])


def swap_result(study: Path) -> None:
    """Put the result of another study in its place."""
    other = next(path for path in study.parent.iterdir() if path != study)
    shutil.copy(other / "result.json", study / "result.json")


@pytest.mark.parametrize("harm", [lose_folder, lose_page, tear_result, swap_result])
def test_study_whose_folder_is_not_whole_is_done_again(
    tree: Path, done: tuple[Path, ScanReport], tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    """Recorded means that the folder is there and parses: the same command mends what was lost."""
    out = tmp_path / "out"
    shutil.copytree(done[0], out)
    harm(out / "studies" / lines_of(out)[0]["study_id"])
    recorder = Recorder()
    scan(ask(tree, out), recorder)
    assert recorder.sources == [lines_of(out)[0]["source"]]
    assert lines_of(out) == lines_of(done[0])
    assert verify_scan(out).ok


PASSING = [
    {"code": "WORKER_DIED"},
    {"code": "STUDY_TIMEOUT"},
    {"code": "STUDY_MEMORY"},
    {"code": "VANISHED"},
    {"code": "UNREADABLE"},
    {"code": "TOO_LARGE", "reason_note": {"code": "MEMORY_EXCEEDED", "args": {}}},
]


@pytest.mark.parametrize("fate", [*PASSING, {"code": "PIXELS_DAMAGED"}, {"code": "INTERNAL"}], ids=str)
def test_failure_that_may_pass_is_tried_again(
    tree: Path, done: tuple[Path, ScanReport], tmp_path: Path, fate: dict[str, Any]
) -> None:
    """More memory, more time or a returning share mends it by the same command; damage stays as it is."""
    out = tmp_path / "out"
    shutil.copytree(done[0], out)
    path = out / "studies" / lines_of(out)[0]["study_id"] / "result.json"
    whole = json.loads(path.read_text())
    whole["files"][0] |= {"status": "failed", "reason_note": {"code": "FILE_VANISHED", "args": {}}} | fate
    path.write_text(json.dumps(whole))
    recorder = Recorder()
    scan(ask(tree, out), recorder)
    assert len(recorder.sources) == (fate in PASSING)


def test_answers_do_not_depend_on_the_number_of_workers(
    tree: Path, done: tuple[Path, ScanReport], tmp_path: Path
) -> None:
    """Two workers give the same lines in the same order, and the same pictures."""
    scan(ask(tree, tmp_path / "out", jobs=2), Progress())
    assert lines_of(tmp_path / "out") == lines_of(done[0])
    for path in (tmp_path / "out").rglob("pieces.zip"):
        assert path.read_bytes() == (done[0] / path.relative_to(tmp_path / "out")).read_bytes()


def test_shards_together_are_the_whole(tree: Path, done: tuple[Path, ScanReport], tmp_path: Path) -> None:
    """Every study and every file is in exactly one shard."""
    lines, files = [], []
    for part in (1, 2):
        out = tmp_path / str(part)
        scan(ask(tree, out, shard=(part, 2), explain=("none",)), Progress())
        lines += [line["study_id"] for line in lines_of(out)]
        files += (out / "files.csv").read_text().splitlines()[1:]
    assert sorted(lines) == sorted(line["study_id"] for line in lines_of(done[0]))
    assert sorted(files) == sorted((done[0] / "files.csv").read_text().splitlines()[1:])


def test_redacted_paths_stand_in_files_csv_alone(tmp_path: Path) -> None:
    """A folder and a file that are named after a patient are shown by their ids everywhere else."""
    save_picture(tmp_path / "in" / "SECRETNAME" / "SECRETFILE.png")
    out = tmp_path / "out"
    scan(ask(tmp_path / "in", out, redact_paths=True), Progress())
    found = [p.name for p in out.rglob("*") if p.is_file() and b"SECRET" in p.read_bytes()]
    assert found == ["files.csv"]
    assert "SECRETNAME/SECRETFILE.png" in (out / "files.csv").read_text()


def test_loudest_key_slice_of_a_series_carries_single_layers_and_heads(done: tuple[Path, ScanReport]) -> None:
    """One slice a series, every layer and head of the model, in the pieces that pages are made from."""
    out, _ = done
    carried = 0
    for line in lines_of(out):
        if line["status"] == "done":
            pieces = load_pieces(out / "studies" / line["study_id"] / "pieces.zip")
            with_heads = [piece for piece in pieces if piece.heads]
            assert len(with_heads) == len(line["series"])
            assert all(piece.heats and piece.heads and piece.heads.weights().ndim == 4 for piece in with_heads)
            carried += len(with_heads)
    assert carried >= 3


def test_pages_are_made_again_without_the_model(done: tuple[Path, ScanReport], tmp_path: Path) -> None:
    """Rendered from what is recorded, every page has the same bytes; in another language, others."""
    out = tmp_path / "out"
    shutil.copytree(done[0], out)
    pages = {p: p.read_bytes() for p in out.rglob("*.html")}
    rerender(out, lang=None, feedback=None)
    assert {p: p.read_bytes() for p in out.rglob("*.html")} == pages
    rerender(out, lang="fr", feedback=None)
    assert all(p.read_bytes() != content for p, content in pages.items())


def rename_in_result(out: Path, study_id: str, outside: Path) -> None:
    """Let a result say that it is another study's."""
    path = out / "studies" / study_id / "result.json"
    path.write_text(path.read_text().replace(f'"{study_id}"', f'"../../{outside.name}"'))


def rename_in_table(out: Path, study_id: str, outside: Path) -> None:
    """Let the table name a folder outside, with a result in it."""
    table = out / "results.jsonl"
    table.write_text(table.read_text().replace(study_id, f"../../{outside.name}"))
    shutil.copy(out / "studies" / study_id / "result.json", outside / "result.json")
    rename_in_result(out, study_id, outside)


def link_folder(out: Path, study_id: str, outside: Path) -> None:
    """Let a study's folder be a link out of the results."""
    shutil.move(out / "studies" / study_id / "result.json", outside / "result.json")
    shutil.rmtree(out / "studies" / study_id)
    (out / "studies" / study_id).symlink_to(outside, target_is_directory=True)


@pytest.mark.parametrize("trick", [rename_in_result, rename_in_table, link_folder])
def test_pages_of_a_stranger_stay_in_their_folder(
    done: tuple[Path, ScanReport], tmp_path: Path, trick: Callable[[Path, str, Path], None]
) -> None:
    """Results that lead out of the folder are refused, and the file there is as it was."""
    out, outside = tmp_path / "out", tmp_path / "victim"
    shutil.copytree(done[0], out)
    outside.mkdir()
    (outside / "report.html").write_text("mine")
    trick(out, lines_of(out)[0]["study_id"], outside)
    with pytest.raises(OutputError) as caught:
        rerender(out, lang=None, feedback=None)
    assert caught.value.code == "OUTPUT_NOT_A_SCAN"
    assert (outside / "report.html").read_text() == "mine"


def test_scan_of_nothing_readable_says_so_and_still_lists_files(tmp_path: Path) -> None:
    """Exit code 3, and files.csv tells why."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "letter.txt").write_text("dear colleague")
    with pytest.raises(NothingToRead) as caught:
        scan(ask(tmp_path / "in", tmp_path / "out"), Progress())
    assert caught.value.exit_code == 3
    assert "letter.txt" in (tmp_path / "out" / "files.csv").read_text()


def test_scan_refuses_a_broken_model_before_it_touches_the_output(tree: Path, tmp_path: Path) -> None:
    """A changed byte in the graph is found by its digest."""
    bad = tmp_path / "model"
    shutil.copytree(VIT, bad)
    (bad / "SHA256SUMS").write_text("0" * 64 + "  model.onnx\n")
    with pytest.raises(ModelPackageError) as caught:
        scan(ask(tree, tmp_path / "out", model=bad), Progress())
    assert caught.value.exit_code == 6
    assert not (tmp_path / "out").exists()


def test_scan_refuses_a_foreign_output_folder(tree: Path, tmp_path: Path) -> None:
    """Exit code 7, and the file of somebody else is still there."""
    (tmp_path / "thesis.docx").write_text("years")
    with pytest.raises(OutputError) as caught:
        scan(ask(tree, tmp_path), Progress())
    assert caught.value.exit_code == 7
    assert (tmp_path / "thesis.docx").read_text() == "years"


@pytest.mark.parametrize("is_mount_point", [False, True])
def test_scan_ends_at_once_where_its_output_is_gone(tree: Path, tmp_path: Path, is_mount_point: bool) -> None:
    """Exit code 7 after the study in work; the tables are not written under what is left of a lost share."""
    share = tmp_path / "share"
    out = share if is_mount_point else share / "out"

    class Unmount(Recorder):
        def advanced(self, n: int = 1, result: StudyResult | None = None) -> None:
            super().advanced(n, result)
            share.rename(tmp_path / "away")
            share.mkdir()

    recorder = Unmount()
    with pytest.raises(OutputError) as caught:
        scan(ask(tree, out, explain=("none",)), recorder)
    assert caught.value.exit_code == 7
    assert len(recorder.sources) == 1
    assert not [path for path in share.rglob("*") if path.is_file() and path.parent.name != WORK]


def test_force_does_all_again(tree: Path, done: tuple[Path, ScanReport], tmp_path: Path) -> None:
    """Every study is pending again."""
    out = tmp_path / "out"
    shutil.copytree(done[0], out)
    recorder = Recorder()
    scan(replace(ask(tree, out), force=True, explain=("none",)), recorder)
    assert len(recorder.sources) == len(lines_of(out)) > 3


def test_patient_is_shown_on_request_alone(tmp_path: Path) -> None:
    """With --show-phi the page and result.json name the patient, escaped; the tables and the work list still do not."""
    save_series(tmp_path / "in", 1, PatientName="<b>Doe</b>^Jane", PatientID="42-X")
    out = tmp_path / "out"
    scan(ask(tmp_path / "in", out, show_phi=True, explain=("none",)), Progress())
    page = next(out.rglob("report.html")).read_text("utf-8")
    assert "42-X" in page
    assert "<b>Doe" not in page
    named = sorted(p.name for p in out.rglob("*") if p.is_file() and b"42-X" in p.read_bytes())
    assert named == ["report.html", "result.json"]
