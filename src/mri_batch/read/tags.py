"""The DICOM elements that grouping looks at, and their values taken straight from the bytes.

pydicom converts a value when it is asked for, with checks that cost ten times the look-up; a header's forty values
would take longer than the file. Code strings, numbers and UIDs are ASCII, so their bytes are read here directly.
"""

from __future__ import annotations

import math
import struct

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

_KEYWORDS = (
    "SpecificCharacterSet ImageType SOPClassUID SOPInstanceUID Modality ConversionType StudyInstanceUID "
    "SeriesInstanceUID PatientName PatientID IssuerOfPatientID BodyPartExamined ScanningSequence SequenceName "
    "MRAcquisitionType SliceThickness RepetitionTime EchoTime InversionTime EchoNumbers MagneticFieldStrength "
    "SpacingBetweenSlices FlipAngle SeriesNumber AcquisitionNumber InstanceNumber ImagePositionPatient "
    "ImageOrientationPatient TemporalPositionIdentifier NumberOfTemporalPositions SamplesPerPixel "
    "PhotometricInterpretation NumberOfFrames Rows Columns PixelSpacing BitsStored LossyImageCompression "
    "BurnedInAnnotation DiffusionBValue DiffusionDirectionality AcquisitionContrast ComplexImageComponent "
    "EchoPlanarPulseSequence SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence"
)
TAGS = {keyword: Tag(keyword) for keyword in _KEYWORDS.split()}
SIEMENS_B_VALUE = Tag(0x0019, 0x100C)
PHILIPS_B_VALUE = Tag(0x2001, 0x1003)
PHILIPS_TECHNIQUE = Tag(0x2001, 0x1020)
GE_B_VALUE = Tag(0x0043, 0x1039)
WANTED: list[BaseTag | int] = [*TAGS.values(), SIEMENS_B_VALUE, PHILIPS_B_VALUE, PHILIPS_TECHNIQUE, GE_B_VALUE]
PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})


class Raw:
    """Values of one data set by keyword, without conversion by pydicom. What is absent or malformed is empty."""

    __slots__ = ("_dataset",)

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def content(self, tag: BaseTag) -> bytes:
        """Return the value's bytes."""
        element = self._dataset.get_item(tag)
        value = getattr(element, "value", None)
        if isinstance(value, bytes):
            return value
        return b"" if value is None else str(value).encode("utf-8", "replace")

    def text(self, keyword: str) -> str:
        """Return a code string, UID or number as text, without padding; what is not ASCII is replaced."""
        return self.content(TAGS[keyword]).decode("ascii", "replace").strip(" \0")

    def words(self, keyword: str) -> tuple[str, ...]:
        """Return the values of a multi-valued code string, in capitals."""
        text = self.text(keyword).upper()
        return tuple(word.strip() for word in text.split("\\")) if text else ()

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Return a decimal string's values; none at all where one of them is no finite number."""
        try:
            values = tuple(float(part) for part in self.text(keyword).split("\\"))
        except ValueError:
            return ()
        return values if all(map(math.isfinite, values)) else ()

    def number(self, keyword: str) -> float | None:
        """Return the first value of a decimal or integer string."""
        values = self.numbers(keyword)
        return values[0] if values else None

    def unsigned(self, keyword: str) -> int:
        """Return a US value, 0 where absent."""
        element = self._dataset.get_item(TAGS[keyword])
        value = getattr(element, "value", None)
        if isinstance(value, bytes) and len(value) >= 2:
            little = getattr(element, "is_little_endian", True)
            return int(struct.unpack_from("<H" if little else ">H", value)[0])
        return value if isinstance(value, int) else 0
