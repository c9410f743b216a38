"""Catalogues: whole in every language, all used, and right in their plural forms and numbers."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from mri_batch.card import MethodEntry, ModelCard
from mri_batch.errors import Damaged, UsageError
from mri_batch.notes import NOTES, Arg, Note
from mri_batch.records import Plane, Role, StudyStatus, Verdict, Weighting
from mri_batch.report import worklist
from mri_batch.report.i18n.catalogue import LANGUAGES, load_catalogue
from mri_batch.report.i18n.words import describe_error, label_name, method_name, say, to_number, to_percent, to_text
from mri_batch.report.study import page as study_page

_TEMPLATES = files("mri_batch.report").joinpath("templates")
_PAGES = ("study.html", "index.html", "methods.html", "parts.html")
_SCRIPTS = ("common.js", "viewer.js", "worklist.js", "methods.js", "decode.js")
_ENGLISH = load_catalogue("en")
_BY_VALUE = {  # messages whose key is put together from a value
    "label_": None,  # any class that a catalogue knows
    "method_": None,  # any method that it knows
    "caveat_": ("attention", "relevance", "gradient", "guided", "cam", "activations", "perturbation"),
    "validation_": ("passed", "failed", "untested"),
    "verdict_": tuple(Verdict),
    "status_": tuple(StudyStatus),
    "not_done_": ("skipped", "failed"),
    "sort_": ("input", "source", "label", "probability", "verdict"),
    "role_": tuple(role for role in Role if role is not Role.PICTURE),
}


def _source(*names: str) -> str:
    return "\n".join(_TEMPLATES.joinpath(name).read_text("utf-8") for name in names)


def _named_in_code() -> set[str]:
    quoted = re.findall(r'["\'](\w+)["\']', _source(*_PAGES))
    study = files("mri_batch.report").joinpath("study")
    rooms = "".join(study.joinpath(name).read_text("utf-8") for name in ("acquisition.py", "page.py"))
    asked = re.findall(r'message\("(\w+)"[,)]', rooms)
    return {*quoted, *asked, *study_page.SCRIPT_MESSAGES, *worklist.SCRIPT_MESSAGES, "thumb_alt", "language_name"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_catalogue_has_the_same_messages_with_the_same_arguments(lang: str) -> None:
    """A language is whole, and takes what English takes."""
    catalogue = load_catalogue(lang)
    assert set(catalogue.patterns) == set(_ENGLISH.patterns)
    for key in catalogue.patterns:
        assert catalogue.list_arguments(key) == _ENGLISH.list_arguments(key), key


@pytest.mark.parametrize("code", NOTES)
def test_every_note_has_a_message_with_its_arguments(code: str) -> None:
    """What a room can note, a person can read."""
    assert code in _ENGLISH
    assert _ENGLISH.list_arguments(code) <= set(NOTES[code])


def test_every_message_is_used_and_every_used_message_is_there() -> None:
    """No dead words, and no key without any."""
    built = {f"{start}{value}" for start, values in _BY_VALUE.items() for value in values or ()}
    open_ended = tuple(start for start, values in _BY_VALUE.items() if values is None)
    keys = {key for key in _ENGLISH.patterns if key not in NOTES}
    unused = {key for key in keys - built - _named_in_code() if not key.startswith(open_ended)}
    assert not unused
    assert built <= keys
    called = set(re.findall(r'\b(?:t|say)\("(\w+)"[,)]', _source(*_PAGES)))
    called |= set(re.findall(r'MB\.(?:say|tell)\((?:[^,()]+(?:\([^)]*\))?, )?"(\w+)"[,)]', _source(*_SCRIPTS)))
    assert called <= keys


def test_scripts_are_given_the_messages_that_they_fill_in() -> None:
    """A key that a script asks for is among those that its page carries."""
    for scripts, given in ((("common.js", "viewer.js"), study_page), (("common.js", "worklist.js"), worklist)):
        asked = set(re.findall(r'MB\.(?:say|tell)\((?:[^,()]+(?:\([^)]*\))?, )?"(\w+)"', _source(*scripts)))
        assert asked <= set(given.SCRIPT_MESSAGES)


@pytest.mark.parametrize("name", _PAGES)
def test_templates_hold_no_words_of_their_own(name: str) -> None:
    """All that a reader sees comes from the catalogues, but for names that are the same everywhere."""
    text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", _source(name), flags=re.DOTALL)
    text = re.sub(r"<(script|style)\b.*?</\1>|<[^<>]*>|&\w+;", " ", text, flags=re.DOTALL)
    assert set(re.findall(r"[^\W\d_]{2,}", text)) <= {"mri", "batch", "ECE", "ms"}


@pytest.mark.parametrize("name", _SCRIPTS)
def test_scripts_hold_no_sentences_of_their_own(name: str) -> None:
    """A string of two words in a script would be one that no language switch changes."""
    code = re.sub(r"/\*.*?\*/", "", _source(name), flags=re.DOTALL)
    strings = re.findall(r'"((?:[^"\\\n]|\\.)*)"', code)
    unseen = {"input change", "use strict", "bad data", "focus storage pageshow", "#rows tr.current"}
    assert {s for s in strings if re.search(r"[a-z]{3,} [a-z]{2,}", s)} <= unseen


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_message_speaks_of_a_diagnosis(lang: str) -> None:
    """The tool has an output; a diagnosis is a person's."""
    source = files("mri_batch.report.i18n").joinpath(f"{lang}.ftl").read_text("utf-8")
    assert not re.search(r"diagn[oó]s|диагно", source, re.IGNORECASE)


@pytest.mark.parametrize(
    ("lang", "forms"),
    [
        ("en", {1: "1 slice ", 2: "2 slices "}),
        ("de", {1: "1 Schicht ", 2: "2 Schichten "}),
        ("fr", {1: "1 coupe ", 2: "2 coupes "}),
        ("es", {1: "1 corte ", 2: "2 cortes "}),
        ("ru", {1: "1 срез ", 3: "3 среза ", 5: "5 срезов ", 21: "21 срез "}),
    ],
)
def test_plural_forms_follow_the_language(lang: str, forms: dict[int, str]) -> None:
    """One and many; in Russian one, few and many."""
    for n, words in forms.items():
        said = to_text(Note("SLICES_MISSING", {"n": n}), lang)
        assert words in f"{said} ", said


@pytest.mark.parametrize(("lang", "words"), [("en", "0.8"), ("de", "0,8"), ("fr", "0,8"), ("ru", "0,8"), ("es", "0,8")])
def test_decimals_follow_the_language(lang: str, words: str) -> None:
    """In notes, too."""
    assert words in to_text(Note("PROBABILITY_CAUTION", {"threshold": 0.8}), lang)
    assert to_number(0.8, lang, "0.00") == f"{words}0"


def test_percent_signs_stand_as_the_language_has_them() -> None:
    """With a space that does not break in German, without one in English."""
    assert (to_percent(0.12, "en"), to_percent(0.12, "de")) == ("12%", "12\xa0%")
    assert to_percent(0.999, "de") == "> 99\xa0%"


def test_notes_within_notes_are_said_in_the_same_language() -> None:
    """A reason that quotes another."""
    note = Note("ALL_FILES_UNREADABLE", {"n": 1, "first": Note("FILE_EMPTY")})
    for lang in LANGUAGES:
        assert to_text(Note("FILE_EMPTY"), lang) in to_text(note, lang)


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", "axial, oblique"), ("de", "axial, schräg"), ("fr", "axial, oblique"), ("ru", "аксиальная, косая")],
)
def test_terms_in_a_list_are_said_in_the_language(lang: str, words: str) -> None:
    """A German reader reads no English words in a German sentence; DICOM's own terms stay."""
    known = (Note("TEXT", {"text": "MR"}), Note("PLANE", {"plane": "axial"}), Note("OBLIQUE"))
    assert f"MR, {words}" in to_text(Note("SERIES_FITS", {"known": known}), lang)


@pytest.mark.parametrize("plane", Plane)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_plane_has_a_name(plane: Plane, lang: str) -> None:
    """Not the one for other values."""
    assert f"[{plane.value}]" in _select(lang, "PLANE")


@pytest.mark.parametrize("weighting", Weighting)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_weighting_has_a_name(weighting: Weighting, lang: str) -> None:
    """Not the one for other values."""
    assert f"[{weighting.value}]" in _select(lang, "WEIGHTING")


def _select(lang: str, key: str) -> str:
    source = files("mri_batch.report.i18n").joinpath(f"{lang}.ftl").read_text("utf-8")
    return source.partition(f"\n{key} = ")[2].partition("\n}")[0]


@pytest.mark.parametrize("code", NOTES)
@pytest.mark.parametrize("value", ["many", 3, 0.5, float("nan"), float("inf"), Note("FILE_EMPTY"), (Note("OBLIQUE"),)])
def test_arguments_of_another_type_are_shown_as_they_are(code: str, value: Arg) -> None:
    """A result that somebody spoilt must not keep a page from being made."""
    for lang in LANGUAGES:
        assert to_text(Note(code, dict.fromkeys(NOTES[code], value)), lang)


def test_strings_in_notes_are_made_visible() -> None:
    """Text that turns a line round does not; no isolation marks of its own are added."""
    said = to_text(Note("DUPLICATE_CONTENT", {"file": "gnp.\u202eexe"}), "en")
    assert said == "the same content as gnp.\\u202eexe"


def test_classes_are_named_by_their_card_before_the_catalogue() -> None:
    """A package knows its own labels; what nobody knows is shown as it is, with blanks."""
    card = ModelCard(name="m", labels=("glioma", "odd_one"), labels_in={"de": {"glioma": "Hirngliom"}})
    assert label_name("glioma", "de", card) == "Hirngliom"
    assert label_name("glioma", "de") == "Gliom"
    assert label_name("odd_one", "de", card) == "odd one"
    assert label_name("a} { b\u202e", "de") == "a} { b\\u202e"


def test_methods_that_no_catalogue_knows_keep_their_name() -> None:
    """A plug-in's."""
    assert method_name("my_own", "fr") == "my_own"
    assert method_name("gradcam", "fr") == "Grad-CAM"


def test_errors_are_described_in_one_line() -> None:
    """File, reason, hint and code; notes and plain sentences alike."""
    noted = Damaged(Note("PIXELS_MISSING"), code="FILE_TRUNCATED", file="a\nb.dcm", hint=Note("HINT_COPY_AGAIN"))
    line = describe_error(noted)
    assert line.startswith("a\\x0ab.dcm: the file ends before its pixels (copy the file again")
    assert line.endswith("[FILE_TRUNCATED]")
    assert describe_error(UsageError("no such file", hint="check the path")) == "no such file (check the path) [USAGE]"


def test_unknown_messages_and_arguments_that_do_not_fit_are_refused() -> None:
    """Rather than shown half."""
    with pytest.raises(KeyError, match="no message nothing_of_the_kind"):
        say("nothing_of_the_kind", "en")
    with pytest.raises(ValueError, match="SET_SEVERAL"):
        say("SET_SEVERAL", "en")
    with pytest.raises(ValueError, match="no catalogue for xx"):
        load_catalogue("xx")


def test_card_names_only_labels_that_it_has() -> None:
    """A name for no class is a mistake."""
    with pytest.raises(ValueError, match="labels_in"):
        ModelCard(name="m", labels=("a", "b"), labels_in={"de": {"c": "C"}}, explanations=(MethodEntry(method="x"),))
