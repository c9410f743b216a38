"""From one DICOM file to its slices: pixels in modality units, window and geometry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset

from mri_batch.errors import Damaged, FileProblem
from mri_batch.read import values
from mri_batch.read.bounded import open_plain
from mri_batch.read.codecs import LOSSY, Stored, choose_decoder, decode_frame, syntax_of
from mri_batch.read.functional import Groups
from mri_batch.read.geometry import distance_mm, same_orientation
from mri_batch.read.problems import foreign_errors
from mri_batch.read.values import Window
from mri_batch.records import Float32, FoundFile, Slice
from mri_batch.settings import ReadLimits

_COPY_AGAIN = "copy the file again from its source"
_PIXELS_DAMAGED = ("PIXELS_DAMAGED", "the pixels cannot be decoded", _COPY_AGAIN)


class _Place(NamedTuple):
    """Where a frame lies in the patient, as far as the file tells."""

    orientation: tuple[float, float, float, float, float, float] | None
    position_mm: tuple[float, float, float] | None
    spacing_mm: tuple[float, float] | None


def iter_dicom(file: FoundFile, limits: ReadLimits) -> Iterator[Slice | FileProblem]:
    """Yield the frames of a file in the order of their positions, decoded one by one, or the problem of a frame.

    Raises FileProblem where the file as a whole cannot be used.
    """
    with foreign_errors(*_PIXELS_DAMAGED):
        with open_plain(file.path, limits) as stream:
            dataset = dcmread(stream, force=True)
        n_frames = _check(dataset, limits)
        choose_decoder(syntax_of(dataset))
        places = [_place(dataset, index) for index in range(n_frames)]
    for index in _order_frames(places):
        try:
            with foreign_errors(*_PIXELS_DAMAGED):
                picture = _read_frame(file, dataset, index, places[index])
        except FileProblem as problem:
            yield problem
        else:
            yield picture


def _check(dataset: Dataset, limits: ReadLimits) -> int:
    """Return the number of frames. Raises Damaged for sizes that no picture has."""
    if not any(key in dataset for key in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise Damaged("the file ends before its pixels", code="NO_PIXELS", hint=_COPY_AGAIN)
    rows, cols = int(dataset.Rows), int(dataset.Columns)
    n_frames = int(dataset.get("NumberOfFrames") or 1)
    if min(rows, cols, n_frames) < 1:
        raise Damaged("the header says that the picture has no pixels", code="NO_PIXELS", hint=_COPY_AGAIN)
    if rows * cols > limits.max_frame_px or n_frames > limits.max_frames:
        reason = f"the header promises {n_frames} frames of {rows} x {cols} pixels"
        raise Damaged(reason, code="TOO_LARGE", hint="find out where the file comes from")
    return n_frames


def _read_frame(file: FoundFile, dataset: Dataset, index: int, place: _Place) -> Slice:
    stored = decode_frame(dataset, index)
    groups = Groups(dataset, index)
    if stored.ndim == 3 or dataset.PhotometricInterpretation == "PALETTE COLOR":
        pixels, window = values.to_rgb(stored, dataset), (0.0, 255.0)
    else:
        pixels, window = _to_grey(stored, dataset, groups)
    return Slice(
        file=file,
        frame=index,
        pixels=pixels,
        window=window,
        spacing_mm=place.spacing_mm,
        orientation=place.orientation,
        position_mm=place.position_mm,
        sop_instance_uid=str(dataset.get("SOPInstanceUID", "")),
        notes=_notes(dataset),
    )


def _to_grey(stored: Stored, dataset: Dataset, groups: Groups) -> tuple[Float32, Window]:
    if syntax_of(dataset) not in LOSSY:  # a lossy coder may step over the top bit, and a mask would turn white to black
        stored = values.mask_unused_bits(stored, dataset)
    padding = values.find_padding(stored, dataset)
    pixels = values.to_modality(stored, dataset, groups)
    shown = pixels.astype(np.float32)
    window = values.choose_window(shown, dataset, groups, padding)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        total = values.inversion_sum(dataset, groups)
        shown, window = (total - pixels).astype(np.float32), (total - window[1], total - window[0])
    if padding is not None:
        shown[padding] = shown[~padding].min()
    return shown, window


def _place(dataset: Dataset, index: int) -> _Place:
    groups = Groups(dataset, index)
    orientation = groups.numbers("ImageOrientationPatient")
    position = groups.numbers("ImagePositionPatient")
    spacing = groups.numbers("PixelSpacing")
    return _Place(
        orientation=orientation if len(orientation) == 6 else None,
        position_mm=position if len(position) == 3 else None,
        spacing_mm=spacing if len(spacing) == 2 and min(spacing) > 0.0 else None,
    )


def _order_frames(places: list[_Place]) -> list[int]:
    """Order frames along their normal, one orientation after the other; where a place is unknown, as they are stored."""
    kinds: list[tuple[float, ...]] = []
    keys = []
    for index, place in enumerate(places):
        along = distance_mm(place.orientation or (), place.position_mm or ())
        if along is None or place.orientation is None:
            return list(range(len(places)))
        kind = next((i for i, k in enumerate(kinds) if same_orientation(k, place.orientation)), len(kinds))
        if kind == len(kinds):
            kinds.append(place.orientation)
        keys.append((kind, round(along, 3), index))
    return [index for *_, index in sorted(keys)]


def _notes(dataset: Dataset) -> tuple[str, ...]:
    notes = []
    if dataset.get("LossyImageCompression") == "01" or syntax_of(dataset) in LOSSY:
        notes.append("lossy compression has altered the pixels")
    if dataset.get("BurnedInAnnotation") == "YES":
        notes.append("the header says that text is burned into the picture, which may name the patient")
    return tuple(notes)
