"""From a slice to the model's input, and from the model's grid back onto the slice's own pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image

from mri_batch.arrays import Float32
from mri_batch.card import Crop, Intensity, Preprocessing
from mri_batch.intensities import find_percentiles, to_finite
from mri_batch.placement import Placement
from mri_batch.records import ModelInput, Slice

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's convert("L")

# How radiologists view a plane, in DICOM patient coordinates (x to the left, y to the back, z to the head):
# the direction along a displayed row, then down a displayed column, by the axis nearest the slice normal.
_UPRIGHT = {
    0: ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),  # sagittal: front on the left, head on top
    1: ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),  # coronal: patient's right on the left, head on top
    2: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),  # axial: patient's right on the left, front on top
}


def choose_turn(orientation: tuple[float, ...] | None) -> tuple[bool, int]:
    """Choose (mirrored, quarter turns) that bring a slice upright; ``orientation`` as ImageOrientationPatient.

    Of the eight possible orientations, the one whose axes agree best with the plane's usual view.
    """
    if orientation is None:
        return False, 0
    along_row, down_col = np.array(orientation[:3]), np.array(orientation[3:])
    plane = int(np.argmax(np.abs(np.cross(along_row, down_col))))
    want_row, want_col = np.array(_UPRIGHT[plane][0]), np.array(_UPRIGHT[plane][1])
    best, choice = -np.inf, (False, 0)
    for mirrored in (False, True):
        x, y = (-along_row if mirrored else along_row), down_col
        for turns in range(4):
            agreement = float(x @ want_row + y @ want_col)
            if agreement > best + 1e-6:
                best, choice = agreement, (mirrored, turns)
            x, y = y, -x  # numpy.rot90: the new row direction is the old column direction
    return choice


def find_foreground(grey: Float32, crop: Crop) -> tuple[int, int, int, int]:
    """Find the box (top, left, bottom, right) in px around what is brighter than the background of float32[rows, cols].

    A row or column counts when at least 2 % of it is bright, so that specks and thin writing do not widen the box.
    """
    low, high = find_percentiles(grey, (0.5, 99.5))
    bright = grey > low + crop.threshold * (high - low)
    rows = np.flatnonzero(np.count_nonzero(bright, axis=1) / grey.shape[1] >= 0.02)
    cols = np.flatnonzero(np.count_nonzero(bright, axis=0) / grey.shape[0] >= 0.02)
    if high <= low or rows.size == 0 or cols.size == 0:
        return 0, 0, grey.shape[0], grey.shape[1]
    return int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1


def place_slice(picture: Slice, preprocessing: Preprocessing) -> Placement:
    """Decide where the model's grid lies on the slice."""
    rows, cols = picture.shape_px
    mirrored, turns = choose_turn(picture.orientation) if preprocessing.upright else (False, 0)
    turned = _turn(_to_grey(picture.pixels), mirrored, turns)
    if preprocessing.crop.kind == "foreground":
        top, left, bottom, right = find_foreground(turned, preprocessing.crop)
    else:
        top, left, bottom, right = 0, 0, turned.shape[0], turned.shape[1]
    tall = picture.aspect if turns % 2 == 0 else 1.0 / picture.aspect  # a turned pixel's height over its width
    height, width = float(bottom - top), float(right - left)
    if preprocessing.crop.kind == "foreground":
        grow = 1.0 + 2.0 * preprocessing.crop.margin
        longer = max(height * tall, width)
        height, width = height + (grow - 1.0) * longer / tall, width + (grow - 1.0) * longer
    if preprocessing.fit == "pad":
        ratio = preprocessing.rows / preprocessing.cols
        width = max(width, height * tall / ratio)
        height = width * ratio / tall
    centre_row, centre_col = (top + bottom) / 2.0, (left + right) / 2.0
    return Placement(
        rows=rows,
        cols=cols,
        mirrored=mirrored,
        quarter_turns=turns,
        top=centre_row - height / 2.0,
        left=centre_col - width / 2.0,
        height=height,
        width=width,
    )


def cut_out(picture: Slice, placement: Placement, preprocessing: Preprocessing, rows: int, cols: int) -> Float32:
    """Cut the placement's box out of the slice: float32[rows, cols, c] in 0..1, c = 3 for colour models and else 1."""
    pixels = picture.pixels if preprocessing.colour == "rgb" else _to_grey(picture.pixels)
    turned = to_finite(_turn(pixels, placement.mirrored, placement.quarter_turns))
    if turned.ndim == 2:
        turned = turned[:, :, None]
    if preprocessing.colour == "rgb" and turned.shape[2] == 1:
        turned = np.repeat(turned, 3, axis=2)
    low, high = _intensity_range(turned, placement, preprocessing.intensity)
    scaled = _stretch(turned, low, high)
    pad_top, pad_left = max(0, int(np.ceil(-placement.top))), max(0, int(np.ceil(-placement.left)))
    pad_bottom = max(0, int(np.ceil(placement.top + placement.height - turned.shape[0])))
    pad_right = max(0, int(np.ceil(placement.left + placement.width - turned.shape[1])))
    padded = np.pad(scaled, ((pad_top, pad_bottom), (pad_left, pad_right), (0, 0)))
    top, left = placement.top + pad_top, placement.left + pad_left
    box = (
        left,
        top,
        min(left + placement.width, padded.shape[1]),
        min(top + placement.height, padded.shape[0]),
    )
    resample = _FILTERS[preprocessing.resize_filter]
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(padded[:, :, c])).resize((cols, rows), resample, box=box))
        for c in range(padded.shape[2])
    ]
    return np.stack(planes, axis=2)


def normalize(cut: Float32, preprocessing: Preprocessing) -> Float32:
    """From float32[..., rows, cols, 1 or 3] in 0..1 to the model's float32[..., c, rows, cols]."""
    pixels = np.empty((*cut.shape[:-3], preprocessing.channels, *cut.shape[-3:-1]), np.float32)
    for c, (mean, std) in enumerate(zip(preprocessing.mean, preprocessing.std, strict=True)):
        plane = pixels[..., c, :, :]  # plane by plane: several times faster than along the last axis
        np.subtract(cut[..., c % cut.shape[-1]], np.float32(mean), out=plane)
        plane /= np.float32(std)
    return pixels


def prepare(pictures: Iterable[Slice], preprocessing: Preprocessing) -> ModelInput:
    """Prepare slices exactly as in training: float32[n, c, rows, cols] and n placements."""
    pictures = list(pictures)
    return prepare_placed(pictures, [place_slice(picture, preprocessing) for picture in pictures], preprocessing)


def prepare_placed(
    pictures: Iterable[Slice], placements: Sequence[Placement], preprocessing: Preprocessing
) -> ModelInput:
    """Prepare slices whose placements are known."""
    p = preprocessing
    cuts = [cut_out(each, place, p, p.rows, p.cols) for each, place in zip(pictures, placements, strict=True)]
    if not cuts:
        return ModelInput(pixels=np.zeros((0, p.channels, p.rows, p.cols), np.float32), placements=())
    return ModelInput(pixels=normalize(np.stack(cuts), p), placements=tuple(placements))


def _to_grey(pixels: Float32) -> Float32:
    return to_finite(pixels if pixels.ndim == 2 else (pixels @ _LUMA).astype(np.float32))


def _turn(pixels: Float32, mirrored: bool, turns: int) -> Float32:
    return np.rot90(pixels[:, ::-1] if mirrored else pixels, turns)


def _intensity_range(turned: Float32, placement: Placement, intensity: Intensity) -> tuple[float, float]:
    if intensity.kind == "range":
        return intensity.low, intensity.high
    top, left = max(0, int(placement.top)), max(0, int(placement.left))
    bottom = min(turned.shape[0], int(np.ceil(placement.top + placement.height)))
    right = min(turned.shape[1], int(np.ceil(placement.left + placement.width)))
    low, high = find_percentiles(turned[top:bottom, left:right], (intensity.low, intensity.high))
    return low, high


def _stretch(values: Float32, low: float, high: float) -> Float32:
    """Stretch low..high to 0..1, in one new array, since memory traffic dominates the cost."""
    if not high > low:
        return np.zeros_like(values)
    stretched: Float32 = values - np.float32(low)
    stretched /= np.float32(high - low)
    return np.clip(stretched, 0.0, 1.0, out=stretched)
