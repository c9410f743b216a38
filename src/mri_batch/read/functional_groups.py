"""Attributes of one frame, wherever an object keeps them: per-frame groups, shared groups, or the data set."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from pydicom.dataset import Dataset

_MACROS = {  # attribute -> the functional group macro that holds it in enhanced objects, PS3.3 C.7.6.16
    "ImagePositionPatient": "PlanePositionSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "WindowCenter": "FrameVOILUTSequence",
    "WindowWidth": "FrameVOILUTSequence",
    "DiffusionBValue": "MRDiffusionSequence",
    "StackID": "FrameContentSequence",
    "TemporalPositionIndex": "FrameContentSequence",
    "EffectiveEchoTime": "MREchoSequence",
}


class Groups:
    """Looks up attributes of one frame of a data set."""

    def __init__(self, dataset: Dataset, index: int) -> None:
        self._dataset = dataset
        self._index = index

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Return the finite values of a numeric attribute; none at all where one of them is not finite."""
        for item in self._holders(keyword):
            values = _to_floats(item.get(keyword))
            if values:
                return values
        return ()

    def number(self, keyword: str) -> float | None:
        """Return the first value of a numeric attribute."""
        values = self.numbers(keyword)
        return values[0] if values else None

    def _holders(self, keyword: str) -> Iterator[Dataset]:
        macro = _MACROS.get(keyword, "")
        for name, index in (("PerFrameFunctionalGroupsSequence", self._index), ("SharedFunctionalGroupsSequence", 0)):
            groups = self._dataset.get(name)
            if macro and groups and index < len(groups):
                yield from groups[index].get(macro) or ()
        yield self._dataset


def _to_floats(value: object) -> tuple[float, ...]:
    several: Iterable[Any] = value if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    try:
        values = tuple(float(one) for one in several)
    except (TypeError, ValueError):
        return ()
    return values if all(map(math.isfinite, values)) else ()
