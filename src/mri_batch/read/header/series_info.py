"""What the headers tell of one stack of slices: attributes, plane, spacing, and what is odd about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mri_batch.notes import Note
from mri_batch.read.orientation import choose_plane, distance_mm
from mri_batch.read.spacing import Spacing, measure_spacing
from mri_batch.read.stacks import Member
from mri_batch.records import SeriesInfo


def describe_stack(stack: Sequence[Member]) -> SeriesInfo:
    """Describe slices in order: the attributes of the first one, and what their positions tell together."""
    header = stack[0].header
    plane, oblique = choose_plane(header.orientation)
    spacing = _measure(stack) if header.n_frames == 1 else header.frame_spacing
    return replace(
        header.info,
        plane=plane,
        oblique=oblique,
        n_frames=header.n_frames,
        slice_spacing_mm=spacing.usual_mm or None,
        notes=(*_spacing_notes(spacing), *_header_notes(header.info)),
    )


def _measure(stack: Sequence[Member]) -> Spacing:
    orientation = stack[0].header.orientation
    return measure_spacing([distance_mm(orientation, member.header.position_mm) for member in stack])


def _spacing_notes(spacing: Spacing) -> tuple[Note, ...]:
    if spacing.n_unplaced:
        return (Note("POSITIONS_MISSING"),)
    counts = (("SLICES_MISSING", spacing.n_missing), ("SLICES_REPEATED", spacing.n_repeated))
    return tuple(Note(code, {"n": n}) for code, n in counts if n)


def _header_notes(info: SeriesInfo) -> tuple[Note, ...]:
    found = (
        ("LOSSY_COMPRESSION", info.lossy_image_compression),
        ("BURNED_IN_TEXT", info.burned_in_annotation),
        ("DERIVED_PIXELS", info.image_type[:1] == ("DERIVED",)),
    )
    return tuple(Note(code) for code, is_so in found if is_so)
