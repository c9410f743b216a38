"""What is told of one stack of slices: the facts of its header, its geometry, and what is odd about it."""

from __future__ import annotations

from collections.abc import Sequence

from mri_batch.read.header.attributes import Facts
from mri_batch.read.order import Member, find_gaps
from mri_batch.read.orientation import distance_mm, name_plane
from mri_batch.records import Series

NOTE = "note"  # the key of a fact that tells of something odd
ROLE = "role"
PLANE = "plane"


def describe_stack(stack: Sequence[Member]) -> Facts:
    """List facts of slices in order: what they are for, what their header tells, plane, spacing, and notes."""
    header = stack[0].header
    facts = [(ROLE, header.role), *header.facts]
    if plane := name_plane(header.orientation):
        facts.append((PLANE, plane))
    if header.n_frames == 1:
        facts += _spacing_facts(stack)
    else:
        facts.append(("frames", str(header.n_frames)))
    return (*facts, *((NOTE, note) for note in _notes(header.facts)))


def series_notes(series: Series) -> tuple[str, ...]:
    """Return what is odd about a series, in words."""
    return tuple(value for key, value in series.facts if key == NOTE)


def told_facts(series: Series) -> Facts:
    """Return the facts that a reader looks for, with each name once: all notes together, and no role."""
    notes = "; ".join(series_notes(series))
    plain = tuple(fact for fact in series.facts if fact[0] not in (NOTE, ROLE))
    return (*plain, (NOTE, notes)) if notes else plain


def _spacing_facts(stack: Sequence[Member]) -> list[tuple[str, str]]:
    orientation = stack[0].header.orientation
    distances = [distance_mm(orientation, m.header.position_mm) for m in stack]
    known = [d for d in distances if d is not None]
    if len(known) < len(stack):
        return [(NOTE, "slice positions are missing, so slices are in the order of their numbers")]
    spacing, missing = find_gaps(known)
    facts = [("slice spacing", f"{spacing:.3g} mm")] if spacing else []
    if missing:
        several = f"{missing} slices seem to be missing: the positions have gaps"
        facts.append((NOTE, "1 slice seems to be missing: the positions have gaps" if missing == 1 else several))
    repeated = len(known) - len({round(d, 2) for d in known})
    if repeated:
        several = f"{repeated} slices lie at the position of another one"
        facts.append((NOTE, "1 slice lies at the position of another one" if repeated == 1 else several))
    return facts


def _notes(facts: Facts) -> list[str]:
    known = dict(facts)
    notes = []
    if known.get("LossyImageCompression") == "01":
        notes.append("lossy compression has altered the pixels")
    if known.get("BurnedInAnnotation") == "YES":
        notes.append("the header says that text is burned into the picture, which may name the patient")
    if known.get("ImageType", "").startswith("DERIVED"):
        notes.append("the header says that the pictures are derived, not as acquired")
    return notes
