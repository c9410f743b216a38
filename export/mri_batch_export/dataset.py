"""Labelled pictures on disk: a folder with one sub-folder per class, or a folder with ``labels.csv``."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mri_batch.errors import UsageError

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One labelled picture. ``group``: the patient (or near-duplicate group), empty where unknown."""

    path: Path
    label: str
    group: str = ""
    split: str = ""
    source: str = ""
    mask: Path | None = None


def load_dataset(folders: Sequence[Path]) -> tuple[Item, ...]:
    """Load the items of one or more data sets, in a fixed order.

    ``labels.csv`` has ``file`` (relative to the folder) or ``id`` (a stem in the folder or in ``images/``), and where
    known ``label`` (default: the folder's name), ``patient_group``, ``split``, ``source``. A picture of the same stem
    in ``masks/`` is its mask. Raises UsageError, with all that is wrong, before anything is read.
    """
    items: list[Item] = []
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a folder", hint="give a data set folder")
        table = folder / "labels.csv"
        items += _from_table(folder, table) if table.is_file() else _from_folders(folder)
    counts = Counter(item.label for item in items)
    if len(counts) < 2:
        found = ", ".join(f"{label} ({n})" for label, n in counts.items()) or "no picture"
        raise UsageError(f"a data set needs at least two classes; found {found}", code="DATASET_ONE_CLASS")
    return tuple(items)


def _from_table(folder: Path, table: Path) -> list[Item]:
    items, missing = [], []
    with table.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            name = row.get("file") or row.get("id") or ""
            path = _find(folder, name)
            if path is None:
                missing.append(name)
                continue
            mask = folder / "masks" / f"{path.stem}.png"
            items.append(
                Item(
                    path=path,
                    label=row.get("label") or folder.name,
                    group=row.get("patient_group") or "",
                    split=row.get("split") or "",
                    source=row.get("source") or folder.name,
                    mask=mask if mask.is_file() else None,
                )
            )
    if missing:
        some = ", ".join(missing[:5])
        raise UsageError(f"{len(missing)} pictures of {table} are missing: {some}", code="DATASET_UNKNOWN_FILE")
    return items


def _find(folder: Path, name: str) -> Path | None:
    candidates = [folder / name, folder / "images" / name]
    candidates += [base / f"{name}{suffix}" for base in (folder / "images", folder) for suffix in PICTURES]
    return next((path for path in candidates if name and path.is_file()), None)


def _from_folders(folder: Path) -> list[Item]:
    items, empty = [], []
    for sub in sorted(p for p in folder.iterdir() if p.is_dir()):
        files = sorted(p for p in sub.rglob("*") if p.suffix.lower() in PICTURES and p.is_file())
        if not files:
            empty.append(sub.name)
        items += [Item(path=path, label=sub.name, source=folder.name) for path in files]
    if empty:
        raise UsageError(f"classes without a picture in {folder}: {', '.join(empty)}", code="DATASET_EMPTY_CLASS")
    return items
