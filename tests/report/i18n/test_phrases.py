"""Words: complete in each language, all used, and never a promise that the tool does not keep."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from mri_batch.report.i18n.phrases import CAVEATS, LANGUAGES, PHRASES, find_sentence, say

_TEMPLATES = files("mri_batch.report").joinpath("templates")
_SOURCES = [
    _TEMPLATES.joinpath(name).read_text("utf-8")
    for name in ("study.html", "index.html", "parts.html", "common.js", "viewer.js", "worklist.js")
]


def _places(text: str) -> set[str]:
    return set(re.findall(r"\{\d\}", text))


@pytest.mark.parametrize("key", PHRASES)
def test_phrase_is_complete_in_every_language(key: str) -> None:
    """Each language has words, with the same places to fill."""
    said = PHRASES[key]
    assert set(said) == set(LANGUAGES)
    assert all(said[lang].strip() for lang in LANGUAGES)
    assert len({frozenset(_places(said[lang])) for lang in LANGUAGES}) == 1


def test_every_phrase_is_used_and_every_used_phrase_is_there() -> None:
    """No dead words, and no key that would be shown bare."""
    source = "\n".join(_SOURCES)
    quoted = set(re.findall(r'["\']([a-z_]+)["\']', source))
    built = re.compile(r"(m|s|status|verdict|licence|sort|not_done|caveat)_\w+")
    unused = {key for key in PHRASES if key not in quoted and not built.fullmatch(key)}
    called = set(re.findall(r'\b(?:t|say|MB\.say|MB\.tell)\((?:[^,()]+\([^)]*\), )?"([a-z_]+)"[,)]', source))
    assert not unused
    assert called
    assert called <= set(PHRASES)


@pytest.mark.parametrize("name", ["study.html", "index.html", "parts.html"])
def test_templates_hold_no_words_of_their_own(name: str) -> None:
    """All that a reader sees comes from the phrases, but for names that are the same everywhere."""
    text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", _TEMPLATES.joinpath(name).read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"<(script|style)\b.*?</\1>|<[^<>]*>|&\w+;", " ", text, flags=re.DOTALL)
    assert set(re.findall(r"[^\W\d_]{2,}", text)) <= {"mri", "batch", "ECE"}


@pytest.mark.parametrize("name", ["common.js", "viewer.js", "worklist.js", "decode.js"])
def test_scripts_hold_no_sentences_of_their_own(name: str) -> None:
    """A string of two words in a script would be one that no language switch changes."""
    code = re.sub(r"/\*.*?\*/", "", _TEMPLATES.joinpath(name).read_text("utf-8"), flags=re.DOTALL)
    strings = re.findall(r'"((?:[^"\\\n]|\\.)*)"', code)
    unseen = {"input change", "use strict", "bad data", "focus storage pageshow", "#rows tr.current"}
    assert {s for s in strings if re.search(r"[a-z]{3,} [a-z]{2,}", s)} <= unseen


def test_no_phrase_speaks_of_a_diagnosis() -> None:
    """The tool has an output; a diagnosis is a person's."""
    assert not [key for key, said in PHRASES.items() if re.search(r"diagnos|диагно", str(said), re.IGNORECASE)]


def test_caveats_are_phrases() -> None:
    """Each method's caveat can be said."""
    assert set(CAVEATS.values()) <= set(PHRASES)


def test_sentence_from_elsewhere_is_known_with_what_fills_it() -> None:
    """A reason of the decision is translated, its numbers kept."""
    found = find_sentence("2 classes remain plausible")
    assert found == ("s_several", ("2",))
    assert say(found[0], "ru", found[1]) == "возможных классов: 2"


def test_unknown_sentence_is_left_as_it_is() -> None:
    """Half a match is none."""
    assert find_sentence("2 classes remain plausible, perhaps") is None
