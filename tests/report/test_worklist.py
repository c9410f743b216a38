"""The work list, and what readers thought."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mri_batch.errors import UsageError
from mri_batch.notes import Note
from mri_batch.records import StudyResult, Verdict
from mri_batch.report.feedback import agreement, load_feedback
from mri_batch.report.worklist import render_index, write_index
from tests.report.studies import failed_result, shown_slices, skipped_result, study_result
from tests.report.study.test_page import HOSTILE, _read


@pytest.fixture(scope="module")
def done() -> StudyResult:
    """One finished study."""
    return study_result(shown_slices(1, keys=(0,), size=(16, 16)))


def test_list_has_a_row_for_every_study_in_the_order_given(done: StudyResult) -> None:
    """Failures and skips are rows, too, and say why."""
    ((name, page),) = render_index([failed_result(), done, skipped_result()], {}, lang="en")
    assert name == "index.html"
    links = [a["href"] for t, a in _read(page).tags if t == "a" and (a.get("href") or "").endswith("report.html")]
    assert links == [f"studies/{k}/report.html" for k in ("st-0009", "st-0001", "st-0008")]
    text = _read(page).text
    assert "3 studies: 1 done, 1 skipped, 1 failed" in text
    assert "FILE_TRUNCATED" in text
    assert 'src="studies/st-0001/thumb.jpg"' in page
    assert 'src="studies/st-0009/thumb.jpg"' not in page


def test_list_over_five_hundred_studies_has_pages_and_one_table(done: StudyResult) -> None:
    """Rows are split over pages; the first page's table knows them all."""
    many = [replace(done, study_id=f"st-{k}", source=f"s{k}", key=f"k{k}") for k in range(1201)]
    pages = dict(render_index(many, {}, lang="en"))
    assert list(pages) == ["index.html", "index-2.html", "index-3.html"]
    readers = [_read(page) for page in pages.values()]
    rows = [sum(t == "tr" and str(a.get("id")).startswith("row-") for t, a in r.tags) for r in readers]
    assert rows == [500, 500, 201]
    assert len(json.loads(readers[0].scripts["table"])["rows"]) == 1201
    assert "table" not in readers[1].scripts


def test_hostile_names_stay_text_in_the_list(done: StudyResult) -> None:
    """In rows, table and provenance alike."""
    hostile = replace(done, source=HOSTILE, key=HOSTILE)
    ((_, page),) = render_index(
        [hostile, replace(failed_result(), reason=Note("TEXT", {"text": HOSTILE}), code=HOSTILE)],
        {"cpu": HOSTILE},
        lang="en",
    )
    reader = _read(page)
    assert not [a for t, a in reader.tags if t == "img" and a.get("src") == "x"]
    assert page.count("<script") == sum(tag == "script" for tag, _ in reader.tags)
    assert not set("\u202e\x1b\x00") & set(page)


def test_hostile_name_inside_a_note_stays_visible_in_the_table() -> None:
    """The texts are JSON, whose escapes a script would turn back into what they hide."""
    same = Note("DUPLICATE_CONTENT", {"file": "a\u202eb.dcm"})
    ((_, page),) = render_index([replace(failed_result(), reason=same)], {}, lang="en")
    scripts = _read(page).scripts
    (row,) = json.loads(scripts["table"])["rows"]
    texts = json.loads(scripts["words"])["texts"]
    assert [texts["en"][place] for place in row[8]] == ["the same content as a\\u202eb.dcm"]


def _answer(result: StudyResult, answer: str | None) -> dict[str, object]:
    return {"study_id": result.study_id, "key": result.key, "answer": answer, "note": "n"}


def test_agreement_counts_over_all_and_by_group(tmp_path: Path, done: StudyResult) -> None:
    """Unsure answers and answers on other scans do not count as agreement; the interval is Wilson's."""
    results = [replace(done, key=f"k{k}") for k in range(10)]
    abstained = done.prediction
    assert abstained is not None
    results[9] = replace(results[9], prediction=replace(abstained, verdict=Verdict.ABSTAIN))
    answers = [_answer(r, "agree") for r in results[:8]]
    answers += [
        _answer(results[8], "unsure"),
        _answer(results[9], "disagree"),
        _answer(replace(done, key="else"), "agree"),
    ]
    path = tmp_path / "feedback.json"
    path.write_text(json.dumps({"schema_version": 1, "feedback": answers}), "utf-8")
    figures = agreement(results, load_feedback(path))
    assert (figures.total.agree, figures.total.disagree, figures.total.unsure) == (8, 1, 1)
    assert figures.total.share == pytest.approx(8 / 9)
    assert (round(figures.total.low, 3), round(figures.total.high, 3)) == (0.565, 0.980)
    assert figures.n_unknown == 1
    by_name = {group.name: group for group in figures.groups}
    assert by_name["abstain"].disagree == 1
    assert by_name["glioma"].n_sure == 9


def test_list_shows_agreement_when_feedback_is_given(tmp_path: Path, done: StudyResult) -> None:
    """``write_index`` takes the file that the list saved, and drops pages of an earlier, longer list."""
    (tmp_path / "index-2.html").write_text("old", "utf-8")
    feedback = tmp_path / "feedback.json"
    feedback.write_text(json.dumps({"feedback": [_answer(done, "agree")]}), "utf-8")
    written = write_index(tmp_path, iter([done]), {}, lang="en", feedback=feedback)
    assert written == (tmp_path / "index.html",)
    assert "Agree 1 of 1 who were sure: 100%" in _read((tmp_path / "index.html").read_text("utf-8")).text
    assert not (tmp_path / "index-2.html").exists()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"feedback": [1]}', '{"feedback": [{"study_id": "a", "key": "b", "answer": "x"}]}']
)
def test_feedback_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    """A wrong file is named, with what to give instead."""
    path = tmp_path / "f.json"
    path.write_text(content, "utf-8")
    with pytest.raises(UsageError, match="not a feedback file"):
        load_feedback(path)


def test_feedback_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file, too."""
    with pytest.raises(UsageError, match="cannot read"):
        load_feedback(tmp_path / "none.json")
