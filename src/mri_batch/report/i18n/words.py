"""Codes, numbers and names in a person's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from mri_batch.errors import MriBatchError
from mri_batch.notes import Note
from mri_batch.report.i18n.catalogue import ENGLISH, load_catalogue
from mri_batch.text import to_visible

if TYPE_CHECKING:  # pydantic comes with it
    from mri_batch.card import ModelCard

Phrase = Callable[[str], str]  # from a language to words in it
Value = str | int | float | Note | tuple[Note, ...] | Phrase

_MESSAGE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def say(key: str, lang: str, args: Mapping[str, Value] | None = None) -> str:
    """Say a message of the catalogue; notes and phrases among the arguments are said in the same language."""
    return load_catalogue(lang).format(key, {name: _said(value, lang) for name, value in (args or {}).items()})


@lru_cache(maxsize=4096)
def to_text(note: Note, lang: str = ENGLISH) -> str:
    """Say a note, and the notes among its arguments; what cannot be seen in a string is written as escapes."""
    return say(note.code, lang, dict(note.args))


def describe_error(error: MriBatchError, lang: str = ENGLISH) -> str:
    """Say an error in one line: file, reason, hint and code."""
    where = f"{to_visible(error.file)}: " if error.file else ""
    hint = f" ({_said(error.hint, lang)})" if error.hint else ""
    return f"{where}{_said(error.reason, lang)}{hint} [{error.code}]"


def label_name(label: str, lang: str, card: ModelCard | None = None) -> str:
    """Name a class: by its model card where that names it in the language, by the catalogue, or by its own name."""
    names = card.labels_in.get(lang, {}) if card else {}
    if label in names:
        return to_visible(names[label])
    return _named(f"label_{label}", lang) or to_visible(label).replace("_", " ")


def method_name(method: str, lang: str) -> str:
    """Name an explanation method, by its own name where the catalogue does not know it."""
    return _named(f"method_{method}", lang) or to_visible(method)


def has_message(key: str) -> bool:
    """Whether the catalogues know a message."""
    return bool(_MESSAGE_ID.fullmatch(key)) and key in load_catalogue(ENGLISH)


@lru_cache(maxsize=4096)
def to_percent(probability: float, lang: str) -> str:
    """Write a probability as people read it; more digits would promise what calibration cannot hold."""
    from babel.numbers import format_percent

    percent = round(probability * 100)
    if percent >= 100 and probability < 1:
        return f"> {format_percent(0.99, locale=lang)}"
    if percent <= 0 and probability > 0:
        return f"< {format_percent(0.01, locale=lang)}"
    return format_percent(percent / 100, locale=lang)


def to_number(value: float, lang: str, pattern: str = "0.######") -> str:
    """Write a number by a CLDR pattern such as ``+0.00;-0.00`` or ``@##`` (three significant digits)."""
    from babel.numbers import format_decimal

    return format_decimal(value, pattern, locale=lang)


def _said(value: Value, lang: str) -> str | int | float:
    if isinstance(value, Note):
        return to_text(value, lang)
    if isinstance(value, tuple):
        return ", ".join(to_text(note, lang) for note in value)
    if isinstance(value, str):
        return to_visible(value)
    return value(lang) if callable(value) else value


def _named(key: str, lang: str) -> str:
    return load_catalogue(lang).format(key, {}) if has_message(key) else ""
