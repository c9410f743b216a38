"""Augmentation: geometry and intensity in batches, and counterfactual pictures made with tumour masks.

Pictures with and without a tumour come from different sources, so a classifier could learn the source instead. Three
edits of single pictures break this link; all of them are clones with a feathered edge, so that traces of cloning carry
no information: *erase* a tumour (the picture becomes ``no_tumor``), *transplant* one into a picture
without tumour (it takes the tumour's label), and *clone* healthy tissue elsewhere (the label stays).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn import functional as F

from mri_batch.arrays import Float32


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentSettings:
    """Strength or probability of each augmentation; zero disables it."""

    rotate_deg: float = 15.0
    scale: float = 0.15
    shift: float = 0.05
    flip: float = 0.5
    gamma: float = 0.4
    contrast: float = 0.2
    noise: float = 0.03
    blur: float = 0.3
    bias: float = 0.0
    coarse: float = 0.0
    erase: float = 0.1
    transplant: float = 0.15
    clone: float = 0.1


def augment_batch(
    wide: Tensor, masks: Tensor, size: tuple[int, int], wide_by: float, s: AugmentSettings
) -> tuple[Tensor, Tensor]:
    """Augment ``wide`` float[n, c, rows, cols] in 0..1 and masks float[n, 1, rows, cols], cropped to ``size``.

    ``wide`` covers ``wide_by`` times the model's crop, so that shifts do not bring in black borders.
    """
    n = wide.shape[0]
    angle = (torch.rand(n) * 2 - 1) * math.radians(s.rotate_deg)
    zoom = torch.exp((torch.rand(n) * 2 - 1) * s.scale) / wide_by
    mirror = torch.where(torch.rand(n) < s.flip, -1.0, 1.0)
    shift = (torch.rand(n, 2) * 2 - 1) * 2 * s.shift / wide_by
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = torch.cos(angle) * zoom * mirror, -torch.sin(angle) * zoom
    theta[:, 1, 0], theta[:, 1, 1] = torch.sin(angle) * zoom * mirror, torch.cos(angle) * zoom
    theta[:, :, 2] = shift
    grid = F.affine_grid(theta, [n, 1, *size], align_corners=False)
    pictures = F.grid_sample(wide, grid, align_corners=False)
    moved = F.grid_sample(masks, grid, align_corners=False)
    return _change_intensity(pictures, s), moved


def _change_intensity(x: Tensor, s: AugmentSettings) -> Tensor:
    n = x.shape[0]
    per = (n, 1, 1, 1)
    x = x.clamp(0, 1) ** torch.exp((torch.rand(per) * 2 - 1) * s.gamma)
    x = x * (1 + (torch.rand(per) * 2 - 1) * s.contrast) + (torch.rand(per) * 2 - 1) * s.contrast / 4 * (x > 0.02)
    soft = F.avg_pool2d(x, 3, 1, 1)
    coarse = F.interpolate(F.interpolate(x, scale_factor=0.6, mode="bilinear"), size=x.shape[-2:], mode="bilinear")
    pick = torch.rand(per)
    x = torch.where(pick < s.blur / 2, soft, torch.where(pick < s.blur, coarse, x))
    x = _shade(_coarsen(x, s.coarse), s.bias)
    return (x + torch.randn_like(x) * s.noise * torch.rand(per) * (x > 0.01)).clamp(0, 1)


def _coarsen(x: Tensor, share: float) -> Tensor:
    """Downsample a share of the pictures to 0.35 to 0.8 of their side and upsample again, like coarser scans."""
    if not share:
        return x
    pick = torch.rand(x.shape[0]) < share
    factor = float(torch.rand(()) * 0.45 + 0.35)
    if pick.any():
        small = F.interpolate(x[pick], scale_factor=factor, mode="area")
        x = x.clone()
        x[pick] = F.interpolate(small, size=x.shape[-2:], mode="bicubic", align_corners=False).clamp(0, 1)
    return x


def _shade(x: Tensor, strength: float) -> Tensor:
    """Multiply by a smooth random field within exp(+-strength), like the bias field of a surface coil."""
    if not strength:
        return x
    knots = (torch.rand(x.shape[0], 1, 3, 3) * 2 - 1) * strength
    return x * torch.exp(F.interpolate(knots, size=x.shape[-2:], mode="bicubic", align_corners=True))


def feather(mask: Float32, grow_px: int) -> Float32:
    """Dilate a mask float32[rows, cols] in 0..1 by some px and blur its edge."""
    grown = Image.fromarray(_dilate(mask > 0.5, grow_px).astype(np.uint8) * 255)
    return np.asarray(grown.filter(ImageFilter.GaussianBlur(grow_px / 2)), np.float32) / 255.0


def _dilate(mask: npt.NDArray[np.bool_], grow_px: int) -> npt.NDArray[np.bool_]:
    """Dilate by a square of 2 grow_px + 1 px a side, in steps that double (much faster than a rank filter)."""
    grown = np.pad(mask, grow_px)
    side = 2 * grow_px + 1
    for axis in (0, 1):
        lines = np.moveaxis(grown, axis, 0)
        reached = 1
        while reached < side:
            step = min(reached, side - reached)
            further = lines.copy()
            further[step:] |= lines[:-step]
            lines, reached = further, reached + step
        grown = np.moveaxis(lines, 0, axis)
    return grown[side - 1 :, side - 1 :]


def clone_over(picture: Float32, mask: Float32, rng: np.random.Generator) -> Float32 | None:
    """Cover ``mask`` with tissue from elsewhere in the picture; None if there is no suitable tissue.

    Tries the mirrored picture and shifts; the source must be tissue throughout and lie outside the mask; its mean is
    matched to the ring around the mask.
    """
    alpha = feather(mask, 4)
    ring = (feather(mask, 10) > 0.05) & (alpha < 0.05) & (picture > 0.08)
    core = alpha > 0.05
    if ring.sum() < 30 or core.sum() < 20:
        return None
    candidates = [(picture[:, ::-1], mask[:, ::-1])]
    reach = int(math.sqrt(float(core.sum()))) + 12
    for _ in range(8):
        turn = rng.uniform(0, 2 * math.pi)
        step = (int(reach * math.sin(turn)), int(reach * math.cos(turn)))
        candidates.append((np.roll(picture, step, (0, 1)), np.roll(mask, step, (0, 1))))
    for source, source_mask in candidates:
        tissue = source[core]
        if (source_mask[core] > 0.5).mean() > 0.02 or (tissue < 0.08).mean() > 0.1 or (tissue > 0.9).mean() > 0.1:
            continue
        gain = float(np.clip(picture[ring].mean() / max(float(tissue.mean()), 0.05), 0.5, 2.0))
        covered: Float32 = (picture * (1 - alpha) + np.clip(source * gain, 0, 1) * alpha).astype(np.float32)
        return covered
    return None


def transplant(tumour: Float32, mask: Float32, host: Float32) -> Float32 | None:
    """Copy a tumour to the same place of another picture; None if the host has no tissue there."""
    alpha = feather(mask, 2)
    core = alpha > 0.05
    ring = (feather(mask, 8) > 0.05) & ~core
    around, there = tumour[ring & (tumour > 0.08)], host[core]
    if around.size < 30 or (there < 0.08).mean() > 0.1:
        return None
    gain = float(np.clip(there.mean() / max(float(around.mean()), 0.05), 0.5, 2.0))
    merged: Float32 = (host * (1 - alpha) + np.clip(tumour * gain, 0, 1) * alpha).astype(np.float32)
    return merged
