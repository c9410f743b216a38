"""What the frames of an enhanced object tell together: how they lie, and whether they are of one kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from pydicom.dataset import Dataset

from mri_batch.read.functional_groups import Groups
from mri_batch.read.orientation import choose_plane, distance_mm, same_orientation
from mri_batch.read.spacing import Spacing, measure_spacing
from mri_batch.records import Role

LOCALIZER_SLICES = 5  # per plane; planes of a low-field examination have 11 to 15
_COMPLEX_PARTS = frozenset({"PHASE", "IMAGINARY", "P", "I", "VELOCITY"})
_REAL_PARTS = frozenset({"REAL", "R"})  # an object of these alone may be an inversion recovery, which is a picture


class Frames(NamedTuple):
    """``orientation``: of the first frame. ``role``: what all or some of the frames are, where that decides."""

    orientation: tuple[float, ...]
    spacing: Spacing
    role: Role | None


def look_into_frames(dataset: Dataset, n_frames: int) -> Frames:
    """Read the functional groups of an object, from a data set of these alone."""
    first = Groups(dataset, 0).numbers("ImageOrientationPatient")
    n_described = len(dataset.get("PerFrameFunctionalGroupsSequence") or ())  # a hostile n_frames has no bounds
    groups = [Groups(dataset, index) for index in range(min(n_frames, n_described))]
    if not groups:
        return Frames(first, Spacing(), None)
    orientations = [frame.numbers("ImageOrientationPatient") for frame in groups]
    return Frames(first, _measure(groups, orientations), _choose_role(dataset, groups, orientations))


def _measure(groups: list[Groups], orientations: list[tuple[float, ...]]) -> Spacing:
    """Measure frames of one orientation; several are not measured."""
    if not all(same_orientation(orientations[0], other) for other in orientations):
        return Spacing()
    places = [distance_mm(orientations[0], frame.numbers("ImagePositionPatient")) for frame in groups]
    return measure_spacing(sorted(places, key=lambda place: (place is None, place or 0.0)))


def _choose_role(dataset: Dataset, groups: list[Groups], orientations: list[tuple[float, ...]]) -> Role | None:
    """Choose a role by frames: one diffusion-weighted or complex frame decides, as do three planes of a few frames."""
    if any((frame.number("DiffusionBValue") or 0.0) > 0.0 for frame in groups):
        return Role.DIFFUSION
    words = list(_iter_words(dataset))
    n_real = sum(bool(of_frame & _REAL_PARTS) for of_frame in words)
    if any(of_frame & _COMPLEX_PARTS for of_frame in words) or 0 < n_real < len(words):
        return Role.PHASE
    planes = Counter(choose_plane(orientation)[0] for orientation in orientations)
    del planes[None]
    few = len(planes) == 3 and max(planes.values()) <= LOCALIZER_SLICES
    return Role.LOCALIZER if few else None


def _iter_words(dataset: Dataset) -> Iterator[frozenset[str]]:
    """Yield for each frame the words of FrameType from its third value on, and ComplexImageComponent."""
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        for item in frame.get("MRImageFrameTypeSequence") or ():
            kinds = item.get("FrameType") or ()
            words = list(kinds)[2:] if not isinstance(kinds, str) else []
            yield frozenset(str(word) for word in (*words, item.get("ComplexImageComponent") or ""))
