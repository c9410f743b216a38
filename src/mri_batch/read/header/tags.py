"""The DICOM elements that grouping looks at, and their values taken straight from the bytes.

Code strings, numbers and UIDs are ASCII in every character set, so no text decoding is needed, nor wanted.
"""

from __future__ import annotations

import math
import struct
from typing import NamedTuple

from pydicom.tag import Tag

from mri_batch.read.header.element_scanner import Scan

_KEYWORDS = (
    "ImageType SOPClassUID SOPInstanceUID Modality ConversionType StudyInstanceUID "
    "SeriesInstanceUID PatientName PatientID IssuerOfPatientID BodyPartExamined ScanningSequence SequenceName "
    "MRAcquisitionType SliceThickness RepetitionTime EchoTime InversionTime EchoNumbers MagneticFieldStrength "
    "SpacingBetweenSlices FlipAngle SeriesNumber AcquisitionNumber InstanceNumber ImagePositionPatient "
    "ImageOrientationPatient TemporalPositionIdentifier NumberOfTemporalPositions SamplesPerPixel "
    "PhotometricInterpretation NumberOfFrames Rows Columns PixelSpacing BitsStored LossyImageCompression "
    "BurnedInAnnotation DiffusionBValue DiffusionDirectionality AcquisitionContrast ComplexImageComponent "
    "EchoPlanarPulseSequence SeriesDescription ProtocolName ContrastBolusAgent "
    "ContrastBolusVolume ContrastBolusTotalDose ContrastBolusIngredient ContrastBolusStartTime"
)
TAGS = {keyword: int(Tag(keyword)) for keyword in _KEYWORDS.split()}


class PrivateTag(NamedTuple):
    """An element of a maker: its number within whichever block of the group carries the maker's name."""

    group: int
    creator: bytes
    element: int


SIEMENS_B_VALUE = PrivateTag(0x0019, b"SIEMENS MR HEADER", 0x0C)
PHILIPS_B_VALUE = PrivateTag(0x2001, b"PHILIPS IMAGING DD 001", 0x03)
PHILIPS_TECHNIQUE = PrivateTag(0x2001, b"PHILIPS IMAGING DD 001", 0x20)
GE_B_VALUE = PrivateTag(0x0043, b"GEMS_PARM_01", 0x39)
_BLOCKS = range(0x10, 0x18)  # makers use the first; anonymisers and archives may move a block up
_PRIVATE = frozenset(
    tag
    for private in (SIEMENS_B_VALUE, PHILIPS_B_VALUE, PHILIPS_TECHNIQUE, GE_B_VALUE)
    for block in _BLOCKS
    for tag in (private.group << 16 | block, private.group << 16 | block << 8 | private.element)
)
WANTED = frozenset({*TAGS.values(), *_PRIVATE})


class Raw:
    """Values of one header by keyword. What is absent or malformed is empty."""

    __slots__ = ("_scan",)

    def __init__(self, scan: Scan) -> None:
        self._scan = scan

    def content(self, tag: int) -> bytes:
        """Return the value's bytes."""
        return self._scan.values.get(tag, b"")

    def private(self, tag: PrivateTag) -> bytes:
        """Return a private value's bytes, from the block that its maker reserved; else nothing."""
        for block in _BLOCKS:
            if self.content(tag.group << 16 | block).strip(b" \0").upper() == tag.creator:
                return self.content(tag.group << 16 | block << 8 | tag.element)
        return b""

    def text(self, keyword: str) -> str:
        """Return a value as text, without padding; what is not ASCII is replaced."""
        return self.content(TAGS[keyword]).decode("ascii", "replace").strip(" \0")

    def words(self, keyword: str) -> tuple[str, ...]:
        """Return the values of a multi-valued code string, in capitals."""
        text = self.text(keyword).upper()
        return tuple(word.strip() for word in text.split("\\")) if text else ()

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Return a decimal string's values; none at all where one of them is no finite number."""
        content = self.content(TAGS[keyword])
        try:
            values = tuple(map(float, content.strip(b" \0").split(b"\\"))) if content else ()
        except ValueError:
            return ()
        return values if all(map(math.isfinite, values)) else ()

    def number(self, keyword: str) -> float | None:
        """Return the first value of a decimal or integer string."""
        values = self.numbers(keyword)
        return values[0] if values else None

    def unsigned(self, keyword: str) -> int:
        """Return a US value, 0 where absent."""
        return int.from_bytes(self.content(TAGS[keyword])[:2], "little" if self._scan.little_endian else "big")

    def double(self, keyword: str) -> float:
        """Return an FD value, 0 where absent."""
        content = self.content(TAGS[keyword])
        endian = "<" if self._scan.little_endian else ">"
        return float(struct.unpack(f"{endian}d", content)[0]) if len(content) == 8 else 0.0
