"""Which session may use a fact: the exchange calendar, held against dated cases and a table."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import at_new_york, end_of_day, from_micros, to_micros
from engine.errors import DataError, NvsignalError, OutOfRangeError
from engine.macro.sessions import Sessions, load_sessions

FACTS = Path(__file__).resolve().parents[3] / "config" / "facts"
FIRST, LAST = date(2022, 1, 3), date(2026, 12, 31)
SESSIONS = load_sessions(FIRST, LAST)


def close_of(day: date) -> datetime:
    return from_micros(int(SESSIONS.close_at_us[SESSIONS.on.index(day)]))


def test_a_year_has_its_published_number_of_sessions() -> None:
    """NYSE: 251 in 2022, 250 in 2023, 252 in 2024, 250 in 2025 (day of mourning on 01-09)."""
    counts = {year: sum(d.year == year for d in SESSIONS.on) for year in (2022, 2023, 2024, 2025)}
    assert counts == {2022: 251, 2023: 250, 2024: 252, 2025: 250}


@pytest.mark.parametrize(
    "day", ["2025-01-09", "2025-09-01", "2025-08-23", "2025-12-25", "2024-06-19", "2022-06-20"]
)
def test_closed_days_are_no_sessions(day: str) -> None:
    assert not SESSIONS.is_session(date.fromisoformat(day))


@pytest.mark.parametrize(
    "day", ["2025-07-03", "2025-11-28", "2025-12-24", "2026-11-27", "2026-12-24"]
)
def test_early_closes_end_at_one_in_new_york(day: str) -> None:
    on = date.fromisoformat(day)
    assert close_of(on) == at_new_york(on, time(13))
    assert SESSIONS.phase(at_new_york(on, time(13))) == "after-close"
    assert SESSIONS.trades_on(at_new_york(on, time(13))) > on


@pytest.mark.parametrize(
    ("instant", "session"),
    [
        (datetime(2025, 8, 22, 12, 29, tzinfo=UTC), date(2025, 8, 22)),
        (datetime(2025, 8, 22, 12, 30, tzinfo=UTC), date(2025, 8, 22)),
        (datetime(2025, 8, 22, 12, 30, 0, 1, tzinfo=UTC), date(2025, 8, 25)),
        (datetime(2025, 8, 22, 14, 0, tzinfo=UTC), date(2025, 8, 25)),
        (datetime(2025, 8, 10, 15, 0, tzinfo=UTC), date(2025, 8, 11)),
        (datetime(2025, 8, 29, 22, 0, tzinfo=UTC), date(2025, 9, 2)),
        (datetime(2025, 1, 8, 22, 0, tzinfo=UTC), date(2025, 1, 10)),
        (datetime(2025, 7, 31, 1, 0, tzinfo=UTC), date(2025, 7, 31)),
    ],
)
def test_a_fact_acts_in_the_first_session_decided_at_or_after_it(
    instant: datetime, session: date
) -> None:
    assert SESSIONS.acts_on(instant) == session


def test_a_bare_as_of_date_acts_at_the_next_session() -> None:
    assert SESSIONS.acts_on(end_of_day(date(2025, 8, 22))) == date(2025, 8, 25)
    assert SESSIONS.acts_on(end_of_day(date(2025, 8, 31))) == date(2025, 9, 2)


@pytest.mark.parametrize(
    ("day", "utc_hour"),
    [("2025-03-07", 13), ("2025-03-10", 12), ("2025-10-31", 12), ("2025-11-03", 13)],
)
def test_the_decision_follows_new_york_through_both_clock_changes(day: str, utc_hour: int) -> None:
    on = date.fromisoformat(day)
    expected = datetime(on.year, on.month, on.day, utc_hour, 30, tzinfo=UTC)
    assert SESSIONS.decide_at(on) == expected
    assert from_micros(int(SESSIONS.open_at_us[SESSIONS.on.index(on)])) == at_new_york(
        on, time(9, 30)
    )


def test_the_policy_table_agrees_on_phase_and_first_session() -> None:
    """Each event of export_policy_events.csv: its hand-made phase and first US session."""
    with (FACTS / "export_policy_events.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 41
    ours = [(SESSIONS.phase(at), str(SESSIONS.trades_on(at))) for at in map(_utc, rows)]
    assert ours == [(row["us_phase"], row["first_us_session"]) for row in rows]


def _utc(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["utc"])


@given(st.integers(to_micros(end_of_day(FIRST)), to_micros(end_of_day(date(2026, 12, 1)))))
def test_no_earlier_session_could_have_acted(micros: int) -> None:
    instant = from_micros(micros)
    row = SESSIONS.index_at_or_after(instant)
    earlier, chosen = SESSIONS.decide_at_us[row - 1], SESSIONS.decide_at_us[row]
    assert earlier < to_micros(instant) <= chosen


@pytest.mark.parametrize(
    "ask",
    [
        lambda s: s.index_at_or_after(datetime(2021, 12, 31, 12, tzinfo=UTC)),
        lambda s: s.index_at_or_after(datetime(2027, 1, 5, 12, tzinfo=UTC)),
        lambda s: s.acts_on(datetime(2026, 12, 31, 22, tzinfo=UTC)),
        lambda s: s.is_session(date(2030, 1, 2)),
        lambda s: s.phase(datetime(2019, 1, 1, tzinfo=UTC)),
    ],
)
def test_outside_the_loaded_range_is_refused_with_its_bounds(ask: object) -> None:
    with pytest.raises(OutOfRangeError, match="2022-01-03 to 2026-12-31"):
        ask(SESSIONS)  # type: ignore[operator]


def test_bad_requests_are_refused() -> None:
    with pytest.raises(OutOfRangeError, match="first on or before last"):
        load_sessions(LAST, FIRST)
    with pytest.raises(OutOfRangeError, match="decision_time"):
        load_sessions(FIRST, FIRST, time(9, 30))
    with pytest.raises(DataError, match="no session between"):
        load_sessions(date(2025, 8, 30), date(2025, 9, 1))
    with pytest.raises(DataError, match="naive"):
        SESSIONS.acts_on(datetime(2025, 8, 22))  # noqa: DTZ001
    with pytest.raises(DataError, match="not an NYSE session"):
        SESSIONS.decide_at(date(2025, 8, 23))


def test_one_day_is_enough() -> None:
    one = load_sessions(date(2025, 8, 22), date(2025, 8, 22), time(7))
    assert one.on == (date(2025, 8, 22),)
    assert from_micros(int(one.decide_at_us[0])) == at_new_york(date(2025, 8, 22), time(7))


def test_arrays_cannot_be_changed_and_must_ascend() -> None:
    with pytest.raises(ValueError, match="read-only"):
        SESSIONS.open_at_us[0] = 0
    backwards = np.array([2, 1])
    with pytest.raises(NvsignalError, match="does not ascend"):
        Sessions(
            first=FIRST,
            last=LAST,
            on=SESSIONS.on[:2],
            open_at_us=backwards,
            close_at_us=backwards,
            decide_at_us=backwards,
        )
