"""Notes in machine files: objects of code, arguments and English text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mri_batch.notes import Note, from_plain, to_plain
from mri_batch.report.i18n.words import to_text


def from_note(note: Note | None) -> dict[str, Any] | None:
    """Return a note's object: ``code``, ``args`` and ``text`` in English; None for none."""
    return {**to_plain(note), "text": to_text(note)} if note else None


def from_notes(notes: Iterable[Note]) -> list[dict[str, Any]]:
    """Return the objects of several notes."""
    return [whole for note in notes if (whole := from_note(note))]


def to_note(whole: Mapping[str, Any] | str | None) -> Note | None:
    """Rebuild a note from :func:`from_note`.

    A sentence, as version 1 of the schema has it, becomes a TEXT note; so does the text of a note that is not in the
    table, or not with these arguments: another version wrote it.
    """
    if not whole:
        return None
    if isinstance(whole, str):
        return Note("TEXT", {"text": whole})
    try:
        return from_plain(whole)
    except ValueError:
        return Note("TEXT", {"text": str(whole.get("text") or whole.get("code") or "")})


def to_notes(wholes: Iterable[Mapping[str, Any] | str]) -> tuple[Note, ...]:
    """Rebuild several notes."""
    return tuple(note for whole in wholes if (note := to_note(whole)))


def text_of(note: Note | None, hint: Note | None = None) -> str:
    """Return the English text of a reason, with the hint behind a semicolon; empty where there is neither."""
    return "; ".join(to_text(each) for each in (note, hint) if each)
