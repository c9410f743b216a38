"""Array types by dtype; shapes and units stand in the docstrings of what takes and gives them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Uint8 = npt.NDArray[np.uint8]
Outputs = Mapping[str, Float32]  # a graph's outputs by name
Arrays = Mapping[str, npt.NDArray[np.generic]]  # as a .npz file holds them
