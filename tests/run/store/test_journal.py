"""What is recorded is never done twice; what is not is never lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mri_batch.records import FileKind, FoundFile, Series, Study
from mri_batch.run.store.journal import Journal, study_key
from mri_batch.settings import ScanSettings

FILE = FoundFile(path=Path("a"), relative="a", file_id="f-1", kind=FileKind.PNG, size_bytes=3, modified_ns=5)
STUDY = Study(study_id="st-1", source="", kind="pictures", series=(Series(series_id="se-1", files=(FILE,)),))
SETTINGS = ScanSettings(paths=(Path("in"),), out=Path("out"), model=Path("model"))


def test_journal_remembers(tmp_path: Path) -> None:
    """A recorded key is there in the next run, and gone when told to forget."""
    Journal(tmp_path / "j").record("k1", "st-1", "done", {})
    again = Journal(tmp_path / "j")
    assert "k1" in again
    assert "k2" not in again
    assert "k1" not in Journal(tmp_path / "j", forget=True)


def test_journal_knows_what_stands_in_a_folder_now(tmp_path: Path) -> None:
    """Of two results of one study the later one is there; the earlier one's key is pending again."""
    journal = Journal(tmp_path / "j")
    journal.record("english", "st-1", "done", {"studies/st-1/report.html": "e"})
    journal.record("french", "st-1", "done", {"studies/st-1/report.html": "f"})
    for known in (journal, Journal(tmp_path / "j")):
        assert ("english" in known, "french" in known) == (False, True)
        assert known.sums == {"studies/st-1/report.html": "f"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(cut=st.integers(0, 400))
def test_journal_cut_at_any_byte_keeps_what_is_whole(tmp_path: Path, cut: int) -> None:
    """After a kill in the middle of a line, whole lines count, and the next record starts on a line of its own."""
    path = tmp_path / f"cut{cut}"
    journal = Journal(path, forget=True)
    for number in range(4):
        journal.record(f"key-{number}", f"st-{number}", "done", {})
    content = path.read_bytes()
    path.write_bytes(content[:cut])
    n_lines = content[:cut].count(b"\n")
    whole = n_lines - 1  # the first line is the header
    cut_journal = Journal(path)
    assert [f"key-{n}" in cut_journal for n in range(4)] == [n < whole for n in range(4)]
    cut_journal.record("key-9", "st-9", "done", {})
    assert "key-9" in Journal(path)
    assert path.read_bytes().count(b"\n") == max(n_lines, 1) + 1


def test_journal_line_without_its_end_is_torn(tmp_path: Path) -> None:
    """A line that is complete but for its line feed is not counted, and the next record does not run into it."""
    path = tmp_path / "j"
    journal = Journal(path)
    journal.record("k1", "st-1", "done", {})
    journal.record("k2", "st-2", "done", {})
    path.write_bytes(path.read_bytes()[:-1])
    torn = Journal(path)
    assert ("k1" in torn, "k2" in torn) == (True, False)
    torn.record("k3", "st-3", "done", {})
    assert ["k1" in Journal(path), "k3" in Journal(path)] == [True, True]


def test_key_changes_with_content_model_and_settings() -> None:
    """Another file, another model, or a setting that changes answers, makes a study pending again."""
    newer = replace(STUDY, series=(replace(STUDY.series[0], files=(replace(FILE, modified_ns=6),)),))
    keys = {
        study_key(STUDY, "m1", SETTINGS),
        study_key(newer, "m1", SETTINGS),
        study_key(STUDY, "m2", SETTINGS),
        study_key(STUDY, "m1", replace(SETTINGS, explain=("gradient",))),
        study_key(STUDY, "m1", replace(SETTINGS, lang="fr")),
    }
    assert len(keys) == 5


def test_key_stays_when_only_the_way_of_working_changes() -> None:
    """More workers, other folders and time limits give the same answers."""
    other = replace(SETTINGS, jobs=4, out=Path("elsewhere"), timeout_per_study_s=5.0, threads=1, batch_size=2)
    assert study_key(STUDY, "m", SETTINGS) == study_key(STUDY, "m", other)
