"""Facts land in the first row that may use them, and rates speak only in Fed windows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import parse_as_of, to_micros
from engine.decision.events import known_events
from engine.decision.grid import Grid
from engine.decision.rates import (
    expectations_at,
    fed_windows,
    inputs_at,
    rate_features,
    target_range_bps,
)
from engine.macro.sessions import load_sessions
from engine.record.history import History
from feeds.facts import Lags, read_tables

CONFIG = Path(__file__).resolve().parents[3] / "config"
START = datetime(2025, 1, 6, 13, 30, tzinfo=UTC)


def grid(n: int = 6) -> Grid:
    days = [START + timedelta(days=i) for i in range(n)]
    return Grid(
        sessions_on=tuple(d.date() for d in days),
        decide_at_us=np.array([to_micros(d) for d in days], dtype=np.int64),
    )


@lru_cache(maxsize=1)
def history() -> History:
    return History(read_tables(CONFIG / "facts", Lags()))


def test_a_fact_known_at_the_decision_instant_is_used_and_one_microsecond_later_is_not() -> None:
    """The boundary is inclusive."""
    assert grid().row_at(START + timedelta(days=2)) == 2
    assert grid().row_at(START + timedelta(days=2, microseconds=1)) == 3
    assert grid().row_at(START + timedelta(days=30)) == 6


@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 5), st.floats(-5, 5)), min_size=0, max_size=25
    )
)
def test_latest_equals_its_definition(points: list[tuple[int, int, float]]) -> None:
    """At each row: of what is known, the figure about the latest day; ties to the later row."""
    found = grid().latest(points)
    for t in range(6):
        known = [p for p in points if p[0] <= t]
        expected = max(known, key=lambda p: (p[1], p[0], p[2]))[2] if known else np.nan
        assert found[t] == expected or (np.isnan(found[t]) and np.isnan(expected))


def test_an_old_figure_is_not_observed() -> None:
    """Older than the allowed age counts as missing, not as the last value."""
    assert np.isnan(grid().latest([(0, 0, 1.0)], max_age_rows=2)).tolist() == [
        False, False, False, True, True, True,
    ]  # fmt: skip


def test_recently_looks_back_a_window() -> None:
    """True while the newest arrival lies within it."""
    arrived = np.array([1], dtype=np.int64)

    assert grid().recently(arrived, 2).tolist() == [False, True, True, False, False, False]


def test_the_target_range_is_the_one_announced_by_then() -> None:
    """On 2025-08-22 it is 4.25 to 4.50 %; after 2025-09-17 a quarter lower."""
    assert target_range_bps(history(), parse_as_of("2025-08-22")) == (425, 450)
    assert target_range_bps(history(), parse_as_of("2025-09-18")) == (400, 425)


def test_on_the_morning_of_a_meeting_it_still_lies_ahead() -> None:
    """Statements come at 14:00."""
    morning = inputs_at(history(), parse_as_of("2025-09-17T08:30-04:00"))

    assert morning.as_of_on == date(2025, 9, 16)
    assert morning.range_bps == (425, 450)


def test_without_futures_the_two_year_rung_speaks_and_says_so() -> None:
    """No meeting probability is made up."""
    told = expectations_at(history(), parse_as_of("2024-03-05"))

    assert [e.rung for e in told] == ["two_year"]
    assert told[0].outcomes == ()


def test_without_any_rate_the_answer_is_unknown() -> None:
    """Never 50 %."""
    told = expectations_at(History(()), parse_as_of("2024-03-05"))

    assert told[0].rung == "unknown"
    assert told[0].expected_change_bps is None


def test_settlements_of_different_days_are_not_mixed() -> None:
    """On 2025-08-22 only contracts settled that day are in the curve."""
    curve = inputs_at(history(), parse_as_of("2025-08-22")).zq

    assert sorted(curve) == [date(2025, 8, 1), date(2025, 10, 1), date(2025, 11, 1)]


def test_surprises_are_zero_outside_fed_windows() -> None:
    """The sign trap: falling yields on an ordinary day say nothing."""
    end = parse_as_of("2025-08-20")
    sessions = load_sessions(date(2025, 1, 2), date(2025, 8, 20))
    rows = Grid(sessions_on=sessions.on, decide_at_us=sessions.decide_at_us)
    events = known_events(history(), end)
    values = rate_features(history(), rows, end, events)["fed_surprise_bps"]
    windows = fed_windows(history(), end, events)

    assert 0 < np.flatnonzero(values).size < 20
    for t in np.flatnonzero(values):
        near = {sessions.on[t - k].isoformat() for k in (1, 2)}
        assert near & windows, sessions.on[t]
