"""What is due: one report a session from any sequence of wake-ups, whatever the clock does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import ScheduleSettings
from engine.clock import NEW_YORK, at_new_york
from engine.macro.sessions import Sessions, load_sessions
from engine.record.store import JobRun, RunStatus
from engine.service.schedule import (
    AHEAD,
    RunKey,
    collect_slot,
    due,
    next_runs,
    report_at,
    retry_pause,
    session_of,
)

SETTINGS = ScheduleSettings()


@lru_cache
def sessions() -> Sessions:
    """2026-09 to 2027-04: both changes of the clock, Thanksgiving, Christmas, an early close."""
    return load_sessions(date(2026, 8, 1), date(2027, 4, 30))


def run_of(
    key: RunKey, status: RunStatus = "done", at: datetime | None = None, attempts: int = 1
) -> JobRun:
    when = at or key.scheduled_for
    return JobRun(
        job=key.job,
        scheduled_for=key.scheduled_for,
        status=status,
        started_at=when,
        finished_at=None if status == "running" else when,
        owner="host:1",
        attempts=attempts,
        detail="",
    )


def reports(keys: Iterable[RunKey]) -> list[date | None]:
    return [key.acts_on for key in keys if key.job == "report"]


def ny(day: date, hour: int, minute: int = 0) -> datetime:
    return at_new_york(day, datetime(2000, 1, 1, hour, minute).time())  # noqa: DTZ001


def after(day: date) -> list[JobRun]:
    """A record in which the report of ``day`` was made."""
    first = RunKey(job="report", scheduled_for=report_at(day, SETTINGS), acts_on=day)
    return [run_of(first)]


MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


def test_a_report_is_due_from_its_minute_on_and_not_before() -> None:
    runs = after(MONDAY)

    assert reports(due(ny(TUESDAY, 8, 29), runs, sessions(), SETTINGS)) == []
    assert reports(due(ny(TUESDAY, 8, 30), runs, sessions(), SETTINGS)) == [TUESDAY]


def test_nothing_is_due_at_a_weekend_or_on_thanksgiving() -> None:
    thanksgiving, friday = date(2026, 11, 26), date(2026, 11, 27)
    wednesday = after(date(2026, 11, 25))

    assert reports(due(ny(thanksgiving, 12), wednesday, sessions(), SETTINGS)) == []
    assert reports(due(ny(friday, 12), wednesday, sessions(), SETTINGS)) == [friday]
    for day in (28, 29):
        assert reports(due(ny(date(2026, 11, day), 12), after(friday), sessions(), SETTINGS)) == []


def test_before_the_first_report_of_all_nobody_missed_one() -> None:
    """A new installation makes today's report, and on a Saturday none of the past week's."""
    assert reports(due(ny(TUESDAY, 12), [], sessions(), SETTINGS)) == [TUESDAY]
    assert reports(due(ny(date(2026, 11, 28), 12), [], sessions(), SETTINGS)) == []


def test_missed_sessions_are_made_up_for_oldest_first_each_as_of_its_own_instant() -> None:
    keys = due(ny(date(2026, 11, 25), 21), after(date(2026, 11, 19)), sessions(), SETTINGS)

    assert reports(keys) == [date(2026, 11, d) for d in (20, 23, 24, 25)]
    assert [k.as_of for k in keys if k.job == "report"] == [
        sessions().decide_at(date(2026, 11, d)) for d in (20, 23, 24, 25)
    ]


@pytest.mark.parametrize("most", [0, 1, 3])
def test_catching_up_is_bounded(most: int) -> None:
    bounded = SETTINGS.model_copy(update={"catch_up_sessions": most})

    keys = due(ny(date(2026, 12, 31), 21), after(date(2026, 11, 2)), sessions(), bounded)

    assert len(reports(keys)) == 1 + most
    assert reports(keys)[-1] == date(2026, 12, 31)


def test_a_run_left_behind_by_a_killed_process_is_done_again_at_once() -> None:
    key = RunKey(job="report", scheduled_for=report_at(TUESDAY, SETTINGS), acts_on=TUESDAY)
    left = run_of(key, "running")

    assert reports(due(ny(TUESDAY, 8, 31), [left], sessions(), SETTINGS)) == [TUESDAY]


def test_a_failed_run_waits_longer_each_time_but_an_hour_at_most() -> None:
    key = RunKey(job="report", scheduled_for=report_at(TUESDAY, SETTINGS), acts_on=TUESDAY)
    failed_at = ny(TUESDAY, 8, 31)

    assert [retry_pause(n).total_seconds() / 60 for n in (1, 2, 3, 4, 5, 6, 99)] == [
        2, 4, 8, 16, 32, 60, 60,
    ]  # fmt: skip
    for attempts in (1, 3, 9):
        run = run_of(key, "failed", failed_at, attempts)
        pause = retry_pause(attempts)
        tiny = timedelta(seconds=1)
        assert reports(due(failed_at + pause - tiny, [run], sessions(), SETTINGS)) == []
        assert reports(due(failed_at + pause, [run], sessions(), SETTINGS)) == [TUESDAY]


def test_a_failure_dated_in_the_future_by_a_wrong_clock_does_not_block_a_report() -> None:
    key = RunKey(job="report", scheduled_for=report_at(TUESDAY, SETTINGS), acts_on=TUESDAY)
    run = run_of(key, "failed", ny(TUESDAY, 23), 9)

    assert reports(due(ny(TUESDAY, 9), [run], sessions(), SETTINGS)) == [TUESDAY]


def test_another_hour_in_the_settings_does_not_repeat_reports_already_made() -> None:
    earlier = SETTINGS.model_copy(update={"report_at": "08:00"})

    assert reports(due(ny(TUESDAY, 12), after(TUESDAY), sessions(), earlier)) == []
    assert reports(due(ny(TUESDAY, 12), after(MONDAY), sessions(), earlier)) == [TUESDAY]


def test_a_report_made_early_knows_what_is_known_then() -> None:
    now = ny(TUESDAY, 8, 10)

    keys = due(now, after(MONDAY), sessions(), SETTINGS, ahead=AHEAD)

    (early,) = [k for k in keys if k.job == "report"]
    assert (early.acts_on, early.as_of) == (TUESDAY, now)
    assert sessions().acts_on(now) == TUESDAY
    assert reports(due(ny(TUESDAY, 7, 59), after(MONDAY), sessions(), SETTINGS, ahead=AHEAD)) == []


def test_the_feeds_are_asked_on_a_grid_and_once_more_before_each_report() -> None:
    def slot(hour: int, minute: int, day: date = TUESDAY) -> str:
        found = collect_slot(ny(day, hour, minute), sessions(), SETTINGS)
        return f"{found.astimezone(NEW_YORK):%H:%M}"

    assert [slot(8, 5), slot(8, 19), slot(8, 20), slot(8, 29), slot(8, 30)] == [
        "08:00", "08:00", "08:20", "08:20", "08:30",
    ]  # fmt: skip
    assert slot(8, 25, date(2026, 11, 28)) == "08:00"  # a Saturday has no report


def test_rounds_that_were_missed_are_not_made_up_for() -> None:
    polled = run_of(RunKey(job="collect", scheduled_for=ny(MONDAY, 9)))

    keys = due(ny(MONDAY, 17, 7), [*after(MONDAY), polled], sessions(), SETTINGS)

    assert [k.scheduled_for for k in keys] == [ny(MONDAY, 17)]


@pytest.mark.parametrize(
    ("before", "later", "utc_hours"),
    [
        (date(2026, 10, 30), date(2026, 11, 2), ("12:30", "13:30")),
        (date(2027, 3, 12), date(2027, 3, 15), ("13:30", "12:30")),
    ],
)
def test_half_past_eight_stays_half_past_eight_when_new_york_changes_its_clock(
    before: date, later: date, utc_hours: tuple[str, str]
) -> None:
    told = [report_at(day, SETTINGS) for day in (before, later)]

    assert tuple(f"{t.astimezone(UTC):%H:%M}" for t in told) == utc_hours
    assert next_runs(ny(before, 9), sessions(), SETTINGS)["report"] == told[1]


def test_next_runs_lie_ahead() -> None:
    coming = next_runs(ny(TUESDAY, 8, 12), sessions(), SETTINGS)

    assert coming == {"collect": ny(TUESDAY, 8, 20), "report": ny(TUESDAY, 8, 30)}
    assert next_runs(ny(TUESDAY, 8, 30), sessions(), SETTINGS)["report"] == ny(
        date(2026, 11, 25), 8, 30
    )


Step = st.one_of(
    st.integers(1, 900).map(lambda m: timedelta(minutes=m)),
    st.integers(1, 4).map(lambda d: timedelta(days=d)),
    st.integers(1, 90).map(lambda m: -timedelta(minutes=m)),
)


@settings(max_examples=60)
@given(
    start=st.integers(0, 200 * 1440).map(
        lambda m: datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=m)
    ),
    steps=st.lists(st.tuples(Step, st.sampled_from(["done", "running", "failed"])), max_size=40),
)
def test_any_sequence_of_wake_ups_gives_each_session_one_report(
    start: datetime, steps: list[tuple[timedelta, RunStatus]]
) -> None:
    """Sleeps, jumps of the clock both ways, kills and failures: never two, and none left out."""
    book: dict[tuple[str, datetime], JobRun] = {}
    made: dict[date, int] = {}
    now = latest = start
    for step, outcome in [*steps, (timedelta(hours=2), "done"), (timedelta(hours=2), "done")]:
        now += step
        if now >= datetime(2027, 4, 15, tzinfo=UTC):
            break
        latest = max(now, latest)
        for key in due(now, book.values(), sessions(), SETTINGS):
            earlier = book.get((key.job, key.scheduled_for))
            attempts = 1 if earlier is None else earlier.attempts + 1
            book[key.job, key.scheduled_for] = run_of(key, outcome, now, attempts)
            if outcome == "done" and key.acts_on is not None:
                made[key.acts_on] = made.get(key.acts_on, 0) + 1
    assert set(made.values()) <= {1}
    days = {session_of(run) for run in book.values() if run.job == "report"}
    if days and now >= latest:
        passed = [d for d in sessions().on if report_at(d, SETTINGS) <= now][-1 - 5 :]
        expected = {d for d in passed if d >= min(days)}
        still_open = {session_of(r) for r in book.values() if r.status != "done"}
        assert expected <= made.keys() | still_open


@pytest.mark.parametrize("hour", [0, 4, 8, 9, 12, 16, 20, 23])
@pytest.mark.parametrize("minute", [0, 29, 30, 31])
def test_at_whatever_hour_the_report_is_made_it_knows_no_more_than_the_decision(
    hour: int, minute: int
) -> None:
    """As of the decision instant, or of the report's own when that is earlier; never later."""
    chosen = SETTINGS.model_copy(update={"report_at": f"{hour:02d}:{minute:02d}"})
    decision = sessions().decide_at(TUESDAY)
    now = ny(TUESDAY, 23, 59)
    keys = due(now, after(MONDAY), sessions(), chosen)

    [key] = [k for k in keys if k.job == "report" and k.acts_on == TUESDAY]
    assert key.as_of == min(decision, ny(TUESDAY, hour, minute))
    assert decision == ny(TUESDAY, 8, 30)
