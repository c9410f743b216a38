from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from mri_batch.errors import Damaged, NotUsable
from mri_batch.notes import Note
from mri_batch.read.find import walk
from mri_batch.read.find.formats import HEAD_BYTES, name_format
from mri_batch.records import FileRecord
from mri_batch.settings import ReadLimits
from tests import make


def tar() -> bytes:
    """Return a tar archive of one file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return stream.getvalue()


def picture(kind: str) -> bytes:
    """Return a small picture of a format."""
    stream = io.BytesIO()
    Image.new("L", (4, 4)).save(stream, kind)
    return stream.getvalue()


NIFTI_2 = b"\x1c\x02\0\0n+2\0" + bytes(532)
FORMATS = [
    (tar(), "a.tar", "ARCHIVE", "tar"),
    (gzip.compress(b"x"), "a.dcm.gz", "ARCHIVE", "gzip"),
    (gzip.compress(b"x"), "a.NII.gz", "VOLUME_FORMAT", "NIfTI"),
    (NIFTI_2, "a.nii", "VOLUME_FORMAT", "NIfTI"),
    (b"\x5c\x01\0\0" + bytes(400), "a.hdr", "VOLUME_FORMAT", "Analyze"),
    (b"\x89HDF\r\n\x1a\n", "a.mnc", "VOLUME_FORMAT", "MINC"),
    (b"\x89HDF\r\n\x1a\n", "kspace.h5", "VOLUME_FORMAT", "HDF5"),
    (b"NRRD0004\n", "a.nrrd", "VOLUME_FORMAT", "NRRD"),
    (picture("WEBP"), "a.jpg", "PICTURE_FORMAT", "WebP"),
    (picture("GIF"), "a.gif", "PICTURE_FORMAT", "GIF"),
    (picture("BMP"), "a.bmp", "PICTURE_FORMAT", "BMP"),
    (b"\0\0\0\x18ftypheic", "a.heic", "PICTURE_FORMAT", "HEIC"),
    (b"\xff\x0a\xfa", "a.jxl", "PICTURE_FORMAT", "JPEG XL"),
    (b"RIFF\0\0\0\0AVI LIST", "a.avi", "VIDEO", "AVI"),
]


@pytest.mark.parametrize(("content", "name", "code", "what"), FORMATS, ids=[what for *_, what in FORMATS])
def test_format_is_named_by_its_content(content: bytes, name: str, code: str, what: str) -> None:
    """Each format has a code, its name in the reason, and a hint what to do."""
    problem = name_format(content[:HEAD_BYTES], name)
    assert isinstance(problem, NotUsable)
    assert (problem.code, problem.reason) == (code, Note("FORMAT_NOT_READ", {"format": what}))
    assert problem.hint


def test_office_files_and_texts_are_no_archives() -> None:
    """A document is a ZIP file inside, and nothing to unpack."""
    assert name_format(b"PK\3\4", "letter.docx") is None
    assert name_format(b"hello", "a.txt") is None


def test_placeholder_of_an_image_is_a_failure_and_another_is_not() -> None:
    """A slice that was not downloaded is missing from its study; a text is not."""
    assert isinstance(name_format(b"bplist00", "x/.im1.dcm.icloud"), Damaged)
    assert isinstance(name_format(b"bplist00", "x/.notes.txt.icloud"), NotUsable)


def test_file_of_which_only_a_cloud_has_the_content_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system marks a file as not downloaded, it is named and left alone."""

    def is_elsewhere(about: os.stat_result) -> bool:
        return True

    monkeypatch.setattr(walk, "_is_elsewhere", is_elsewhere)
    make.save_picture(tmp_path / "a.png")
    (record,) = walk.iter_files([tmp_path], limits=ReadLimits())
    assert isinstance(record, FileRecord)
    assert record.code == "NOT_DOWNLOADED"
