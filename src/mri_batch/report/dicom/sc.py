"""The Secondary Capture: a key slice with its heat, for eyes. Colour bar and caveat are part of the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from highdicom.sc import SCImage
from PIL import Image, ImageDraw, ImageFont

from mri_batch.arrays import Uint8
from mri_batch.placement import Placement
from mri_batch.records import ReportHeat, ReportSlice
from mri_batch.report.dicom.common import MAKER, RESEARCH, Origin, Source, code, reference, save, to_ascii
from mri_batch.report.study.colours import RAMP_AGAINST, RAMP_FOR
from mri_batch.report.study.thumbnails import fit_shape, lay_heat, overlay, show_grey, to_upright, unturned

PANEL_PX = 512  # longer side of the picture: legible on any viewer, 1 MB an object
BAR_PX, TEXT_PX, LINE_PX = 96, 13, 17
_INK, _DIM = (255, 255, 255), (170, 170, 170)
_AXES = (("L", "R"), ("P", "A"), ("H", "F"))


def write_captures(folder: Path, origin: Origin) -> list[Path]:
    """Write ``sc-001.dcm`` and on: one for each heat of each key slice."""
    pairs = [(source, heat) for source in origin.sources for heat in source.report_slice.heats]
    return [_write(folder, origin, number, *pair) for number, pair in enumerate(pairs, start=1)]


def draw_capture(report_slice: ReportSlice, heat: ReportHeat, captions: tuple[str, ...]) -> Uint8:
    """Draw a slice upright with its heat, the colour bar and the captions: uint8[rows, cols, 3]."""
    upright = to_upright(report_slice.picture.pixels, report_slice.placement)
    turned = report_slice.placement.quarter_turns % 2 == 1
    aspect = 1.0 / report_slice.picture.aspect if turned else report_slice.picture.aspect
    rows, cols = fit_shape(upright.shape[:2], aspect, PANEL_PX)
    grey = show_grey(upright, report_slice.picture.window, rows, cols)
    share = np.clip(heat.heat / (heat.about.scale_max or 1.0), -1.0, 1.0).astype(np.float32)
    panel = overlay(grey, lay_heat(share, unturned(report_slice.placement), rows, cols))
    wide = max(cols + BAR_PX, PANEL_PX + BAR_PX)
    canvas = Image.new("RGB", (wide, rows + LINE_PX * len(captions) + 10))
    canvas.paste(Image.fromarray(panel), (0, 0))
    _draw_bar(canvas, cols, rows, heat)
    _draw_captions(canvas, rows + 5, captions)
    return np.asarray(canvas)


def capture_captions(origin: Origin, source: Source, heat: ReportHeat) -> tuple[str, ...]:
    """Return what stands under the picture. Nothing of the patient."""
    answer = origin.result.slices[source.report_slice.index]
    likely = max(answer.probabilities)
    explained = f"evidence for {heat.about.label}" if heat.about.label else "where the model looked"
    lines = (
        f"{origin.card.name} {origin.card.version}: this slice {answer.label} {likely:.2f}",
        f"heat: {heat.about.method}, {explained}, grid {heat.about.grid[0]} x {heat.about.grid[1]}",
        _describe_faithfulness(heat),
        "Heat shows what moved the model. It is no outline and no finding.",
        f"{RESEARCH.upper()} - {MAKER} {origin.version}",
    )
    return tuple(to_ascii(line, 96) for line in lines)


def name_direction(vector: np.ndarray) -> str:
    """Name the patient's side that a direction in patient coordinates mostly points to."""
    axis = int(np.argmax(np.abs(vector)))
    return _AXES[axis][0 if vector[axis] > 0 else 1]


def upright_directions(orientation: tuple[float, ...], placement: Placement) -> tuple[np.ndarray, np.ndarray]:
    """Return the directions along a row and down a column once the slice is turned as its placement says."""
    along, down = np.array(orientation[:3]), np.array(orientation[3:])
    if placement.mirrored:
        along = -along
    for _ in range(placement.quarter_turns % 4):
        along, down = down, -along
    return along, down


def _write(folder: Path, origin: Origin, number: int, source: Source, heat: ReportHeat) -> Path:
    picture = source.report_slice.picture
    sides = ("L", "P")
    if picture.orientation is not None:
        along, down = upright_directions(picture.orientation, source.report_slice.placement)
        sides = (name_direction(along), name_direction(down))
    capture = SCImage(
        pixel_array=draw_capture(source.report_slice, heat, capture_captions(origin, source, heat)),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=sides,
        study_instance_uid=str(origin.header.StudyInstanceUID),
        series_instance_uid=origin.uid("sc", "series"),
        series_number=9002,
        sop_instance_uid=origin.uid("sc", source.sop_instance_uid, picture.frame, heat.about.method, heat.about.label),
        instance_number=number,
        manufacturer=MAKER,
        manufacturer_model_name=to_ascii(origin.card.name),
        software_versions=to_ascii(origin.version),
        series_description=f"{MAKER} heat overlay (research)",
    )
    capture.ConversionType = "WSD"  # from a workstation, not from a digital interface as highdicom puts it
    capture.Laterality = ""
    if picture.orientation is None:
        capture.PatientOrientation = []
    capture.BurnedInAnnotation = "NO"  # no words that identify a patient; PS3.3 C.7.6.1.1.5
    capture.DerivationDescription = to_ascii(f"{heat.about.method} heat over the source image", 1024)
    capture.SourceImageSequence = [_source_image(source)]
    capture.TrackingID, capture.TrackingUID = origin.tracking(source)
    return save(capture, origin, folder / f"sc-{number:03d}.dcm")


def _source_image(source: Source) -> object:
    item = reference(source)
    item.PurposeOfReferenceCodeSequence = [code("source", "Source image of the overlay")]
    return item


def _describe_faithfulness(heat: ReportHeat) -> str:
    tested = heat.about.faithfulness
    if tested is None:
        return "faithfulness to the model: not tested on this slice"
    verdict = "better than chance" if tested.better_than_chance else "not better than chance"
    return f"faithfulness to the model: {tested.score:+.2f}, {verdict} (p = {tested.p_value:.3f})"


def _draw_bar(canvas: Image.Image, left: int, rows: int, heat: ReportHeat) -> None:
    top, height = 24, rows - 48
    ramp = RAMP_FOR[::-1]
    if heat.about.signed:
        ramp = np.concatenate([RAMP_FOR[::-2], RAMP_AGAINST[::2]])
    bar = Image.fromarray(np.repeat(ramp[:, None], 18, axis=1)).resize((18, height))
    canvas.paste(bar, (left + 12, top))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(TEXT_PX)
    highest = f"{heat.about.scale_max:.3g}"
    lowest = f"-{highest}" if heat.about.signed else "0"
    draw.text((left + 34, top - 6), highest, _INK, font)
    draw.text((left + 34, top + height - 10), lowest, _INK, font)
    draw.text((left + 12, 4), "heat", _DIM, font)


def _draw_captions(canvas: Image.Image, top: int, captions: tuple[str, ...]) -> None:
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(TEXT_PX)
    for i, line in enumerate(captions):
        draw.text((6, top + i * LINE_PX), line, _INK if i in (0, len(captions) - 1) else _DIM, font)
