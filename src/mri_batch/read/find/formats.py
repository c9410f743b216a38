"""Recognise formats that are not read, so that each is named with what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from mri_batch.errors import Damaged, FileProblem, NotUsable
from mri_batch.notes import Note

HEAD_BYTES = 600  # the magic word of NIfTI stands at 344, that of tar at 257
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".dicom", ".ima"})
_OFFICE_SUFFIXES = frozenset({".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".jar", ".epub", ".whl", ".npz"})
_PICTURE_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC", b"avif": "AVIF"}
_HINTS = {
    "ARCHIVE": Note("HINT_UNPACK"),
    "PICTURE_FORMAT": Note("HINT_SAVE_AS_PNG"),
    "VIDEO": Note("HINT_EXPORT_PICTURES"),
    "VOLUME_FORMAT": Note("HINT_ORIGINAL_DICOM"),
}
_PREFIXES: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "ARCHIVE", "ZIP"),
    (b"PK\x05\x06", "ARCHIVE", "ZIP"),
    (b"PK\x07\x08", "ARCHIVE", "ZIP"),
    (b"\x1f\x8b", "ARCHIVE", "gzip"),
    (b"BZh", "ARCHIVE", "bzip2"),
    (b"\xfd7zXZ\0", "ARCHIVE", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "ARCHIVE", "7-Zip"),
    (b"Rar!\x1a\x07", "ARCHIVE", "RAR"),
    (b"\x28\xb5\x2f\xfd", "ARCHIVE", "Zstandard"),
    (b"NRRD000", "VOLUME_FORMAT", "NRRD"),
    (b"\x89HDF\r\n\x1a\n", "VOLUME_FORMAT", "HDF5"),
    (b"CDF\x01", "VOLUME_FORMAT", "NetCDF"),
    (b"CDF\x02", "VOLUME_FORMAT", "NetCDF"),
    (b"# === DATA DESCRIPTION FILE", "VOLUME_FORMAT", "PAR/REC"),
    (b"ObjectType = Image", "VOLUME_FORMAT", "MetaImage"),
    (b"GIF87a", "PICTURE_FORMAT", "GIF"),
    (b"GIF89a", "PICTURE_FORMAT", "GIF"),
    (b"\xff\x0a", "PICTURE_FORMAT", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "PICTURE_FORMAT", "JPEG XL"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "PICTURE_FORMAT", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "PICTURE_FORMAT", "JPEG 2000"),
    (b"\x1a\x45\xdf\xa3", "VIDEO", "Matroska"),
    (b"\0\0\x01\xba", "VIDEO", "MPEG"),
    (b"\0\0\x01\xb3", "VIDEO", "MPEG"),
)
_Found = tuple[str, str] | None  # the code and the name of a format


def name_format(head: bytes, relative: str) -> FileProblem | None:
    """Return what speaks against a file that is neither DICOM nor a picture that is read; None where it is unknown."""
    if is_side_file(relative) or head.startswith(b"\0\x05\x16\x07"):
        return NotUsable(Note("SIDE_FILE"), code="SIDE_FILE", hint=Note("HINT_NOTHING_TO_DO"))
    name = PurePosixPath(relative).name.lower()
    if _is_placeholder(head, name):
        wanted = PurePosixPath(name.removesuffix(".icloud")).suffix in IMAGE_SUFFIXES
        kind = Damaged if wanted else NotUsable
        return kind(Note("NOT_DOWNLOADED"), code="NOT_DOWNLOADED", hint=Note("HINT_DOWNLOAD"))
    found = next(filter(None, (recognise(head, name) for recognise in _RECOGNISERS)), None)
    if found is None:
        return None
    code, what = found
    return NotUsable(Note("FORMAT_NOT_READ", {"format": what}), code=code, hint=_HINTS[code])


def is_side_file(relative: str) -> bool:
    """Whether a name is that of the side file which macOS writes beside another one."""
    path = PurePosixPath(relative)
    return path.name.startswith("._") and "__MACOSX" in path.parts


def _is_placeholder(head: bytes, name: str) -> bool:
    """Whether a file only stands for one that its cloud or its annex still has."""
    icloud = name.startswith(".") and name.endswith(".icloud") and head.startswith(b"bplist00")
    lfs = head.startswith(b"version ") and b"git-lfs" in head[:64]
    return icloud or lfs or head.startswith(b"/annex/objects/")


def _by_name(head: bytes, name: str) -> _Found:
    """Recognise what a name says about compressed content."""
    if head.startswith(b"\x1f\x8b"):
        volumes = {".nii.gz": "NIfTI", ".mgz": "MGH", ".mnc.gz": "MINC", ".hdr.gz": "Analyze", ".img.gz": "Analyze"}
        what = next((what for suffix, what in volumes.items() if name.endswith(suffix)), "")
        return ("VOLUME_FORMAT", what) if what else None
    if name.endswith(".mnc") and head.startswith((b"\x89HDF", b"CDF")):
        return "VOLUME_FORMAT", "MINC"
    return None


def _by_prefix(head: bytes, name: str) -> _Found:
    if head.startswith(b"PK") and PurePosixPath(name).suffix in _OFFICE_SUFFIXES:
        return None
    return next(((code, what) for prefix, code, what in _PREFIXES if head.startswith(prefix)), None)


def _by_structure(head: bytes, name: str) -> _Found:
    """Recognise formats whose magic words stand further inside."""
    if head[257:262] == b"ustar":
        return "ARCHIVE", "tar"
    if head[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c"):
        return "VOLUME_FORMAT", "NIfTI" if head[344:347] in (b"n+1", b"ni1") else "Analyze"
    if head[4:7] in (b"n+2", b"ni2"):
        return "VOLUME_FORMAT", "NIfTI"
    if head[:4] == b"RIFF":
        return {b"WEBP": ("PICTURE_FORMAT", "WebP"), b"AVI ": ("VIDEO", "AVI")}.get(head[8:12])
    if head[4:8] == b"ftyp":
        brand = _PICTURE_BRANDS.get(head[8:12])
        return ("PICTURE_FORMAT", brand) if brand else ("VIDEO", "MP4")
    if head[:2] == b"BM" and head[14:18] in (b"\x0c\0\0\0", b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0"):
        return "PICTURE_FORMAT", "BMP"
    return None


_RECOGNISERS: tuple[Callable[[bytes, str], _Found], ...] = (_by_name, _by_prefix, _by_structure)
