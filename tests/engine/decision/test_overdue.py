"""What was due and did not come: told, and the voice that rests on it is not observed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from engine.clock import from_micros, parse_as_of
from engine.decision.grid import Grid
from engine.decision.overdue import Overdue, calendar_ends_on, overdue_at
from engine.decision.rates import expectations_at, rate_features, rates_at
from engine.macro.sessions import load_sessions
from engine.record.history import History
from engine.report.build import overdue_notice, table_health
from engine.report.i18n import voice
from engine.values import Fact
from feeds.facts import Lags, read_tables
from tests.builders import make_fact

CONFIG = Path(__file__).resolve().parents[3] / "config"
MEETING = date(2025, 9, 17)


@lru_cache(maxsize=1)
def curated() -> tuple[Fact, ...]:
    return tuple(read_tables(CONFIG / "facts", Lags()))


def without_decision(*more: Fact) -> History:
    """The curated record, but nobody wrote down what the meeting decided."""
    lacking = [f for f in curated() if (f.kind, f.key) != ("fomc_decision", str(MEETING))]
    assert len(lacking) == len(curated()) - 1
    return History([*lacking, *more])


def target_of(day: date, lower: float, upper: float, known: datetime) -> list[Fact]:
    """The range in force on ``day`` as the New York Fed publishes it with EFFR."""
    return [
        make_fact(
            "observation", f"{name}:{day}", occurred_at=known, known_at=known,
            payload={"series": name, "observed_on": str(day), "value": value},
        )
        for name, value in (("DFEDTARL", lower), ("DFEDTARU", upper))
    ]  # fmt: skip


def test_a_decision_is_missing_from_five_days_after_its_meeting_and_said_in_days() -> None:
    """Not on the Monday after, on the Tuesday; never where the decision is on record."""
    history = without_decision()
    for day, expected in (("2025-09-17", ()), ("2025-09-22", ()), ("2025-09-23", (6,))):
        told = overdue_at(history, parse_as_of(day))
        assert tuple(o.days for o in told) == expected, day

    at = parse_as_of("2025-09-28")
    assert overdue_at(history, at) == (Overdue(what="fed_decision", on=MEETING, days=11),)
    assert overdue_at(History(curated()), at) == ()
    line = overdue_notice(*overdue_at(history, at))
    assert (
        voice("en")
        .tell(line)
        .startswith("The Fed’s decision of Sep 17, 2025 has been missing for 11 days")
    )
    assert "17 sept. 2025 manque depuis 11 jours" in voice("fr").tell(line)


def test_the_rates_voice_is_not_observed_while_a_decision_is_missing() -> None:
    """Neither futures nor yields stand in: the report and the features agree row by row."""
    sessions = load_sessions(date(2025, 9, 10), date(2025, 9, 30))
    grid = Grid(sessions_on=sessions.on, decide_at_us=sessions.decide_at_us)
    history = without_decision()
    path = rate_features(history, grid, ())["expected_path_bps"]

    silent = [day >= date(2025, 9, 23) for day in sessions.on]
    assert np.isnan(path).tolist() == silent
    for row, instant_us in enumerate(grid.decide_at_us.tolist()):
        told = expectations_at(history, from_micros(instant_us))
        assert (told[0].rung == "unknown") == silent[row]
        assert (told[0].expected_change_bps is None) == silent[row]


@pytest.mark.parametrize(("day", "answers"), [(MEETING, False), (date(2025, 9, 18), True)])
def test_the_published_range_of_a_day_after_is_the_outcome(day: date, answers: bool) -> None:
    """On the day of the meeting itself the old range still holds."""
    history = without_decision(*target_of(day, 4.0, 4.25, datetime(2025, 9, 19, 13, tzinfo=UTC)))
    at = parse_as_of("2025-09-24")

    assert rates_at(history, at).inputs(at).range_bps == ((400, 425) if answers else None)
    assert bool(overdue_at(history, at)) != answers


def test_the_table_is_stale_from_that_day_on_and_not_from_a_fixed_age() -> None:
    """The decision before it is 54 days old on that day, under the age at which it would be."""
    for day, state in (("2025-09-22", "ok"), ("2025-09-23", "stale")):
        history, at = without_decision(), parse_as_of(day)
        health = table_health(history, at, overdue_at(history, at))
        (line,) = (s for s in health if s.name == "Fed decisions")
        assert line.state.value == state


def test_results_that_did_not_come_are_told_from_the_same_place() -> None:
    """Those of 2025-08-27, three days and one more after their day."""
    lacking = History(f for f in curated() if (f.kind, f.key) != ("earnings", "FY2026Q2"))

    assert overdue_at(lacking, parse_as_of("2025-08-30")) == ()
    (told,) = overdue_at(lacking, parse_as_of("2025-08-31"))
    assert (told.what, told.on, told.days) == ("results", date(2025, 8, 27), 4)


def test_a_calendar_that_ends_within_half_a_year_is_named_in_the_report() -> None:
    """The curated one goes to 2027-12-08; a quiet end would move the odds to another ladder."""
    history = History(curated())
    last = date(2027, 12, 8)
    for day, expected in (("2025-08-22", None), ("2027-06-11", None), ("2027-06-12", last)):
        assert calendar_ends_on(history, parse_as_of(day)) == expected, day
    assert calendar_ends_on(History(()), parse_as_of("2028-01-01")) is None

    health = table_health(history, parse_as_of("2027-07-01"))
    (note,) = (s.note for s in health if s.name == "Fed decisions")
    assert voice("en").tell(note) == "the calendar ends with the meeting of Dec 8, 2027"
