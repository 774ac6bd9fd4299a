"""The geometry of the charts is that of the numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from engine.report.charts import (
    FRAME_H,
    FRAME_W,
    nice_ticks,
    padded_axis,
    price_chart,
    sparkline,
)
from engine.report.sections.track import was_right, wilson
from engine.shown import PricePoint, TrackedCall
from tests.engine.report.sample_report import prices

finite = st.floats(-1e6, 1e6)


@given(st.lists(finite, min_size=1, max_size=8))
def test_an_axis_holds_its_values_in_order(values: list[float]) -> None:
    axis = padded_axis(values)
    places = [axis.at(v) for v in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= p <= 100 for p in places)


@given(st.floats(1, 1e5), st.floats(0, 1e5))
def test_ticks_are_even_and_enclose_the_range(low: float, width: float) -> None:
    ticks = nice_ticks(low, low + width)
    gaps = [b - a for a, b in pairwise(ticks)]
    assert ticks[0] <= low + 1e-6 * low
    assert ticks[-1] >= (low + width) * (1 - 1e-9)
    assert gaps == pytest.approx([gaps[0]] * len(gaps), rel=1e-6)
    assert 2 <= len(ticks) <= 9


def test_the_price_line_has_one_point_a_session_and_stays_in_its_frame() -> None:
    chart = price_chart(prices(), [])
    assert chart is not None
    pairs = [tuple(map(float, p.split())) for p in chart.line.removeprefix("M").split("L")]
    assert len(pairs) == len(prices())
    assert all(0 <= x <= FRAME_W and 0 <= y <= FRAME_H for x, y in pairs)
    closes = [p.close for p in prices()]
    top = min(range(len(pairs)), key=lambda i: pairs[i][1])
    assert closes[top] == pytest.approx(max(closes), abs=0.5)


def test_sessions_out_of_the_position_are_one_band() -> None:
    chart = price_chart(prices(), [])
    assert chart is not None
    (band,) = chart.bands
    points = prices()
    out = [i for i, p in enumerate(points) if p.target_weight == 0.0]
    per_session = 100 / (len(points) - 1)
    assert band.width == pytest.approx(len(out) * per_session, abs=0.01)


def test_an_event_after_the_close_sits_on_the_last_session_and_an_early_one_is_left_out() -> None:
    saturday, long_ago = date(2025, 8, 23), date(2020, 1, 1)
    chart = price_chart(prices(), [(1, saturday, -1), (2, long_ago, 1)])
    assert chart is not None
    (mark,) = chart.marks
    assert (mark.number, mark.direction, mark.spot) == (1, -1, chart.end)
    assert mark.at <= 97


def test_events_of_one_week_stand_side_by_side_in_the_order_of_their_days() -> None:
    """Nine at the right edge were one bubble; none touches another, each is near its day."""
    days = [date(2025, 8, 22) - timedelta(days=n) for n in range(9)]
    chart = price_chart(prices(), [(n, day, 1) for n, day in enumerate(days, start=1)])
    assert chart is not None
    assert [m.number for m in chart.marks] == list(range(9, 0, -1))
    for height in {m.height for m in chart.marks}:
        at = [m.at for m in chart.marks if m.height == height]
        assert all(b - a >= 7 for a, b in pairwise(at))
    heights = sorted({m.height for m in chart.marks})
    assert all(b - a >= 12 for a, b in pairwise(heights))  # a number is so high on a phone
    assert all(m.spot[0] - 25 <= m.at <= 97 for m in chart.marks)
    assert chart.leaders.count("M") == 9
    lone = price_chart(prices(), [(1, days[0], 1), (2, date(2025, 3, 3), 1)])
    assert lone is not None
    assert lone.marks[0].at == pytest.approx(lone.marks[0].spot[0], abs=1e-3)


def test_the_numbers_stand_where_the_line_is_not() -> None:
    """Below a line that ends high, above one that ends low."""
    days = [date(2025, 8, 22) - timedelta(days=n) for n in range(6)]
    events = [(n, day, 1) for n, day in enumerate(days, start=1)]
    for sign, wanted in ((1.0, (66.0, 79.0, 92.0)), (-1.0, (8.0, 21.0, 34.0))):
        steady = [replace(p, close=200 + sign * i) for i, p in enumerate(prices())]
        chart = price_chart(steady, events)
        assert chart is not None
        assert tuple(sorted({m.height for m in chart.marks})) == wanted


def test_the_last_price_is_told_where_it_hides_no_line() -> None:
    """In the gap where one is drawn wide; else above all that the last stretch shows."""
    falling = [replace(p, close=400.0 - i) for i, p in enumerate(prices())]
    wide, none = price_chart(falling, [], 400), price_chart(falling, [])
    assert wide is not None
    assert none is not None
    assert wide.clear is None
    assert none.clear is not None
    assert none.clear < none.end[1] - 10  # the line was higher just before


def test_the_days_without_a_price_are_drawn_up_to_a_quarter_of_the_frame() -> None:
    weekend, month, years = (price_chart(prices(), [], n) for n in (3, 30, 800))
    assert weekend is not None
    assert month is not None
    assert years is not None
    assert weekend.gap is None
    assert month.gap is not None
    assert years.gap is not None
    n = len(prices())
    assert month.gap.width == pytest.approx(100 * (30 * 5 / 7) / (n + 30 * 5 / 7), abs=0.5)
    assert years.gap.width == pytest.approx(25)
    assert years.end[0] == pytest.approx(75)
    assert years.gap.left + years.gap.width == pytest.approx(100)


def test_one_price_makes_no_chart() -> None:
    assert price_chart([PricePoint(session_on=date(2025, 1, 2), close=1.0)], []) is None


def test_a_sparkline_shows_its_ends_and_its_flat() -> None:
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([5, 5, 5], 10) == "▁▁▁"
    assert sparkline([], 10) == ""
    assert len(sparkline(list(range(1000)), 60)) == 60


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 4), (7, 9), (20, 20), (33, 100)])
def test_wilsons_interval_is_scipys(hits: int, n: int) -> None:
    theirs = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize(
    ("verdict", "move", "right"),
    [
        ("HOLD", 3.0, True),
        ("HOLD", -3.0, False),
        ("SELL", -3.0, True),
        ("SELL", 3.0, False),
        ("SELL", None, None),
        ("HOLD", 0.0, None),
    ],
)
def test_a_call_is_right_when_the_price_went_its_way(
    verdict: str, move: float | None, right: bool | None
) -> None:
    call = TrackedCall(
        acts_on=date(2025, 1, 2),
        verdict=verdict,  # type: ignore[arg-type]
        score=0.0,
        until_on=None,
        nvda_return_pct=move,
    )
    assert was_right(call) is right
