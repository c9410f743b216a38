"""From one DICOM file to its slices: pixels in modality units, window, and place in the patient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from mri_batch.arrays import Float32
from mri_batch.errors import Damaged, FileProblem
from mri_batch.notes import Note
from mri_batch.read.decode import modality_lut
from mri_batch.read.decode.codecs import LOSSY, Stored, choose_decoders, decode_frame, syntax_of
from mri_batch.read.decode.finite import to_finite
from mri_batch.read.decode.frames import cut_frame, has_pixels, parse
from mri_batch.read.decode.modality_lut import Window
from mri_batch.read.decode.mosaic import Mosaic, find_mosaic, has_word
from mri_batch.read.file_errors import COPY_AGAIN, SUSPICIOUS_FILE, foreign_errors
from mri_batch.read.functional_groups import Groups
from mri_batch.read.header.element_scanner import PIXEL_TAGS, scan_file
from mri_batch.read.inflate import open_plain
from mri_batch.read.orientation import Place, distance_mm, place_of, same_orientation
from mri_batch.records import FoundFile, Slice
from mri_batch.settings import ReadLimits

_Shown = tuple[Float32, Window, tuple[Note, ...]]  # pixels, the window that shows them, what to say of them
_NO_NOTES: tuple[Note, ...] = ()
_PIXELS_DAMAGED = ("PIXELS_DAMAGED", Note("PIXELS_UNDECODABLE"))


def iter_dicom(file: FoundFile, limits: ReadLimits) -> Iterator[Slice | FileProblem]:
    """Yield the slices of a file in the order of their positions, decoded one by one, or the problem of a frame.

    Raises FileProblem where the file as a whole cannot be used.
    """
    with foreign_errors(*_PIXELS_DAMAGED):
        with open_plain(file.path, limits) as stream:
            scan_file(stream, frozenset(), limits)
            stream.seek(0)
            dataset = parse(stream, _past_pixels)
        n_frames = _check(dataset, limits)
        choose_decoders(syntax_of(dataset))
        places = [place_of(Groups(dataset, index)) for index in range(n_frames)]
        mosaic = find_mosaic(dataset, places[0]) if n_frames == 1 else None
    if mosaic:
        yield from _iter_tiles(file, dataset, mosaic)
        return
    file_notes = (Note("MOSAIC_WORD_ALONE"),) if n_frames == 1 and has_word(dataset) else ()
    for index in _order(places):
        try:
            with foreign_errors(*_PIXELS_DAMAGED):
                picture = _read_frame(file, dataset, index, places[index])
        except FileProblem as problem:
            yield problem
        else:
            yield replace(picture, notes=(*picture.notes, *file_notes)) if file_notes else picture


def _iter_tiles(file: FoundFile, dataset: Dataset, mosaic: Mosaic) -> Iterator[Slice]:
    """Yield the tiles of a mosaic; ``frame`` counts them as they are laid out."""
    places = [mosaic.place(index) for index in range(mosaic.n)]
    with foreign_errors(*_PIXELS_DAMAGED):
        whole = _read_frame(file, dataset, 0, places[0])
    for index in _order(places):
        yield replace(
            whole,
            frame=index,
            pixels=mosaic.cut(whole.pixels, index),
            position_mm=places[index].position_mm,
            notes=(*whole.notes, Note("MOSAIC_TILE")),
        )


def _past_pixels(tag: BaseTag, vr: str | None, length: int) -> bool:
    """Whether an element lies behind the pixels, where nothing is needed and nothing was scanned."""
    return int(tag) > max(PIXEL_TAGS)


def _check(dataset: Dataset, limits: ReadLimits) -> int:
    """Return the number of frames. Raises Damaged for sizes that no picture has."""
    if not has_pixels(dataset):
        raise Damaged(Note("PIXELS_MISSING"), code="NO_PIXELS", hint=COPY_AGAIN)
    rows, cols = int(dataset.Rows), int(dataset.Columns)
    n_frames = int(dataset.get("NumberOfFrames") or 1)
    if min(rows, cols, n_frames) < 1:
        raise Damaged(Note("PIXELS_NOT_PROMISED"), code="NO_PIXELS", hint=COPY_AGAIN)
    if rows * cols > limits.max_frame_px or n_frames > limits.max_frames:
        reason = Note("FRAMES_TOO_MANY", {"n": n_frames, "rows": rows, "cols": cols})
        raise Damaged(reason, code="TOO_LARGE", hint=SUSPICIOUS_FILE)
    return n_frames


def _read_frame(file: FoundFile, dataset: Dataset, index: int, place: Place) -> Slice:
    stored = decode_frame(*cut_frame(dataset, index, file.path))
    groups = Groups(dataset, index)
    if stored.ndim == 3 or dataset.PhotometricInterpretation == "PALETTE COLOR":
        pixels, window, notes = _to_colour(stored, dataset)
    else:
        pixels, window, notes = _to_grey(stored, dataset, groups)
    return Slice(
        file=file,
        frame=index,
        pixels=pixels,
        window=window,
        spacing_mm=place.spacing_mm,
        orientation=place.orientation,
        position_mm=place.position_mm,
        sop_instance_uid=str(dataset.get("SOPInstanceUID", "")),
        notes=(*_notes(dataset), *notes),
    )


def _to_colour(stored: Stored, dataset: Dataset) -> _Shown:
    return modality_lut.to_rgb(stored, dataset), (0.0, 255.0), ()


def _to_grey(stored: Stored, dataset: Dataset, groups: Groups) -> _Shown:
    exact = syntax_of(dataset) not in LOSSY
    if exact:  # a lossy codec may overflow the top bit, and a mask would turn white to black
        stored = modality_lut.mask_unused_bits(stored, dataset)
    padding = modality_lut.find_padding(stored, dataset) if exact else None  # lossy codecs blur the padding value
    rescale = modality_lut.find_rescale(stored, groups)
    pixels = modality_lut.to_modality(stored, dataset, rescale)
    is_float = stored.dtype.kind == "f"  # integers are finite, and their rescale has been checked
    grey, not_finite = to_finite(pixels) if is_float else (pixels.astype(np.float32), _NO_NOTES)
    window = modality_lut.choose_window(grey, dataset, groups, padding)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        total = modality_lut.inversion_sum(stored, dataset, rescale)
        grey = (total - (grey if not_finite else pixels)).astype(np.float32)
        window = (total - window[1], total - window[0])
    if padding is not None:
        grey[padding] = grey[~padding].min()
    return grey, window, (*not_finite, *rescale.notes)


def _order(places: list[Place]) -> list[int]:
    """Order frames along their normal, one orientation after the other; where a place is unknown, as stored."""
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


def _notes(dataset: Dataset) -> tuple[Note, ...]:
    notes = []
    if dataset.get("LossyImageCompression") == "01" or syntax_of(dataset) in LOSSY:
        notes.append(Note("LOSSY_COMPRESSION"))
    if dataset.get("BurnedInAnnotation") == "YES":
        notes.append(Note("BURNED_IN_TEXT"))
    return tuple(notes)
