"""A synthetic head from formulas: the grey values of T1, with contrast agent or without, on any plane through it.

Coordinates as in DICOM (x to the patient's left, y to the back, z to the head), the origin in the middle of the
brain. Every part is a signed distance in mm (negative inside), laid over the others with a soft edge, so that
partial volume needs no oversampling. Folds, grain and bias field are sums of plane waves from a seed. No
measurement of any person is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Point = tuple[float, float, float]

# Grey values, 1 = the brightest fat. White matter is brighter than cortex and spinal fluid dark, as on T1.
BONE, MARROW, FLUID, CORTEX, WHITE, MUSCLE, FAT = 0.05, 0.22, 0.1, 0.3, 0.385, 0.27, 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesion:
    """A made-up tumour: ``ring`` has a dark core and a swollen rim, ``dural`` is even and broad on the dura."""

    kind: Literal["ring", "dural"]
    centre_mm: Point
    radius_mm: float

    @property
    def stretch(self) -> float:
        """How much taller it is than wide."""
        return 1.4 if self.kind == "ring" else 1.0

    def radius_on(self, plane: Plane) -> float:
        """Return the radius in px of its outline on an axial or coronal plane, 0 where that misses it."""
        along, down = np.array(plane.row_step_mm), np.array(plane.col_step_mm)
        normal = np.cross(along, down) / (np.linalg.norm(along) * np.linalg.norm(down))
        away = abs(float(normal @ (np.array(plane.corner_mm) - np.array(self.centre_mm))))
        reach = self.radius_mm * (self.stretch if abs(normal[2]) > 0.5 else 1.0)
        share = max(0.0, 1 - (away / reach) ** 2) ** 0.5
        return self.radius_mm * share / float(np.linalg.norm(along))


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One made-up head. ``size``: scale against 66 x 82 x 70 mm half axes of the skull's inside."""

    seed: int
    size: float = 1.0
    contrast_agent: bool = True
    lesion: Lesion | None = None

    @property
    def vessel(self) -> float:
        """The grey value of blood and dura."""
        return 0.68 if self.contrast_agent else 0.27


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A grid of points: ``corner_mm`` is the centre of the first pixel, the steps go along a row and down a column."""

    corner_mm: Point
    row_step_mm: Point
    col_step_mm: Point
    rows: int = 256
    cols: int = 256

    def points(self) -> Array:
        """Return float64[3, rows, cols] in mm."""
        corner, along, down = (np.array(v)[:, None, None] for v in self._vectors())
        return corner + along * np.arange(self.cols)[None, None, :] + down * np.arange(self.rows)[None, :, None]

    def nearest_px(self, point_mm: Point) -> tuple[int, int]:
        """Return row and column index of the pixel nearest to a point."""
        away = np.array(point_mm) - np.array(self.corner_mm)
        along, down = np.array(self.row_step_mm), np.array(self.col_step_mm)
        return round(float(away @ down / (down @ down))), round(float(away @ along / (along @ along)))

    def _vectors(self) -> tuple[Point, Point, Point]:
        return self.corner_mm, self.row_step_mm, self.col_step_mm


class Waves:
    """Smooth noise of unit variance: plane waves of about ``wavelength_mm`` in random directions."""

    def __init__(self, rng: np.random.Generator, wavelength_mm: float, n: int = 40) -> None:
        height, turn = rng.uniform(-1, 1, n), rng.uniform(0, 2 * np.pi, n)
        flat = np.sqrt(1 - height**2)
        length = wavelength_mm * rng.uniform(0.75, 1.35, n)
        self.k = np.stack([flat * np.cos(turn), flat * np.sin(turn), height]) * (2 * np.pi / length)
        self.phase = rng.uniform(0, 2 * np.pi, n)
        self.gain = np.sqrt(2 / n)

    def on(self, plane: Plane) -> Array:
        """Return the noise on a plane."""
        across, down = self._angles(plane)
        return self.gain * (np.cos(down).T @ np.cos(across) - np.sin(down).T @ np.sin(across))

    def slope_on(self, plane: Plane) -> Array:
        """Return the length of its gradient per mm."""
        across, down = self._angles(plane)
        parts = [(k[:, None] * np.sin(down)).T @ np.cos(across) for k in self.k]
        others = [(k[:, None] * np.cos(down)).T @ np.sin(across) for k in self.k]
        return self.gain * np.sqrt(sum((a + b) ** 2 for a, b in zip(parts, others, strict=True)))

    def _angles(self, plane: Plane) -> tuple[Array, Array]:
        start = self.k.T @ np.array(plane.corner_mm) + self.phase
        across = (self.k.T @ np.array(plane.row_step_mm))[:, None] * np.arange(plane.cols)
        down = (self.k.T @ np.array(plane.col_step_mm))[:, None] * np.arange(plane.rows)
        return across, start[:, None] + down


def soft(distance: Array, edge_mm: float = 0.7) -> Array:
    """Return how far a point is inside, 0..1, from its signed distance."""
    ramp = np.clip(0.5 - distance / (2 * edge_mm), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def paint(under: Array, value: Array | float, distance: Array, edge_mm: float = 0.7, share: float = 1.0) -> Array:
    """Lay a part over what is there."""
    alpha = soft(distance, edge_mm) * share
    return under * (1 - alpha) + value * alpha


def ellipsoid(p: Array, centre: Point, axes: Point) -> Array:
    """Return the signed distance to an ellipsoid, good near its surface. ``p``: float64[3, ...] in mm."""
    offset = [(p[i] - centre[i]) / axes[i] for i in range(3)]
    k0 = np.sqrt(sum(o**2 for o in offset))
    k1 = np.sqrt(sum((o / axes[i]) ** 2 for i, o in enumerate(offset)))
    return k0 * (k0 - 1) / np.maximum(k1, 1e-6)


def tube(p: Array, points: list[Point], radii: list[float]) -> Array:
    """Return the signed distance to a chain of round cones."""
    best = np.full(p.shape[1:], 1e3)
    for start, end, r0, r1 in zip(points, points[1:], radii, radii[1:], strict=False):
        a, axis = np.array(start), np.array(end) - np.array(start)
        along = sum((p[i] - a[i]) * axis[i] for i in range(3)) / (axis @ axis)
        h = np.clip(along, 0, 1)
        away = np.sqrt(sum((p[i] - a[i] - h * axis[i]) ** 2 for i in range(3)))
        best = np.minimum(best, away - (r0 + h * (r1 - r0)))
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What the parts are drawn from on one plane: points, the same mirrored to one side, depths in mm and noise."""

    p: Array
    m: Array
    vault: Array  # signed distance to the inside of the skull's dome
    inside: Array  # the same, with the base
    fold: Array  # distance to the nearest fold
    sway: Array  # noise, 50 mm
    vary: Array  # noise, 30 mm
    blotch: Array  # noise, 14 mm
    grain: Array  # noise, 5 mm
    leafy: Array  # noise, 24 mm

    @property
    def deep(self) -> Array:
        """Depth under the dura in mm."""
        return -self.inside


def render(head: Head, plane: Plane) -> Array:
    """Return grey values float64[rows, cols], about 0..1, without noise."""
    rng = np.random.default_rng(head.seed)
    folds, fine, sway, vary, blotch, grain, leafy, skew, bias = (
        Waves(rng, length) for length in (21.0, 12.0, 50.0, 30.0, 14.0, 5.0, 24.0, 110.0, 260.0)
    )
    p = plane.points() / head.size
    m = np.stack([np.abs(p[0]), p[1], p[2]])
    vault = _vault(p) + 0.9 * skew.on(plane)
    inside = np.maximum(vault, _floor(m) + 1.5 * sway.on(plane) - p[2])
    # The zero surfaces of two noises, one coarse and one fine, are the folds: reaching 12 to 20 mm deep.
    reach = np.maximum(-inside - 15 - 4 * vary.on(plane), 0) * 1.5
    coarse = np.abs(folds.on(plane)) / np.maximum(folds.slope_on(plane), 0.03) + reach
    small = np.abs(fine.on(plane) - 0.9) / np.maximum(fine.slope_on(plane), 0.06) + reach + 0.8
    f = Field(
        p=p, m=m, vault=vault, inside=inside, fold=np.minimum(coarse, small), sway=sway.on(plane),
        vary=vary.on(plane), blotch=blotch.on(plane), grain=grain.on(plane), leafy=leafy.on(plane),
    )  # fmt: skip
    value = paint(_outer(f, head), FLUID, inside + 0.2, 0.8)
    value = paint(value, _brain(f, head), inside + 1.0, 0.9)
    return np.clip(value * (1 + 0.1 * bias.on(plane)), 0, None)


def _vault(p: Array) -> Array:
    """Signed distance to the inside of the skull as if it had no base: an egg, wider at the back."""
    half = 66.0 * (1 + 0.06 * np.sin(p[1] / 55.0))
    tall = np.where(p[2] > 0, 70.0, 64.0)
    rho = ((np.abs(p[0]) / half) ** 2.2 + (np.abs(p[1]) / 82.0) ** 2.2 + (np.abs(p[2]) / tall) ** 2.2) ** (1 / 2.2)
    return np.sqrt((p**2).sum(axis=0)) * (1 - 1 / np.maximum(rho, 0.05))


def _floor(m: Array) -> Array:
    """Height in mm of the skull base: orbit roofs in front, temporal pits, the deep hind pit."""
    front, hind, pit = soft(m[1] + 36, 9), soft(18 - m[1], 12), soft(20 - m[0], 7)
    return front * (-19 - 3 * soft(12 - m[0], 8)) + (1 - front) * ((1 - hind) * (-15 - 25 * pit) - hind * 60)


def _outer(f: Field, head: Head) -> Array:
    """Skin, fat, muscle, face and bone: all that is not inside the skull."""
    jaw = ellipsoid(f.p, (0, -22, -58), (58, 70, 62))
    neck = np.maximum(np.sqrt(f.p[0] ** 2 + 0.8 * (f.p[1] - 30) ** 2) - 56 - 0.05 * (f.p[2] + 60), f.p[2] + 10)
    skin = np.minimum(f.vault - 13.5 - 1.0 * f.sway, np.minimum(jaw, neck) - 0.5 * f.sway)
    value = paint(np.zeros_like(skin), 0.5, skin)
    value = paint(value, FAT * (0.93 + 0.06 * f.blotch + 0.03 * f.grain), skin + 2.0, 1.0)
    layers = np.sin((skin + 3 * f.sway + 2 * f.blotch) / 3.1)  # muscles with fat between
    flesh = MUSCLE + 0.02 * f.blotch + 0.25 * np.clip(layers - 0.75, 0, 1) + 0.02 * f.grain
    value = paint(value, flesh, np.maximum(np.maximum(f.p[2] + 14, skin + 6), 5 - f.inside), 3.0)
    temporal = np.maximum(ellipsoid(f.m, (71, -22, -6), (12, 34, 34)), skin + 4)
    value = paint(value, MUSCLE + 0.02 * f.grain, temporal, 1.5)
    value = _face(value, f)
    thick = 6.0 + 1.0 * f.sway
    value = paint(value, BONE, np.maximum(-f.inside, f.inside - thick))
    marrow = MARROW + 0.08 * np.clip(f.blotch, -1, 1.5)
    value = paint(value, marrow, np.abs(f.inside - thick * 0.55) - thick * 0.17 - 0.4 * f.vary, 1.2)
    return paint(value, head.vessel * 0.7, np.abs(f.inside - 0.1) - 0.25, 0.8, 0.6)


def _face(value: Array, f: Field) -> Array:
    """Eyes in their fat, the airy nose and its cells, the clivus, the airy bone behind the ear."""
    m = f.m
    orbit = np.maximum(ellipsoid(m, (30, -66, -32), (19, 32, 16)), 12 - m[0])
    value = paint(value, FAT * 0.85, orbit, 1.5)
    for centre, axes in (
        ((22.0, -66.0, -32.0), (2.0, 20.0, 5.0)),
        ((42.0, -64.0, -32.0), (2.0, 20.0, 5.0)),
        ((31.0, -62.0, -22.0), (5.0, 20.0, 1.6)),
    ):
        value = paint(value, 0.34, ellipsoid(m, centre, axes))
    value = paint(value, 0.32, tube(m, [(30, -68, -32), (12, -36, -27)], [2.0, 2.0]))
    globe = ellipsoid(m, (32, -80, -32), (12, 12, 12))
    value = paint(paint(value, 0.4, globe), 0.13, globe + 1.2)
    value = paint(value, 0.3, ellipsoid(m, (32, -89, -32), (4.5, 2.2, 4.5)))
    walls = 0.03 + 0.4 * soft(np.abs(np.sin(m[1] / 3.6 + 0.6 * f.vary)) - 0.25, 0.3)
    value = paint(value, walls, ellipsoid(m, (4, -60, -36), (8, 28, 14)), 1.0)
    value = paint(value, 0.02, ellipsoid(m, (6, -28, -34), (12, 12, 9)), 1.0)
    value = paint(value, 0.02, ellipsoid(m, (26, -58, -66), (13, 16, 15)), 1.0)
    value = paint(value, 0.3 + 0.05 * f.blotch, ellipsoid(m, (0, -4, -36), (14, 14, 18)), 3.0)
    return paint(value, 0.04, np.maximum(ellipsoid(m, (56, 26, -46), (11, 14, 15)), -2 * f.grain - 1.0), 1.2)


def _brain(f: Field, head: Head) -> Array:
    bridge = -ellipsoid(f.p, (0, 2, 2), (400, 47, 27))  # the corpus callosum and what lies under it
    gap = np.abs(f.p[0] + 0.6 * f.sway) + np.maximum(bridge, 0)
    pial = np.minimum(np.minimum(f.deep - 1.6, f.fold), gap)
    value = paint(np.full_like(pial, WHITE), CORTEX, pial - 3.3, 1.0) + 0.006 * f.blotch + 0.004 * f.grain
    value = _deep_grey(value, f)
    value = paint(value, FLUID, pial - (0.45 + 0.25 * f.vary), 0.8, 0.85)
    value = _ventricles(_hindbrain(value, f, head), f, head)
    value = _vessels(value, f, head)
    return value if head.lesion is None else _lesion(value, f, head, head.lesion)


def _deep_grey(value: Array, f: Field) -> Array:
    """Caudate, putamen and thalamus, as dark as cortex; the insula and the fissure before it."""
    m = f.m
    for centre, axes in (
        ((13.0, -20.0, 13.0), (5.0, 12.0, 9.0)),
        ((25.5, -6.0, 4.0), (5.0, 16.0, 10.0)),
        ((10.0, 12.0, 9.0), (8.5, 13.0, 8.0)),
    ):
        value = paint(value, CORTEX + 0.015, ellipsoid(m, centre, axes) + 0.8 * f.blotch, 1.5)
    around = ellipsoid(m, (43, -4, 3), (22, 24, 17)) + 2 * f.blotch
    slit = np.abs(m[2] - 3 - 0.3 * (m[1] + 8) + 0.35 * (m[0] - 48) + 1.5 * f.sway) + np.maximum(35 - m[0], 0) * 2
    insula = np.abs(m[0] - 36 - 0.012 * (m[1] + 4) ** 2 - 0.02 * m[2] ** 2 + 1.2 * f.sway)
    sheet = np.minimum(slit, insula) + np.maximum(around, 0)
    return paint(paint(value, CORTEX, sheet - 3.6, 1.0), FLUID, sheet - 0.5, 0.9)


def _hindbrain(value: Array, f: Field, head: Head) -> Array:
    """Tentorium, cerebellum with its leaves, brain stem and the water around it, fourth ventricle."""
    m = f.m
    roof = -4 - 0.36 * np.maximum(m[1] - 30, 0) - 0.011 * m[0] ** 2 - 0.12 * m[0] + 0.8 * f.sway
    under = np.maximum(m[2] - roof, 24 - m[1] + 0.3 * m[0])
    value = paint(value, FLUID, under, 1.0, 0.9)
    lobes = np.minimum(ellipsoid(m, (27, 50, -36), (31, 30, 25)), ellipsoid(m, (0, 52, -30), (18, 27, 27)))
    lobes = np.maximum(np.maximum(lobes, m[2] - roof + 1.8), f.inside + 2.0)
    leaf = np.sin(2 * np.pi * (ellipsoid(m, (14, 40, -34), (44, 42, 26)) + 1.4 * f.leafy) / 4.6)
    value = paint(value, CORTEX + 0.02 + 0.035 * leaf, lobes, 1.0)
    core = np.minimum(ellipsoid(m, (18, 46, -36), (15, 13, 8)), ellipsoid(m, (0, 46, -30), (5, 14, 13)))
    value = paint(value, WHITE - 0.01, core + 2 * f.leafy, 2.5, 0.8)
    water = tube(m, [(0, 4, -9), (0, 14, -28), (0, 24, -62)], [13, 17, 15])
    value = paint(value, FLUID, np.maximum(water + f.blotch, 0.5 - lobes), 1.2)
    uncus = ellipsoid(m, (24, 2, -20), (9, 16, 9))
    value = paint(value, CORTEX, uncus, 1.0)
    stem = np.minimum(
        tube(m, [(0, 14, -4), (0, 17, -22), (0, 25, -48), (0, 29, -80)], [10.5, 12, 9.5, 7]),
        np.minimum(ellipsoid(m, (0, 9, -27), (15, 9, 12)), tube(m, [(8, 7, -8), (13, 2, 2)], [5.5, 7])),
    )
    value = paint(value, WHITE - 0.02, np.minimum(stem, tube(m, [(8, 24, -30), (17, 40, -36)], [6, 7])), 1.2)
    value = paint(value, FLUID, ellipsoid(m, (0, 33, -31), (6, 4.5, 10)))
    sheet = np.abs(m[2] - roof) + np.maximum(25 + 0.3 * m[0] - m[1], 0)
    return paint(value, head.vessel * 0.75, np.maximum(sheet - 0.35, 4 - m[0]), 0.8, 0.75)


def _ventricles(value: Array, f: Field, head: Head) -> Array:
    m = f.m
    way: list[Point] = [(13, -33, 11), (8, -18, 18), (8, 2, 22), (13, 20, 21), (22, 33, 12), (21, 46, 9)]
    lateral = tube(m, way, [2.6, 4.2, 3.4, 4.0, 5.2, 1.6]) + 0.5 * f.blotch
    horn = tube(m, [(22, 33, 12), (31, 20, -8), (31, -4, -17)], [4.8, 2.0, 1.6])
    sides = np.maximum(np.minimum(lateral, horn), 0.7 - m[0])
    third = np.maximum(m[0] - 1.5, ellipsoid(m, (0, 2, 1), (40, 14, 9)))
    value = paint(value, WHITE + 0.01, lateral - 1.6, 1.5)
    value = paint(value, FLUID * 0.9, np.minimum(sides, third), 0.9)
    plexus = tube(m, [(13, 20, 17), (22, 31, 12), (27, 25, -2)], [0.8, 1.8, 0.7]) + 0.8 * f.grain
    return paint(value, head.vessel * 0.85, plexus, 1.0)


def _vessels(value: Array, f: Field, head: Head) -> Array:
    """The falx and the great sinuses, the arteries of the base, veins in some of the folds."""
    p, m, blood, shallow = f.p, f.m, head.vessel, -f.vault
    falx = np.abs(p[0] + 0.25 * f.sway) + np.maximum(-ellipsoid(p, (0, 2, 2), (400, 54, 36)), 0)
    falx = falx + np.maximum(-14 - p[2], 0)
    value = paint(value, blood * 0.65, falx - 0.15, 0.8, 0.7)
    sinus = np.maximum(np.abs(p[0]) - 0.6 * np.maximum(6.0 - shallow, 0), np.maximum(-20 - p[2], shallow - 7))
    side = np.maximum(np.maximum(np.abs(p[2] + 20) - 2.2, 44 - m[1]), shallow - 4.5)
    value = paint(value, blood * 1.15, np.minimum(sinus, side), 1.0)
    base = tube(m, [(6, -6, -15), (15, -10, -13), (30, -12, -8), (37, -4, 2)], [1.2, 1.1, 0.9, 0.6])
    front = tube(m, [(4, -12, -13), (1.2, -30, -4), (1.2, -44, 12), (1.2, -34, 32)], [0.9, 0.8, 0.7, 0.5])
    basilar = tube(m, [(0, -1, -40), (0, 0, -16), (12, 14, -12)], [1.4, 1.3, 0.7])
    inner = tube(m, [(1.0, -4, 14), (1.0, 14, 15), (0, 34, 10), (0, 44, 12)], [0.4, 0.6, 1.4, 1.5])
    value = paint(value, blood * 1.1, np.minimum(np.minimum(base, front), np.minimum(basilar, inner)), 0.9)
    veins = np.maximum(f.fold - 0.5, np.maximum(np.abs(f.deep - 3.0) - 1.2, 0.5 - f.vary))
    return paint(value, blood, veins, 0.9)


def _lesion(value: Array, f: Field, head: Head, lesion: Lesion) -> Array:
    x, y, z = (f.p[i] - lesion.centre_mm[i] for i in range(3))
    away, radius = np.sqrt(x**2 + y**2 + (z / lesion.stretch) ** 2), lesion.radius_mm
    if lesion.kind == "dural":
        edge = np.maximum(away - radius + 0.6 * f.blotch, f.inside)
        value = paint(value, FLUID + 0.06, edge - 1.4, 1.2, 0.6)
        return paint(value, 0.66 + 0.015 * f.blotch + 0.015 * f.grain, edge, 1.0)
    swelling = np.maximum(away - 1.6 * radius + 4.0 * f.vary + 2 * f.blotch, 3.5 - f.fold)
    value = paint(value, 0.25, swelling, 6.0, 0.7)
    rim = away - radius + 1.3 * f.blotch + 0.4 * f.grain
    value = paint(value, head.vessel * (0.92 + 0.08 * f.grain), rim, 1.4)
    return paint(value, 0.2 + 0.03 * f.grain, rim + 4.0 + 1.2 * f.vary, 1.8)
