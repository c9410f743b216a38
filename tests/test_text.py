"""Strings from files and headers made safe to look at."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri_batch.text import to_cell, to_json, to_visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain / Ünïcode 中", "plain / Ünïcode 中"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("gnp.\u202eexe", "gnp.\\u202eexe"),
        ("a\u200bb\u2066c\u2028d", "a\\u200bb\\u2066c\\u2028d"),
        ("bad\udcffname", "bad\\udcffname"),
        ("no\xa0break", "no\xa0break"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_hidden_characters_are_written_as_escapes(text: str, shown: str) -> None:
    """Nothing that cannot be seen, or that turns the text around, is passed through."""
    assert to_visible(text) == shown


@given(st.text())
def test_visible_text_can_always_be_written_as_utf8_on_one_line(text: str) -> None:
    """Lone surrogates and line breaks of any kind are gone."""
    assert len(to_visible(text).encode("utf-8").decode("utf-8").splitlines()) <= 1


@pytest.mark.parametrize("start", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "=", "-"])
def test_a_formula_gets_an_apostrophe_in_a_cell(start: str) -> None:
    """A spreadsheet shows it as text."""
    assert to_cell(start) == f"'{start}"


@pytest.mark.parametrize("value", [-1.5, "-0.25", "+3", -7, "-1e-6"])
def test_a_number_stays_a_number_in_a_cell(value: object) -> None:
    """Signs of numbers are no formulas."""
    assert to_cell(value) == str(value)


def test_an_absent_value_is_an_empty_cell() -> None:
    """None is not written as a word."""
    assert to_cell(None) == ""


@given(st.text())
def test_json_survives_and_cannot_leave_a_script_element(text: str) -> None:
    """Reading gives the text back; the written form is ASCII without angle brackets and ampersands."""
    written = to_json({"a": text})
    assert json.loads(written) == {"a": text}
    assert written.isascii()
    assert not set("<>&") & set(written)


def test_json_refuses_what_is_not_a_number() -> None:
    """NaN is no JSON, and no result either."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(float("nan"))
