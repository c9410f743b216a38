"""Array types by dtype; shapes and units stand in the docstrings of what takes and gives them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Uint8 = npt.NDArray[np.uint8]
