"""Where slices lie in the patient: normals, distances along them, planes, and whether two orientations agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mri_batch.read.functional_groups import Groups
from mri_batch.records import Plane

_SAME_ORIENTATION = 0.9995  # cosine of 1.8 degrees: scanners repeat cosines to 1e-3, a second plane differs by far more
_MIN_COSINE = math.cos(math.radians(15.0))  # between a slice normal and an axis; below it, the slice is oblique
_PLANES = (Plane.SAGITTAL, Plane.CORONAL, Plane.AXIAL)  # by the axis of the patient that is their normal: x, y, z


class Place(NamedTuple):
    """Where a slice lies in the patient, as far as the file tells; units as in :class:`mri_batch.records.Slice`."""

    orientation: tuple[float, float, float, float, float, float] | None
    position_mm: tuple[float, float, float] | None
    spacing_mm: tuple[float, float] | None


def place_of(groups: Groups) -> Place:
    """Read where a frame lies; what is missing or malformed is None."""
    orientation = groups.numbers("ImageOrientationPatient")
    position = groups.numbers("ImagePositionPatient")
    spacing = groups.numbers("PixelSpacing")
    return Place(
        orientation=orientation if len(orientation) == 6 and _spans_plane(orientation) else None,
        position_mm=position if len(position) == 3 else None,
        spacing_mm=spacing if len(spacing) == 2 and min(spacing) > 0.0 else None,
    )


def slice_normal(orientation: Sequence[float]) -> tuple[float, float, float]:
    """Return the unit normal of six direction cosines; zeros where they span no plane."""
    normal = np.cross(orientation[:3], orientation[3:])
    length = float(np.linalg.norm(normal))
    if not 0.5 < length < 1.5:  # the cosines are neither unit vectors nor at a right angle
        return 0.0, 0.0, 0.0
    x, y, z = (normal / length).tolist()
    return x, y, z


def distance_mm(orientation: Sequence[float], position_mm: Sequence[float]) -> float | None:
    """Return how far along the slice normal a slice lies, or None where that cannot be known."""
    if len(orientation) != 6 or len(position_mm) != 3:
        return None
    normal = slice_normal(orientation)
    return float(np.dot(normal, position_mm)) if any(normal) else None


def same_orientation(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two orientations agree to within 1.8 degrees; an unknown one agrees only with unknown ones.

    Cosines that span no plane, such as zeros, are unknown.
    """
    if len(one) == 6 and len(other) == 6:
        rows = sum(a * b for a, b in zip(one[:3], other[:3], strict=True))
        cols = sum(a * b for a, b in zip(one[3:], other[3:], strict=True))
        if rows > _SAME_ORIENTATION and cols > _SAME_ORIENTATION:
            return True
    return not _spans_plane(one) and not _spans_plane(other)


def _spans_plane(orientation: Sequence[float]) -> bool:
    return len(orientation) == 6 and any(slice_normal(orientation))


def choose_plane(orientation: Sequence[float]) -> tuple[Plane | None, bool]:
    """Return the plane nearest to the slices, and whether they lie more than 15 degrees off it (oblique)."""
    normal = slice_normal(orientation) if len(orientation) == 6 else (0.0, 0.0, 0.0)
    if not any(normal):
        return None, False
    largest = max(range(3), key=lambda axis: abs(normal[axis]))
    return _PLANES[largest], abs(normal[largest]) <= _MIN_COSINE
