"""Read and write a model package on disk; docs/reference/model-package.md describes its files."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from mri_batch.arrays import Arrays
from mri_batch.card import ModelCard, Wiring
from mri_batch.checksums import SUMS, Digests, digest_file, format_sums, parse_sums
from mri_batch.errors import ModelPackageError, OutputError
from mri_batch.files import new_folder
from mri_batch.model.card_text import card_markdown
from mri_batch.model.onnx_scan import GraphContent, scan_onnx

CARD, MODEL, EXPLAIN, GRADCAM = "model.json", "model.onnx", "explain.onnx", "gradcam.onnx"
WEIGHTS, GOLDEN, GATE = "weights.bin", "golden.npz", "gate.npz"
PROSE = "MODEL_CARD.md"

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})  # built into ONNX Runtime
# Operators that repeat a graph, as often as a picture may decide; EPContext names files.
_ENDLESS = frozenset({"Loop", "Scan", "SequenceMap", "BeamSearch", "GreedySearch", "Sampling", "WhisperBeamSearch"}) | {
    "EPContext"
}
_MAX_NODES = 1_000_000  # nested functions can double it at each level; a ViT-L with gradients has some 20,000
_MAX_CARD_BYTES = 4 << 20


Files = Mapping[str, Path]  # by the name that each has in a package


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that was read and checked. ``sha256``: the digest over its files' digests, its identity."""

    folder: Path
    card: ModelCard
    sha256: str
    model_file: Path
    explain_file: Path | None = None
    gradcam_file: Path | None = None
    golden_file: Path | None = None
    gate_file: Path | None = None

    def load_gate(self) -> Arrays:
        """Load the out-of-distribution gate's arrays; empty where there is none."""
        return load_arrays(self.gate_file) if self.gate_file else {}

    def load_golden(self) -> Arrays:
        """Load the stored pictures and PyTorch's outputs for them; empty where there are none."""
        return load_arrays(self.golden_file) if self.golden_file else {}


def read_package(folder: Path, *, check_digests: bool = True) -> Package:
    """Read and check a package. Raises ModelPackageError; its code says what is wrong.

    ``check_digests=False`` trusts ``SHA256SUMS``, for workers whose parent has checked it. Without that file (an ONNX
    classifier of another origin) the digests are computed.
    """
    if not folder.is_dir():
        raise ModelPackageError(
            "no such model package",
            code="MODEL_MISSING",
            file=str(folder),
            hint="give the folder of a model package",
        )
    card = _read_card(_inside(folder, CARD))
    names = {CARD, MODEL} | {n for n in (EXPLAIN, GRADCAM, GOLDEN, GATE, PROSE) if os.path.lexists(folder / n)}
    graphs = {name: _scan(_inside(folder, name)) for name in (MODEL, EXPLAIN, GRADCAM) if name in names}
    for name, content in graphs.items():
        names |= _allowed_locations(folder / name, content)
    for name in names:
        _inside(folder, name)
    _check_wiring(card.wiring, graphs, folder)
    if (folder / SUMS).exists():
        sums = _read_sums(_inside(folder, SUMS), names)
        if check_digests:
            _check_sums(folder, sums)
    else:
        sums = {name: digest_file(folder / name) for name in names}
    _check_gate(card, names, folder)
    return Package(
        folder=folder,
        card=card,
        sha256=hashlib.sha256(format_sums(sums).encode()).hexdigest(),
        model_file=folder / MODEL,
        explain_file=folder / EXPLAIN if EXPLAIN in names else None,
        gradcam_file=folder / GRADCAM if GRADCAM in names else None,
        golden_file=folder / GOLDEN if GOLDEN in names else None,
        gate_file=folder / GATE if GATE in names else None,
    )


def write_package(out: Path, card: ModelCard, files: Files, *, replace: bool = False) -> Package:
    """Write a package from its card and ``files`` (name in the package -> where it is now), and read it back.

    It is written beside ``out`` and renamed into place. An existing folder is refused with OutputError; with
    ``replace``, a package is replaced and anything else is still refused.
    """
    if out.exists() and not (replace and (out / CARD).is_file() and (out / SUMS).is_file()):
        raise OutputError(
            "exists" if not replace else "exists and is not a model package",
            code="OUTPUT_EXISTS",
            file=str(out),
            hint="choose a new folder" if replace else "choose a new folder, or give --force to replace a package",
        )
    with suppress(OSError):  # new_folder says why
        out.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(out) as staging:
        for name, source in files.items():
            shutil.copyfile(source, staging / name)
        _write_text(staging / CARD, card.model_dump_json(indent=1) + "\n")
        _write_text(staging / PROSE, card_markdown(card))
        sums = {path.name: digest_file(path) for path in staging.iterdir()}
        _write_text(staging / SUMS, format_sums(sums))
        read_package(staging)
    return read_package(out)


def load_arrays(path: Path) -> Arrays:
    """Load an ``.npz`` of plain arrays; pickled objects are refused."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        raise ModelPackageError(f"cannot be read: {error}", code="MODEL_ARRAYS_BAD", file=str(path)) from error


def _read_card(path: Path) -> ModelCard:
    if path.stat().st_size > _MAX_CARD_BYTES:
        raise ModelPackageError(f"more than {_MAX_CARD_BYTES} bytes", code="MODEL_CARD_BAD", file=str(path))
    try:
        return ModelCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ModelPackageError(
            list_errors(error),
            code="MODEL_CARD_BAD",
            file=str(path),
            hint="docs/reference/model-package.md lists every key",
        ) from None


def list_errors(error: ValidationError) -> str:
    """List everything that is wrong with a card, in one line."""
    problems = [_in_words(".".join(map(str, e["loc"])), e["msg"]) for e in error.errors(include_url=False)]
    count = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
    return f"{count}: {'; '.join(problems)}"


def _in_words(where: str, message: str) -> str:
    plain = message.removeprefix("Value error, ").replace("Extra inputs are not permitted", "no such key")
    return f"{where}: {plain}" if where else plain


def _inside(folder: Path, name: str) -> Path:
    """Return the file of that name if it is a regular file inside the folder, links followed."""
    path = folder / name
    if not os.path.lexists(path):
        raise ModelPackageError(
            f"{name} is missing",
            code="MODEL_MISSING",
            file=str(folder),
            hint="copy the package again, or export it again",
        )
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ModelPackageError(f"{name} is a link that leaves the package", code="MODEL_UNSAFE", file=str(folder))
    if not path.is_file():
        raise ModelPackageError(f"{name} is not a regular file", code="MODEL_UNSAFE", file=str(folder))
    return path


def _scan(path: Path) -> GraphContent:
    try:
        content = scan_onnx(path.read_bytes())
    except ModelPackageError as error:
        raise ModelPackageError(error.reason, code=error.code, file=str(path)) from error
    foreign = {domain for domain, _ in content.operators} - _DOMAINS
    if foreign:
        raise _unsafe(path, f"it needs custom operators ({', '.join(sorted(foreign))})")
    endless = {name for domain, name in content.operators if domain in _DOMAINS} & _ENDLESS
    if endless:
        raise _unsafe(path, f"it needs operators that may run forever or read files ({', '.join(sorted(endless))})")
    try:
        n_nodes = content.count_nodes()
    except ValueError as error:
        raise _unsafe(path, f"it has {error}") from None
    if n_nodes > _MAX_NODES:
        raise _unsafe(path, f"it unfolds to {n_nodes:.0e} nodes")
    return content


def _unsafe(path: Path, reason: str) -> ModelPackageError:
    hint = "export it with standard ONNX operators, and without loops"
    return ModelPackageError(reason, code="MODEL_UNSAFE", file=str(path), hint=hint)


def _allowed_locations(path: Path, content: GraphContent) -> set[str]:
    for name in content.locations:
        if not _is_plain_name(name):
            raise ModelPackageError(
                f"its weights lie outside the package: {name!r}",
                code="MODEL_UNSAFE",
                file=str(path),
                hint="keep external data in the package's own folder",
            )
    return content.locations


def _is_plain_name(name: str) -> bool:
    return name not in ("", ".", "..") and not re.search(r"[/\\:\x00*]", name)


def _check_wiring(wiring: Wiring, graphs: Mapping[str, GraphContent], folder: Path) -> None:
    model = graphs[MODEL]
    missing = [f"{MODEL} gives no {name!r}" for name in wiring.plain_outputs if name not in model.outputs]
    for graph, roles in ((EXPLAIN, wiring.gradient), (GRADCAM, wiring.gradcam)):
        content = graphs.get(graph, GraphContent())
        there = {*content.outputs, *content.inputs}  # the role "guided" is an input
        missing += [f"{graph} has no {n!r} ({role})" for role, n in roles.items() if n not in there]
    if wiring.input not in model.inputs:
        missing.append(f"{MODEL} takes no {wiring.input!r}")
    if missing:
        raise ModelPackageError(
            f"the wiring does not fit the graph: {'; '.join(missing)}",
            code="MODEL_CARD_BAD",
            file=str(folder / CARD),
        )


def _check_gate(card: ModelCard, names: set[str], folder: Path) -> None:
    if card.decision.out_of_distribution is not None and GATE not in names:
        raise ModelPackageError(
            f"the card has an out-of-distribution gate, but {GATE} is missing",
            code="MODEL_MISSING",
            file=str(folder),
        )


def _read_sums(path: Path, needed: set[str]) -> dict[str, str]:
    try:
        sums = parse_sums(path.read_text("utf-8", errors="replace"))
    except ValueError as error:
        raise ModelPackageError(str(error), code="MODEL_DIGEST", file=str(path)) from None
    odd = [name for name in sums if not _is_plain_name(name)]
    if odd:
        raise ModelPackageError(f"not a plain name: {odd[0][:80]!r}", code="MODEL_DIGEST", file=str(path))
    unlisted = sorted(needed - sums.keys())
    if unlisted:
        raise ModelPackageError(f"does not list {', '.join(unlisted)}", code="MODEL_DIGEST", file=str(path))
    return sums


def _check_sums(folder: Path, sums: Digests) -> None:
    changed = [name for name, digest in sums.items() if digest_file(_inside(folder, name)) != digest]
    if changed:
        raise ModelPackageError(
            f"changed since the package was written: {', '.join(sorted(changed))}",
            code="MODEL_DIGEST",
            file=str(folder),
            hint="copy the package again; after a deliberate change, export it again",
        )


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")  # the same digest on every system
