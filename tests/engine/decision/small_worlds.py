"""Small made-up records for known answers: a few weekdays, a few facts, all figures by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np

from config.events import EventWeights, Impulse
from engine.clock import to_micros
from engine.decision.features import RatedRelease, build
from engine.decision.grid import Grid
from engine.record.history import History
from engine.values import Event, Fact, FloatArray
from tests.builders import make_fact

WEIGHTS = EventWeights(
    policy={
        "export_restriction": Impulse(impulse_pct=6, source="made up"),
        "export_relief": Impulse(impulse_pct=2, with_acceptance_pct=5, source="made up"),
    },
    domestic={"chip_launch": Impulse(impulse_pct=3, source="made up")},
)


def weekdays(start: date, n: int) -> list[date]:
    """``n`` days from ``start`` on, Saturdays and Sundays left out."""
    days = (start + timedelta(days=i) for i in range(2 * n + 7))
    return [day for day in days if day.weekday() < 5][:n]


def grid_of(days: Sequence[date]) -> Grid:
    """Decided at 13:30 UTC of each day."""
    return Grid(
        sessions_on=tuple(days),
        decide_at_us=np.array([to_micros(morning(day)) for day in days], dtype=np.int64),
    )


def morning(day: date) -> datetime:
    return datetime.combine(day, time(13, 30), tzinfo=UTC)


def told(kind: str, key: str, on: date, hour: int = 21, **payload: Any) -> Fact:
    """A curated fact known at ``hour`` UTC of ``on``: after that day's decision by default."""
    at = datetime.combine(on, time(hour), tzinfo=UTC)
    return make_fact(kind, key, occurred_at=at, known_at=at, backfilled=True, payload=payload)


def bars(closes: Mapping[date, float], symbol: str = "NVDA") -> list[Fact]:
    """A bar of each day, known after its close."""
    return [
        told("bar", f"{symbol}:{day}", day, symbol=symbol, session_on=str(day), close=close)
        for day, close in closes.items()
    ]


def split(on: date, value: float) -> Fact:
    """Known on the morning of its ex-date."""
    key = f"NVDA:{on}:split"
    return told(
        "corporate_action", key, on, 8, symbol="NVDA", ex_on=str(on), action="split", value=value
    )


def report(quarter: str, period_end: str, on: date, revenue: str = "", **more: str) -> Fact:
    """A quarter's results, known that evening."""
    return told(
        "earnings", quarter, on, fiscal_quarter=quarter, period_end=period_end,
        report_datetime_et=f"{on}T16:20", revenue_usd_bn=revenue, **more,
    )  # fmt: skip


def features(
    days: Sequence[date],
    facts: Iterable[Fact],
    *,
    events: Sequence[Event] = (),
    ratings: Sequence[RatedRelease] = (),
) -> Mapping[str, FloatArray]:
    """``build`` over the small world, by name."""
    return build(
        History(facts), grid_of(days), ratings=ratings, events=events, weights=WEIGHTS
    ).values
