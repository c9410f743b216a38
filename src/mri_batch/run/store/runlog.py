"""The run log and checksums of a scan: who ran it, when and on what, and whether any file was changed since.

``SHA256SUMS`` lists every file of the output folder. ``runlog.jsonl`` is a hash chain with one line per run: each line
holds the digest of the line before it, of all other files as the run left them, and of itself. A run updates only the
digests of files it wrote, so a later run never legitimises a change made in between.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mri_batch.checksums import SUMS, Difference, Digests, compare_folder, format_sums, parse_sums
from mri_batch.errors import OutputError
from mri_batch.files import write_file
from mri_batch.text import JsonObject

LOG = "runlog.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Result of verifying a scan. ``head``: digest of the log's last line; stored elsewhere, it seals the log."""

    differences: tuple[Difference, ...]
    broken: tuple[str, ...]
    n_files: int
    n_runs: int
    head: str

    @property
    def ok(self) -> bool:
        """Whether nothing was changed."""
        return not self.differences and not self.broken


def seal(out: Path, written: Digests, event: JsonObject) -> None:
    """Finish a run: append ``event`` to the log and list every file. ``written``: digests of the files it wrote.

    Files of earlier runs keep their digests. Raises OutputError.
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
    """Check every file and the chain, which must contain the line with digest ``head``.

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
            hint="give the --out folder of a scan; run the same command again to finish one that was stopped",
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


def _is_rewritten(name: str, written: Digests) -> bool:
    """Whether a file of an earlier run was replaced: further pages of the work list, and files of a redone study."""
    if name.startswith("studies/"):
        return "/".join([*name.split("/")[:2], "result.json"]) in written
    return name.startswith("index") and "index.html" in written


def _iter_breaks(lines: list[bytes], listed: str, head: str | None) -> Iterator[str]:
    previous = ""
    entry: JsonObject = {}
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


def _dump(entry: JsonObject) -> bytes:
    own = _digest(json.dumps(entry).encode())
    return json.dumps({**entry, "sha256": own}).encode() + b"\n"


def _parse(line: bytes) -> JsonObject:
    """Parse a line of the log; empty where any byte of it was changed."""
    try:
        entry: JsonObject = {k: v for k, v in json.loads(line).items() if k != "sha256"}
    except (ValueError, AttributeError):
        return {}
    return entry if line == _dump(entry) else {}


def _read_sums(out: Path) -> dict[str, str]:
    try:
        return parse_sums((out / SUMS).read_text("utf-8", "replace"))
    except (FileNotFoundError, ValueError):  # no run has ended yet, or the file was damaged, which verify reports
        return {}


def _read_log(out: Path, expected: str | None) -> tuple[bytes, bool]:
    """Return the log, and whether it was changed since the last run; a kill may have left one more line."""
    path = out / LOG
    log = path.read_bytes() if path.exists() else b""
    if log and not log.endswith(b"\n"):
        log += b"\n"
    without_last = log[: log[:-1].rfind(b"\n") + 1]
    return log, (expected or _digest(b"")) not in (_digest(log), _digest(without_last))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
