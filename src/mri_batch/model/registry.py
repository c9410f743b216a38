"""List the model packages and training runs below a folder; the folders themselves are the registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mri_batch.checksums import digest_file
from mri_batch.errors import ModelPackageError
from mri_batch.model.package import CARD, read_package

RUN, WEIGHTS = "run.json", "model.safetensors"  # of a training run; PyTorch's side writes them


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One package or run. ``sha256``: a package's identity, or the digest of a run's weights; empty: not readable.

    ``figures``: a package's test metrics, or a run's last ones on its validation pictures, by name.
    """

    folder: Path
    kind: str
    name: str
    version: str
    sha256: str
    figures: tuple[tuple[str, float], ...] = ()
    problem: str = ""


def iter_entries(folder: Path) -> Iterator[Entry]:
    """Yield the packages and runs in and below ``folder``, by path; an unreadable one carries its problem."""
    for path in sorted({*folder.rglob(CARD), *folder.rglob(RUN)}):
        if path.name == CARD:
            yield _read_package(path.parent)
        elif (path.parent / WEIGHTS).is_file():  # a scan leaves a run.json as well
            yield _read_run(path.parent)


def _read_package(folder: Path) -> Entry:
    try:
        package = read_package(folder, check_digests=False)
    except ModelPackageError as error:
        return Entry(folder=folder, kind="package", name=folder.name, version="", sha256="", problem=str(error))
    card = package.card
    return Entry(
        folder=folder,
        kind="package",
        name=card.name,
        version=card.version,
        sha256=package.sha256,
        figures=_numbers(card.metrics.get("test"), ("slice_accuracy", "patient_accuracy", "slice_ece")),
    )


def _read_run(folder: Path) -> Entry:
    try:
        run = json.loads((folder / RUN).read_text("utf-8"))
        name, last = str(run["recipe"]["name"]), run["last"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{RUN} cannot be read: {type(error).__name__}"
        return Entry(folder=folder, kind="run", name=folder.name, version="", sha256="", problem=problem)
    return Entry(
        folder=folder,
        kind="run",
        name=name,
        version="",
        sha256=digest_file(folder / WEIGHTS),
        figures=_numbers(last, ("val_accuracy", "val_nll")),
    )


def _numbers(table: object, names: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    found = table if isinstance(table, dict) else {}
    return tuple((name, float(found[name])) for name in names if isinstance(found.get(name), int | float))
