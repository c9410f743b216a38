"""The Parametric Map: heat as numbers on the source's own pixels and geometry, for machines and fusion viewers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from highdicom import PixelMeasuresSequence, PlaneOrientationSequence, PlanePositionSequence, VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from mri_batch.arrays import Float32
from mri_batch.notes import Note
from mri_batch.placement import place_heat
from mri_batch.records import ReportHeat
from mri_batch.report.dicom.common import (
    MAKER,
    RESEARCH,
    Origin,
    Source,
    code,
    is_uid,
    make_skeleton,
    make_uid,
    reference,
    save,
    to_ascii,
)

Pair = tuple[Source, ReportHeat]


def write_maps(folder: Path, origin: Origin) -> tuple[list[Path], list[Note]]:
    """Write ``pm-001.dcm`` and on, one per series, method, label and geometry; notes on what is missing."""
    groups: dict[tuple[object, ...], list[Pair]] = {}
    notes: dict[Note, None] = {}
    for source in origin.sources:
        reason = why_unregistered(source)
        if reason:
            notes[reason] = None
            continue
        for heat in source.report_slice.heats:
            groups.setdefault(_grouping(source, heat), []).append((source, heat))
    paths = [_write(folder, origin, number, pairs) for number, pairs in enumerate(groups.values(), start=1)]
    return paths, list(notes)


def why_unregistered(source: Source) -> Note | None:
    """Return why heat cannot be registered to a slice; None where it can."""
    picture = source.report_slice.picture
    if not (picture.orientation and picture.position_mm and picture.spacing_mm):
        return Note("PM_NO_PLACE")
    if not is_uid(str(source.header.get("FrameOfReferenceUID") or "")):
        return Note("PM_NO_FRAME_OF_REFERENCE")
    return None


def _grouping(source: Source, heat: ReportHeat) -> tuple[object, ...]:
    picture = source.report_slice.picture
    return (
        str(source.header.SeriesInstanceUID),
        str(source.header.FrameOfReferenceUID),
        picture.shape_px,
        picture.orientation,
        picture.spacing_mm,
        heat.about.method,
        heat.about.label,
    )


def _write(folder: Path, origin: Origin, number: int, pairs: list[Pair]) -> Path:
    stand_ins = {make_uid("frame", s.sop_instance_uid, s.report_slice.picture.frame): s for s, _ in pairs}
    skeletons = [make_skeleton(source, uid) for uid, source in stand_ins.items()]
    first, about = pairs[0][0].report_slice.picture, pairs[0][1].about
    assert first.orientation is not None
    assert first.spacing_mm is not None
    frames = np.stack([place_heat(heat.heat, source.report_slice.placement) for source, heat in pairs])
    named = [s.sop_instance_uid + f"#{s.report_slice.picture.frame}" for s, _ in pairs]
    image = ParametricMap(
        source_images=skeletons,
        pixel_array=frames,
        series_instance_uid=origin.uid("pm", "series", number),
        series_number=9002 + number,
        sop_instance_uid=origin.uid("pm", about.method, about.label, *named),
        instance_number=1,
        manufacturer=MAKER,
        manufacturer_model_name=to_ascii(origin.card.name),
        software_versions=to_ascii(origin.version),
        device_serial_number=origin.result.model_sha256[:16] or "0",
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[_meaning(about.method, frames)],
        voi_lut_transformations=[_window(about.scale_max, about.signed)],
        pixel_measures=PixelMeasuresSequence(
            pixel_spacing=first.spacing_mm, slice_thickness=float(skeletons[0].SliceThickness)
        ),
        plane_orientation=PlaneOrientationSequence("PATIENT", first.orientation),
        plane_positions=[
            PlanePositionSequence("PATIENT", source.report_slice.picture.position_mm or ()) for source, _ in pairs
        ],
        content_label="HEAT",
        content_description=to_ascii(f"{about.method} heat. {RESEARCH}"),
        series_description=f"{MAKER} heat map (research)",
    )
    image.Laterality = ""  # type 2C where a body part may be paired; highdicom leaves it out
    _name_dimensions(image, origin.uid("pm", "dimensions", number))
    _point_at_sources(image, stand_ins, origin)
    return save(image, origin, folder / f"pm-{number:03d}.dcm")


def _meaning(method: str, frames: Float32) -> RealWorldValueMapping:
    return RealWorldValueMapping(
        lut_label="HEAT",
        lut_explanation=to_ascii(f"Heat by {method}, unscaled, no unit"),
        unit=codes.UCUM.NoUnits,
        value_range=(float(frames.min()), float(frames.max())),
        slope=1.0,
        intercept=0.0,
        quantity_definition=code(f"heat-{method}", f"Heat map by {method}"),
    )


def _window(scale_max: float, signed: bool) -> VOILUTTransformation:
    top = scale_max or 1.0
    return VOILUTTransformation(
        window_center=0.0 if signed else top / 2,
        window_width=2 * top if signed else top,
        voi_lut_function="LINEAR_EXACT",  # PS3.3 C.11.2.1.2: plain LINEAR has no windows narrower than 1
    )


def _point_at_sources(image: Dataset, stand_ins: dict[str, Source], origin: Origin) -> None:
    """Put the true references in place of the stand-ins', and the tracking UID of its key slice into each frame."""
    used = []
    for group in image.PerFrameFunctionalGroupsSequence:
        derivation = group.DerivationImageSequence[0]
        old = derivation.SourceImageSequence[0]
        source = stand_ins[str(old.ReferencedSOPInstanceUID)]
        new = reference(source)
        new.PurposeOfReferenceCodeSequence = old.PurposeOfReferenceCodeSequence
        new.SpatialLocationsPreserved = "YES"
        derivation.SourceImageSequence = [new]
        identifier, uid = origin.tracking(source)
        group.FrameContentSequence[0].FrameLabel = f"slice {source.report_slice.index + 1}"
        group.FrameContentSequence[0].FrameComments = f"{identifier}; tracking UID {uid}"
        used.append(source)
    series = Dataset()
    series.SeriesInstanceUID = used[0].header.SeriesInstanceUID
    series.ReferencedInstanceSequence = list({s.sop_instance_uid: _plain(s) for s in used}.values())
    image.ReferencedSeriesSequence = [series]
    image.SourceImageSequence = [reference(source) for source in used]


def _name_dimensions(image: Dataset, uid: str) -> None:
    """Put a UID of ours in place of highdicom's, which is another one each time."""
    for item in (*image.DimensionOrganizationSequence, *image.DimensionIndexSequence):
        item.DimensionOrganizationUID = uid


def _plain(source: Source) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.sop_class_uid, source.sop_instance_uid
    return item
