"""Split what one SeriesInstanceUID holds into stacks of like slices, and put each stack in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mri_batch.read.header.frames import LOCALIZER_SLICES
from mri_batch.read.header.image_role import RAW_STACKS
from mri_batch.read.header.load import Header
from mri_batch.read.orientation import choose_plane, distance_mm, same_orientation
from mri_batch.read.stacks import Member, Stack, split_acquisitions, split_numbers
from mri_batch.records import Role


def split_stacks(members: Iterable[Member]) -> list[Stack]:
    """Split the members of one series by number, role, size, orientation and echo, and where slices repeat.

    A multi-frame object is a stack itself.
    """
    return [stack for part in split_numbers(Stack(list(members))) for stack in _split_part(part)]


def name_localizers(stacks: Sequence[Stack]) -> list[Stack]:
    """Name the localizers of a study that do not say so; none, where no other picture would remain."""
    pictures = [stack for stack in stacks if stack.members[0].header.info.role is Role.PICTURE]
    if all(stack.may_be_localizer for stack in pictures):
        return list(stacks)
    return [_with_roles(stack, Role.LOCALIZER) if stack.may_be_localizer else stack for stack in stacks]


def _split_part(part: Stack) -> list[Stack]:
    raw = _raw_role(part.members)
    alike: dict[tuple[object, ...], list[list[Member]]] = {}
    for member in part.members:
        if raw and member.header.info.role is Role.PICTURE:  # the b = 0 picture of a diffusion series
            member = _with_role(member, raw)
        stacks = alike.setdefault(_stack_key(member.header), [])
        fitting = (s for s in stacks if same_orientation(s[0].header.orientation, member.header.orientation))
        stack = next(fitting, None)
        if stack is None or member.header.n_frames > 1:
            stacks.append([member])
        else:
            stack.append(member)
    found = [part._replace(members=stack) for stacks in alike.values() for stack in stacks]
    return _suspect_localizer([stack for one in found for stack in split_acquisitions(one)])


def sort_stack(stack: Iterable[Member]) -> list[Member]:
    """Sort slices along their normal; without positions by instance number, then by path."""
    members = list(stack)
    distances = [distance_mm(m.header.orientation, m.header.position_mm) for m in members]
    if None in distances:
        return sorted(members, key=lambda m: (m.header.order, natural_key(m.file.relative)))
    first = members[0].header.orientation  # one normal for all, so that rounding cannot swap neighbours

    def key(member: Member) -> tuple[object, ...]:
        along = distance_mm(first, member.header.position_mm) or 0.0
        return round(along, 3), member.header.order, natural_key(member.file.relative)

    return sorted(members, key=key)


def natural_key(relative: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Order names as people do, 2 before 10; equal ones by their exact spelling."""
    parts = re.split(r"(\d{1,18})", relative.casefold())
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p), relative


def _suspect_localizer(stacks: list[Stack]) -> list[Stack]:
    """Mark three planes of a few slices each under one SeriesInstanceUID and one SeriesNumber."""
    headers = [stack.members[0].header for stack in stacks]
    small = all(_count_slices(stack) <= LOCALIZER_SLICES for stack in stacks)
    small = small and all(header.info.role is Role.PICTURE for header in headers)
    planes = {choose_plane(header.orientation)[0] for header in headers} - {None}
    numbers = {member.header.info.series_number for stack in stacks for member in stack.members}
    if not small or len(planes) < 3 or len(numbers) > 1:
        return stacks
    return [stack._replace(may_be_localizer=True) for stack in stacks]


def _count_slices(stack: Stack) -> int:
    return sum(member.header.n_frames for member in stack.members)


def _with_roles(stack: Stack, role: Role) -> Stack:
    return stack._replace(members=[_with_role(member, role) for member in stack.members])


def _with_role(member: Member, role: Role) -> Member:
    return member._replace(header=member.header.with_role(role))


def _raw_role(members: Sequence[Member]) -> Role | None:
    return next((m.header.info.role for m in members if m.header.info.role in RAW_STACKS), None)


def _stack_key(header: Header) -> tuple[object, ...]:
    return header.info.role, header.info.modality, header.rows, header.cols, header.samples, header.echo
