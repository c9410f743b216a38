"""What the headers tell of one stack of slices: attributes, plane, spacing, and what is odd about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mri_batch.notes import Note
from mri_batch.read.order import find_gaps
from mri_batch.read.orientation import choose_plane, distance_mm
from mri_batch.read.stacks import Member
from mri_batch.records import SeriesInfo


def describe_stack(stack: Sequence[Member]) -> SeriesInfo:
    """Describe slices in order: the attributes of the first one, and what their positions tell together."""
    header = stack[0].header
    plane, oblique = choose_plane(header.orientation)
    spacing_mm, notes = _measure_spacing(stack) if header.n_frames == 1 else (None, ())
    return replace(
        header.info,
        plane=plane,
        oblique=oblique,
        n_frames=header.n_frames,
        slice_spacing_mm=spacing_mm,
        notes=(*notes, *_header_notes(header.info)),
    )


def _measure_spacing(stack: Sequence[Member]) -> tuple[float | None, tuple[Note, ...]]:
    """Return the usual distance between neighbours in mm, and notes on positions that are absent or odd."""
    orientation = stack[0].header.orientation
    distances = [distance_mm(orientation, member.header.position_mm) for member in stack]
    known = [distance for distance in distances if distance is not None]
    if len(known) < len(stack):
        return None, (Note("POSITIONS_MISSING"),)
    spacing_mm, n_missing = find_gaps(known)
    n_repeated = len(known) - len({round(distance, 2) for distance in known})
    counts = (("SLICES_MISSING", n_missing), ("SLICES_REPEATED", n_repeated))
    return spacing_mm or None, tuple(Note(code, {"n": n}) for code, n in counts if n)


def _header_notes(info: SeriesInfo) -> tuple[Note, ...]:
    found = (
        ("LOSSY_COMPRESSION", info.lossy_image_compression),
        ("BURNED_IN_TEXT", info.burned_in_annotation),
        ("DERIVED_PIXELS", info.image_type[:1] == ("DERIVED",)),
    )
    return tuple(Note(code) for code, is_so in found if is_so)
