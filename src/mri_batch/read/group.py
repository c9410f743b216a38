"""Group found files into studies and series; memory does not grow with their number."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Literal, Self

from mri_batch.errors import FileProblem
from mri_batch.notes import Note
from mri_batch.read.duplicate_instances import drop_duplicates
from mri_batch.read.file_errors import problem_record
from mri_batch.read.file_table import FileTable, Row
from mri_batch.read.find.non_images import check_header, check_other, is_picture_name
from mri_batch.read.header.load import Header, from_json, load_header, to_json
from mri_batch.read.header.series_info import describe_stack
from mri_batch.read.order import name_localizers, natural_key, sort_stack, split_stacks
from mri_batch.read.people import UNKNOWN, Person, attribute, tell_apart, to_person
from mri_batch.read.stacks import Member, Stack
from mri_batch.records import FileKind, FileRecord, FileStatus, FoundFile, Series, Study
from mri_batch.settings import ReadLimits

_ORPHAN, _DICOM, _FOLDER, _PICTURE = "orphan\n", "dicom\n", "folder\n", "picture\n"  # how the key of a study begins


class Grouper:
    """Takes found files one by one; gives back studies in the order in which their first file was met.

    Every file added ends up exactly once: in a series, in ``Study.unused``, or among the leftovers.
    """

    def __init__(self, workdir: Path, *, limits: ReadLimits) -> None:
        self._table = FileTable(workdir / "files.sqlite")
        self._limits = limits
        self._settled = False
        self._people: dict[Person, int] = {UNKNOWN: 0}
        self._shared: set[str] = set()  # keys of studies whose UID several people share

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._table.close()

    def add(self, file: FoundFile) -> None:
        """Take one file: read the header of a DICOM file, and keep what grouping needs on disk."""
        folder = str(PurePosixPath(file.relative).parent)
        study, person, header, problem = "", UNKNOWN, "", None
        try:
            if file.kind is FileKind.DICOM:
                known = load_header(file.path, self._limits)
                study = _dicom_key(known, folder) if known.study_uid else ""
                person = to_person(known.birth_date, known.sex)
                check_header(known)
                study, header = _dicom_key(known, folder), to_json(known)
            elif file.kind.is_picture:
                study = _picture_key(file, folder)
            else:
                check_other(file)
        except FileProblem as error:
            problem = problem_record(file, error)
            study = _study_of_unused(file, folder, study, problem)
        self._table.insert(file, study, self._people.setdefault(person, len(self._people)), header, problem)

    def add_unreadable(self, record: FileRecord) -> None:
        """Take the record of something that the walk could not open; it is listed first among the leftovers."""
        self._table.insert_unreadable(record)

    def count_studies(self) -> int:
        """Count the studies that :meth:`iter_studies` yields, without building them."""
        self._settle()
        return self._table.count_studies()

    def iter_studies(self) -> Iterator[Study]:
        """Yield each study, in order of first appearance; at any time one study is in memory.

        May be called again: duplicates are compared the first time only.
        """
        self._settle()
        for key in self._table.iter_keys():
            yield self._make_study(key)

    def iter_leftovers(self) -> Iterator[FileRecord]:
        """Yield the files that belong to no study, each with its reason; first those that could not be opened."""
        self._settle()
        return self._table.iter_leftovers()

    def _settle(self) -> None:
        """Part people; give damaged files to the one DICOM study of their folder, where there is just one."""
        if not self._settled:
            self._table.end_inserts()
            for study, numbers in self._table.iter_shared():
                self._part_people(study, frozenset(numbers))
            self._table.adopt(_ORPHAN, _DICOM)
            self._settled = True

    def _part_people(self, key: str, numbers: frozenset[int]) -> None:
        """Make a study of each person of a key, and one of the files of which nobody can say whose they are."""
        by_number = {number: person for person, number in self._people.items() if number in numbers}
        stands_for = tell_apart(by_number.values())
        if not stands_for:
            return
        rows = [(row.seq, row.person, _traces(row)) for row in self._table.iter_rows(key)]
        known = [stands_for[by_number[person]] if person else None for _, person, _ in rows]
        owners = attribute([traces for *_, traces in rows], known)
        for (seq, *_), owner in zip(rows, owners, strict=True):
            study = f"{key}\n{_digest(repr(owner)) if owner else '?'}"
            self._shared.add(study)
            self._table.move(seq or 0, study)

    def _make_study(self, key: str) -> Study:
        members: list[Member] = []
        pictures: list[FoundFile] = []
        folders: list[str] = []
        unused: list[FileRecord] = []
        duplicates: list[FileRecord] = []
        for row in self._table.iter_rows(key):
            folders.append(row.folder)
            if row.status:
                (duplicates if row.is_duplicate else unused).append(row.to_record())
            elif row.header:
                members.append(Member(row.to_file(), from_json(row.header)))
            else:
                pictures.append(row.to_file())
        kept, dropped = drop_duplicates(members, self._limits)
        for member, problem in dropped:
            duplicates.append(problem_record(member.file, problem))
            self._table.mark_duplicate(key, duplicates[-1])
        kind: Literal["dicom", "pictures"] = "dicom" if key.startswith((_DICOM, _ORPHAN)) else "pictures"
        return Study(
            study_id="st-" + _digest(key),
            source=pictures[0].relative if key.startswith(_PICTURE) and pictures else _common_folder(folders),
            kind=kind,
            series=_dicom_series(kept, key, shared=key in self._shared) if members else _picture_series(pictures, key),
            unused=(*unused, *duplicates),
        )


def _study_of_unused(file: FoundFile, folder: str, study: str, problem: FileRecord) -> str:
    """Skipped files belong to no study; damaged ones to theirs where it is known, else to their folder."""
    if problem.status is FileStatus.SKIPPED or study:
        return study if problem.status is FileStatus.FAILED else ""
    return _picture_key(file, folder) if is_picture_name(file) else _ORPHAN + folder


def _dicom_key(header: Header, folder: str) -> str:
    """One study: a StudyInstanceUID of one patient; without a UID, what lies in one folder."""
    return f"{_DICOM}{header.study_uid or folder}\n{header.patient}"


def _picture_key(file: FoundFile, folder: str) -> str:
    return f"{_PICTURE}{file.relative}" if file.by_name else f"{_FOLDER}{folder}"


def _traces(row: Row) -> tuple[str, ...]:
    """Return what tells whose a file is, where its header names nobody."""
    header = from_json(row.header) if row.header else None
    return (header.series_uid, header.frame_of_reference, row.folder) if header else ("", "", row.folder)


def _dicom_series(members: Sequence[Member], key: str, *, shared: bool) -> tuple[Series, ...]:
    by_uid: dict[str, list[Member]] = {}
    for member in members:
        by_uid.setdefault(_series_key(member), []).append(member)
    found = [
        (f"{key}\n{uid}\n{index}", stack)
        for uid, together in by_uid.items()
        for index, stack in enumerate(split_stacks(together))
    ]
    notes = (Note("PATIENTS_PARTED"),) if shared else ()
    named = name_localizers([stack for _, stack in found])
    return tuple(_make_series(series_key, stack, notes) for (series_key, _), stack in zip(found, named, strict=True))


def _make_series(key: str, stack: Stack, notes: tuple[Note, ...]) -> Series:
    ordered = sort_stack(stack.members)
    info = describe_stack(ordered)
    if stack.split_by:
        notes = (*notes, Note("STACKS_PARTED", {"by": ", ".join(stack.split_by)}))
    return Series(
        series_id="se-" + _digest(key),
        files=tuple(member.file for member in ordered),
        info=replace(info, notes=(*notes, *info.notes)),
    )


def _series_key(member: Member) -> str:
    folder, number = PurePosixPath(member.file.relative).parent, member.header.info.series_number
    return member.header.series_uid or f"{folder}\n{'' if number is None else number}"


def _picture_series(pictures: Sequence[FoundFile], key: str) -> tuple[Series, ...]:
    if not pictures:
        return ()
    ordered = sorted(pictures, key=lambda file: natural_key(file.relative))
    return (Series(series_id="se-" + _digest(f"{key}\nseries"), files=tuple(ordered)),)


def _common_folder(folders: Sequence[str]) -> str:
    """Return the folder above all; where that is only the scanned root, the one that holds most of the files."""
    common = PurePosixPath(folders[0])
    for folder in set(folders):
        while not PurePosixPath(folder).is_relative_to(common):
            common = common.parent
    return Counter(folders).most_common(1)[0][0] if str(common) == "." else str(common)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()[:16]
