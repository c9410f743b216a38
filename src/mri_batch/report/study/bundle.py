"""The pictures of a study's report in one file beside the page, so that pages can be made again without the scans.

``pieces.zip`` holds a manifest and, per slice, its values upright, as whole numbers with a slope and an intercept;
for key slices also the heat on its own grid, what the model saw, and ready-made pictures. A page has a budget in
bytes: where the values do not fit as they are, noise below the slice's own is rounded away first, and resolution is
given up last and on key slices latest. What was given up is in the manifest and on the page.
"""

from __future__ import annotations

import json
import math
import zipfile
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
from PIL import Image

from mri_batch.arrays import Float32
from mri_batch.intensities import find_percentiles, to_finite
from mri_batch.placement import Placement
from mri_batch.prefetch import map_prefetched
from mri_batch.records import Heatmap, LayerHeads, ReportHeat, ReportSlice
from mri_batch.report.schema import from_heatmap, to_heatmap
from mri_batch.report.study.grid_codec import Uint16, decode_grid, encode_grid
from mri_batch.report.study.thumbnails import make_still, make_thumbnail, to_jpeg, to_upright, unturned
from mri_batch.text import to_json

SCHEMA_VERSION = 1
_STAMP = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_KEY_WEIGHT = 2.0  # a key slice may take twice the bytes of another
_LEAST_BYTES = 8_000
_BAND, _EVERY = 8, 64  # a guess looks at so many rows of so many
_GUESS_OFF = 1.03  # a guess may be so far too high; where it is too low, the next attempt is made
_SHARES = (0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.1875, 0.125)  # of the resolution, tried in this order


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceHeat:
    """One heatmap: uint16 ``coded`` on ``about.grid``; heat = low + number * step."""

    about: Heatmap
    low: float
    step: float
    coded: bytes

    def heat(self) -> Float32:
        """float32[grid_rows, grid_cols], unscaled."""
        heat: Float32 = (self.low + decode_grid(self.coded, *self.about.grid) * self.step).astype(np.float32)
        return heat


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceHeads:
    """Single layers and heads in 8 bits: ``coded`` is one uint16 grid, all layers' heads one below the other.

    Weight = number * the layer's own of ``steps``, so that 255 is the layer's largest weight on this slice.
    """

    first_layer: int
    heads: int
    grid: tuple[int, int]
    steps: tuple[float, ...]
    coded: bytes

    def weights(self) -> Float32:
        """float32[layers, heads, grid_rows, grid_cols]."""
        shape = (len(self.steps), self.heads, *self.grid)
        numbers = decode_grid(self.coded, len(self.steps) * self.heads * self.grid[0], self.grid[1]).reshape(shape)
        weights: Float32 = (numbers * np.array(self.steps)[:, None, None, None]).astype(np.float32)
        return weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One slice as the page gets it. ``planes``: one coded uint16[rows, cols] for grey, three for colour, upright.

    Value = ``intercept`` + number * ``slope``, in modality units; right to ``error`` (0: exactly). ``rows`` and
    ``cols`` may be fewer than the slice's own, of which ``placement`` speaks.
    """

    index: int
    rows: int
    cols: int
    planes: tuple[bytes, ...]
    slope: float
    intercept: float
    error: float
    window: tuple[float, float]
    spacing_mm: tuple[float, float] | None
    orientation: tuple[float, ...] | None
    placement: Placement
    notes: tuple[str, ...] = ()
    heats: tuple[PieceHeat, ...] = ()
    prepared: bytes = b""
    still: bytes = b""
    heads: PieceHeads | None = None

    def values(self) -> Float32:
        """float32[rows, cols] or [rows, cols, 3] in modality units, upright."""
        planes = [decode_grid(plane, self.rows, self.cols) for plane in self.planes]
        numbers = planes[0] if len(planes) == 1 else np.stack(planes, axis=2)
        values: Float32 = (self.intercept + numbers * self.slope).astype(np.float32)
        return values

    @property
    def n_bytes(self) -> int:
        """Bytes of the slice's values."""
        return sum(map(len, self.planes))

    @property
    def n_extra_bytes(self) -> int:
        """Bytes of all that a key slice carries besides."""
        heats = [heat.coded for heat in self.heats] + ([self.heads.coded] if self.heads else [])
        return len(self.prepared) + len(self.still) + sum(map(len, heats))


def write_pieces(path: Path, shown: Iterable[ReportSlice], *, threads: int = 1) -> None:
    """Write ``pieces.zip``, and ``thumb.jpg`` beside it where a slice has heat; the same slices give the same bytes."""
    drafts: list[_Draft] = []
    best, loudest = (False, -1.0), None
    with TemporaryFile(dir=path.parent) as numbers:  # 100 MB of a full report would swell every worker
        for (draft, own), each in map_prefetched(lambda each: (_make_draft(each), each), shown, threads):
            drafts.append(draft)
            numbers.write(own.tobytes())
            rank = _rank(each)
            if rank > best:
                best, loudest = rank, each
        numbers.seek(0)
        _write_zip(path, _fit(drafts, numbers, threads))
    if loudest is not None:
        path.with_name("thumb.jpg").write_bytes(_thumbnail(loudest))


def load_pieces(path: Path) -> tuple[Piece, ...]:
    """Load the pieces of a study, in order; values stay coded until they are asked for."""
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        return tuple(_load_piece(archive, entry) for entry in manifest["slices"])


def budget_bytes(n_slices: int, n_extra_bytes: int) -> int:
    """Bytes that the values of ``n_slices`` may take: 1.5 MB of page up to 25 slices, 10 MB from 180 on.

    What remains after the page itself (about 150 kB and 0.8 kB a slice) and the extras, in base64.
    """
    page = np.interp(n_slices, (25, 180), (1_500_000, 10_000_000))
    return int((page - 150_000 - 800 * n_slices) * 0.75 * 0.97) - n_extra_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A piece without its values, until the budget is known; ``guess_bytes``: about what they take in full depth."""

    piece: Piece
    shape: tuple[int, ...]
    guess_bytes: float


def _make_draft(shown: ReportSlice) -> tuple[_Draft, Uint16]:
    """Return a draft and its values as uint16[rows, cols] or [rows, cols, 3], upright."""
    picture, placement = shown.picture, shown.placement
    upright = to_finite(to_upright(picture.pixels, placement))
    numbers, slope, intercept, error = _to_numbers(upright)
    share = _first_share(shown)
    grown = unturned(placement)
    has_extras = shown.prepared is not None or bool(shown.heats)
    piece = Piece(
        index=shown.index,
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
        heats=tuple(map(_make_heat, shown.heats)),
        prepared=to_jpeg(shown.prepared, quality=90) if shown.prepared is not None else b"",
        still=make_still(upright, picture.window, grown, _upright_aspect(shown), share) if has_extras else b"",
        heads=_make_heads(shown.heads) if shown.heads else None,
    )
    bands = np.stack([numbers[slice(*band)] for band in _list_bands(len(numbers))])
    return _Draft(piece=piece, shape=numbers.shape, guess_bytes=_guess_bytes(bands, len(numbers))), numbers


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


def _make_heat(shown: ReportHeat) -> PieceHeat:
    heat = np.nan_to_num(shown.heat.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(heat.min()), float(heat.max())
    # Pixel-wise maps are large and noisy: 8 bits of them are as many as the colour bar has colours.
    step = (high - low) / (0xFFFF if heat.size <= 4096 else 0xFF) or 1.0
    coded = encode_grid(np.round((heat - low) / step).astype(np.uint16))
    return PieceHeat(about=replace(shown.about, grid=shown.heat.shape), low=low, step=step, coded=coded)


def _make_heads(shown: LayerHeads) -> PieceHeads:
    weights = np.nan_to_num(shown.weights.astype(np.float64))
    layers, heads, rows, cols = weights.shape
    steps = [float(f"{layer.max() / 255:.6g}") or 1.0 for layer in weights]
    numbers = np.round(weights / np.array(steps)[:, None, None, None]).clip(0, 255).astype(np.uint16)
    return PieceHeads(
        first_layer=shown.first_layer,
        heads=heads,
        grid=(rows, cols),
        steps=tuple(steps),
        coded=encode_grid(numbers.reshape(layers * heads * rows, cols)),
    )


def _first_share(shown: ReportSlice) -> Float32 | None:
    if not shown.heats:
        return None
    first = shown.heats[0]
    share: Float32 = (first.heat / np.float32(first.about.scale_max or 1.0)).astype(np.float32)
    return share


def _rank(shown: ReportSlice) -> tuple[bool, float]:
    """Rank a slice as the study's small picture: the one whose heat is tested, then the hottest."""
    share = _first_share(shown)
    tested = any(heat.about.faithfulness is not None for heat in shown.heats)
    return tested, float(share.max()) if share is not None else -1.0


def _thumbnail(shown: ReportSlice) -> bytes:
    upright = to_upright(shown.picture.pixels, shown.placement)
    grown = unturned(shown.placement)
    return make_thumbnail(upright, shown.picture.window, grown, _upright_aspect(shown), _first_share(shown))


def _upright_aspect(shown: ReportSlice) -> float:
    aspect = shown.picture.aspect
    return aspect if shown.placement.quarter_turns % 2 == 0 else 1.0 / aspect


def _encode(numbers: Uint16) -> tuple[bytes, ...]:
    planes = [numbers] if numbers.ndim == 2 else [numbers[:, :, c] for c in range(3)]
    return tuple(encode_grid(plane) for plane in planes)


def _fit(drafts: Sequence[_Draft], numbers: IO[bytes], threads: int) -> list[Piece]:
    """Make the pieces fit a page; each has its share of the budget, key slices twice. ``numbers``: of all, in order."""
    if not drafts:
        return []
    pieces = [draft.piece for draft in drafts]
    weights = [_KEY_WEIGHT if piece.heats else 1.0 for piece in pieces]
    budget = budget_bytes(len(pieces), sum(piece.n_extra_bytes for piece in pieces))
    unit = _share_out(budget, [draft.guess_bytes for draft in drafts], weights)
    shares = [max(_LEAST_BYTES, unit * w) for w in weights]
    whole = ((draft, _read(numbers, draft.shape), most) for draft, most in zip(drafts, shares, strict=True))
    return list(map_prefetched(lambda each: _shrink(*each), whole, threads))


def _read(numbers: IO[bytes], shape: tuple[int, ...]) -> Uint16:
    return np.frombuffer(numbers.read(2 * math.prod(shape)), np.uint16).reshape(shape)


def _share_out(budget: float, needs: Sequence[float], weights: Sequence[float]) -> float:
    """Return the bytes per unit of weight, where those who need less leave the rest to the others."""
    left, weight = budget, sum(weights)
    for need, own in sorted(zip(needs, weights, strict=True), key=lambda pair: pair[0] / pair[1]):
        if need > left * own / weight:
            return left / weight
        left, weight = left - need, weight - own
    return float("inf")


def _shrink(draft: _Draft, numbers: Uint16, most_bytes: float) -> Piece:
    """Round the values within their own noise, then give up resolution, until they fit ``most_bytes``.

    Attempts are judged by a guess from some of the rows; what is taken is known to fit, but for the last attempt.
    """
    piece = draft.piece
    if draft.guess_bytes <= most_bytes * _GUESS_OFF:
        piece = replace(piece, planes=_encode(numbers))
        if piece.n_bytes <= most_bytes:
            return piece
    values = _Values(numbers)
    least = (piece.window[1] - piece.window[0]) / 512 / piece.slope  # nobody sees less
    spare = _spare_bits(values.bands(1.0), least)

    @cache
    def attempt(number: int) -> tuple[float, int, float]:
        """Share of the resolution, bits to round away, guess of bytes; sizes fall from attempt to attempt."""
        share = 1.0 if number < spare else _SHARES[number - spare]
        bands = values.bands(share)
        bits = number + 1 if number < spare else _spare_bits(bands, least)
        return share, bits, _guess_bytes(_round(bands, bits), _scaled(len(numbers), share))

    last = spare + len(_SHARES) - 1
    first = bisect_left(range(last), True, key=lambda number: attempt(number)[2] <= most_bytes * _GUESS_OFF)
    for number in range(first, last + 1):
        share, bits, _ = attempt(number)
        rounded = _put_in(piece, values.scaled(share), bits)
        if rounded.n_bytes <= most_bytes:
            break
    return rounded


class _Values:
    """A slice's numbers uint16[rows, cols] or [rows, cols, 3] as float32 at any share of their resolution."""

    def __init__(self, numbers: Uint16) -> None:
        self._numbers = numbers
        planes = [numbers] if numbers.ndim == 2 else [numbers[:, :, c] for c in range(3)]
        self._planes = [Image.fromarray(plane.astype(np.float32)) for plane in planes]

    def scaled(self, share: float, band: tuple[int, int] | None = None) -> Float32:
        """Return the numbers at a share of the resolution; of these the rows of ``band`` alone."""
        if share == 1.0:
            return self._numbers[slice(*band or (None,))].astype(np.float32)
        rows, cols = (_scaled(side, share) for side in self._numbers.shape[:2])
        top, bottom = band or (0, rows)
        tall, wide = self._numbers.shape[:2]
        box = (0.0, top * tall / rows, float(wide), bottom * tall / rows)
        size, filter_ = (cols, bottom - top), Image.Resampling.HAMMING
        small = [np.asarray(plane.resize(size, filter_, box)) for plane in self._planes]
        return small[0] if len(small) == 1 else np.stack(small, axis=2)

    def bands(self, share: float) -> Float32:
        """Return some bands of rows: float32[n, rows, ...]."""
        rows = _scaled(len(self._numbers), share)
        return np.stack([self.scaled(share, band) for band in _list_bands(rows)])


def _list_bands(rows: int) -> list[tuple[int, int]]:
    """List bands of rows that stand for all: an eighth, spread; all of a few."""
    if rows <= _EVERY:
        return [(0, rows)]
    return [(at, at + _BAND) for at in range((_EVERY - _BAND) // 2, rows - _BAND, _EVERY)]


def _scaled(side: int, share: float) -> int:
    return max(16, round(side * share)) if share < 1 else side


def _put_in(piece: Piece, values: Float32, bits: int) -> Piece:
    step, (rows, cols) = piece.slope * 2.0**bits, values.shape[:2]
    return replace(piece, rows=rows, cols=cols, slope=step, error=step / 2, planes=_encode(_round(values, bits)))


def _round(values: Float32, bits: int) -> Uint16:
    rounded: Uint16 = np.rint(values * np.float32(0.5**bits)).astype(np.uint16)
    return rounded


def _guess_bytes(bands: Uint16, rows: int) -> float:
    """Guess what ``rows`` rows take when they are encoded, from bands of them."""
    seen = bands.reshape(-1, *bands.shape[2:])
    return sum(map(len, _encode(seen))) * rows / len(seen)


def _spare_bits(bands: Float32, least: float) -> int:
    """Return how many bits may be rounded away within the noise, or within ``least``."""
    return min(15, int(math.log2(max(1.0, least, _noise(bands)))))


def _noise(bands: Float32) -> float:
    """Estimate the standard deviation of the noise where there is something to see (Immerkaer 1996, with a median)."""
    planes = bands if bands.ndim == 3 else bands[..., 1]
    if min(planes.shape[1:]) < 3:
        return 0.0
    a = planes[:, :-2] - 2 * planes[:, 1:-1] + planes[:, 2:]
    b = a[:, :, :-2] - 2 * a[:, :, 1:-1] + a[:, :, 2:]
    seen = planes[:, 1:-1, 1:-1] >= find_percentiles(planes, (50.0,))[0]
    return find_percentiles(np.abs(b[seen]), (50.0,))[0] / (0.6745 * 6)


def _write_zip(path: Path, pieces: Sequence[Piece]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for piece in pieces:
            for name, content in _contents(piece):
                archive.writestr(zipfile.ZipInfo(name, _STAMP), content)
        manifest = {"schema_version": SCHEMA_VERSION, "slices": [_describe(piece) for piece in pieces]}
        archive.writestr(zipfile.ZipInfo("manifest.json", _STAMP), to_json(manifest, indent=1))


def _contents(piece: Piece) -> list[tuple[str, bytes]]:
    named = [(f"{piece.index}/plane{i}", plane) for i, plane in enumerate(piece.planes)]
    named += [(f"{piece.index}/heat{i}", heat.coded) for i, heat in enumerate(piece.heats)]
    named += [(f"{piece.index}/heads", piece.heads.coded if piece.heads else b"")]
    named += [(f"{piece.index}/prepared.jpg", piece.prepared), (f"{piece.index}/still.jpg", piece.still)]
    return [(name, content) for name, content in named if content]


def _describe(piece: Piece) -> dict[str, Any]:
    return {
        "index": piece.index,
        "rows": piece.rows,
        "cols": piece.cols,
        "n_planes": len(piece.planes),
        "slope": piece.slope,
        "intercept": piece.intercept,
        "error": piece.error,
        "window": piece.window,
        "spacing_mm": piece.spacing_mm,
        "orientation": piece.orientation,
        "placement": asdict(piece.placement),
        "notes": piece.notes,
        "heats": [{"about": from_heatmap(h.about), "low": h.low, "step": h.step} for h in piece.heats],
        "prepared": bool(piece.prepared),
        "still": bool(piece.still),
        "heads": _describe_heads(piece.heads) if piece.heads else None,
    }


def _describe_heads(heads: PieceHeads) -> dict[str, Any]:
    return {"first_layer": heads.first_layer, "heads": heads.heads, "grid": heads.grid, "steps": heads.steps}


def _load_heads(archive: zipfile.ZipFile, entry: dict[str, Any]) -> PieceHeads | None:
    about = entry.get("heads")  # absent where an earlier version wrote the pieces
    if not about:
        return None
    return PieceHeads(
        first_layer=about["first_layer"],
        heads=about["heads"],
        grid=(about["grid"][0], about["grid"][1]),
        steps=tuple(about["steps"]),
        coded=archive.read(f"{entry['index']}/heads"),
    )


def _load_piece(archive: zipfile.ZipFile, entry: dict[str, Any]) -> Piece:
    at = entry["index"]
    heats = [
        PieceHeat(
            about=to_heatmap(heat["about"]),
            low=heat["low"],
            step=heat["step"],
            coded=archive.read(f"{at}/heat{i}"),
        )
        for i, heat in enumerate(entry["heats"])
    ]
    spacing, orientation = entry["spacing_mm"], entry["orientation"]
    return Piece(
        index=at,
        rows=entry["rows"],
        cols=entry["cols"],
        planes=tuple(archive.read(f"{at}/plane{i}") for i in range(entry["n_planes"])),
        slope=entry["slope"],
        intercept=entry["intercept"],
        error=entry["error"],
        window=(entry["window"][0], entry["window"][1]),
        spacing_mm=(spacing[0], spacing[1]) if spacing else None,
        orientation=tuple(orientation) if orientation else None,
        placement=Placement(**entry["placement"]),
        notes=tuple(entry["notes"]),
        heats=tuple(heats),
        prepared=archive.read(f"{at}/prepared.jpg") if entry["prepared"] else b"",
        still=archive.read(f"{at}/still.jpg") if entry["still"] else b"",
        heads=_load_heads(archive, entry),
    )
