"""What an installation brings: licences, and no host of anybody's in the code."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.paths import ROOT

ROW = re.compile(r"\| ([a-z0-9-]+) \| (.+) \|")


def read_table(page: str) -> dict[str, str]:
    """Read the table of docs/reference/licences.md."""
    return {match[1]: match[2] for match in map(ROW.fullmatch, page.splitlines()) if match and match[1] != "package"}


@pytest.mark.skipif(not find_spec("packaging"), reason="the extra [airgap] is not installed")
def test_licences_are_those_of_what_is_installed_and_none_is_gpl() -> None:
    """The page lists what the command finds; nothing that is required by default is under GPL, LGPL or AGPL."""
    code = "import make_licences; print(make_licences.write_licences())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "docs", capture_output=True, text=True, check=True)
    told, found = read_table((ROOT / "docs" / "reference" / "licences.md").read_text("utf-8")), read_table(done.stdout)
    assert told.keys() == found.keys(), "run: python docs/make_licences.py"
    for name, licence in (*told.items(), *found.items()):
        assert not re.search(r"GPL|GNU|not told", licence), (name, licence)
    assert len(told) > 15


def test_code_names_no_host() -> None:
    """No address stands in the runtime but schemas' names and documents, so that nothing could be asked of one."""
    known = ("http://www.w3.org/", "https://doi.org/")
    said = {
        address
        for path in (ROOT / "src").rglob("*")
        if path.suffix in (".py", ".html", ".js", ".css", ".sh", ".cmd", ".toml", ".txt")
        for address in re.findall(r"(?:https?|ftp|wss?)://[^\s\"'`)<>]+", path.read_text("utf-8"))
    }
    assert {address for address in said if not address.startswith(known)} == set()
