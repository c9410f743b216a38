"""Machine files: what they hold, and that nothing is lost on the way back."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mri_batch.notes import NOTES, Note
from mri_batch.records import (
    Faithfulness,
    FileKind,
    FileRecord,
    FileStatus,
    Heatmap,
    KeySlice,
    Plane,
    Prediction,
    Role,
    SeriesInfo,
    SeriesResult,
    SliceResult,
    StudyResult,
    StudyStatus,
    Verdict,
    Weighting,
)
from mri_batch.report.schema import (
    FILES_COLUMNS,
    dump_result,
    from_result_json,
    to_line,
    write_files_csv,
    write_results_csv,
    write_results_jsonl,
)
from tests.report.studies import failed_result, skipped_result, study_result, to_version_1

NASTY = "=cmd|'/C calc'!A0\u202e<script>\x07\r\n\"; --"

floats = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=8)
indices = st.integers(0, 10_000)
words = {"detail", "error", "file", "found", "name", "reason", "text", "why"}  # text
notes = st.sampled_from(sorted(NOTES)).map(
    lambda code: Note(code, {name: NASTY if name in words else 3 for name in NOTES[code]})
)
listed = st.lists(notes, max_size=2).map(lambda known: Note("SERIES_FITS", {"known": tuple(known)}))
nested = st.one_of(notes, listed, st.builds(lambda note: Note("FILE_UNREADABLE", {"why": note}), notes))
infos = st.builds(
    SeriesInfo,
    role=st.sampled_from(Role),
    modality=texts,
    weighting=st.none() | st.sampled_from(Weighting),
    plane=st.none() | st.sampled_from(Plane),
    oblique=st.booleans(),
    n_frames=indices,
    slice_spacing_mm=st.none() | floats,
    image_type=st.lists(texts, max_size=2).map(tuple),
    notes=st.lists(nested, max_size=2).map(tuple),
)


@st.composite
def results(draw: st.DrawFn) -> StudyResult:
    """Any result that could be made."""
    labels = draw(st.lists(texts, min_size=1, max_size=3, unique=True).map(tuple))
    probabilities = st.tuples(*[floats for _ in labels])
    label = st.sampled_from(labels)
    test = st.builds(
        Faithfulness,
        score=floats,
        p_value=floats,
        deletion=floats,
        insertion=floats,
        n_random=indices,
        better_than_chance=st.booleans(),
    )
    heatmap = st.builds(
        Heatmap,
        method=texts,
        label=st.none() | label,
        grid=st.tuples(indices, indices),
        peak_px=st.tuples(indices, indices),
        scale_max=floats,
        signed=st.booleans(),
        layer=st.none() | indices,
        head=st.none() | indices,
        faithfulness=st.none() | test,
        notes=st.lists(nested, max_size=2).map(tuple),
    )
    key = st.builds(
        KeySlice,
        index=indices,
        file=texts,
        frame=indices,
        label=label,
        probability=floats,
        heatmaps=st.lists(heatmap, max_size=2).map(tuple),
    )
    series = st.builds(
        SeriesResult,
        series_id=texts,
        n_slices=indices,
        label=label,
        probabilities=probabilities,
        info=infos,
        reason=st.none() | nested,
    )
    piece = st.builds(SliceResult, file=texts, frame=indices, series_id=texts, label=label, probabilities=probabilities)
    record = st.builds(
        FileRecord,
        file_id=texts,
        relative=texts,
        kind=st.sampled_from(FileKind),
        size_bytes=indices,
        status=st.sampled_from(FileStatus),
        code=texts,
        reason=st.none() | nested,
        hint=st.none() | nested,
        study_id=texts,
        series_id=texts,
    )
    chosen = draw(probabilities)
    pieces = draw(st.lists(piece, max_size=2).map(tuple))
    prediction = st.builds(
        Prediction,
        probabilities=st.just(chosen),
        label=label,
        prediction_set=st.lists(label, max_size=2).map(tuple),
        verdict=st.sampled_from(Verdict),
        reasons=st.lists(nested, max_size=2).map(tuple),
    )
    return draw(
        st.builds(
            StudyResult,
            study_id=texts,
            source=texts,
            kind=texts,
            key=texts,
            status=st.sampled_from(StudyStatus),
            code=texts,
            reason=st.none() | nested,
            hint=st.none() | nested,
            labels=st.just(labels),
            model_name=texts,
            model_version=texts,
            model_sha256=texts,
            prediction=st.none() | prediction,
            series=st.lists(series, max_size=2).map(tuple),
            slices=st.just(pieces),
            deciding=st.sets(st.sampled_from(range(len(pieces)))).map(sorted).map(tuple) if pieces else st.just(()),
            key_slices=st.lists(key, max_size=2).map(tuple),
            files=st.lists(record, max_size=2).map(tuple),
            notes=st.lists(nested, max_size=2).map(tuple),
            timings_ms=st.dictionaries(texts, floats, max_size=2).map(lambda d: tuple(d.items())),
        )
    )


@settings(max_examples=40, deadline=None)
@given(results())
def test_result_json_gives_the_same_result_back(result: StudyResult) -> None:
    """A page made from the file is a page made from the result."""
    assert from_result_json(json.loads(dump_result(result))) == result


def test_line_has_the_agreed_keys_and_rounds() -> None:
    """What outside programs rely on, floats to six digits, found = used + skipped + failed."""
    result = study_result(top=1 / 3)
    line = to_line(result)
    assert list(line) == [
        "schema_version",
        "study_id",
        "source",
        "status",
        "code",
        "reason",
        "reason_note",
        "hint",
        "label",
        "probability",
        "probabilities",
        "prediction_set",
        "verdict",
        "verdict_reasons",
        "model",
        "series",
        "deciding_slices",
        "key_slices",
        "n_files",
        "timings_ms",
    ]
    assert line["probabilities"]["glioma"] == 0.333333
    assert line["n_files"] == {"found": 8, "used": 6, "skipped": 1, "failed": 1}
    assert line["deciding_slices"] == [{"file": result.slices[i].file, "frame": 0} for i in result.deciding]
    assert line["deciding_slices"]
    heat = line["key_slices"][0]["heatmaps"][0]
    assert (heat["peak_row"], heat["peak_col"], heat["faithfulness"]) == (48, 80, 0.34)
    assert {"series_id", "n_slices", "label", "probabilities"} <= set(line["series"][0])


def test_notes_are_objects_of_code_arguments_and_english_text() -> None:
    """A program reads the code, a person the text; a reason stays a string with its note beside it."""
    whole = to_line(failed_result())
    assert whole["reason_note"]["code"] == "ALL_FILES_UNREADABLE"
    assert whole["reason_note"]["args"]["first"] == {"code": "PIXELS_MISSING", "args": {}}
    assert whole["reason"] == whole["reason_note"]["text"]
    assert "the file ends before its pixels" in whole["reason"]
    (first, _) = to_line(study_result())["verdict_reasons"]
    assert first == {"code": "SET_SEVERAL", "args": {"n": 2}, "text": "2 classes remain plausible"}


def test_results_of_version_1_can_be_read() -> None:
    """Their sentences become notes without a code of their own."""
    result = study_result()
    read = from_result_json(to_version_1(result))
    assert read.prediction is not None
    assert [note.code for note in read.prediction.reasons] == ["TEXT", "TEXT"]
    assert read.series[0].info.modality == "MR"
    assert read.slices == result.slices


def test_hint_stands_behind_the_reason_in_tables(tmp_path: Path) -> None:
    """One cell, as a person reads it."""
    hinted = replace(study_result().files[-1], hint=Note("HINT_REMOVE"))
    write_files_csv(tmp_path / "f.csv", [hinted])
    assert "; remove it" in (tmp_path / "f.csv").read_text("utf-8")


def test_result_json_lists_every_slice_under_its_file_and_frame() -> None:
    """Slice-level predictions of every slice stand under ``slices``."""
    whole = json.loads(dump_result(study_result()))
    assert [piece["file"] for piece in whole["slices"]] == [f"study/IM{k:04d}" for k in range(6)]
    assert set(whole["slices"][0]["probabilities"]) == set(whole["labels"])


def test_jsonl_has_one_ascii_line_per_study_whatever_the_names(tmp_path: Path) -> None:
    """Line breaks, control characters and marks in a name stay inside their string."""
    path = tmp_path / "r.jsonl"
    write_results_jsonl(path, [study_result(source=NASTY), failed_result(), skipped_result()])
    lines = path.read_bytes().decode("ascii").split("\n")
    assert lines.pop() == ""
    assert [json.loads(line)["status"] for line in lines] == ["done", "failed", "skipped"]
    assert json.loads(lines[0])["source"] == NASTY


def test_csv_is_flat_with_a_column_per_label_and_no_formula(tmp_path: Path) -> None:
    """Failures have rows, too; a name that looks like a formula is text."""
    path = tmp_path / "r.csv"
    write_results_csv(path, iter([study_result(source=NASTY), failed_result()]))
    assert b"\r" not in path.read_bytes()
    with path.open(encoding="utf-8", newline="") as stream:
        done, failed = csv.DictReader(stream)
    assert done["source"].startswith("'=cmd")
    assert "\u202e" not in done["source"]
    assert (done["probability_glioma"], done["files_found"], done["n_slices"]) == ("0.81", "8", "6")
    assert (failed["status"], failed["label"], failed["probability_glioma"]) == ("failed", "", "")


def test_csv_of_nothing_still_has_its_header(tmp_path: Path) -> None:
    """An empty scan gives a readable table."""
    path = tmp_path / "r.csv"
    write_results_csv(path, [])
    assert path.read_text("utf-8").startswith("schema_version,study_id,source,status")


def test_files_csv_has_a_row_for_each_file_with_code_and_reason(tmp_path: Path) -> None:
    """Used, skipped and failed files alike."""
    path = tmp_path / "f.csv"
    result = study_result()
    write_files_csv(path, [*result.files, replace(result.files[0], relative=NASTY)])
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == FILES_COLUMNS
    assert [row["status"] for row in rows].count("used") == 7
    assert [row["code"] for row in rows if row["status"] == "failed"] == ["FILE_TRUNCATED"]
    assert rows[-1]["file"].startswith("'=cmd")
