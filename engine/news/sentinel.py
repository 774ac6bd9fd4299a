"""A source that suddenly tells far more than usual: a broken feed, a flood, or a bad day.

It decides nothing (a flood moves no more than its largest step); the report says it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.values import Event

TIMES = 10
"""So many times the usual number is worth telling."""

LEAST = 10
"""Events in a day below this are no flood, whatever is usual."""

DAY, USUAL_DAYS = timedelta(days=1), 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """A source's events of the last 24 hours, and how many a day it told in the 30 days before."""

    source: str
    told: int
    usual_a_day: float


def floods(events: Iterable[Event], at: datetime) -> tuple[Flood, ...]:
    """Sources that told ten times their usual number of events in the day up to ``at``.

    A source that told nothing in the month before is new and has no usual number.
    """
    today: Counter[str] = Counter()
    before: Counter[str] = Counter()
    for event in events:
        age = at - event.known_at
        if timedelta(0) <= age < DAY:
            today[event.source] += 1
        elif DAY <= age < DAY * (USUAL_DAYS + 1):
            before[event.source] += 1
    return tuple(
        Flood(source=source, told=n, usual_a_day=before[source] / USUAL_DAYS)
        for source, n in sorted(today.items())
        if n >= LEAST and 0 < before[source] * TIMES <= n * USUAL_DAYS
    )
