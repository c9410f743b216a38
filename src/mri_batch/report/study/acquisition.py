"""What the headers tell of a series, for the page: names and values in a person's language."""

from __future__ import annotations

from collections.abc import Iterator

from babel.units import format_unit

from mri_batch.notes import Note
from mri_batch.records import Role, SeriesInfo
from mri_batch.report.render import Element, Page

Words = str | int | Element

# DICOM keywords and their units as Babel names them; shown under the keyword in every language
_TIMES = (
    ("RepetitionTime", "repetition_time_ms"),
    ("EchoTime", "echo_time_ms"),
    ("InversionTime", "inversion_time_ms"),
)
_LENGTHS = (
    ("SliceThickness", "slice_thickness_mm"),
    ("SpacingBetweenSlices", "spacing_between_slices_mm"),
)
_LISTS = (
    ("ScanningSequence", "scanning_sequence"),
    ("ImageType", "image_type"),
)
_TERMS = (
    ("MRAcquisitionType", "mr_acquisition_type"),
    ("PhotometricInterpretation", "photometric_interpretation"),
)


def iter_acquisition(info: SeriesInfo, page: Page) -> Iterator[tuple[Words, Words]]:
    """Yield names and values; what the headers do not tell is left out."""
    yield from _iter_derived(info, page)
    for keyword, name in _TIMES:
        if (time_ms := getattr(info, name)) is not None:
            yield keyword, _measure(page, time_ms, "duration-millisecond")
    if info.flip_angle_deg is not None:
        yield "FlipAngle", _measure(page, info.flip_angle_deg, "angle-degree")
    if info.magnetic_field_strength_t is not None:
        yield "MagneticFieldStrength", page.joined([page.number(info.magnetic_field_strength_t), "T"], " ")
    for keyword, name in _LENGTHS:
        if (length_mm := getattr(info, name)) is not None:
            yield keyword, _measure(page, length_mm, "length-millimeter")
    for keyword, name in _TERMS:
        if term := getattr(info, name):
            yield keyword, term
    for keyword, name in _LISTS:
        if terms := getattr(info, name):
            yield keyword, "\\".join(terms)
    if info.transfer_syntax:
        yield "TransferSyntaxUID", info.transfer_syntax


def _iter_derived(info: SeriesInfo, page: Page) -> Iterator[tuple[Words, Words]]:
    """Yield what has a name in the catalogues."""
    if info.role is not Role.PICTURE:
        yield page.message("fact_role"), page.message(f"role_{info.role.value}")
    if info.series_number is not None:
        yield page.message("fact_series_number"), info.series_number
    if info.body_part_examined:
        yield page.message("fact_body_part"), info.body_part_examined
    if info.weighting is not None:
        yield page.message("fact_weighting"), page.note(Note("WEIGHTING", {"weighting": info.weighting.value}))
    if info.contrast_agent:
        yield page.message("fact_contrast"), page.message("yes")
    if info.plane is not None:
        plane = [Note("PLANE", {"plane": info.plane.value}), *([Note("OBLIQUE")] if info.oblique else [])]
        yield page.message("fact_plane"), page.joined([page.note(note) for note in plane], ", ")
    if info.slice_spacing_mm is not None:
        yield page.message("fact_slice_spacing"), _measure(page, info.slice_spacing_mm, "length-millimeter")
    if info.n_frames > 1:
        yield page.message("fact_frames"), info.n_frames


def _measure(page: Page, value: float, unit: str) -> Element:
    rounded = float(f"{value:.4g}")
    return Element(page, lambda lang: format_unit(rounded, unit, length="short", locale=lang))
