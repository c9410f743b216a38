"""Templates to pages: closed to the outside, and with their texts in every language for the page's switch."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mri_batch import __version__
from mri_batch.card import ModelCard
from mri_batch.notes import Note
from mri_batch.report.i18n.catalogue import LANGUAGES, load_catalogue
from mri_batch.report.i18n.words import (
    Phrase,
    Value,
    has_message,
    label_name,
    method_name,
    say,
    to_number,
    to_percent,
    to_text,
)
from mri_batch.settings import Language
from mri_batch.text import to_json, to_visible

_MARKS = {"aria-label": "data-tl", "placeholder": "data-tp", "title": "data-tt", "alt": "data-ta"}


@dataclass(frozen=True, slots=True)
class Element:
    """A phrase in a template: written out, an element that the language switch can change; called, its words."""

    page: Page
    phrase: Phrase

    def __call__(self, lang: str) -> str:
        """Return the words in a language."""
        return self.phrase(lang)

    def __html__(self) -> str:
        index = self.page.index(self.phrase)
        mark = Markup(' data-t="{}"').format(index) if index is not None else ""
        return Markup("<span{}>{}</span>").format(mark, self.phrase(self.page.lang))


class Page:
    """One page in the making. ``card``: the model's, which may name its classes in other languages."""

    def __init__(self, lang: Language, card: ModelCard | None = None) -> None:
        self.lang = lang
        self._card = card
        self._texts: dict[tuple[str, ...], int] = {}

    def message(self, key: str, **args: Value) -> Element:
        """Return a message of the catalogue."""
        return Element(self, lambda lang: say(key, lang, args))

    def note(self, note: Note) -> Element:
        """Return a note."""
        return Element(self, lambda lang: to_text(note, lang))

    def label(self, label: str) -> Element:
        """Return the name of a class."""
        return Element(self, lambda lang: label_name(label, lang, self._card))

    def method(self, method: str) -> Element:
        """Return the name of an explanation method."""
        return Element(self, lambda lang: method_name(method, lang))

    def percent(self, probability: float) -> Element:
        """Return a probability in percent."""
        return Element(self, lambda lang: to_percent(probability, lang))

    def number(self, value: float, pattern: str = "@##") -> Element:
        """Return a number by a CLDR pattern; three significant digits by default."""
        return Element(self, lambda lang: to_number(value, lang, pattern))

    def joined(self, parts: Sequence[str | int | Element], separator: str = " · ") -> Element:
        """Return several phrases in a row."""
        return Element(
            self,
            lambda lang: separator.join(p(lang) if isinstance(p, Element) else to_visible(str(p)) for p in parts),
        )

    def index(self, phrase: Phrase) -> int | None:
        """Return a phrase's place among the page's texts; None where it is the same in every language."""
        texts = tuple(phrase(lang) for lang in LANGUAGES)
        return self.place(phrase) if len(set(texts)) > 1 else None

    def place(self, phrase: Phrase) -> int:
        """Return a phrase's place among the page's texts, for scripts."""
        return self._texts.setdefault(tuple(phrase(lang) for lang in LANGUAGES), len(self._texts))

    def attribute(self, name: str, phrase: Phrase) -> Markup:
        """Write an attribute whose words the language switch can change."""
        index = self.index(phrase)
        mark = Markup(' {}="{}"').format(_MARKS[name], index) if index is not None else ""
        return Markup('{}="{}"{}').format(name, phrase(self.lang), mark)

    def option(self, value: object, phrase: Phrase, *, selected: bool = False) -> Markup:
        """Write an option of a list."""
        index = self.index(phrase)
        mark = Markup(' data-t="{}"').format(index) if index is not None else ""
        chosen = Markup(" selected") if selected else ""
        words = phrase(self.lang)
        return Markup('<option value="{}"{}{}>{}</option>').format(str(value), mark, chosen, words)

    def render(self, template: str, *, scripts: Sequence[str], messages: Sequence[str] = (), **values: Any) -> str:
        """Render a template with the shared style and scripts, and a policy that allows only these.

        ``messages``: those that the scripts fill in themselves.
        """
        style, script = _load_raw("style.css"), "\n".join(map(_load_raw, scripts))
        return (
            _environment()
            .get_template(template)
            .render(
                lang=self.lang,
                languages=LANGUAGES,
                style=Markup(style),
                script=Markup(script),
                style_hash=_hash(style),
                script_hash=_hash(script),
                words=lambda: self._words(messages),  # called at the page's end, when all its texts are known
                t=self.message,
                say=lambda key, **args: say(key, self.lang, args),
                note=self.note,
                label=self.label,
                method=self.method,
                percent=self.percent,
                number=self.number,
                joined=self.joined,
                attr=self.attribute,
                option=self.option,
                version=__version__,
                **values,
            )
        )

    def _words(self, messages: Sequence[str]) -> Markup:
        """Write the page's texts and its scripts' messages as JSON."""
        columns = list(zip(*self._texts, strict=True)) or [()] * len(LANGUAGES)
        words = {
            "texts": dict(zip(LANGUAGES, columns, strict=True)),
            "messages": {lang: {key: load_catalogue(lang).to_parts(key) for key in messages} for lang in LANGUAGES},
        }
        return Markup(json.dumps(words, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))


@cache
def _environment() -> Environment:
    env = Environment(
        loader=PackageLoader("mri_batch.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: to_visible(value) if type(value) is str else value,
    )
    env.filters.update(
        b64=lambda content: base64.b64encode(content).decode("ascii"),
        json=lambda value: Markup(to_json(value)),
    )
    env.globals.update(has_message=has_message, language_name=lambda lang: say("language_name", lang))
    return env


@cache
def _load_raw(name: str) -> str:
    env = _environment()
    assert env.loader is not None
    source: str = env.loader.get_source(env, name)[0]
    return source


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
