"""Write the table of note codes in ``docs/reference/errors.md``: ``python docs/make_notes.py``. A test compares them.

Codes and arguments come from ``notes.py``, the words from the English catalogue.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from fluent.syntax import FluentParser, ast

from mri_batch import notes

PAGE = Path(__file__).parent / "reference" / "errors.md"
CATALOGUE = Path(notes.__file__).parent / "report" / "i18n" / "en.ftl"
MARKS = re.compile(r"(?s)(<!-- notes -->\n).*?(<!-- end -->)")
HEAD = "| code | arguments | words |\n|---|---|---|\n"


def write_notes() -> str:
    """Return the table: every code, its arguments, and its English message with arguments in braces."""
    parsed = FluentParser().parse(CATALOGUE.read_text("utf-8")).body
    words = {entry.id.name: _flatten(entry.value) for entry in parsed if isinstance(entry, ast.Message) and entry.value}
    rows = []
    for code, arguments in notes.NOTES.items():
        names = ", ".join(f"`{name}`" for name in arguments)
        rows.append(f"| `{code}` | {names} | {words.get(code, '')} |\n")
    return HEAD + "".join(rows)


def put_in(page: str) -> str:
    """Return the page with the table between its marks."""
    table = write_notes()
    return MARKS.sub(lambda match: f"{match[1]}{table}{match[2]}", page)


def _flatten(pattern: ast.Pattern) -> str:
    """Return the text of a pattern; where it has variants, such as plural forms, that of the default one."""
    text = "".join(e.value if isinstance(e, ast.TextElement) else _expression(e.expression) for e in pattern.elements)
    return " ".join(text.split()).replace("|", "\\|")


def _expression(expression: object) -> str:
    if isinstance(expression, ast.SelectExpression):
        return _flatten(next(variant.value for variant in expression.variants if variant.default))
    if isinstance(expression, ast.FunctionReference):
        return _expression(expression.arguments.positional[0])
    if isinstance(expression, ast.VariableReference):
        return f"{{{expression.id.name}}}"
    if isinstance(expression, ast.StringLiteral | ast.NumberLiteral):
        return str(expression.value)
    if isinstance(expression, ast.Placeable):
        return _expression(expression.expression)
    return ""


if __name__ == "__main__":
    PAGE.write_text(put_in(PAGE.read_text("utf-8")), "utf-8", newline="\n")
    sys.stdout.write(f"{PAGE}\n")
