"""The list of promises to break stays in step with the code."""

from __future__ import annotations

import pytest
from tools.mutant_table import MUTANTS, Mutant

from tests.paths import ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.promise)
def test_line_that_keeps_a_promise_stands_once(mutant: Mutant) -> None:
    """Each is found, so that ``python -m tools.mutants`` breaks what it says; and what it breaks still parses."""
    whole = (ROOT / "src" / "mri_batch" / mutant.file).read_text("utf-8")
    assert whole.count(mutant.kept) == 1
    compile(whole.replace(mutant.kept, mutant.broken), mutant.file, "exec")
    assert all((ROOT / name).is_file() for name in mutant.tests.split() if name.endswith(".py"))
