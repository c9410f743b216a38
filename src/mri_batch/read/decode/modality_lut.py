"""From stored pixel values to modality units, and the window that a viewer would show them with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut

from mri_batch.arrays import Float32
from mri_batch.errors import Damaged
from mri_batch.intensities import find_percentiles
from mri_batch.notes import Note
from mri_batch.read.decode.codecs import Stored
from mri_batch.read.decode.finite import MAX_VALUE, to_finite
from mri_batch.read.file_errors import foreign_errors
from mri_batch.read.functional_groups import Groups

Bools = npt.NDArray[np.bool_]
Window = tuple[float, float]


def mask_unused_bits(stored: Stored, dataset: Dataset) -> Stored:
    """Keep BitsStored bits below HighBit, sign-extended where PixelRepresentation says so; others hold old overlays."""
    if stored.dtype.kind not in "iu":
        return stored
    bits, width = int(dataset.BitsStored), int(dataset.BitsAllocated)
    high_bit = int(dataset.get("HighBit", bits - 1))
    if not 0 < bits < width or not bits - 1 <= high_bit < width:
        return stored
    lowest, highest = stored_range(dataset)
    if high_bit == bits - 1 and stored.min() >= lowest and stored.max() <= highest:
        return stored  # no other bits in use, which is nearly always so
    field = (stored.astype(np.int64) >> (high_bit - bits + 1)) & ((1 << bits) - 1)
    if int(dataset.get("PixelRepresentation", 0)) == 1:
        field -= (field >> (bits - 1)) << bits
    return field


class Rescale(NamedTuple):
    """The rescale of one frame: modality value = slope x stored value + intercept."""

    slope: float = 1.0
    intercept: float = 0.0
    notes: tuple[Note, ...] = ()


def find_rescale(stored: Stored, groups: Groups) -> Rescale:
    """Find the rescale of this very frame.

    A slope of 0 is read as 1, and a rescale that leads beyond every measured value is not applied; both are noted.
    """
    slope, intercept = groups.number("RescaleSlope"), groups.number("RescaleIntercept")
    found = Rescale(1.0 if slope is None else slope, intercept or 0.0)
    highest = float(np.iinfo(stored.dtype).max) if stored.dtype.kind in "iu" else 1.0
    if abs(found.slope) * highest + abs(found.intercept) > MAX_VALUE:
        return Rescale(notes=(Note("RESCALE_UNUSABLE"),))
    return found if found.slope else found._replace(slope=1.0, notes=(Note("SLOPE_ZERO"),))


def to_modality(stored: Stored, dataset: Dataset, rescale: Rescale) -> npt.NDArray[np.float64]:
    """Apply the modality LUT, or else the rescale: float64[rows, cols]."""
    if "ModalityLUTSequence" in dataset:
        return apply_modality_lut(stored, dataset).astype(np.float64)
    values = stored.astype(np.float64)
    values *= rescale.slope
    values += rescale.intercept
    return values


def inversion_sum(stored: Stored, dataset: Dataset, rescale: Rescale) -> float:
    """Return lowest plus highest modality value of the stored bits: MONOCHROME1 is inverted as this minus the value.

    Floating-point values have no such range; theirs is that of the frame.
    """
    if stored.dtype.kind == "f":
        values, _ = to_finite(stored)
        ends = np.array([values.min(), values.max()])
    else:
        ends = np.array(stored_range(dataset))
    return float(to_modality(ends, dataset, rescale).sum())


def stored_range(dataset: Dataset) -> tuple[int, int]:
    """Return the lowest and the highest value that BitsStored bits can hold."""
    bits = int(dataset.BitsStored)
    signed = int(dataset.get("PixelRepresentation", 0)) == 1
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


def find_padding(stored: Stored, dataset: Dataset) -> Bools | None:
    """Find pixels outside the reconstructed picture: PixelPaddingValue, up to PixelPaddingRangeLimit."""
    if "PixelPaddingValue" not in dataset:
        return None
    one = int(dataset.PixelPaddingValue)
    other = int(dataset.get("PixelPaddingRangeLimit", one))
    low, high = min(one, other), max(one, other)
    padded: Bools = (stored >= low) & (stored <= high)
    return padded if padded.any() and not padded.all() else None


def choose_window(values: Float32, dataset: Dataset, groups: Groups, padding: Bools | None) -> Window:
    """Choose what a viewer shows as black and white: the first window, a VOI LUT's slope, or percentiles.

    A window that does not meet the values at all (seen after rescaling by careless software) is not used.
    """
    inside = values if padding is None else values[~padding]
    window = _header_window(dataset, groups)
    if window and window[0] < float(inside.max()) and window[1] > float(inside.min()):
        return window
    return _percentile_window(inside)


def _header_window(dataset: Dataset, groups: Groups) -> Window | None:
    """Return the window of the header; malformed values, which serve display alone, give none."""
    try:
        with foreign_errors("HEADER_DAMAGED", Note("HEADER_UNREADABLE")):
            return _first_window(groups) or _lut_window(dataset)
    except Damaged:
        return None


def _percentile_window(values: Float32) -> Window:
    """Return the 0.5th and 99.5th percentile, or the range around a constant picture."""
    low, high = find_percentiles(values, (0.5, 99.5))
    if high > low:
        return low, high
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low, low + 1.0)


def _first_window(groups: Groups) -> Window | None:
    """Return where the first window of PS3.3 C.11.2.1.2 is black and white."""
    centre, width = groups.number("WindowCenter"), groups.number("WindowWidth")
    if centre is None or width is None or width < 1.0:
        return None
    if width == 1.0:
        return centre - 1.0, centre
    return centre - 0.5 - (width - 1.0) / 2.0, centre - 0.5 + (width - 1.0) / 2.0


def _lut_window(dataset: Dataset) -> Window | None:
    """Return the values between which the first VOI LUT rises from 1 % to 99 % of its output."""
    sequence: Sequence[Dataset] = dataset.get("VOILUTSequence") or ()
    if not sequence or len(sequence[0].LUTDescriptor) != 3:
        return None
    n_entries, first, bits = (int(v) for v in sequence[0].LUTDescriptor)
    data = sequence[0].LUTData
    entries = np.frombuffer(data, "<u2" if bits > 8 else "u1") if isinstance(data, bytes) else np.asarray(data)
    entries = entries[: n_entries or 65536].astype(np.float64)
    if entries.size < 2 or entries.max() == entries.min():
        return None
    share = (entries - entries.min()) / (entries.max() - entries.min())
    low, high = int(np.argmax(share >= 0.01)), int(np.argmax(share >= 0.99))
    return (float(first + low), float(first + high)) if low < high else None


def to_rgb(stored: Stored, dataset: Dataset) -> Float32:
    """Return colour as float32[rows, cols, 3] in 0..255; palette indices are looked up."""
    bits = int(dataset.BitsStored)
    if stored.ndim == 2:
        stored = apply_color_lut(stored, dataset)[..., :3]
        bits = stored.dtype.itemsize * 8
    return (stored.astype(np.float64) * (255.0 / ((1 << bits) - 1))).astype(np.float32)
