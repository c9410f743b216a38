"""Who made a finished scan, when and of what; and whether every byte of it is still as it was written.

``SHA256SUMS`` lists every file of the output folder. ``runlog.jsonl`` has one line per run, chained: each holds the
digest of the line before, of all other files as the run left them, and of itself. A run gives new digests only to
files that it wrote, so that a change made in between is never taken over by a later run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mri_batch.checksums import SUMS, Difference, compare_folder, format_sums, parse_sums
from mri_batch.errors import OutputError
from mri_batch.files import write_file

LOG = "runlog.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What checking a finished scan found. ``head``: digest of the log's last line, which kept elsewhere seals it."""

    differences: tuple[Difference, ...]
    broken: tuple[str, ...]
    n_files: int
    n_runs: int
    head: str

    @property
    def ok(self) -> bool:
        """Whether all is as it was written."""
        return not self.differences and not self.broken


def seal(out: Path, written: Mapping[str, str], event: Mapping[str, Any]) -> None:
    """Close a run: chain ``event`` to the log and list every file. ``written``: digests of what it wrote, by name.

    Files of earlier runs keep the digests that those runs gave them. Raises OutputError.
    """
    known = _read_sums(out)
    log, altered = _read_log(out, known.pop(LOG, None))
    sums = {**{name: d for name, d in known.items() if not _is_rewritten(name, written)}, **written}
    entry = {
        "run": log.count(b"\n") + 1,
        **event,
        "outputs": {"files": len(sums), "sha256": _digest(format_sums(sums).encode())},
        "altered_before": altered,
        "previous": _digest(log[log[:-1].rfind(b"\n") + 1 :]) if log else "",
    }
    log += _dump(entry)
    write_file(out / LOG, log)
    write_file(out / SUMS, format_sums({**sums, LOG: _digest(log)}))


def verify_scan(out: Path, *, head: str | None = None) -> Verified:
    """Check every file and the chain, which must hold the line that ``head`` is the digest of.

    Raises OutputError where ``out`` holds no finished scan or cannot be read."""
    try:
        log = (out / LOG).read_bytes()
        differences = tuple(compare_folder(out))
        sums = _read_sums(out)
    except OSError as error:
        raise OutputError(
            f"not a finished scan ({type(error).__name__})",
            code="OUTPUT_NOT_A_SCAN",
            file=str(out),
            hint="give --out of a scan; one that was stopped is finished by the same command again",
        ) from error
    lines = log.splitlines(keepends=True)
    listed = _digest(format_sums({name: d for name, d in sums.items() if name != LOG}).encode())
    return Verified(
        differences=differences,
        broken=tuple(_iter_breaks(lines, listed, head)),
        n_files=len(sums),
        n_runs=len(lines),
        head=_digest(lines[-1]) if lines else "",
    )


def _is_rewritten(name: str, written: Mapping[str, str]) -> bool:
    """Whether a file of an earlier run gave way: work lists of more pages, and what a study's folder held before."""
    if name.startswith("studies/"):
        return "/".join([*name.split("/")[:2], "result.json"]) in written
    return name.startswith("index") and "index.html" in written


def _iter_breaks(lines: list[bytes], listed: str, head: str | None) -> Iterator[str]:
    previous = ""
    entry: dict[str, Any] = {}
    for number, line in enumerate(lines, start=1):
        entry = _parse(line)
        if not entry:
            yield f"line {number} of {LOG} was altered"
        elif entry.get("previous") != previous or entry.get("run") != number:
            yield f"line {number} of {LOG} does not follow the line before it"
        if entry.get("altered_before"):
            yield f"{LOG} was altered before run {number}"
        previous = _digest(line)
    if head and head.lower() not in map(_digest, lines):
        yield f"{LOG} is not the one of the head given"
    if not lines or entry.get("outputs", {}).get("sha256") != listed:
        yield f"the last line of {LOG} is not of these files"


def _dump(entry: Mapping[str, Any]) -> bytes:
    own = _digest(json.dumps(entry).encode())
    return json.dumps({**entry, "sha256": own}).encode() + b"\n"


def _parse(line: bytes) -> dict[str, Any]:
    """Read a line of the log; empty where a single byte of it is not as it was written."""
    try:
        entry: dict[str, Any] = {k: v for k, v in json.loads(line).items() if k != "sha256"}
    except (ValueError, AttributeError):
        return {}
    return entry if line == _dump(entry) else {}


def _read_sums(out: Path) -> dict[str, str]:
    try:
        return parse_sums((out / SUMS).read_text("utf-8", "replace"))
    except (FileNotFoundError, ValueError):  # no run has ended yet, or somebody spoilt it, which verify tells
        return {}


def _read_log(out: Path, expected: str | None) -> tuple[bytes, bool]:
    """Return the log so far, and whether it is other than the last run left it; a kill may have kept one more line."""
    path = out / LOG
    log = path.read_bytes() if path.exists() else b""
    if log and not log.endswith(b"\n"):
        log += b"\n"
    without_last = log[: log[:-1].rfind(b"\n") + 1]
    return log, (expected or _digest(b"")) not in (_digest(log), _digest(without_last))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
