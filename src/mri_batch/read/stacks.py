"""Tell apart the stacks that one series UID holds, where headers or repeated positions show that there are several.

Anonymisers and exports give one SeriesInstanceUID to several acquisitions. A stack is split only for a cause: values
that one acquisition cannot have, or slices at the same place that an attribute of the acquisition tells apart.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from mri_batch.read.header.load import Header
from mri_batch.read.orientation import distance_mm
from mri_batch.records import FoundFile

_SAME_PLACE_MM = 0.05
_SAME_NUMBER = 0.01  # relative; echoes of a train lie further apart, rounding of one echo time does not


class Member(NamedTuple):
    """A file with its header."""

    file: FoundFile
    header: Header


class Stack(NamedTuple):
    """Slices of one acquisition. ``split_by``: keywords of the attributes that told it from others of its series UID.

    ``may_be_localizer``: it is one of three planes of a few slices each.
    """

    members: list[Member]
    split_by: tuple[str, ...] = ()
    may_be_localizer: bool = False


_Groups = list[list[Member]]


def split_numbers(stack: Stack) -> list[Stack]:
    """Split by SeriesNumber, unless nearly every file has a number of its own."""
    return _split(stack, "SeriesNumber", _by_number(stack.members), _is_plural)


def split_acquisitions(stack: Stack) -> list[Stack]:
    """Split slices of one size and orientation where they cannot be one acquisition."""
    parts = [stack]
    for keyword, group, is_cause in _RULES:
        parts = [new for part in parts for new in _split(part, keyword, group(part.members), is_cause)]
    return parts


def count_repeats(members: Sequence[Member]) -> int:
    """Count slices at the place of another one; where positions are unknown, by InstanceNumber."""
    orientation = members[0].header.orientation
    places = [distance_mm(orientation, member.header.position_mm) for member in members]
    known = sorted(place for place in places if place is not None)
    if len(known) < len(places):
        return len(members) - len({member.header.order[-1] for member in members})
    return sum(b - a < _SAME_PLACE_MM for a, b in pairwise(known))


def _split(
    stack: Stack, keyword: str, groups: _Groups, is_cause: Callable[[Sequence[Member], _Groups], bool]
) -> list[Stack]:
    if len(groups) < 2 or not is_cause(stack.members, groups):
        return [stack]
    return [stack._replace(members=members, split_by=(*stack.split_by, keyword)) for members in groups]


def _group(members: Sequence[Member], key: Callable[[Header], Hashable]) -> _Groups:
    """Group members by a value, in the order of first appearance."""
    groups: dict[Hashable, list[Member]] = {}
    for member in members:
        groups.setdefault(key(member.header), []).append(member)
    return list(groups.values())


def _group_near(members: Sequence[Member], number: Callable[[Header], float | None]) -> _Groups:
    """Group members by a number; those within 1 % of their neighbour are one."""
    values = sorted({value for member in members if (value := number(member.header)) is not None})
    alike: dict[float | None, float | None] = {None: None}
    for before, value in pairwise((None, *values)):
        near = before is not None and value is not None and value - before <= _SAME_NUMBER * abs(value)
        alike[value] = alike[before] if near else value
    return _group(members, lambda header: alike[number(header)])


def _is_plural(members: Sequence[Member], groups: _Groups) -> bool:
    """Whether groups hold two members each on average: a value of its own in each file tells nothing."""
    return 2 * len(groups) <= len(members)


def _is_told_apart(members: Sequence[Member], groups: _Groups, *, known: bool) -> bool:
    """Whether values differ that one acquisition cannot have; what is unknown differs only where slices repeat."""
    return (known and _is_plural(members, groups)) or _ends_repeats(members, groups)


def _frames_of_reference_differ(members: Sequence[Member], groups: _Groups) -> bool:
    return _is_told_apart(members, groups, known=all(group[0].header.frame_of_reference for group in groups))


def _dates_differ(members: Sequence[Member], groups: _Groups) -> bool:
    """Whether study dates lie further apart than one night, in which an examination may go on."""
    dates = [group[0].header.study_date for group in groups]
    known = all(dates)
    if known:
        days = sorted(date.fromisoformat(text).toordinal() for text in dates)
        known = days[-1] - days[0] > 1
    return _is_told_apart(members, groups, known=known)


def _weightings_differ(members: Sequence[Member], groups: _Groups) -> bool:
    return _is_told_apart(members, groups, known=all(group[0].header.info.weighting for group in groups))


def _ends_repeats(members: Sequence[Member], groups: _Groups) -> bool:
    """Whether slices lie at one place, and fewer do within each group."""
    repeats = count_repeats(members)
    one_place = repeats == len(members) - 1
    if not repeats or not (one_place or _is_plural(members, groups)):
        return False
    return sum(map(count_repeats, groups)) < repeats


def _by_number(members: Sequence[Member]) -> _Groups:
    return _group(members, lambda header: header.info.series_number)


_RULES: tuple[tuple[str, Callable[[Sequence[Member]], _Groups], Callable[[Sequence[Member], _Groups], bool]], ...] = (
    ("SeriesNumber", _by_number, _ends_repeats),
    ("FrameOfReferenceUID", lambda m: _group(m, lambda h: h.frame_of_reference), _frames_of_reference_differ),
    ("StudyDate", lambda m: _group(m, lambda h: h.study_date), _dates_differ),
    ("AcquisitionContrast", lambda m: _group(m, lambda h: h.info.weighting), _weightings_differ),
    ("ContrastBolusAgent", lambda m: _group(m, lambda h: h.info.contrast_agent), _ends_repeats),
    ("EchoTime", lambda m: _group_near(m, lambda h: h.info.echo_time_ms), _ends_repeats),
    ("InversionTime", lambda m: _group_near(m, lambda h: h.info.inversion_time_ms), _ends_repeats),
    ("FlipAngle", lambda m: _group_near(m, lambda h: h.info.flip_angle_deg), _ends_repeats),
    ("ImageType", lambda m: _group(m, lambda h: h.image_words), _ends_repeats),
)
