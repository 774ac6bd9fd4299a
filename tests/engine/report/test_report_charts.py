"""The geometry of the charts is that of the numbers."""

from __future__ import annotations

from datetime import date
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
    runs,
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
    assert (mark.numbers, mark.at, mark.direction) == ((1,), 100.0, -1)


def test_neighbouring_events_share_a_mark_whose_sense_is_neutral_when_they_differ() -> None:
    chart = price_chart(
        prices(), [(1, date(2025, 8, 22), 1), (2, date(2025, 8, 21), -1), (3, date(2025, 3, 3), 1)]
    )
    assert chart is not None
    assert [(m.numbers, m.direction) for m in chart.marks] == [((3,), 1), ((1, 2), 0)]


def test_one_price_makes_no_chart() -> None:
    assert price_chart([PricePoint(session_on=date(2025, 1, 2), close=1.0)], []) is None


def test_a_sparkline_shows_its_ends_and_its_flat() -> None:
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([5, 5, 5], 10) == "▁▁▁"
    assert sparkline([], 10) == ""
    assert len(sparkline(list(range(1000)), 60)) == 60


def test_runs_of_numbers_are_shortened() -> None:
    assert runs((5, 1, 2, 3)) == "1–3, 5"


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
