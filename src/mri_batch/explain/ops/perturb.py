"""Perturbed pictures and what the model makes of them: fillers, masks, class probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.explain.base import Forward
from mri_batch.probabilities import softmax

BATCH = 32  # masked pictures in memory at once
Fill = Literal["blur", "mean", "black"]


def fill_picture(pixels: Float32, kind: Fill) -> Float32:
    """Make the filler for removed evidence, float32[n, c, rows, cols] like the pictures.

    ``blur``: the picture without its detail; ``mean``: its mean colour; ``black``: its darkest value, per channel.
    """
    if kind == "blur":
        return blur_picture(pixels, max(1, max(pixels.shape[2:]) // 16))
    flat = (pixels.mean if kind == "mean" else pixels.min)(axis=(2, 3), keepdims=True)
    return np.broadcast_to(flat.astype(np.float32), pixels.shape)


def blur_picture(pixels: Float32, radius_px: int) -> Float32:
    """Blur float32[n, c, rows, cols] by three box filters of that radius, close to a Gaussian; edges are repeated."""
    blurred = pixels.astype(np.float64)
    for axis in (2, 3) * 3:
        pad = [(0, 0)] * 4
        pad[axis] = (radius_px + 1, radius_px)
        sums = np.cumsum(np.pad(blurred, pad, mode="edge"), axis=axis)
        width = 2 * radius_px + 1
        high = np.take(sums, range(width, sums.shape[axis]), axis=axis)
        low = np.take(sums, range(sums.shape[axis] - width), axis=axis)
        blurred = (high - low) / width
    return blurred.astype(np.float32)


def class_probability(forward: Forward, pixels: Float32, target: int) -> Float32:
    """Softmax probability (uncalibrated) of one class: float32[n]."""
    return softmax(forward.logits(pixels))[:, target].astype(np.float32)


def blend(picture: Float32, filler: Float32, keep: Float32) -> Float32:
    """Blend one picture float32[c, rows, cols] with its filler by m masks of 0..1 float32[m, rows, cols]."""
    return filler + (picture - filler) * keep[:, None]


def masked_probability(
    forward: Forward, picture: Float32, filler: Float32, keep: Sequence[Float32] | Float32, target: int
) -> Float32:
    """Probability of a class under each of m masks, float32[m], a few masked pictures in memory at a time."""
    parts = [
        class_probability(forward, blend(picture, filler, np.asarray(keep[i : i + BATCH], np.float32)), target)
        for i in range(0, len(keep), BATCH)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
