"""Objects that are no picture to classify, told apart before any study is made of them."""

from __future__ import annotations

from pathlib import PurePosixPath

from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID, MediaStorageDirectoryStorage

from mri_batch.errors import Damaged, NotUsable
from mri_batch.read.header.image_role import Role
from mri_batch.read.header.load import Header
from mri_batch.records import FoundFile

_PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff"})
_DICOM_SUFFIXES = frozenset({".dcm", ".dicom", ".ima"})
_COPY_AGAIN = "copy it again from its source"


def check_other(file: FoundFile) -> None:
    """Raise for a file that is neither DICOM nor a picture: Damaged where its name says that it should be one."""
    suffix = PurePosixPath(file.relative).suffix.lower()
    if suffix in _PICTURE_SUFFIXES | _DICOM_SUFFIXES:
        raise Damaged(
            "the name says that this is a picture, the content does not", code="CONTENT_UNKNOWN", hint=_COPY_AGAIN
        )
    raise NotUsable("neither DICOM nor PNG, JPEG or TIFF", code="NOT_A_PICTURE", hint="nothing to do")


def is_picture_name(file: FoundFile) -> bool:
    """Whether the name ends as an ordinary picture's does."""
    return PurePosixPath(file.relative).suffix.lower() in _PICTURE_SUFFIXES


def check_header(header: Header) -> None:
    """Raise for an object without a picture: NotUsable where it has none by its class, else Damaged."""
    name = _class_name(header.class_uid)
    if header.class_uid == MediaStorageDirectoryStorage:
        raise NotUsable(
            "a DICOMDIR only lists files", code="DICOMDIR", hint="the files beside it are read by their content"
        )
    if header.role != Role.NO_IMAGE:
        return
    if not header.has_pixels and (header.rows or "Image Storage" in name):
        raise Damaged("the file ends before its pixels", code="NO_PIXELS", hint=_COPY_AGAIN)
    raise NotUsable(f"{name} holds no picture to classify", code="NOT_AN_IMAGE", hint="nothing to do")


def _class_name(class_uid: str) -> str:
    """Name a SOP class from the standard's list; never the file's own text."""
    return UID(class_uid).name if class_uid in UID_dictionary else "a DICOM object of unknown class"
