from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri_batch.notes import NOTES, Note, from_plain, to_plain
from tests.paths import ROOT

FILES = [path for side in ("src", "export") for path in sorted((ROOT / side).rglob("*.py"))]
SOURCES = "\n".join(path.read_text("utf-8") for path in FILES if path.name != "notes.py")


def test_every_code_is_used_somewhere() -> None:
    """A code that no source file names is dead."""
    named = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', SOURCES))
    assert sorted(set(NOTES) - named) == []


def test_every_code_that_a_source_gives_is_in_the_table() -> None:
    """``Note("...")`` with an unknown code would only fail when it is met."""
    given_codes = set(re.findall(r'Note\(\s*"(\w+)"', SOURCES))
    assert sorted(given_codes - set(NOTES)) == []


@pytest.mark.parametrize(
    ("code", "args"),
    [
        ("NO_SUCH_CODE", {}),
        ("FILE_EMPTY", {"n": 1}),
        ("SLICES_MISSING", {}),
        ("SLICES_MISSING", {"n": 1, "total": 2}),
        ("SLICES_MISSING", {"count": 1}),
    ],
)
def test_wrong_codes_and_arguments_are_refused(code: str, args: dict[str, int]) -> None:
    """Arguments are those of the table, no more and no less."""
    with pytest.raises(ValueError, match=code):
        Note(code, args)


def test_arguments_stand_in_the_order_of_the_table() -> None:
    """Notes with equal arguments are equal, however they were given."""
    one = Note("FILES_UNREADABLE", {"n": 1, "total": 2})
    other = Note("FILES_UNREADABLE", {"total": 2, "n": 1})
    assert one == other
    assert hash(one) == hash(other)
    assert str(one) == "FILES_UNREADABLE(n=1, total=2)"


def notes() -> st.SearchStrategy[Note]:
    """Draw notes, with notes as arguments of some."""
    plain = st.sampled_from([code for code, names in NOTES.items() if not names]).map(Note)

    def nest(inner: st.SearchStrategy[Note]) -> st.SearchStrategy[Note]:
        several = st.lists(plain, max_size=2).map(tuple)
        value = st.one_of(st.text(), st.integers(), st.floats(allow_nan=False), inner, several)
        return st.sampled_from(sorted(NOTES)).flatmap(
            lambda code: st.fixed_dictionaries(dict.fromkeys(NOTES[code], value)).map(lambda args: Note(code, args))
        )

    return st.recursive(plain, nest, max_leaves=4)


@given(notes())
def test_notes_survive_json(note: Note) -> None:
    """Nested notes, text, whole numbers and floats come back as they were."""
    assert from_plain(json.loads(json.dumps(to_plain(note)))) == note


@pytest.mark.parametrize("plain", [None, "FILE_EMPTY", {}, {"code": "FILE_EMPTY", "args": {"n": 1}}, {"code": 1}])
def test_other_json_is_refused(plain: object) -> None:
    """What is no note is a ValueError."""
    with pytest.raises(ValueError, match="note"):
        from_plain(plain)


def test_arguments_of_other_types_are_refused() -> None:
    """Null, booleans and lists of other than notes are no arguments."""
    for value in (None, [1], True):
        with pytest.raises(ValueError, match="note"):
            from_plain({"code": "SLICES_MISSING", "args": {"n": value}})
