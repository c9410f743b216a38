"""Strings from files and headers made safe to show: nothing invisible, nothing that runs."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

JsonObject = dict[str, Any]  # what json reads and writes; records stand in its place everywhere else

# Control, format (bidirectional marks among them), surrogate, private, line and paragraph separator.
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_visible(text: str) -> str:
    """Write characters that are invisible, reverse the text or steer a terminal as escapes such as ``\\u202e``."""
    if text.isprintable():  # printable in Python's sense leaves none of the hidden categories
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _HIDDEN else c for c in text)


def to_cell(value: object) -> str:
    """Write a value as a CSV cell that no spreadsheet takes for a formula."""
    text = "" if value is None else to_visible(str(value))
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Write JSON in ASCII that may also stand inside an HTML script element; floats as they are, no NaN."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, indent=indent, separators=separators)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii()
