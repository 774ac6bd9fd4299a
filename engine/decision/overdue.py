"""What should have come by an instant and did not: the voice that rests on it is not observed.

Freshness goes by what was due, never by an age: Nvidia's results by the day named for them
(``results``), the Fed's decisions by its calendar (``rates``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from engine.clock import NEW_YORK
from engine.decision.rates import rates_at
from engine.decision.results import results_missing_on
from engine.record.asof import known
from engine.record.history import History
from engine.record.readings import EARNINGS, EARNINGS_DATES, MEETINGS

SOON = timedelta(days=180)
"""A calendar that ends within it is told: the Fed's next one is out a year or more ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """One thing that is missing. on: the day it was due; days: since then, on the calendar."""

    what: Literal["results", "fed_decision"]
    on: date
    days: int


def overdue_at(history: History, at: datetime) -> tuple[Overdue, ...]:
    """Everything that is missing at ``at``, by the rules that silence the voices."""
    today = at.astimezone(NEW_YORK).date()
    dates, came = known(history, EARNINGS_DATES, at), known(history, EARNINGS, at)
    results = results_missing_on(dates.values(), came, today)
    decision = rates_at(history, at).missing_on(today)
    found = [Overdue(what="results", on=results, days=(today - results).days)] if results else []
    if decision:
        found.append(Overdue(what="fed_decision", on=decision, days=(today - decision).days))
    return tuple(found)


def calendar_ends_on(history: History, at: datetime) -> date | None:
    """The last of the Fed's meetings known at ``at`` where it is less than ``SOON`` ahead.

    None where the calendar goes on for longer, and where no meeting was ever known.
    """
    days = [meeting.meeting_end for meeting in known(history, MEETINGS, at).values()]
    last = max(days, default=None)
    return last if last is not None and last - at.astimezone(NEW_YORK).date() < SOON else None
