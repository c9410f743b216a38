"""Ready-made pictures, for a page without scripts, for paper and for the work list."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from mri_batch.arrays import Float32, Uint8
from mri_batch.intensities import to_finite
from mri_batch.placement import Placement, place_heat
from mri_batch.report.study.colours import RAMP_AGAINST, RAMP_FOR, colour_heat

STILL_PX = 320  # height of one panel of a still: legible on paper at half a column
THUMB_PX = 88
OPACITY, THRESHOLD, CONTOUR_AT = 0.6, 0.15, 0.5  # as the page starts, too


def to_upright(pixels: Float32, placement: Placement) -> Float32:
    """Turn a slice as its placement says: float32[rows, cols] or [rows, cols, 3]."""
    turned: Float32 = np.rot90(pixels[:, ::-1] if placement.mirrored else pixels, placement.quarter_turns)
    return turned


def unturned(placement: Placement) -> Placement:
    """Return the placement on the slice once that is upright."""
    rows, cols = placement.turned_shape_px
    return replace(placement, rows=rows, cols=cols, mirrored=False, quarter_turns=0)


def lay_heat(heat: Float32, upright: Placement, rows: int, cols: int) -> Float32:
    """Lay heat float32[grid_rows, grid_cols] on an upright slice drawn ``rows`` x ``cols``; 0 outside the box."""
    down, across = rows / upright.rows, cols / upright.cols
    drawn = replace(
        upright,
        rows=rows,
        cols=cols,
        top=upright.top * down,
        left=upright.left * across,
        height=upright.height * down,
        width=upright.width * across,
    )
    return place_heat(heat, drawn)


def show_grey(pixels: Float32, window: tuple[float, float], rows: int, cols: int) -> Uint8:
    """Window a slice and draw it ``rows`` x ``cols``: uint8[rows, cols, 3]."""
    low, high = window
    share = (to_finite(pixels) - np.float32(low)) * np.float32(255 / ((high - low) or 1.0))
    share += np.float32(0.5)
    eight = np.clip(share, 0.0, 255.0, out=share).astype(np.uint8)
    drawn = Image.fromarray(np.ascontiguousarray(eight)).resize((cols, rows), Image.Resampling.BICUBIC)
    return np.asarray(drawn.convert("RGB"))


def overlay(grey: Uint8, share: Float32) -> Uint8:
    """Draw heat, a share of its scale, and its half-scale contour over uint8[rows, cols, 3]."""
    colour, alpha = colour_heat(share, opacity=OPACITY, threshold=THRESHOLD)
    mask = Image.fromarray((alpha * 255 + 0.5).astype(np.uint8))
    drawn = np.array(Image.composite(Image.fromarray(colour), Image.fromarray(grey), mask))
    for sign, ramp in ((1, RAMP_FOR), (-1, RAMP_AGAINST)):
        drawn[_edge(share * sign >= CONTOUR_AT)] = ramp[240]
    return drawn


def make_still(
    pixels: Float32, window: tuple[float, float], upright: Placement, aspect: float, share: Float32 | None
) -> bytes:
    """Make a JPEG of an upright slice beside itself with heat; the slice alone where there is none.

    ``aspect``: height of a pixel over its width; ``share``: heat over its scale, on its own grid.
    """
    rows, cols = fit_shape(pixels.shape[:2], aspect, STILL_PX)
    grey = show_grey(pixels, window, rows, cols)
    if share is None:
        return to_jpeg(grey)
    gap = np.zeros((rows, 4, 3), np.uint8)
    return to_jpeg(np.concatenate([grey, gap, overlay(grey, lay_heat(share, upright, rows, cols))], axis=1))


def make_thumbnail(
    pixels: Float32, window: tuple[float, float], upright: Placement, aspect: float, share: Float32 | None
) -> bytes:
    """Make a small JPEG of an upright slice with its heat, for the work list."""
    rows, cols = fit_shape(pixels.shape[:2], aspect, THUMB_PX)
    grey = show_grey(pixels, window, rows, cols)
    return to_jpeg(grey if share is None else overlay(grey, lay_heat(share, upright, rows, cols)), quality=78)


def fit_shape(shape: tuple[int, ...], aspect: float, side: int) -> tuple[int, int]:
    """Rows and columns of a drawing with square pixels whose longer side is ``side``."""
    height, width = shape[0] * aspect, float(shape[1])
    scale = side / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def to_jpeg(picture: Uint8, *, quality: int = 82) -> bytes:
    """Write uint8[rows, cols(, 3)] as JPEG, without metadata."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(stream, "JPEG", quality=quality, optimize=True)
    return stream.getvalue()


def _edge(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    padded = np.pad(inside, 1)
    core = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: npt.NDArray[np.bool_] = inside & ~core
    return edge
