"""Mutation tests of what a scan promises.

``python -m tools.mutants [WORD]`` copies the project, applies the mutants of ``mutant_table.py`` one at a time and runs
their tests; prints a line for each. Exits with 1 if a mutant survives. ``WORD`` selects promises that contain it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.paths import ROOT

from tools.mutant_table import MUTANTS

LIMIT_S = 180  # a test that hangs has noticed, too


def fails(folder: Path, tests: str) -> bool:
    """Whether a test fails or hangs in the copy. Raises RuntimeError where none could be run."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests.split()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "src"), str(folder)])}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=LIMIT_S
        )
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout + done.stderr)
    return done.returncode == 1


def main() -> int:
    """Apply the mutants in turn; returns 1 if one survives."""
    asked = " ".join(sys.argv[1:])
    survivors = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("src", "export", "tests", "tools", "pyproject.toml", "README.md", "docs"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, folder / part)
        for mutant in MUTANTS:
            if asked not in mutant.promise:
                continue
            path = folder / "src" / "mri_batch" / mutant.file
            whole = path.read_text("utf-8")
            path.write_text(whole.replace(mutant.kept, mutant.broken), "utf-8")
            noticed = fails(folder, mutant.tests)
            path.write_text(whole, "utf-8")
            survivors += not noticed
            print(f"{'noticed' if noticed else 'NOT NOTICED'}: {mutant.promise}", flush=True)
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
