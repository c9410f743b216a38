"""The checker that travels with a folder runs nothing of what was added to it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mri_batch import checksums

PLANTED = ("hashlib", "os", "re", "collections", "pathlib", "typing", "__future__", "_hashlib")


@pytest.mark.parametrize("flags", [(), ("-P",), ("-I",)])
def test_checker_imports_nothing_from_its_own_folder(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """Run as documented, a folder with planted modules is called altered, and none of them ran."""
    shutil.copyfile(str(checksums.__file__), tmp_path / "verify.py")
    (tmp_path / checksums.SUMS).write_text(checksums.format_sums(checksums.digest_folder(tmp_path, tmp_path)))
    for name in PLANTED:
        (tmp_path / f"{name}.py").write_text("print('as written')\nraise SystemExit(0)\n")
    command = (sys.executable, *flags, "verify.py")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "added  'hashlib.py'" in done.stdout
