"""A report slice turned into a piece without its values, which wait until the page's budget is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.intensities import to_finite
from mri_batch.records import LayerHeads, ReportHeat, ReportSlice
from mri_batch.report.study.grid_codec import Uint16, encode_grid
from mri_batch.report.study.piece import Piece, PieceHeads, PieceHeat
from mri_batch.report.study.thumbnails import make_still, to_jpeg, to_upright, unturned

_BAND, _EVERY = 8, 64  # a guess looks at so many rows of so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A piece without its values, until the budget is known; ``guess_bytes``: about what they take in full depth."""

    piece: Piece
    shape: tuple[int, ...]
    guess_bytes: float


def make_draft(report_slice: ReportSlice) -> tuple[Draft, Uint16]:
    """Return a draft and its values as uint16[rows, cols] or [rows, cols, 3], upright."""
    picture, placement = report_slice.picture, report_slice.placement
    upright = to_finite(to_upright(picture.pixels, placement))
    numbers, slope, intercept, error = _to_numbers(upright)
    share = first_share(report_slice)
    grown = unturned(placement)
    has_extras = report_slice.prepared is not None or bool(report_slice.heats)
    piece = Piece(
        index=report_slice.index,
        rows=upright.shape[0],
        cols=upright.shape[1],
        planes=(),
        slope=slope,
        intercept=intercept,
        error=error,
        window=picture.window,
        spacing_mm=picture.spacing_mm,
        orientation=picture.orientation,
        placement=placement,
        notes=picture.notes,
        heats=tuple(map(_make_heat, report_slice.heats)),
        prepared=to_jpeg(report_slice.prepared, quality=90) if report_slice.prepared is not None else b"",
        still=make_still(upright, picture.window, grown, upright_aspect(report_slice), share) if has_extras else b"",
        heads=_make_heads(report_slice.heads) if report_slice.heads else None,
    )
    bands = np.stack([numbers[slice(*band)] for band in list_bands(len(numbers))])
    return Draft(piece=piece, shape=numbers.shape, guess_bytes=guess_bytes(bands, len(numbers))), numbers


def _to_numbers(values: Float32) -> tuple[Uint16, float, float, float]:
    """Return uint16 numbers, slope, intercept and error: 0 where the values are multiples of one step."""
    low, high = float(values.min()), float(values.max())
    if low > -(1 << 24) and high < 1 << 24 and high - low <= 0xFFFF and (values == np.trunc(values)).all():
        numbers = (values - np.float32(low)).astype(np.uint16)
        common = int(np.gcd.reduce(np.flatnonzero(np.bincount(numbers.ravel())))) or 1
        return numbers // np.uint16(common), float(common), low, 0.0
    unique = np.unique(values).astype(np.float64)
    step, error = 1.0, 0.0
    if unique.size > 1:
        step = float(np.diff(unique).min())
        step = (high - low) / round((high - low) / step)  # float32 leaves little of a step's digits
    steps = (unique - low) / step
    if (high - low) / step > 0xFFFF or np.abs(steps - np.round(steps)).max() > 0.01:
        step = (high - low) / 0xFFFF
        error = step / 2
    return np.round((values.astype(np.float64) - low) / step).astype(np.uint16), step, low, error


def _make_heat(report_heat: ReportHeat) -> PieceHeat:
    heat = np.nan_to_num(report_heat.heat.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(heat.min()), float(heat.max())
    # Pixel-wise maps are large and noisy: 8 bits of them are as many as the colour bar has colours.
    step = (high - low) / (0xFFFF if heat.size <= 4096 else 0xFF) or 1.0
    coded = encode_grid(np.round((heat - low) / step).astype(np.uint16))
    return PieceHeat(about=replace(report_heat.about, grid=report_heat.heat.shape), low=low, step=step, coded=coded)


def _make_heads(layer_heads: LayerHeads) -> PieceHeads:
    weights = np.nan_to_num(layer_heads.weights.astype(np.float64))
    layers, heads, rows, cols = weights.shape
    steps = [float(f"{layer.max() / 255:.6g}") or 1.0 for layer in weights]
    numbers = np.round(weights / np.array(steps)[:, None, None, None]).clip(0, 255).astype(np.uint16)
    return PieceHeads(
        first_layer=layer_heads.first_layer,
        heads=heads,
        grid=(rows, cols),
        steps=tuple(steps),
        coded=encode_grid(numbers.reshape(layers * heads * rows, cols)),
    )


def first_share(report_slice: ReportSlice) -> Float32 | None:
    """Return the first heatmap as a share of its scale; None where there is none."""
    if not report_slice.heats:
        return None
    first = report_slice.heats[0]
    share: Float32 = (first.heat / np.float32(first.about.scale_max or 1.0)).astype(np.float32)
    return share


def upright_aspect(report_slice: ReportSlice) -> float:
    """Return the height of a pixel over its width once the slice is upright."""
    aspect = report_slice.picture.aspect
    return aspect if report_slice.placement.quarter_turns % 2 == 0 else 1.0 / aspect


def encode_planes(numbers: Uint16) -> tuple[bytes, ...]:
    """Encode numbers uint16[rows, cols] or [rows, cols, 3], one plane after the other."""
    planes = [numbers] if numbers.ndim == 2 else [numbers[:, :, c] for c in range(3)]
    return tuple(encode_grid(plane) for plane in planes)


def list_bands(rows: int) -> list[tuple[int, int]]:
    """List bands of rows that stand for all: an eighth, spread; all of a few."""
    if rows <= _EVERY:
        return [(0, rows)]
    return [(at, at + _BAND) for at in range((_EVERY - _BAND) // 2, rows - _BAND, _EVERY)]


def guess_bytes(bands: Uint16, rows: int) -> float:
    """Guess what ``rows`` rows take when they are encoded, from bands of them."""
    seen = bands.reshape(-1, *bands.shape[2:])
    return sum(map(len, encode_planes(seen))) * rows / len(seen)
