"""``SHA256SUMS``, as ``sha256sum`` writes and checks it; and what in a folder differs from it.

The standard library alone: an air-gap folder carries a copy of this file as ``verify.py``, which checks the folder
that it lies in.
"""

import sys

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # before any other import: a file added to the folder would stand in for the standard library's

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

SUMS = "SHA256SUMS"
Digests = Mapping[str, str]  # SHA-256 in hexadecimal digits, by file name relative to a folder, with slashes
_LINE = re.compile(r"([0-9a-f]{64}) [ *](\S.*)")


class Difference(NamedTuple):
    """A file that is not as it was written: ``changed``, ``missing`` or ``added``. ``name``: relative, with slashes."""

    what: str
    name: str


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_folder(folder: Path, root: Path) -> Digests:
    """Return the digests of all files below ``folder``, by their names relative to ``root``."""
    return {path.relative_to(root).as_posix(): digest_file(path) for path in _iter_files(folder) if path.is_file()}


def format_sums(sums: Digests) -> str:
    """Format digests as ``sha256sum`` writes them, by name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))


def parse_sums(text: str) -> dict[str, str]:
    """Return the digests by name. Raises ValueError, with the line, where one is no digest and name."""
    sums: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"not a line of digest and name: {line[:80]!r}")
        sums[match[2]] = match[1]
    return sums


def compare_folder(folder: Path) -> Iterator[Difference]:
    """Yield every file below ``folder`` that is not as its ``SHA256SUMS`` says; that file itself comes first."""
    text = (folder / SUMS).read_bytes().decode("utf-8", "replace")
    try:
        left = parse_sums(text)
    except ValueError:
        left = {}
    if not left or format_sums(left) != text:
        yield Difference("changed", SUMS)
    for path in _iter_files(folder):
        name = path.relative_to(folder).as_posix()
        if name == SUMS:
            continue
        expected = left.pop(name, None)
        if expected is None:
            yield Difference("added", name)
        elif path.is_symlink() or not path.is_file() or digest_file(path) != expected:
            yield Difference("changed", name)
    yield from (Difference("missing", name) for name in left)


def _iter_files(folder: Path) -> Iterator[Path]:
    """Yield whatever is no folder, and folders without anything in them; links are not followed."""
    for where, folders, files in os.walk(folder, onerror=_fail):
        folders.sort()
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        yield from (Path(where) / name for name in sorted(files + links))
        if not folders and not files:
            yield Path(where)


def _fail(error: OSError) -> None:
    raise error


def main() -> int:
    """Check the folder that this file lies in; print what differs."""
    found = list(compare_folder(Path(__file__).parent))
    for what, name in found:
        print(f"{what}  {name!a}")
    print("altered" if found else "as written")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
