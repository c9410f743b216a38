"""One fixed colour scale per model and method, so that a picture without evidence stays dark."""

from __future__ import annotations

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.explain.base import Forward, Method

SHARE = 0.5  # of the validation pictures whose hottest cell stays within the scale


def measure_scale(forward: Forward, method: Method, pixels: Float32, target: Int64) -> float:
    """Measure the heat at the top of the colour bar on validation pictures float32[n, c, rows, cols], n at least 1.

    It is the median of the pictures' hottest cells; hotter cells saturate. A method that distributes a fixed sum, as
    attention does, is far hotter on a small finding than on a large one; a bar that ended at the hottest would leave
    large findings dark. 1 where no picture has any heat.
    """
    peaks = np.concatenate(
        [method(forward, pixels[i : i + 8], target[i : i + 8]).heat.max(axis=(1, 2)) for i in range(0, len(pixels), 8)]
    )
    scale = float(np.quantile(peaks, SHARE))
    return scale if scale > 0 else 1.0
