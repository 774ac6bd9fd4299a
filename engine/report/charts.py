"""Geometry of the report's charts, in percent of a frame.

The charts are drawn by the templates, not as pictures: bars and labels are ordinary elements and
only the price line is an inline SVG path stretched to its frame. So one document serves phone,
print, light and dark, its text stays text, and the command starts without a plotting library.
Everything here is a pure function of numbers; coordinates carry three decimals, so equal input
gives equal bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from engine.shown import PricePoint
from engine.values import Contribution

FRAME_W, FRAME_H = 1000.0, 400.0
"""User units of the price frame; it is stretched to the page, so only the ratio matters."""

_MAX_MONTH_TICKS = 7
_MARK_GAP_PCT = 7.5  # on a phone a mark is about this wide
_LANES_PCT, _LANE_ENDS_PCT = (92.0, 79.0, 66.0), 97.0
"""Where the numbers of events stand: rows above each other, and their right end."""
_WORDS_PCT = 24.0
"""On a phone the words of the last price are about this wide, with the place of their point."""
_WEEKEND_DAYS, _MOST_GAP_PCT = 7, 25.0
"""Silence up to a week, holidays with it, is no gap; more than a quarter of the frame shows no
more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisSpan:
    """A stretch of an axis: ``left`` and ``width`` in percent."""

    left: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A linear axis from ``low`` to ``high``."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Position of ``value`` in percent, held inside the frame."""
        place = 100 * (value - self.low) / (self.high - self.low)
        return round(min(100.0, max(0.0, place)), 3)

    def span(self, start: float, end: float) -> AxisSpan:
        """The stretch between two values, in either order."""
        left, right = sorted((self.at(start), self.at(end)))
        return AxisSpan(left=left, width=round(right - left, 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallLayout:
    """One span per contribution, in order; each starts where the one before ended."""

    axis: Axis
    steps: tuple[AxisSpan, ...]
    zero: float
    total: AxisSpan


def waterfall(
    contributions: Sequence[Contribution], *, also: Sequence[float] = ()
) -> WaterfallLayout:
    """Steps from zero to the score; the axis also shows the values in ``also``."""
    levels = [0.0]
    for part in contributions:
        levels.append(levels[-1] + part.contribution)
    axis = padded_axis([*levels, *also])
    steps = tuple(axis.span(a, b) for a, b in pairwise(levels))
    return WaterfallLayout(axis=axis, steps=steps, zero=axis.at(0), total=axis.span(0, levels[-1]))


def padded_axis(values: Sequence[float], *, pad: float = 0.08, least: float = 0.1) -> Axis:
    """An axis around ``values``, at least ``least`` wide, plus ``pad`` of that on each side."""
    low, high = min(values), max(values)
    width = max(high - low, least)
    middle = (low + high) / 2
    return Axis(low=middle - width * (0.5 + pad), high=middle + width * (0.5 + pad))


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisTick:
    """A labelled position in percent; the label is a number or a date for the voice to say."""

    at: float
    value: float | date


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMark:
    """A numbered event in a lane beside the line. spot: where the line was on its day."""

    at: float
    height: float
    number: int
    direction: int
    spot: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChart:
    """Line and area paths in frame units; bands are the sessions spent in SELL.

    gap: from the last price to the reader's day, hatched and not to scale beyond ``_MOST_GAP_PCT``;
    None where there is none to speak of. clear: height above which no price of the last stretch
    lies, where the last one's words hide nothing; None where there is room for them in the gap.
    """

    line: str
    area: str
    bands: tuple[AxisSpan, ...]
    prices: tuple[AxisTick, ...]
    months: tuple[AxisTick, ...]
    marks: tuple[EventMark, ...]
    end: tuple[float, float]
    gap: AxisSpan | None = None
    clear: float | None = None

    @property
    def leaders(self) -> str:
        """A path from each spot to its number."""
        return "".join(_path([m.spot, (m.at, m.height)]) for m in self.marks)


def price_chart(
    points: Sequence[PricePoint], events: Sequence[tuple[int, date, int]], silent_days: int = 0
) -> PriceChart | None:
    """The chart of closes with ``events`` as (number, day, direction); None below two points.

    silent_days: calendar days from the last close to the reader's.
    """
    if len(points) < 2:
        return None
    ticks = nice_ticks(min(p.close for p in points), max(p.close for p in points))
    y_axis = Axis(low=ticks[0], high=ticks[-1])
    x_axis = Axis(low=0, high=(len(points) - 1) / (1 - _gap_pct(len(points), silent_days) / 100))
    spots = [(x_axis.at(i), 100 - y_axis.at(p.close)) for i, p in enumerate(points)]
    line, ends_at = _path(spots), spots[-1][0]
    roomy = 100 - ends_at >= _WORDS_PCT
    foot = f"L{ends_at * FRAME_W / 100:.1f} {FRAME_H:g}L0 {FRAME_H:g}Z"
    return PriceChart(
        line=line,
        area=f"{line}{foot}",
        bands=_bands(points, x_axis),
        prices=tuple(AxisTick(at=100 - y_axis.at(t), value=t) for t in ticks),
        months=_months(points, x_axis),
        marks=_marks(points, spots, events),
        end=spots[-1],
        gap=AxisSpan(left=ends_at, width=round(100 - ends_at, 3)) if ends_at < 100 else None,
        clear=None if roomy else min(y for x, y in spots if x >= ends_at - _WORDS_PCT),
    )


def _gap_pct(sessions: int, silent_days: int) -> float:
    """Width of the gap in percent of the frame; 0 for a weekend."""
    if silent_days <= _WEEKEND_DAYS:
        return 0.0
    missing = silent_days * 5 / 7
    return min(_MOST_GAP_PCT, 100 * missing / (sessions + missing))


def nice_ticks(low: float, high: float, *, about: int = 4) -> tuple[float, ...]:
    """Round numbers that enclose [low, high], in steps of 1, 2, 2.5 or 5 times a power of ten."""
    raw = max(high - low, abs(high) * 1e-3, 1e-9) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * (1 - 1e-9))
    first, last = math.floor(low / step), math.ceil(high / step)
    return tuple(round(i * step, 10) for i in range(first, max(last, first + 1) + 1))


def _path(spots: Sequence[tuple[float, float]]) -> str:
    pairs = (f"{x * FRAME_W / 100:.1f} {y * FRAME_H / 100:.1f}" for x, y in spots)
    return "M" + "L".join(pairs)


def line_through(spots: Sequence[tuple[float, float]]) -> str:
    """An SVG path through places given as shares of the frame's width and height, from below."""
    pairs = (f"{x * FRAME_W:.1f} {(1 - y) * FRAME_H:.1f}" for x, y in spots)
    return "M" + "L".join(pairs)


def _bands(points: Sequence[PricePoint], axis: Axis) -> tuple[AxisSpan, ...]:
    """Runs of sessions whose target weight was below one half."""
    runs: list[tuple[int, int]] = []
    for i, point in enumerate(points):
        if point.target_weight is None or point.target_weight >= 0.5:
            continue
        start = runs.pop()[0] if runs and runs[-1][1] == i - 1 else i
        runs.append((start, i))
    return tuple(axis.span(start - 0.5, end + 0.5) for start, end in runs)


def _months(points: Sequence[PricePoint], axis: Axis) -> tuple[AxisTick, ...]:
    """First session of each month, thinned to what fits, away from the frame's edges."""
    days = [p.session_on for p in points]
    firsts = [i for i in range(1, len(days)) if days[i].month != days[i - 1].month]
    every = max(1, math.ceil(len(firsts) / _MAX_MONTH_TICKS))
    ticks = (AxisTick(at=axis.at(i), value=days[i]) for i in firsts[::every])
    return tuple(t for t in ticks if 4 <= t.at <= 96)


def _marks(
    points: Sequence[PricePoint],
    spots: Sequence[tuple[float, float]],
    events: Sequence[tuple[int, date, int]],
) -> tuple[EventMark, ...]:
    """Events on the last session at or before their day, each with a place of its own.

    The newest stands at the right. Events of one week are put above each other, and only where no
    row has room is one pushed to the left: a number should stand near its own day.
    """
    placed = []
    for number, day, direction in events:
        before = [i for i, p in enumerate(points) if p.session_on <= day]
        if before:
            placed.append((number, before[-1], direction))
    rooms, found = [_LANE_ENDS_PCT] * len(_LANES_PCT), list[EventMark]()
    for number, row, direction in sorted(placed):
        wanted = spots[row][0]
        lane = next((i for i, room in enumerate(rooms) if wanted <= room), None)
        lane = rooms.index(max(rooms)) if lane is None else lane
        at = round(min(wanted, rooms[lane]), 3)
        rooms[lane] = at - _MARK_GAP_PCT
        mark = EventMark(
            at=at, height=_LANES_PCT[lane], number=number, direction=direction, spot=spots[row]
        )
        found.append(mark)
    marks = tuple(reversed(found))
    return tuple(_above(mark) for mark in marks) if _low_there(marks, spots) else marks


def _low_there(marks: Sequence[EventMark], spots: Sequence[tuple[float, float]]) -> bool:
    """Whether the line runs nearer to the foot than to the top where the numbers stand."""
    if not marks:
        return False
    first = min(mark.at for mark in marks) - _MARK_GAP_PCT
    heights = [y for x, y in spots if x >= first]
    return 100 - max(heights) < min(heights)


def _above(mark: EventMark) -> EventMark:
    return replace(mark, height=round(100 - mark.height, 3))


SPARK = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """``values`` as at most ``width`` block characters, the last one always shown."""
    if not values:
        return ""
    count = min(width, len(values))
    last = len(values) - 1
    picked = [values[round(i * last / max(1, count - 1))] for i in range(count)]
    low, high = min(picked), max(picked)
    scale = (len(SPARK) - 1) / (high - low) if high > low else 0.0
    return "".join(SPARK[round((v - low) * scale)] for v in picked)
