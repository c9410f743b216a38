"""Charts as small inline SVG: the content is here, the looks are in ``templates/chart.svg``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH_PX, HEIGHT_PX = 320, 260
LEFT_PX, TOP_PX, RIGHT_PX, BOTTOM_PX = 46, 12, 10, 40  # margins for tick labels and axis titles
# Okabe & Ito's colours: distinguishable for colour-blind people; each line also has a dash pattern of its own.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999")
DASHES = ("", "6 2", "2 2", "8 2 2 2", "4 4", "1 3", "10 3", "3 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line through points (x, y) in the chart's units."""

    label: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar from the x axis up; ``width`` in the chart's x units."""

    x: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Lines and bars over two linear axes."""

    title: str
    x_label: str
    y_label: str
    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)
    lines: tuple[Line, ...] = ()
    bars: tuple[Bar, ...] = ()
    diagonal: bool = False

    def x_px(self, x: float) -> float:
        """Place an x value."""
        low, high = self.x_range
        return round(LEFT_PX + (x - low) / (high - low) * (WIDTH_PX - LEFT_PX - RIGHT_PX), 1)

    def y_px(self, y: float) -> float:
        """Place a y value."""
        low, high = self.y_range
        return round(HEIGHT_PX - BOTTOM_PX - (y - low) / (high - low) * (HEIGHT_PX - TOP_PX - BOTTOM_PX), 1)

    @property
    def x_ticks(self) -> tuple[float, ...]:
        """Round numbers along x."""
        return choose_ticks(*self.x_range)

    @property
    def y_ticks(self) -> tuple[float, ...]:
        """Round numbers along y."""
        return choose_ticks(*self.y_range)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One metric of several methods, one per row: name, value, and the ends of its interval (NaN: none)."""

    title: str
    rows: tuple[tuple[str, float, float, float], ...]

    @property
    def x_range(self) -> tuple[float, float]:
        """Around all values and intervals, with 0 in it."""
        return fit_range([0.0, *(number for row in self.rows for number in row[1:])])

    def x_px(self, x: float, left_px: float, width_px: float) -> float:
        """Place a value."""
        low, high = self.x_range
        return round(left_px + (x - low) / (high - low) * width_px, 1)


def choose_ticks(low: float, high: float) -> tuple[float, ...]:
    """Choose four to eight round numbers within a range."""
    rough = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(round(i * step, 10) for i in range(first, last + 1))


def fit_range(values: Sequence[float], *, zero: bool = False) -> tuple[float, float]:
    """Choose an axis range around finite values, a little wider; from 0 where ``zero``. Never empty."""
    finite = [v for v in values if math.isfinite(v)] or [0.0]
    low, high = (0.0 if zero else min(finite)), max(finite)
    gap = (high - low) * 0.05 or max(abs(high), 1.0) * 0.05
    return (low if zero else low - gap), high + gap
