"""Make pixel values finite, so that no NaN or overflow reaches a percentile, a model or a page."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mri_batch.arrays import Float32
from mri_batch.errors import Damaged
from mri_batch.notes import Note
from mri_batch.read.file_errors import COPY_AGAIN

MAX_VALUE = 1e30  # no measured value comes near; float32 ends at 3.4e38, which some writers use for "no data"


def to_finite(values: npt.NDArray[Any]) -> tuple[Float32, tuple[Note, ...]]:
    """Return values of any shape as float32, and a note where some were not finite or beyond ``MAX_VALUE``.

    Those above the bound, and +inf, become the greatest of the others; NaN and all else the least. Integers cost
    nothing. Raises Damaged where no finite value is left.
    """
    if values.dtype.kind in "iub":
        return values.astype(np.float32), ()
    least, greatest = float(values.min()), float(values.max())
    if least >= -MAX_VALUE and greatest <= MAX_VALUE:  # False for NaN, which min and max hand on
        return values.astype(np.float32, copy=False), ()
    usable = np.abs(values) <= MAX_VALUE
    if not usable.any():
        raise Damaged(Note("VALUES_ALL_NOT_FINITE"), code="PIXELS_DAMAGED", hint=COPY_AGAIN)
    inside = values[usable]
    cleaned = np.where(usable, values, np.where(values > MAX_VALUE, inside.max(), inside.min()))
    return cleaned.astype(np.float32), (Note("VALUES_NOT_FINITE"),)
