"""Geometry of the pictures of a tear sheet and a study: numbers in, percent of a frame out.

As in the report, pictures are inline SVG paths in a stretched frame with labels as ordinary text,
so one file serves phone, print, light and dark. Pure functions; equal input gives equal bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from engine.report.blocks import Tick
from engine.report.charts import FRAME_H, FRAME_W, Axis, AxisSpan, nice_ticks
from engine.values import BoolArray, FloatArray

MOST_POINTS = 900
"""Points drawn per line: more than a page has pixels."""
_LOG_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


def thinned(n: int) -> list[int]:
    """At most about ``MOST_POINTS`` places of ``n``, first and last included."""
    step = max(1, math.ceil(n / MOST_POINTS))
    places = list(range(0, n, step))
    return places if places[-1] == n - 1 else [*places, n - 1]


def line(values: FloatArray, axis: Axis) -> str:
    """A path through ``values`` (T,); NaN leaves a gap."""
    last = max(1, values.size - 1)
    parts, pen_down = [], False
    for i in thinned(values.size):
        if not math.isfinite(values[i]):
            pen_down = False
            continue
        y = FRAME_H * (1 - axis.at(float(values[i])) / 100)
        parts.append(f"{'L' if pen_down else 'M'}{FRAME_W * i / last:.1f} {y:.1f}")
        pen_down = True
    return "".join(parts)


def band(low: FloatArray, high: FloatArray, axis: Axis) -> str:
    """The area between two lines without gaps; NaN counts as zero."""
    last = max(1, low.size - 1)
    places = thinned(low.size)
    low, high = np.nan_to_num(low), np.nan_to_num(high)

    def spot(i: int, value: float) -> str:
        return f"{FRAME_W * i / last:.1f} {FRAME_H * (1 - axis.at(value) / 100):.1f}"

    upper = "L".join(spot(i, float(high[i])) for i in places)
    lower = "L".join(spot(i, float(low[i])) for i in reversed(places))
    return f"M{upper}L{lower}Z"


def stacked(parts: Mapping[str, FloatArray], axis: Axis) -> dict[str, str]:
    """Each part on top of those before it, what is negative below zero; name -> area."""
    size = next(iter(parts.values())).size
    top, bottom = np.zeros(size), np.zeros(size)
    areas = {}
    for name, raw in parts.items():
        value = np.nan_to_num(raw)
        up, down = np.maximum(value, 0.0), np.minimum(value, 0.0)
        above = band(top, top + up, axis) if up.any() else ""
        below = band(bottom + down, bottom, axis) if down.any() else ""
        areas[name] = above + below
        top, bottom = top + up, bottom + down
    return areas


def stacked_range(parts: Mapping[str, FloatArray]) -> tuple[float, float]:
    """Lowest and highest edge of ``stacked``."""
    values = np.nan_to_num(np.array(list(parts.values())))
    return (
        float(np.minimum(values, 0).sum(axis=0).min()),
        float(np.maximum(values, 0).sum(axis=0).max()),
    )


def linear(low: float, high: float, *, about: int = 4) -> tuple[Axis, tuple[float, ...]]:
    """An axis that ends on round numbers, and those numbers."""
    ticks = nice_ticks(low, high, about=about)
    return Axis(low=ticks[0], high=ticks[-1]), ticks


def logarithmic(low: float, high: float) -> tuple[Axis, tuple[float, ...]]:
    """An axis over log values, a little wider than [low, high], and round values inside it."""
    margin = 0.04 * max(math.log(high / low), 0.05)
    axis = Axis(low=math.log(low) - margin, high=math.log(high) + margin)
    ticks = [t for t in _LOG_STEPS if axis.low <= math.log(t) <= axis.high]
    if len(ticks) < 2:
        ticks = [
            t for t in nice_ticks(low, high) if axis.low <= math.log(max(t, 1e-9)) <= axis.high
        ]
    return axis, tuple(ticks)


def years(days: Sequence[date]) -> tuple[Tick, ...]:
    """First session of each year, or of quarters in a history below two years."""
    last = max(1, len(days) - 1)
    long = (days[-1] - days[0]).days > 730

    def period(day: date) -> tuple[int, int]:
        return (day.year, 0 if long else (day.month - 1) // 3)

    firsts = [i for i in range(1, len(days)) if period(days[i]) != period(days[i - 1])]
    ticks = (
        Tick(
            at=round(100 * i / last, 3),
            label=str(days[i].year) if long else f"{days[i].year}-{days[i].month:02d}",
        )
        for i in firsts
    )
    return tuple(t for t in ticks if 3 <= t.at <= 97)


def runs_of(flag: BoolArray) -> tuple[AxisSpan, ...]:
    """Unbroken runs of True as stretches of the frame."""
    axis = Axis(low=0, high=max(1, flag.size - 1))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flag.astype(np.int8), [0]))))
    pairs = edges.reshape(-1, 2).tolist()
    return tuple(axis.span(start - 0.5, end - 0.5) for start, end in pairs)
