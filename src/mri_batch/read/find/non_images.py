"""Files that hold no picture to classify, set apart before studies are built."""

from __future__ import annotations

from pathlib import PurePosixPath

from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID, MediaStorageDirectoryStorage

from mri_batch.errors import Damaged, NotUsable
from mri_batch.notes import Note
from mri_batch.read.file_errors import COPY_AGAIN, NOTHING_TO_DO, foreign_errors
from mri_batch.read.find.formats import HEAD_BYTES, IMAGE_SUFFIXES, name_format
from mri_batch.read.header.load import Header
from mri_batch.records import FoundFile, Role

_PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff"})


def check_other(file: FoundFile) -> None:
    """Raise for a file that is neither DICOM nor a picture: Damaged where its name says that it should be one."""
    unreadable = Note("FILE_UNREADABLE", {"why": Note("INPUT_ERROR")})
    with foreign_errors("UNREADABLE", unreadable), file.path.open("rb") as stream:
        known = name_format(stream.read(HEAD_BYTES), file.relative)
    if known:
        raise known
    if PurePosixPath(file.relative).suffix.lower() in IMAGE_SUFFIXES:
        raise Damaged(Note("NAME_MISLEADS"), code="CONTENT_UNKNOWN", hint=COPY_AGAIN)
    raise NotUsable(Note("NOT_A_PICTURE"), code="NOT_A_PICTURE", hint=NOTHING_TO_DO)


def is_picture_name(file: FoundFile) -> bool:
    """Whether the name ends as an ordinary picture's does."""
    return PurePosixPath(file.relative).suffix.lower() in _PICTURE_SUFFIXES


def check_header(header: Header) -> None:
    """Raise for an object without a picture: NotUsable where it has none by its class, else Damaged."""
    if header.class_uid == MediaStorageDirectoryStorage:
        raise NotUsable(Note("DICOMDIR"), code="DICOMDIR", hint=Note("HINT_FILES_BESIDE"))
    if header.info.role is not Role.NO_IMAGE:
        return
    name = _class_name(header.class_uid)
    if not header.has_pixels and (header.rows or "Image Storage" in name):
        raise Damaged(Note("PIXELS_MISSING"), code="NO_PIXELS", hint=COPY_AGAIN)
    reason = Note("CLASS_WITHOUT_PICTURE", {"sop_class": name or Note("CLASS_UNKNOWN")})
    raise NotUsable(reason, code="NOT_AN_IMAGE", hint=NOTHING_TO_DO)


def _class_name(class_uid: str) -> str:
    """Name a SOP class from the standard's list, never in the file's own words; empty where it is not listed."""
    return UID(class_uid).name if class_uid in UID_dictionary else ""
