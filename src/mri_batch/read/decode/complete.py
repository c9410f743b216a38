"""Attributes that are optional, or may be derived, settled once for each file: an empty one is an absent one."""

from __future__ import annotations

from typing import Any

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from mri_batch.errors import Damaged
from mri_batch.notes import Note
from mri_batch.read.file_errors import COPY_AGAIN

_REQUIRED = ("Rows", "Columns", "BitsAllocated")
_NUMBERS = (
    *("NumberOfFrames", "SamplesPerPixel", "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration"),
    *("PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleSlope", "RescaleIntercept", "WindowCenter"),
    *("WindowWidth", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"),
)
_TABLES = ("ModalityLUTSequence", "VOILUTSequence")


def complete(dataset: Dataset) -> None:
    """Drop optional attributes that are empty or malformed, and put in what follows from others.

    Raises Damaged, naming the attribute, where one is missing without which the pixels mean nothing.
    """
    for keyword in _NUMBERS:
        if keyword in dataset and not _is_number(dataset, keyword):
            del dataset[keyword]
    for keyword in _TABLES:
        if keyword in dataset and not _is_table(dataset, keyword):
            del dataset[keyword]
    for keyword in _REQUIRED:
        if not _is_number(dataset, keyword):
            raise Damaged(Note("ATTRIBUTE_MISSING", {"name": _name(keyword)}), code="HEADER_DAMAGED", hint=COPY_AGAIN)
    samples = dataset.setdefault("SamplesPerPixel", 1).value
    bits_stored = dataset.setdefault("BitsStored", dataset.BitsAllocated).value
    dataset.setdefault("HighBit", bits_stored - 1)
    dataset.setdefault("PixelRepresentation", 0)
    if samples > 1:
        dataset.setdefault("PlanarConfiguration", 0)
    if not dataset.get("PhotometricInterpretation"):
        dataset.PhotometricInterpretation = "MONOCHROME2" if samples == 1 else "RGB"


def _is_number(dataset: Dataset, keyword: str) -> bool:
    """Whether there is a value, and every part of it is a number."""
    try:
        value: Any = dataset.get(keyword)
        parts = list(value) if isinstance(value, list | tuple) or hasattr(value, "append") else [value]
        return bool(parts) and all(part is not None and float(part) == float(part) for part in parts)
    except (TypeError, ValueError):
        return False


def _is_table(dataset: Dataset, keyword: str) -> bool:
    """Whether the first item of a LUT sequence has a descriptor of three values, and data."""
    try:
        first = dataset[keyword].value[0]
        return len(first.LUTDescriptor) == 3 and len(first.LUTData) > 0
    except (AttributeError, IndexError, TypeError, ValueError):
        return False


def _name(keyword: str) -> str:
    return f"{keyword} {Tag(tag_for_keyword(keyword) or 0)}"
