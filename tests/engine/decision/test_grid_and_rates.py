"""Facts land in the first row that may use them, and rates speak only in Fed windows."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from engine.clock import NEW_YORK, at_new_york, from_micros, parse_as_of, to_micros
from engine.decision.events import known_events
from engine.decision.grid import Grid
from engine.decision.rates import (
    expectations_at,
    rate_features,
    rates_at,
    rates_on,
)
from engine.macro.sessions import load_sessions
from engine.record.asof import known
from engine.record.history import History
from engine.record.readings import MEETINGS, OBSERVATIONS, Observation
from engine.values import Fact
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


def test_recently_looks_back_a_window() -> None:
    """True while the newest arrival lies within it."""
    arrived = np.array([1], dtype=np.int64)

    assert grid().recently(arrived, 2).tolist() == [False, True, True, False, False, False]


def test_the_target_range_is_the_one_announced_by_then() -> None:
    """On 2025-08-22 it is 4.25 to 4.50 %; after 2025-09-17 a quarter lower."""
    for day, expected in (("2025-08-22", (425, 450)), ("2025-09-18", (400, 425))):
        at = parse_as_of(day)
        assert rates_at(history(), at).inputs(at).range_bps == expected


def test_after_a_meeting_whose_decision_is_not_known_the_range_is_not_known() -> None:
    """The range of the meeting before is no answer: it may have moved."""
    at = parse_as_of("2026-11-20")
    assert rates_at(history(), at).inputs(at).range_bps is None


def test_on_the_morning_of_a_meeting_it_still_lies_ahead() -> None:
    """Statements come at 14:00."""
    at = parse_as_of("2025-09-17T08:30-04:00")
    morning = rates_at(history(), at).inputs(at)

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
    at = parse_as_of("2025-08-22")
    curve = rates_at(history(), at).inputs(at).zq

    assert sorted(curve) == [date(2025, 8, 1), date(2025, 10, 1), date(2025, 11, 1)]


def test_surprises_are_zero_outside_fed_windows() -> None:
    """The sign trap: falling yields on an ordinary day say nothing."""
    end = parse_as_of("2025-08-20")
    sessions = load_sessions(date(2025, 1, 2), date(2025, 8, 20))
    rows = Grid(sessions_on=sessions.on, decide_at_us=sessions.decide_at_us)
    events = known_events(history(), end)
    values = rate_features(history(), rows, events)["fed_surprise_bps"]
    speeches = {
        e.occurred_at.astimezone(NEW_YORK).date()
        for e in events.of_types(("rates",))
        if "Federal Reserve" in e.actor
    }
    windows = speeches | {m.meeting_end for m in known(history(), MEETINGS, end).values()}

    assert 0 < np.flatnonzero(values).size < 20
    for t in np.flatnonzero(values):
        near = {sessions.on[t - k] for k in (1, 2)}
        assert near & windows, sessions.on[t]


def grid_of(first: str, last: str) -> Grid:
    sessions = load_sessions(date.fromisoformat(first), date.fromisoformat(last))
    return Grid(sessions_on=sessions.on, decide_at_us=sessions.decide_at_us)


def test_the_sweep_knows_at_each_row_what_an_instant_knows() -> None:
    """Corrected, late and missing figures included: there is one reader."""
    rng = random.Random(7)
    rates = [f for f in history() if f.kind == "observation"]
    fixed = [
        replace(
            f,
            known_at=f.known_at + timedelta(hours=rng.choice((1, 30, 200))),
            payload={**f.payload, "value": float(f.payload["value"]) + rng.uniform(-0.5, 0.5)},
        )
        for f in rng.sample(rates, 300)
    ]
    corrected = History([*(f for f in history() if rng.random() > 0.02), *fixed])
    grid = grid_of("2025-05-01", "2025-09-29")
    for row, _, swept in rates_on(corrected, grid):
        at = from_micros(int(grid.decide_at_us[row]))
        assert swept.inputs(at) == rates_at(corrected, at).inputs(at)


def test_where_dff_is_missing_the_new_york_feds_rate_stands_in_everywhere() -> None:
    """Live, FRED can be down while the New York Fed speaks: report and features use its figure."""

    def as_effr(fact: Fact) -> Fact:
        p = fact.payload
        if fact.kind == "observation" and p["series"] == "DFF" and p["observed_on"] >= "2025-06-01":
            return replace(
                fact, key=fact.key.replace("DFF", "EFFR"), payload={**p, "series": "EFFR"}
            )
        return fact

    grid = grid_of("2025-05-01", "2025-08-28")
    end = from_micros(int(grid.decide_at_us[-1]))
    swapped = History(map(as_effr, history()))
    found = rate_features(swapped, grid, known_events(swapped, end))
    as_before = rate_features(history(), grid, known_events(history(), end))

    assert found["effr_pct"][-1] == 4.33
    assert np.isfinite(found["expected_path_bps"][-1])
    for name in as_before:
        assert np.array_equal(found[name], as_before[name], equal_nan=True)
    assert expectations_at(swapped, end) == expectations_at(history(), end)


def test_a_corrected_yield_counts_in_the_path_and_in_the_report_alike() -> None:
    """DGS2 of 6.60 at 09:16, corrected to 3.60 at 09:45: one path, that of the correction."""
    day = date(2025, 9, 29)

    def told(value: float, minute: int) -> Fact:
        figure = Observation(series="DGS2", observed_on=day, value=value)
        at = at_new_york(date(2025, 9, 30), time(9, minute))
        return OBSERVATIONS.fact(figure, occurred_at=at, known_at=at, source="FRED")

    others = (f for f in history() if f.key != f"DGS2:{day}")
    corrected = History([*others, told(6.60, 16), told(3.60, 45)])
    grid = grid_of("2025-09-02", "2025-10-01")
    path = rate_features(corrected, grid, ())["expected_path_bps"]
    at = from_micros(int(grid.decide_at_us[-1]))
    (seen,) = expectations_at(corrected, at)

    assert seen.expected_change_bps == pytest.approx(path[-1])
    assert path[-1] < 0
