"""Single layers and heads of a ViT."""

from __future__ import annotations

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.explain.base import Forward
from mri_batch.explain.ops.grid import to_patches


def read_heads(forward: Forward, picture: Float32, *, last_layers: int = 0) -> Float32:
    """The class token's attention in each head of all layers (0) or of the last ones, for float32[1, c, rows, cols].

    float32[layers, heads, grid_rows, grid_cols], weights of 0..1, in one pass.
    """
    names = forward.wiring.attention[-last_layers:]
    outputs = forward.outputs(picture, names)
    return np.stack([to_patches(outputs[name][0, :, 0], forward.wiring) for name in names])
