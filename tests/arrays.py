"""Small arrays in the dtype that the rooms speak."""

from __future__ import annotations

from typing import Any

import numpy as np

from mri_batch.arrays import Float32


def f32(values: Any) -> Float32:
    """Make a float32 array of numbers or nested lists of them."""
    return np.array(values, np.float32)
