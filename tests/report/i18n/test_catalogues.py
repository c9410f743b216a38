"""The text of the catalogues: complete, parsable, formattable and free of words that the tool must not use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import FluentParser, ast

from mri_batch.explain.registry import METHODS
from mri_batch.notes import NOTES
from mri_batch.records import Role, StudyStatus, Verdict

_FOLDER = files("mri_batch.report.i18n")
_LANGUAGES = sorted(e.name.removesuffix(".ftl") for e in _FOLDER.iterdir() if e.name.endswith(".ftl"))
_RUSSIAN_SLICES = {1: "1 срез ", 2: "2 среза ", 5: "5 срезов ", 11: "11 срезов ", 21: "21 срез ", 22: "22 среза "}
_COUNTS = (1, 2, 5, 21)
_NOT_COUNTS = {
    "threshold": 0.8,
    "share": 0.034,
    "number": -9,
    "line": 1234,
    "row": 1200,
    "col": 7,
    "rows": 1024,
    "cols": 7,
}
_COUNTED = {"n", "total", "found", "used", "skipped", "failed", "heads", "samples", "bits", "size_bytes", "limit"}


def _read(lang: str) -> str:
    return _FOLDER.joinpath(f"{lang}.ftl").read_text("utf-8")


def _messages(lang: str) -> dict[str, ast.Message]:
    body = FluentParser().parse(_read(lang)).body
    return {entry.id.name: entry for entry in body if isinstance(entry, ast.Message)}


def _variables(node: object) -> Iterator[str]:
    if isinstance(node, ast.VariableReference):
        yield node.id.name
    if isinstance(node, list):
        for item in node:
            yield from _variables(item)
    elif isinstance(node, ast.BaseNode):
        for value in vars(node).values():
            yield from _variables(value)


def _arguments(lang: str) -> dict[str, set[str]]:
    return {key: set(_variables(message)) for key, message in _messages(lang).items()}


def _bundle(lang: str) -> FluentBundle:
    bundle = FluentBundle([lang], use_isolating=False)
    bundle.add_resource(FluentResource(_read(lang)))
    return bundle


def _format(bundle: FluentBundle, key: str, args: dict[str, str | int | float]) -> str:
    value = bundle.get_message(key).value
    assert value is not None, key
    text, errors = bundle.format_pattern(value, args)
    assert not errors, (key, errors)
    return str(text)


def _samples(names: set[str], n: int) -> dict[str, str | int | float]:
    samples: dict[str, str | int | float] = {name: f"<{name}>" for name in names}
    samples |= {name: value for name, value in _NOT_COUNTS.items() if name in names}
    return samples | dict.fromkeys(names & _COUNTED, n)


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_catalogues_parse_without_errors_and_name_each_message_once(lang: str) -> None:
    """Fluent skips what it cannot parse, and keeps one of two messages of the same name."""
    body = FluentParser().parse(_read(lang)).body
    assert not [entry.content for entry in body if isinstance(entry, ast.Junk)]
    keys = [entry.id.name for entry in body if isinstance(entry, ast.Message)]
    assert len(keys) == len(set(keys))
    assert not [entry for entry in body if isinstance(entry, ast.Term)]


def test_five_languages_are_there() -> None:
    """English, French, Russian, German, Spanish."""
    assert {"en", "fr", "ru", "de", "es"} <= set(_LANGUAGES)


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_every_language_has_the_keys_arguments_and_order_of_english(lang: str) -> None:
    """The same order makes catalogues readable side by side."""
    assert list(_messages(lang)) == list(_messages("en"))
    assert _arguments(lang) == _arguments("en")


def test_every_note_has_a_message_with_the_arguments_of_its_table() -> None:
    """A note without words, or words that leave out an argument, would lose information."""
    arguments = _arguments("en")
    codes = {key: names for key, names in arguments.items() if key.isupper()}
    assert codes == {code: set(names) for code, names in NOTES.items()}


def test_every_value_that_is_shown_has_a_name() -> None:
    """Verdicts, statuses, roles and methods. A picture's role goes without saying."""
    wanted = {f"verdict_{verdict}" for verdict in Verdict} | {f"status_{status}" for status in StudyStatus}
    wanted |= {f"role_{role}" for role in Role if role is not Role.PICTURE}
    wanted |= {f"method_{method}" for method in METHODS}
    assert wanted <= set(_messages("en"))


@pytest.mark.parametrize("lang", _LANGUAGES)
@pytest.mark.parametrize("n", _COUNTS)
def test_every_message_formats_in_every_plural_form(lang: str, n: int) -> None:
    """No error, no empty text, no argument left unfilled, no stray or doubled blanks."""
    bundle = _bundle(lang)
    for key, names in _arguments(lang).items():
        text = _format(bundle, key, _samples(names, n))
        assert text.strip() == text != "", key
        assert not re.search(r"[{}]| {2}|\n", text), (key, text)


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_no_argument_is_lost_in_any_plural_form(lang: str) -> None:
    """Every text argument is in the text; DICOM_NO_HEAT and DICOM_HEADER_REFUSED choose words by theirs."""
    bundle = _bundle(lang)
    for key, names in _arguments(lang).items():
        for n in _COUNTS:
            args = _samples(names, n)
            text = _format(bundle, key, args)
            assert not [value for value in args.values() if isinstance(value, str) and value not in text], (key, text)


@pytest.mark.parametrize("lang", _LANGUAGES)
@pytest.mark.parametrize("output", ["sr", "sc", "pm"])
def test_dicom_results_are_named_in_words(lang: str, output: str) -> None:
    """A reader need not know the abbreviations of the options."""
    text = _format(_bundle(lang), "DICOM_NO_HEAT", {"output": output})
    assert not re.search(rf"\b{output}\b", text)


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_notes_are_clauses_that_can_be_joined(lang: str) -> None:
    """No full stop at the end, no capital at the start but that of a name; German nouns have one anywhere."""
    bundle = _bundle(lang)
    for code, names in NOTES.items():
        if code == "TEXT":
            continue
        text = _format(bundle, code, _samples(set(names), 2))
        assert not text.endswith("."), (code, text)
        assert lang == "de" or not text[0].isupper() or text.startswith("DICOM"), (code, text)


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_no_catalogue_speaks_of_a_diagnosis(lang: str) -> None:
    """The model has an output; a diagnosis is a physician's."""
    assert not re.search(r"diagn[oó]s|диагно", _read(lang), re.IGNORECASE)


@pytest.mark.parametrize(("n", "words"), _RUSSIAN_SLICES.items())
def test_russian_counts_have_their_forms(n: int, words: str) -> None:
    """One, few and many; eleven is many."""
    assert words in _format(_bundle("ru"), "SLICES_MISSING", {"n": n})


def test_russian_selectors_have_all_four_forms() -> None:
    """Wherever a count chooses the words."""
    for key, message in _messages("ru").items():
        for node in _selectors(message):
            forms = {v.key.name for v in node.variants if isinstance(v.key, ast.Identifier)}
            assert forms in ({"one", "few", "many", "other"}, {"sr", "sc", "pm", "other"}) or key in (
                "PLANE",
                "WEIGHTING",
            ), key


@pytest.mark.parametrize(
    ("lang", "one", "two"),
    [
        ("en", "1 slice ", "2 slices "),
        ("fr", "1 coupe ", "2 coupes "),
        ("de", "1 Schicht ", "2 Schichten "),
        ("es", "1 corte ", "2 cortes "),
    ],
)
def test_one_slice_is_not_said_as_two_are(lang: str, one: str, two: str) -> None:
    """Singular and plural."""
    bundle = _bundle(lang)
    assert one in _format(bundle, "SLICES_MISSING", {"n": 1})
    assert two in _format(bundle, "SLICES_MISSING", {"n": 2})


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "0.80"), ("de", "0,80"), ("fr", "0,80"), ("ru", "0,80"), ("es", "0,80")]
)
def test_thresholds_have_two_decimals_and_the_languages_separator(lang: str, words: str) -> None:
    """As the documentation writes probabilities."""
    assert words in _format(_bundle(lang), "PROBABILITY_CAUTION", {"threshold": 0.8})


def test_lines_and_pixels_are_not_grouped() -> None:
    """A line is 1234, not 1,234."""
    bundle = _bundle("en")
    assert "a.py:1234" in _format(bundle, "INTERNAL_ERROR", {"error": "E", "file": "a.py", "line": 1234})
    assert "70000 \u00d7 70000" in _format(bundle, "PICTURE_TOO_LARGE", {"rows": 70000, "cols": 70000})


def _selectors(node: object) -> Iterator[ast.SelectExpression]:
    if isinstance(node, ast.SelectExpression):
        yield node
    if isinstance(node, list):
        for item in node:
            yield from _selectors(item)
    elif isinstance(node, ast.BaseNode):
        for value in vars(node).values():
            yield from _selectors(value)
