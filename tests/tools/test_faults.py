"""A short slice of the robustness series; ``python -m tools.faults`` runs all of it."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.paths import ROOT


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("cc") is None, reason="needs Linux and a C compiler")
@pytest.mark.parametrize("words", [["--every", "61", "--fates", "full"], ["--kills", "4", "--seed", "3"]])
def test_no_fault_and_no_kill_breaks_a_promise(words: list[str]) -> None:
    """Never a partial file under a final name, never exit 0 for work not done; the same command finishes it."""
    command = [sys.executable, "-m", "tools.faults", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("every promise kept\n")
