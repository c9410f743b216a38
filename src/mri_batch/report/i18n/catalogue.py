"""Message catalogues: one Fluent file per language. Adding a language is adding a file.

A message is named by its key (``work_list``) or by the code of a note (``GATE_CAUTION``) and takes named arguments;
plural forms, decimal commas and percent signs follow the language. Fluent itself is imported when the first
message is formatted, so that command-line help stays quick.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle
    from fluent.runtime.types import FluentType
    from fluent.syntax import ast

Arguments = Mapping[str, str | int | float]  # of a message, by name

# A part of a message, for scripts: text, an argument {"arg", "options"}, or a choice by plural form
# {"select", "cases", "default"}
Part = str | Mapping[str, object]

ENGLISH = "en"  # of machine files, and of what a catalogue lacks


def list_languages() -> tuple[str, ...]:
    """List the languages that have a catalogue, English first."""
    names = (entry.name for entry in files(__package__).iterdir())
    found = sorted(name.removesuffix(".ftl") for name in names if name.endswith(".ftl"))
    return (ENGLISH, *(lang for lang in found if lang != ENGLISH))


LANGUAGES = list_languages()


class Catalogue:
    """The messages of one language."""

    def __init__(self, lang: str, source: str) -> None:
        from fluent.runtime import FluentBundle, FluentResource
        from fluent.syntax import ast

        self.lang = lang
        self._fixed: dict[str, str] = {}  # messages without arguments, said once
        self._bundle: FluentBundle = FluentBundle([lang], {"NUMBER": _to_number}, use_isolating=False)
        resource = FluentResource(source)
        self._bundle.add_resource(resource)
        broken = [entry for entry in resource.body if isinstance(entry, ast.Junk)]
        if broken:
            raise ValueError(f"{lang}.ftl: {(broken[0].content or '').strip().splitlines()[0]}")
        self.patterns: Mapping[str, ast.Pattern] = {
            entry.id.name: entry.value for entry in resource.body if isinstance(entry, ast.Message) and entry.value
        }

    def __contains__(self, key: str) -> bool:
        return key in self.patterns

    def format(self, key: str, args: Arguments) -> str:
        """Format a message. Raises KeyError where there is no such message, ValueError where an argument is missing.

        Text where the message formats a number is shown as it is.
        """
        if key not in self.patterns:
            raise KeyError(f"{self.lang}.ftl has no message {key}")
        if not args and key in self._fixed:
            return self._fixed[key]
        value = self._bundle.get_message(key).value
        assert value is not None
        text, errors = self._bundle.format_pattern(value, {name: _to_sayable(arg) for name, arg in args.items()})
        if errors:
            raise ValueError(f"{self.lang}.ftl: {key}: {errors[0]}")
        assert isinstance(text, str)
        if not args:
            self._fixed[key] = text
        return text

    def to_parts(self, key: str) -> list[Part]:
        """Return a message in parts, for a page's scripts to fill in."""
        return _list_parts(self.patterns[key])

    def list_arguments(self, key: str) -> frozenset[str]:
        """Return the names of a message's arguments."""
        return frozenset(_iter_names(_list_parts(self.patterns[key])))


@cache
def load_catalogue(lang: str) -> Catalogue:
    """Load the catalogue of a language. Raises ValueError where there is none."""
    if lang not in LANGUAGES:
        raise ValueError(f"no catalogue for {lang}; there are {', '.join(LANGUAGES)}")
    return Catalogue(lang, files(__package__).joinpath(f"{lang}.ftl").read_text("utf-8"))


def _to_sayable(value: str | int | float) -> str | int | float:
    """No language has a plural form for infinity."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _to_number(value: Any, **options: Any) -> FluentType:
    from fluent.runtime.types import fluent_number

    return fluent_number(value, **options) if isinstance(value, int | float) else value


def _list_parts(pattern: ast.Pattern) -> list[Part]:
    from fluent.syntax import ast

    parts: list[Part] = []
    for element in pattern.elements:
        part = element.value if isinstance(element, ast.TextElement) else _to_part(element.expression)
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return parts


def _to_part(expression: object) -> Part:
    from fluent.syntax import ast

    if isinstance(expression, ast.StringLiteral | ast.NumberLiteral):
        return str(expression.parse()["value"])
    if isinstance(expression, ast.VariableReference):
        return {"arg": expression.id.name}
    if isinstance(expression, ast.FunctionReference):
        return {**_to_part_of(expression.arguments.positional[0]), "options": _list_options(expression.arguments)}
    if isinstance(expression, ast.SelectExpression):
        cases = {_name_of(variant.key): _list_parts(variant.value) for variant in expression.variants}
        default = next(_name_of(variant.key) for variant in expression.variants if variant.default)
        return {"select": _to_part_of(expression.selector), "cases": cases, "default": default}
    raise ValueError(f"scripts cannot read {type(expression).__name__}")


def _to_part_of(expression: object) -> Mapping[str, object]:
    part = _to_part(expression)
    assert not isinstance(part, str)
    return part


def _list_options(arguments: ast.CallArguments) -> Arguments:
    return {option.name.name: option.value.parse()["value"] for option in arguments.named}


def _name_of(key: ast.Identifier | ast.NumberLiteral) -> str:
    return key.name if hasattr(key, "name") else key.value


def _iter_names(parts: object) -> list[str]:
    """List the arguments that parts need."""
    if isinstance(parts, list):
        return [name for part in parts for name in _iter_names(part)]
    if not isinstance(parts, Mapping):
        return []
    if "arg" in parts:
        return [str(parts["arg"])]
    return [*_iter_names(parts["select"]), *(name for case in parts["cases"].values() for name in _iter_names(case))]
