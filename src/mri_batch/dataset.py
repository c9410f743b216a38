"""Labelled pictures on disk: a folder with one sub-folder per class, or a folder with ``labels.csv``."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mri_batch.errors import Damaged, MriBatchError, UsageError
from mri_batch.notes import Note
from mri_batch.read.decode.slices import iter_slices
from mri_batch.read.file_errors import explain_os_error, to_problem
from mri_batch.read.find.sniff import HEAD_BYTES, choose_kind
from mri_batch.records import FileRecord, FoundFile, Series, Slice
from mri_batch.report.i18n.words import describe_error
from mri_batch.settings import ReadLimits

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm")
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One labelled picture. ``group``: the patient (or near-duplicate group), empty where unknown.

    ``name``: the path below the data set's folder, with forward slashes; ``data_set``: that folder's name.
    """

    path: Path
    label: str
    name: str = ""
    data_set: str = ""
    group: str = ""
    split: str = ""
    source: str = ""
    mask: Path | None = None

    @property
    def unit(self) -> str:
        """The unit of a bootstrap or a split: the patient, or the picture where the patient is unknown."""
        return f"{self.data_set}/{self.group or self.name or self.path}"


def load_dataset(folders: Sequence[Path], *, unlabelled: bool = False) -> tuple[Item, ...]:
    """Load the items of one or more data sets, in a fixed order.

    ``labels.csv`` has ``file`` (relative to the folder) or ``id`` (a stem in the folder or in ``images/``), and where
    known ``label`` (without this column the folder's name; rows with an empty cell are skipped unless ``unlabelled``),
    ``patient_group``, ``split``, ``source``. A picture of the same stem in ``masks/`` is its mask. Raises UsageError,
    listing all problems, before any picture is read.
    """
    items: list[Item] = []
    for folder in folders:
        if not folder.is_dir():
            raise UsageError("no such folder", code="DATASET_MISSING", file=str(folder), hint="give a data set folder")
        table = folder / "labels.csv"
        items += _from_table(folder, table, unlabelled=unlabelled) if table.is_file() else _from_folders(folder)
    return tuple(items)


def check_classes(items: Sequence[Item]) -> None:
    """Raise UsageError where there are fewer than two classes."""
    counts = Counter(item.label for item in items)
    if len(counts) < 2:
        found = ", ".join(f"{label} ({n})" for label, n in counts.items()) or "no picture"
        raise UsageError(f"a data set needs at least two classes; found {found}", code="DATASET_ONE_CLASS")


def check_splits(items: Sequence[Item]) -> None:
    """Raise UsageError for splits of unknown name, and for patients in more than one split."""
    unknown = sorted({item.split for item in items} - {"", *SPLITS})
    if unknown:
        raise UsageError(
            f"unknown splits: {', '.join(unknown)}", code="DATASET_NO_SPLIT", hint=f"known: {', '.join(SPLITS)}"
        )
    homes: dict[str, str] = {}
    leaks = {item.unit for item in items if item.group and homes.setdefault(item.unit, item.split) != item.split}
    if leaks:
        raise UsageError(
            f"{len(leaks)} patients are in more than one split: {', '.join(sorted(leaks)[:5])}",
            code="DATASET_LEAK",
            hint="put all pictures of a patient in one split; 'mri-batch audit' lists them",
        )


def choose_split(items: Sequence[Item], name: str | None) -> tuple[Item, ...]:
    """Choose the items of a split: ``all``, a name, or by default ``test`` where the data set is split at all."""
    split = name or ("test" if any(item.split for item in items) else "all")
    chosen = tuple(item for item in items if split in ("all", item.split))
    if not chosen:
        raise UsageError(
            f"no picture in the split {split!r}", code="DATASET_NO_SPLIT", hint="give --split train, val, test or all"
        )
    return chosen


def to_found(path: Path, name: str) -> FoundFile:
    """Describe a file as a walk would. ``name``: its relative path and its id."""
    try:
        about = path.stat()
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        why = Note("FILE_UNREADABLE", {"why": explain_os_error(error)})
        raise Damaged(why, code="UNREADABLE", file=str(path)) from error
    return FoundFile(
        path=path,
        relative=name,
        file_id=name,
        kind=choose_kind(head, about.st_size),
        size_bytes=about.st_size,
        modified_ns=about.st_mtime_ns,
        by_name=True,
    )


def read_picture(path: Path) -> Slice:
    """Read the first slice of a file as a scan reads it. Raises Damaged with the reason."""
    series = Series(series_id="", files=(to_found(path, path.name),))
    for found in iter_slices(series, limits=ReadLimits()):
        if isinstance(found, FileRecord):
            raise to_problem(found, str(path))
        return found
    raise Damaged(Note("NO_SLICE"), code="NO_SLICE", file=str(path))


def digest_items(items: Sequence[Item]) -> str:
    """Digest the pictures, in their order, with label, group and split: the same data set, the same digest."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(item.path.read_bytes())
        digest.update(f"{item.label} {item.group} {item.split}".encode())
    return digest.hexdigest()


def refuse_unreadable(problems: Sequence[MriBatchError | str]) -> None:
    """Raise UsageError with the first few of the pictures that cannot be read, where there are any."""
    if problems:
        some = (each if isinstance(each, str) else describe_error(each) for each in problems[:5])
        raise UsageError(
            f"{len(problems)} pictures cannot be read: {'; '.join(some)}",
            code="DATASET_UNREADABLE",
            hint="repair them, or take them out of the data set",
        )


def _from_table(folder: Path, table: Path, *, unlabelled: bool) -> list[Item]:
    items, missing = [], []
    with table.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.DictReader(stream)
        if not {"file", "id"} & set(rows.fieldnames or ()):
            raise UsageError("no column 'file' or 'id'", code="DATASET_NO_COLUMN", file=str(table))
        for row in rows:
            label = row.get("label", folder.name)
            if not label and not unlabelled:
                continue
            name = row.get("file") or row.get("id") or ""
            path = _find(folder, name)
            if path is None:
                missing.append(name)
                continue
            mask = folder / "masks" / f"{path.stem}.png"
            items.append(
                Item(
                    path=path,
                    label=label,
                    name=_name(path, folder),
                    data_set=folder.name,
                    group=row.get("patient_group") or "",
                    split=row.get("split") or "",
                    source=row.get("source") or folder.name,
                    mask=mask if mask.is_file() else None,
                )
            )
    if missing:
        some = ", ".join(missing[:5])
        raise UsageError(f"{len(missing)} pictures are missing: {some}", code="DATASET_UNKNOWN_FILE", file=str(table))
    return items


def _name(path: Path, folder: Path) -> str:
    """Name a picture by its path below the folder; a table may also give whole paths that lead elsewhere."""
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def _find(folder: Path, name: str) -> Path | None:
    candidates = [folder / name, folder / "images" / name]
    candidates += [base / f"{name}{suffix}" for base in (folder / "images", folder) for suffix in SUFFIXES]
    return next((path for path in candidates if name and path.is_file()), None)


def _from_folders(folder: Path) -> list[Item]:
    items, empty = [], []
    for sub in sorted(p for p in folder.iterdir() if p.is_dir()):
        files = sorted(p for p in sub.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        if not files:
            empty.append(sub.name)
        items += [
            Item(
                path=path,
                label=sub.name,
                name=path.relative_to(folder).as_posix(),
                data_set=folder.name,
                source=folder.name,
            )
            for path in files
        ]
    if empty:
        raise UsageError(f"classes without a picture: {', '.join(empty)}", code="DATASET_EMPTY_CLASS", file=str(folder))
    return items
