"""Known answers of the geometry: every place of a chart, worked out by hand in percent."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from engine.report.charts import (
    Axis,
    AxisSpan,
    AxisTick,
    EventMark,
    line_through,
    nice_ticks,
    padded_axis,
    price_chart,
    sparkline,
    waterfall,
)
from engine.shown import PricePoint
from engine.values import Contribution


def test_a_place_on_an_axis_is_held_inside() -> None:
    axis = Axis(low=-1.0, high=3.0)
    assert [axis.at(v) for v in (-1, 0, 1, 3, -2, 4)] == [0.0, 25.0, 50.0, 100.0, 0.0, 100.0]
    assert Axis(low=0, high=3).at(1) == 33.333
    assert axis.span(0, 1) == axis.span(1, 0) == AxisSpan(left=25.0, width=25.0)
    assert axis.span(1, 9) == AxisSpan(left=50.0, width=50.0)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([0.0, 1.0], -0.08, 1.08),
        ([-1.0, 0.5, 1.0], -1.16, 1.16),
        ([0.5, 0.5], 0.5 - 0.058, 0.5 + 0.058),  # at least a tenth wide
        ([0.5, 0.6], 0.492, 0.608),
    ],
)
def test_an_axis_stands_off_its_values(values: list[float], low: float, high: float) -> None:
    axis = padded_axis(values)
    assert (axis.low, axis.high) == pytest.approx((low, high))
    wide = padded_axis(values, pad=0.5, least=4.0)
    assert wide.high - wide.low == pytest.approx(8.0)


def test_each_step_of_a_waterfall_starts_where_the_one_before_ended() -> None:
    """0.5, then -0.8: levels 0, 0.5, -0.3, axis -0.3 to 0.7 (a limit) and 8 % more: 1.16 wide."""
    parts = [
        Contribution(name=name, weight=1.0, value=x, contribution=x)
        for name, x in (("a", 0.5), ("b", -0.8))
    ]
    found = waterfall(parts, also=[0.7])
    assert (found.axis.low, found.axis.high) == pytest.approx((-0.38, 0.78))

    def place(value: float) -> float:
        return 100 * (value + 0.38) / 1.16

    assert found.zero == pytest.approx(place(0), abs=1e-3)
    assert found.steps[0].left == pytest.approx(place(0), abs=1e-3)
    assert found.steps[0].width == pytest.approx(100 * 0.5 / 1.16, abs=2e-3)
    assert found.steps[1].left == pytest.approx(place(-0.3), abs=1e-3)
    assert found.steps[1].width == pytest.approx(100 * 0.8 / 1.16, abs=2e-3)
    assert found.total.left == pytest.approx(place(-0.3), abs=1e-3)
    assert found.total.width == pytest.approx(100 * 0.3 / 1.16, abs=2e-3)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 4, (0, 1, 2, 3, 4)),
        (0.1, 3.9, (0, 1, 2, 3, 4)),
        (0, 8, (0, 2, 4, 6, 8)),
        (0, 10, (0, 2.5, 5, 7.5, 10)),
        (0, 20, (0, 5, 10, 15, 20)),
        (0, 21, (0, 10, 20, 30)),
        (-1, 1, (-1, -0.5, 0, 0.5, 1)),
        (97, 103, (96, 98, 100, 102, 104)),
        (5, 5, (5, 5.002)),  # a thousandth of the value where nothing moves
    ],
)
def test_ticks_are_round_and_enclose(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert nice_ticks(low, high) == ticks


def test_more_or_fewer_ticks_can_be_asked_for() -> None:
    assert nice_ticks(0, 4, about=2) == (0, 2, 4)
    assert nice_ticks(0, 4, about=8) == (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4)


def test_a_line_through_shares_starts_from_below() -> None:
    assert line_through([(0, 0), (0.5, 0.25), (1, 1)]) == "M0.0 400.0L500.0 300.0L1000.0 0.0"


DAYS = [date(2025, 1, 27) + timedelta(days=d) for d in range(5)]  # 27 to 31 January
WEIGHTS = [0.0, 0.49, 0.5, None, 0.0]
CLOSES = [10.0, 12.0, 14.0, 11.0, 13.0]


def points() -> list[PricePoint]:
    return [
        PricePoint(session_on=d, close=c, target_weight=w)
        for d, c, w in zip(DAYS, CLOSES, WEIGHTS, strict=True)
    ]


def test_a_price_chart_by_hand() -> None:
    """10 to 14 over five sessions: a quarter of the width each, ticks of one dollar."""
    found = price_chart(points(), [(1, DAYS[4], -1), (2, DAYS[2] + timedelta(hours=1), 1)])
    assert found is not None
    assert found.line == "M0.0 400.0L250.0 200.0L500.0 0.0L750.0 300.0L1000.0 100.0"
    assert found.area == found.line + "L1000.0 400L0 400Z"
    assert found.bands == (AxisSpan(left=0.0, width=37.5), AxisSpan(left=87.5, width=12.5))
    assert [t.at for t in found.prices] == [100.0, 75.0, 50.0, 25.0, 0.0]
    assert [t.value for t in found.prices] == [10, 11, 12, 13, 14]
    assert found.end == (100.0, 25.0)
    assert found.clear == 25.0  # the highest point of the last 24 % of the width
    assert found.gap is None
    assert found.months == ()
    assert found.marks == (
        EventMark(at=50.0, height=92.0, number=2, direction=1, spot=(50.0, 0.0)),
        EventMark(at=97.0, height=92.0, number=1, direction=-1, spot=(100.0, 25.0)),
    )
    assert found.leaders == "M500.0 0.0L500.0 368.0M1000.0 100.0L970.0 368.0"


def test_marks_that_would_touch_stand_above_each_other_and_then_to_the_left() -> None:
    events = [(n, DAYS[4], 0) for n in (3, 1, 4, 2)]
    early = (5, DAYS[0] - timedelta(days=1), 1)  # before the chart begins
    found = price_chart(points(), [*events, early])
    assert found is not None
    assert [(m.number, m.at, m.height) for m in found.marks] == [
        (4, 89.5, 92.0),
        (3, 97.0, 66.0),
        (2, 97.0, 79.0),
        (1, 97.0, 92.0),
    ]


def test_marks_stand_at_the_top_where_the_line_runs_near_the_foot() -> None:
    """The last close of 10.9 lies nearer to the foot (10) than to the top (14)."""
    low = [*points()[:4], PricePoint(session_on=DAYS[4], close=10.9)]
    found = price_chart(low, [(1, DAYS[4], 0), (2, DAYS[4], 0)])
    assert found is not None
    assert [(m.number, m.height) for m in found.marks] == [(2, 21.0), (1, 8.0)]
    middle = [*points()[:4], PricePoint(session_on=DAYS[4], close=12.0)]
    found = price_chart(middle, [(1, DAYS[4], 0)])
    assert found is not None
    assert found.marks[0].height == 92.0


@pytest.mark.parametrize(
    ("silent", "left"),
    [
        (7, None),
        (8, 75.0),  # 40/7 sessions beside 5 are more than half: a quarter is shown
        (400, 75.0),
    ],
)
def test_a_week_of_silence_is_no_gap(silent: int, left: float | None) -> None:
    found = price_chart(points(), [], silent)
    assert found is not None
    assert (found.gap and found.gap.left) == left
    if left is not None:
        assert found.gap == AxisSpan(left=left, width=25.0)
        assert found.end[0] == left


def test_a_short_gap_is_to_scale() -> None:
    """14 days are 10 sessions beside 90: a tenth of the frame."""
    many = [
        PricePoint(session_on=DAYS[0] + timedelta(days=i), close=10.0 + i % 2) for i in range(90)
    ]
    found = price_chart(many, [], 14)
    assert found is not None
    assert found.gap == AxisSpan(left=90.0, width=10.0)


def test_months_are_thinned_and_stay_off_the_edge() -> None:
    start = date(2024, 1, 1)
    many = [
        PricePoint(session_on=start + timedelta(days=i), close=10.0 + i % 2) for i in range(366)
    ]
    found = price_chart(many, [])
    assert found is not None
    assert [t.value for t in found.months] == [
        date(2024, m, 1) for m in (2, 4, 6, 8, 10, 12)
    ]  # eleven firsts, every second
    assert found.months[0] == AxisTick(at=round(100 * 31 / 365, 3), value=date(2024, 2, 1))
    late = price_chart(many[:31] + many[31:32], [])
    assert late is not None
    assert late.months == ()  # the only one stands at the very edge
    early = price_chart(many[30:], [])  # 1 February on the second of 336 sessions
    assert early is not None
    assert early.months[0].value == date(2024, 4, 1)
    assert price_chart(many[:1], []) is None
    assert price_chart(many[:2], []) is not None


@pytest.mark.parametrize(
    ("values", "width", "shown"),
    [
        ([], 8, ""),
        ([1.0], 8, "▁"),
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([0, 1, 2, 3, 4, 5, 6, 7], 2, "▁█"),
        ([0, 9, 9, 0, 7], 3, "▁█▆"),
        ([3, 3, 3], 3, "▁▁▁"),
        ([5, 1], 9, "█▁"),
        ([4, 2], 1, "▁"),
    ],
)
def test_a_sparkline_keeps_its_ends(values: list[float], width: int, shown: str) -> None:
    assert sparkline(values, width) == shown
