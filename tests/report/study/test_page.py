"""A study's page, as text: what it says, that it is closed to the outside, and that it can be made again."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from mri_batch.card import ModelCard
from mri_batch.notes import Note
from mri_batch.records import FileStatus, LayerHeads, ReportSlice, SeriesInfo, StudyResult, Verdict
from mri_batch.report.i18n.words import to_percent, to_text
from mri_batch.report.schema import dump_result, from_result_json
from mri_batch.report.study.bundle import load_pieces, write_pieces
from mri_batch.report.study.page import render_study
from mri_batch.report.study.view import find_letters
from mri_batch.settings import Language
from tests.report.studies import (
    AXIAL,
    CARD,
    failed_result,
    head_slice,
    not_used,
    shown_slices,
    skipped_result,
    study_result,
    to_version_1,
    whole_placement,
)

HOSTILE = (
    "' onfocus=alert(2) a=\" onfocus=alert(3) b=</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    "\"'`&\u202egnp\x1b[31m\x00=1+1{{7*7}}"
)


class _Reader(HTMLParser):
    """Collects elements, their attributes and the text of scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self.text = ""
        self._inside = ""
        self._id = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        self._id = dict(attrs).get("id") or ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style"):
            self.scripts[self._id or self._inside] = data
        else:
            self.text += data


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    return reader


def _page(tmp_path: Path, result: StudyResult, shown: list[ReportSlice], lang: Language = "en") -> str:
    write_pieces(tmp_path / "pieces.zip", shown)
    return render_study(result, tmp_path / "pieces.zip", CARD, lang=lang)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One ordinary study's page."""
    shown = shown_slices(4, keys=(1, 2))
    return _page(tmp_path_factory.mktemp("page"), study_result(shown), shown)


def test_page_says_output_probabilities_set_verdict_and_reasons(page: str) -> None:
    """What a reader needs first is there in plain words."""
    text = _read(page).text
    for words in (
        "output is glioma",
        "81%",
        "81%: the mean of slices 2 to 3 of 4",
        "meningioma",
        "caution",
        "2 classes remain plausible",
        "For research use only; not a medical device",
        "the file ends before its pixels",
        "No better than chance on this slice",
        "native resolution 16",
        "FAILED its faithfulness tests",
        "1 slice seems to be missing",
    ):
        assert words in text
    assert "diagnos" not in page.lower()


def test_page_states_that_the_model_abstains_before_any_label(tmp_path: Path) -> None:
    """Where the verdict is to abstain, the label is not the headline."""
    shown = shown_slices(2, keys=(0,))
    result = study_result(shown, verdict=Verdict.ABSTAIN, reasons=(Note("GATE_REFUSED"),), top=0.4)
    text = _read(_page(tmp_path, result, shown)).text
    assert "The model abstains" in text
    assert "output is glioma" not in text
    assert text.index("The model abstains") < text.index("Highest score")
    assert "the pictures are unlike those" in text


@pytest.mark.parametrize("result", [failed_result(), skipped_result()], ids=["failed", "skipped"])
def test_page_without_pictures_says_why(result: StudyResult) -> None:
    """A study that is not done has a page with its code, reason and files."""
    reader = _read(render_study(result, None, CARD, lang="en"))
    assert "there is no model output" in reader.text
    assert result.code in reader.text
    assert result.reason is not None
    assert to_text(result.reason) in reader.text
    assert not [tag for tag, attrs in reader.tags if attrs.get("id") == "viewer"]


def test_page_of_a_result_of_version_1_still_renders(tmp_path: Path) -> None:
    """A finished scan of an earlier version is rendered again, its English sentences as they are."""
    whole = to_version_1(study_result(shown_slices(1, keys=(0,))))
    write_pieces(tmp_path / "pieces.zip", shown_slices(1, keys=(0,)))
    text = _read(render_study(from_result_json(whole), tmp_path / "pieces.zip", CARD, lang="de")).text
    for words in ("2 classes remain plausible", "the file ends before its pixels", "RepetitionTime: 2000"):
        assert words in text


def test_words_and_numbers_follow_the_language_in_which_a_result_is_rendered(tmp_path: Path) -> None:
    """German plural forms, decimal commas, percent signs, names of classes and methods."""
    notes = (Note("SLICES_MISSING", {"n": 1}), Note("SLICES_REPEATED", {"n": 2}))
    shown = shown_slices(1, keys=(0,))
    result = replace(study_result(shown, reasons=(Note("PROBABILITY_CAUTION", {"threshold": 0.8}),)), notes=notes)
    text = _read(_page(tmp_path, result, shown, "de")).text
    for words in ("1 Schicht ", "2 Schichten ", "0,8", "81\xa0%", "Gliom", "+0,34", "Attention Rollout"):
        assert words in text


@pytest.mark.parametrize(("lang", "words"), [("fr", "gliome"), ("ru", "глиома")])
def test_page_starts_in_the_language_asked_for(tmp_path: Path, lang: Language, words: str) -> None:
    """The first language is the page's, with the others carried along."""
    shown = shown_slices(1, keys=(0,))
    made = _page(tmp_path, study_result(shown), shown, lang)
    assert f'<html lang="{lang}">' in made
    assert words in _read(made).text


def test_page_refers_to_nothing_outside_itself(page: str) -> None:
    """Data pictures and the way back to the work list, nothing else."""
    allowed = ("data:image/jpeg;base64,", "#", "../../index.html")
    for tag, attrs in _read(page).tags:
        for name in ("src", "href", "action", "srcset", "data", "poster"):
            value = attrs.get(name)
            assert value is None or value.startswith(allowed), (tag, value)
        assert not [name for name in attrs if name.startswith("on") or name == "style"], tag
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)


def test_policy_allows_the_pages_own_script_and_style_alone(page: str) -> None:
    """default-src 'none', with the digests of exactly what stands in the page."""
    reader = _read(page)
    policy = next(a["content"] for t, a in reader.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(reader.scripts[kind].encode("utf-8")).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_page_carries_the_bytes_of_result_json(page: str) -> None:
    """What can be saved from the page is the file."""
    shown = shown_slices(4, keys=(1, 2))
    assert _read(page).scripts["result"] == dump_result(study_result(shown))


def test_page_made_again_from_the_files_is_the_same_bytes(tmp_path: Path, page: str) -> None:
    """No model, no scan: result.json, pieces.zip and the card are enough."""
    shown = shown_slices(4, keys=(1, 2))
    write_pieces(tmp_path / "pieces.zip", shown)
    result = from_result_json(json.loads(dump_result(study_result(shown))))
    card = ModelCard.model_validate_json(CARD.model_dump_json())
    assert render_study(result, tmp_path / "pieces.zip", card, lang="en") == page


def test_hostile_strings_stay_text_wherever_they_stand(tmp_path: Path) -> None:
    """Names of files, series, notes, codes, labels and methods: escaped, and hidden characters made visible."""
    note = Note("TEXT", {"text": HOSTILE})
    shown = [
        replace(
            s,
            heats=tuple(
                replace(h, about=replace(h.about, method=HOSTILE, label=HOSTILE, notes=(note,))) for h in s.heats
            ),
        )
        for s in shown_slices(2, keys=(0,), name=HOSTILE)
    ]
    plain = study_result(shown, source=HOSTILE, reasons=(note,))
    bad = not_used(FileStatus.FAILED, HOSTILE, Note("DUPLICATE_CONTENT", {"file": HOSTILE}), HOSTILE, "st")
    info = SeriesInfo(modality=HOSTILE, body_part_examined=HOSTILE, image_type=(HOSTILE,), notes=(note,))
    result = replace(
        plain,
        study_id="st",
        files=(*plain.files, bad, replace(bad, status=FileStatus.SKIPPED)),
        notes=(note,),
        timings_ms=((HOSTILE, 1.0),),
        series=(replace(plain.series[0], reason=note, info=info),),
        key=HOSTILE,
        model_sha256=HOSTILE,
    )
    made = _page(tmp_path, result, shown)
    reader = _read(made)
    assert not [a for t, a in reader.tags if t == "img" and a.get("src") == "x"]
    assert not [name for _, attrs in reader.tags for name in attrs if name.startswith("on")]
    texts = json.loads(reader.scripts["words"])["texts"]
    assert any("\\u202e" in text for text in texts["de"])
    assert "alert" not in reader.scripts["script"]
    assert made.count("<script") == sum(tag == "script" for tag, _ in reader.tags)
    assert json.loads(reader.scripts["result"])["source"] == HOSTILE
    assert not set("\u202e\x1b\x00") & set(made)
    assert "49" not in {line.strip() for line in reader.text.splitlines()}
    assert "\\u202e" in reader.text


def test_long_lists_of_files_are_cut_with_a_word_on_where_they_are(tmp_path: Path) -> None:
    """A thousand broken files do not make a thousand rows; files.csv has them."""
    files = tuple(not_used(FileStatus.FAILED, "X", Note("NO_SLICE"), f"f{k}", "st") for k in range(1000))
    made = render_study(replace(failed_result(), files=files), None, CARD, lang="en")
    assert "and 950 more; all are in files.csv" in _read(made).text
    assert "<bdi>f49</bdi>" in made
    assert "<bdi>f50</bdi>" not in made


def test_files_left_out_for_one_reason_are_one_row_a_series() -> None:
    """A localizer of three hundred files is one row, with the count."""
    none = Note("NO_SLICE")
    files = tuple(
        replace(not_used(FileStatus.SKIPPED, "X", none, f"f{k}", "st"), series_id=f"se-{k // 300}") for k in range(600)
    )
    made = render_study(replace(skipped_result(), files=files), None, CARD, lang="en")
    assert [k for k in range(600) if f"<bdi>f{k}</bdi>" in made] == [0, 300]
    assert made.count("+ 299") == 2


@pytest.mark.parametrize(
    ("orientation", "mirrored", "turns", "letters"),
    [
        (AXIAL, False, 0, "ARPL"),  # top, left, bottom, right
        ((0.0, 1.0, 0.0, 0.0, 0.0, -1.0), False, 0, "HAFP"),
        ((1.0, 0.0, 0.0, 0.0, 0.0, -1.0), False, 0, "HRFL"),
        ((-1.0, 0.0, 0.0, 0.0, 1.0, 0.0), True, 0, "ARPL"),
        ((0.0, 1.0, 0.0, -1.0, 0.0, 0.0), False, 3, "ARPL"),
    ],
)
def test_letters_follow_the_orientation_as_it_is_shown(
    tmp_path: Path, orientation: tuple[float, ...], mirrored: bool, turns: int, letters: str
) -> None:
    """DICOM's letters on the sides of the upright slice, mirrored and turned ones included."""
    picture = replace(head_slice(0, size=(16, 16)), orientation=orientation)  # type: ignore[arg-type]
    placement = whole_placement(picture, mirrored=mirrored, quarter_turns=turns)
    write_pieces(tmp_path / "p.zip", [ReportSlice(index=0, picture=picture, placement=placement)])
    found = find_letters(load_pieces(tmp_path / "p.zip")[0])
    assert found is not None
    assert "".join(found[side] for side in ("top", "left", "bottom", "right")) == letters


def test_letters_and_ruler_are_absent_when_nothing_is_known(tmp_path: Path) -> None:
    """A picture without geometry claims none."""
    picture = head_slice(0, size=(16, 16), orientation=None, spacing_mm=None)
    shown = [ReportSlice(index=0, picture=picture, placement=whole_placement(picture))]
    view = json.loads(_read(_page(tmp_path, study_result(shown), shown)).scripts["view"])
    assert view["pieces"][0]["letters"] is None
    assert view["pieces"][0]["spacing"] is None


@pytest.mark.parametrize(
    ("p", "words"), [(0.0, "0%"), (0.001, "< 1%"), (0.5, "50%"), (0.996, "> 99%"), (0.994, "99%"), (1.0, "100%")]
)
def test_percent_never_rounds_to_certainty(p: float, words: str) -> None:
    """Only certainty is 100 %, only impossibility 0 %."""
    assert to_percent(p, "en") == words


@pytest.mark.parametrize(("n", "most"), [(25, 1_500_000), (180, 10_000_000)])
def test_page_stays_under_its_size(tmp_path: Path, n: int, most: int) -> None:
    """A noisy 256 px series with five key slices, and every layer and head of a ViT on one of them."""
    shown = shown_slices(n, keys=(8, 10, 12, 14, 16), size=(256, 256))
    weights = np.random.default_rng(0).random((12, 6, 16, 16), np.float32)
    shown[8] = replace(shown[8], heads=LayerHeads(weights=weights))
    assert len(_page(tmp_path, study_result(shown), shown).encode("utf-8")) <= most
