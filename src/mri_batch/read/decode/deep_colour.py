"""Colour with 16 bits per sample, of which Pillow keeps only the high byte: both are decoded, one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.ImageFile import ImageFile

from mri_batch.arrays import Float32

Samples = npt.NDArray[Any]

# Pillow's raw mode of the stored samples -> the one that takes the other byte of each
_OTHER_BYTE = {f"{mode};16{one}": f"{mode};16{other}" for mode in ("RGB", "RGBA") for one, other in ("BL", "LB")}
_GREY_ALPHA = "LA;16B"
_FULL = 65535.0


def is_deep_colour(image: Image.Image) -> bool:
    """Whether Pillow would drop the low bytes of a picture that was opened and not yet decoded."""
    return _raw_mode(image) in {*_OTHER_BYTE, _GREY_ALPHA}


def read_deep(image: Image.Image, open_again: Callable[[], Image.Image]) -> Samples:
    """Return uint16[rows, cols, 2, 3 or 4] of a picture that :func:`is_deep_colour` names."""
    raw_mode = _raw_mode(image)
    if raw_mode == _GREY_ALPHA:  # four bytes a pixel, decoded as if they were red, green, blue and alpha
        bytes_ = _decode(image, "RGBA", "RGBA").astype(np.uint16)
        return bytes_[..., 0::2] << 8 | bytes_[..., 1::2]
    high = _decode(image, image.mode, raw_mode).astype(np.uint16)
    return high << 8 | _decode(open_again(), image.mode, _OTHER_BYTE[raw_mode])


def to_pixels(samples: Samples, full: float = _FULL, *, premultiplied: bool = False) -> Float32:
    """Return grey as stored, float32[rows, cols], or colour scaled to 0..255, [rows, cols, 3]; alpha lies on black.

    ``samples``: [rows, cols, 1 to 4], the last of 2 or 4 being alpha; ``full``: the greatest value of a sample.
    """
    values = samples.astype(np.float64)
    if values.shape[2] in (2, 4):
        alpha, values = values[..., -1:], values[..., :-1]
        if not premultiplied:
            values = values * (alpha / full)
    if (values == values[..., :1]).all():
        return np.ascontiguousarray(values[..., 0], np.float32)
    return (values * (255.0 / full)).astype(np.float32)


def _decode(image: Image.Image, mode: str, raw_mode: str) -> npt.NDArray[np.uint8]:
    if not isinstance(image, ImageFile):
        raise TypeError("a decoded picture")
    image._mode = mode
    image.tile = [tile._replace(args=_replace(tile.args, raw_mode)) for tile in image.tile]
    return np.asarray(image)


def _raw_mode(image: Image.Image) -> str:
    """Return the raw mode of the stored samples, with the byte order spelt out; empty where there are several."""
    modes = {
        tile.args if isinstance(tile.args, str) else tile.args[0] for tile in getattr(image, "tile", ()) if tile.args
    }
    return str(modes.pop()).replace(";16N", _NATIVE) if len(modes) == 1 else ""


def _replace(args: Any, raw_mode: str) -> Any:
    return raw_mode if isinstance(args, str) else (raw_mode, *args[1:])


_NATIVE = ";16L" if np.little_endian else ";16B"
