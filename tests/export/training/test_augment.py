"""Augmentation: bias fields are smooth, coarse pictures lose only detail, masks dilate like a maximum filter."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from mri_batch_export.training.augment import AugmentSettings, _dilate, augment_batch

STILL = {
    "rotate_deg": 0.0,
    "scale": 0.0,
    "shift": 0.0,
    "flip": 0.0,
    "gamma": 0.0,
    "contrast": 0.0,
    "noise": 0.0,
    "blur": 0.0,
}


@pytest.mark.parametrize("grow_px", [1, 2, 4, 8, 10])
def test_masks_dilate_like_a_maximum_filter(grow_px: int) -> None:
    """Specks anywhere, also at the edges."""
    mask = np.random.default_rng(grow_px).random((60, 50)) > 0.99
    picture = Image.fromarray(mask.astype(np.uint8) * 255)
    expected = np.asarray(picture.filter(ImageFilter.MaxFilter(2 * grow_px + 1))) > 0
    assert (_dilate(mask, grow_px) == expected).all()


def test_a_bias_field_is_smooth_and_bounded() -> None:
    """On uniform grey: no step between neighbours, and within the given strength."""
    torch.manual_seed(0)
    wide = torch.full((4, 1, 80, 80), 0.4)
    shaded, _ = augment_batch(wide, wide, (64, 64), 1.25, AugmentSettings(**STILL, bias=0.3))
    assert shaded.std() > 0.01
    assert shaded.diff(dim=-1).abs().max() < 0.02
    assert 0.4 * np.exp(-0.45) < shaded.min() <= shaded.max() < 0.4 * np.exp(0.45)  # bicubic may overshoot a little


def test_coarse_pictures_lose_detail_but_not_brightness() -> None:
    """Noise fades and the mean stays."""
    torch.manual_seed(0)
    wide = torch.from_numpy(np.random.default_rng(0).random((4, 1, 80, 80)).astype(np.float32))
    plain, _ = augment_batch(wide, wide, (64, 64), 1.25, AugmentSettings(**STILL))
    coarse, _ = augment_batch(wide, wide, (64, 64), 1.25, AugmentSettings(**STILL, coarse=1.0))
    assert coarse.std() < 0.8 * plain.std()
    assert float(coarse.mean()) == pytest.approx(float(plain.mean()), abs=0.01)
