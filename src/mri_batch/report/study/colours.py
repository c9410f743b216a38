"""The colours of heat: lightness rises strictly, so that the order survives grey print and colour blindness."""

from __future__ import annotations

import numpy as np

from mri_batch.arrays import Float32, Uint8

# Ten equally spaced points of matplotlib's inferno (Smith and van der Walt, CC0).
_FOR = "#000004 #1b0c41 #4a0c6b #781c6d #a52c60 #cf4446 #ed6925 #fb9b06 #f7d13d #fcffa4"
# For heat that speaks against a class: blue, of the same lightness steps.
_AGAINST = "#000408 #06203a #0b3d66 #0f5b8c #2478ad #4696c6 #6fb3da #9dcdea #cbe6f6 #f4fcff"
FULL_AT = 0.4  # share of the scale from which an overlay is as opaque as was asked for


def make_ramp(anchors: str) -> Uint8:
    """Return uint8[256, 3] through the anchor colours, linear in between."""
    points = np.array([[int(hexa[i : i + 2], 16) for i in (1, 3, 5)] for hexa in anchors.split()], np.float64)
    at = np.linspace(0.0, 1.0, len(points))
    to = np.linspace(0.0, 1.0, 256)
    ramp = np.stack([np.interp(to, at, points[:, c]) for c in range(3)], axis=1)
    rounded: Uint8 = np.round(ramp).astype(np.uint8)
    return rounded


RAMP_FOR: Uint8 = make_ramp(_FOR)
RAMP_AGAINST: Uint8 = make_ramp(_AGAINST)


def colour_heat(share: Float32, *, opacity: float, threshold: float) -> tuple[Uint8, Float32]:
    """Colour heat float32[rows, cols], a share of the scale in -1..1: uint8[rows, cols, 3] and alpha in 0..1.

    Below ``threshold`` nothing is drawn; above it the overlay fades in. The page does the same in ``viewer.js``.
    """
    strength = np.clip(np.abs(share), 0.0, 1.0)
    step: Uint8 = np.round(strength * 255).astype(np.uint8)
    colour: Uint8 = np.take(RAMP_FOR, step, axis=0)
    if share.min(initial=0.0) < 0:
        colour[share < 0] = RAMP_AGAINST[step[share < 0]]
    fade = np.clip((strength - threshold) / FULL_AT, 0.0, 1.0)
    alpha: Float32 = (opacity * fade).astype(np.float32)
    return colour, alpha
