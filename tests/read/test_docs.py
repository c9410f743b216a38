from __future__ import annotations

import re
from pathlib import Path

from mri_batch.read.series_choice import choose_series
from tests.paths import ROOT

FORMS = (
    r'code="([A-Z_]+)"',
    r'_refuse\((?:\w+|f"[^"]*"), "([A-Z_]+)"',
    r'FileStatus\.FAILED, "([A-Z_]+)"',
    r'foreign_errors\("([A-Z_]+)"',
    r'_DAMAGED = \("([A-Z_]+)"',
    r'Role\.[A-Z_]+: \(\s*"([A-Z_]+)"',
    r'return \(?"([A-Z_]+)", ',
)


def test_codes_of_files_and_their_documentation_are_the_same() -> None:
    """docs/reference/errors.md has a row for each code that reading gives."""
    folder = Path(choose_series.__code__.co_filename).parent
    sources = "".join(path.read_text("utf-8") for path in sorted(folder.rglob("*.py")))
    given = {code for form in FORMS for code in re.findall(form, sources)}
    page = (ROOT / "docs/reference/errors.md").read_text("utf-8")
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))
    assert len(given) > 30
    assert given <= listed
    quoted = set(re.findall(r'"([A-Z_]+)"', sources))
    files = page.split("## Files")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", files, re.MULTILINE)) <= quoted
