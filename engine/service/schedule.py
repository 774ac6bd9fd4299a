"""What is due, and doing it once: the mornings of ``nvsignal run`` and ``nvsignal daily``.

::

    clock ─▶ due(now, runs, sessions) ─▶ claim ─▶ collect, or decide and write ─▶ finish ─▶ deliver

APScheduler only wakes us every few seconds. What is due comes from the calendar and from the table
of runs, whose key (job, instant) is unique; so sleep, restart, a clock that jumps and a second
process all end in the same place: one report per NYSE session. There is no shutting down to get
right either: a run left open by a killed process is simply done again, as of the same instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from engine.clock import NEW_YORK, at_new_york, from_micros, to_micros

if TYPE_CHECKING:
    from config.settings import Config, ScheduleSettings
    from engine.macro.sessions import Sessions
    from engine.record.store import JobRun

Job = Literal["collect", "report"]

AHEAD = timedelta(minutes=30)
"""How early a report may be made by ``daily``, whose one start must also see the night's news."""

FIRST_RETRY, LAST_RETRY = timedelta(minutes=2), timedelta(hours=1)
"""Pause after the first failure of a run; it doubles up to the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKey:
    """One run that is due. For a report: the session it acts on and what it may know."""

    job: Job
    scheduled_for: datetime
    acts_on: date | None = None
    as_of: datetime | None = None


# --- what is due (pure) ---------------------------------------------------------------------


def due(
    now: datetime,
    runs: Iterable[JobRun],
    sessions: Sessions,
    settings: ScheduleSettings,
    *,
    ahead: timedelta = timedelta(0),
) -> tuple[RunKey, ...]:
    """The runs to be executed at ``now``, reports first and oldest first.

    runs: the newest of each job. sessions: from before the oldest session to be made up for to
    beyond ``now + ahead``. Asked by the leader alone, for whom a run still marked running was left
    behind by a killed process.
    """
    told = list(runs)
    reports = _reports_due(now, [r for r in told if r.job == "report"], sessions, settings, ahead)
    slot = collect_slot(now, sessions, settings)
    polls = {r.scheduled_for: r for r in told if r.job == "collect"}
    since = max((at for at in polls if at <= now), default=None)
    if since is not None and (since > slot or not _open(polls.get(slot), now)):
        return reports
    return (*reports, RunKey(job="collect", scheduled_for=slot))


def _reports_due(
    now: datetime,
    runs: Sequence[JobRun],
    sessions: Sessions,
    settings: ScheduleSettings,
    ahead: timedelta,
) -> tuple[RunKey, ...]:
    by_day = {session_of(run): run for run in runs}
    reached = [d for d in sessions.on if report_at(d, settings) <= now + ahead]
    window = reached[-1 - settings.catch_up_sessions :]
    # Before the first report of all there was nobody to miss one, and a decision must not enter
    # the ledger after the session it would have acted on.
    first = min(by_day) if by_day else now.astimezone(NEW_YORK).date()
    window = [d for d in window if d >= first]
    keys = []
    for day in window:
        run = by_day.get(day)
        if _open(run, now):
            planned = report_at(day, settings)
            keys.append(
                RunKey(
                    job="report",
                    scheduled_for=run.scheduled_for if run is not None else planned,
                    acts_on=day,
                    as_of=min(sessions.decide_at(day), planned, now),
                )
            )
    return tuple(keys)


def _open(run: JobRun | None, now: datetime) -> bool:
    """Whether a run is still to be done: never begun, left behind, or failed long enough ago."""
    if run is None or run.status == "running":
        return True
    if run.status == "done":
        return False
    waited = now - (run.finished_at or run.started_at)
    return not timedelta(0) <= waited < retry_pause(run.attempts)


def retry_pause(attempts: int) -> timedelta:
    """How long a run that failed ``attempts`` times is left alone."""
    doubled: int = 2 ** min(max(attempts - 1, 0), 10)
    return min(FIRST_RETRY * doubled, LAST_RETRY)


def session_of(run: JobRun) -> date:
    """The session a report run belongs to, whatever hour was configured at the time."""
    return run.scheduled_for.astimezone(NEW_YORK).date()


def report_at(day: date, settings: ScheduleSettings) -> datetime:
    """When the report of the session on ``day`` is due."""
    return at_new_york(day, settings.clock_time)


def collect_slot(now: datetime, sessions: Sessions, settings: ScheduleSettings) -> datetime:
    """The newest instant at or before ``now`` at which the feeds are asked.

    A grid in UTC, and once more shortly before each report. Rounds that were missed are not made up
    for: nobody can ask yesterday's web.
    """
    step = settings.collect_every_minutes * 60_000_000
    grid = from_micros(to_micros(now) // step * step)
    today = now.astimezone(NEW_YORK).date()
    before = last_collect(today, settings)
    return max(grid, before) if sessions.is_session(today) and before <= now else grid


def last_collect(day: date, settings: ScheduleSettings) -> datetime:
    """The last round of the feeds that the report of ``day`` can use."""
    return report_at(day, settings) - timedelta(minutes=settings.collect_before_report_minutes)


def next_runs(
    now: datetime, sessions: Sessions, settings: ScheduleSettings
) -> Mapping[str, datetime]:
    """job -> when it is due next, after ``now``."""
    step = timedelta(minutes=settings.collect_every_minutes)
    micros = step // timedelta(microseconds=1)
    grid = from_micros((to_micros(now) // micros + 1) * micros)
    extra = [at for d in sessions.on if now < (at := last_collect(d, settings)) < grid]
    report = next(at for d in sessions.on if (at := report_at(d, settings)) > now)
    return {"collect": min([grid, *extra]), "report": report}


def sessions_around(now: datetime, config: Config) -> Sessions:
    """The sessions that ``due`` and ``next_runs`` look at."""
    from engine.macro.sessions import load_sessions

    today = now.astimezone(UTC).date()
    back = timedelta(days=15 + 2 * config.settings.schedule.catch_up_sessions)
    return load_sessions(
        today - back, today + timedelta(days=14), config.settings.decision.clock_time
    )
