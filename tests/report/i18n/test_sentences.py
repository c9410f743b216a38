"""Sentences that other rooms write into results: each is known by a phrase, so that every language says it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.resources import files

import pytest

from mri_batch.report.i18n.phrases import PHRASES, find_sentence, say

ROOT = files("mri_batch")
WRITERS = (  # sources whose prose stands in reasons, notes and hints
    *(f"{room}/{path.name}" for room in ("read", "explain") for path in ROOT.joinpath(room).iterdir()),
    *(f"run/{name}.py" for name in ("study", "judge", "show", "heat", "spread", "cluster")),
    "model/decide.py",
    "report/dicom_out.py",
    "report/dicom_pm.py",
)
SILENT = {  # prose of these sources that no result holds, by where it goes instead
    "names of facts and their units": {"slice spacing", "X1 mm", "X1 X1", "X1, oblique", ", oblique"},
    "roles, which are codes": {"derived map", "secondary capture", "phase or complex part", "field map", "time series"}
    | {"echo-planar stack", "not an image"},
    "written into DICOM objects": {"slice X1", "X1; tracking UID X1", "X1 heat map (research)", "X1 heat. X1"}
    | {"Heat by X1, unscaled, no unit", "Heat map by X1"},
    "errors of the command line": {"no explanation method X1", "known: auto, all, none, X1", "no method X1"}
    | {"known: X1", "X1 has no such knob: X1", "no Dask scheduler answers at X1", "check the address"}
    | {"too slow", "see 'mri-batch model verify'; where memory is short, a smaller model"}
    | {"--cluster needs Dask, which is not installed", "pip install 'mri-batch[cluster]'"},
    "titles of the explain page": {"stage X1"},
}
_SQL = re.compile(r"\s*(PRAGMA|CREATE|INSERT|SELECT|UPDATE)\b")
_WORD = re.compile(r"(?<![\w.])[a-z]{2,}(?!\w)")


def _prose(where: str) -> Iterator[str]:
    """Yield each string of words in a source, with X1 where something is filled in; no docstrings."""
    tree = ast.parse(ROOT.joinpath(where).read_text("utf-8"))
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            inner.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            inner.update(part for part in ast.walk(node) if part is not node)
    for node in ast.walk(tree):
        if node in inner:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "X1" for part in node.values)
        else:
            continue
        if " " in text.strip() and _WORD.search(text) and not _SQL.match(text):
            yield text


def _is_whole(text: str) -> bool:
    """Whether every part of a joined sentence is known."""
    return all(part == "X1" or find_sentence(part) is not None for part in text.split("; "))


@pytest.mark.parametrize("where", [name for name in WRITERS if name.endswith(".py")])
def test_every_sentence_that_can_reach_a_page_is_translated(where: str) -> None:
    """A new reason, note or hint needs its phrase in sentences.toml, or a word above on where it goes instead."""
    silent = set().union(*SILENT.values())
    assert [text for text in _prose(where) if text not in silent and not _is_whole(text)] == []


def test_sentences_are_all_written_somewhere() -> None:
    """No dead translations."""
    written = [text for where in WRITERS if where.endswith(".py") for text in _prose(where)]
    known = {found[0] for text in written for part in text.split("; ") if (found := find_sentence(part))}
    elsewhere = {"s_and", "s_denied", "s_io", "s_panicked", "s_model_run"}  # joined or nested, or from the system
    assert {key for key in PHRASES if key.startswith("s_")} - known == elsewhere


def test_joined_and_nested_sentences_are_known_one_by_one() -> None:
    """Reason and hint, a reason within a note, and what cannot be known beside them."""
    found = find_sentence("3 frame(s) of a file cannot be used: the pixels cannot be decoded (EOFError); look there")
    nested = ("s_detail", (("s_undecodable", ()), "EOFError"))
    assert found == ("s_and", (("s_frames_lost", ("3", nested)), "look there"))
    assert say(found[0], "fr", found[1]).endswith("les pixels ne peuvent pas être décodés (EOFError) ; look there")


def test_text_made_to_nest_deeply_is_left_as_it_is() -> None:
    """No stack is lost to it."""
    assert find_sentence("a (" * 5000 + "; " * 5000) is None
    assert find_sentence("a (" * 100 + "b" + ")" * 100) is not None
