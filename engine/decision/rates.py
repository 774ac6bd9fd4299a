"""Rate expectations from the record: one instant for the report, all sessions for features."""

from __future__ import annotations

import calendar
import itertools
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import numpy as np

from engine.clock import NEW_YORK, from_micros
from engine.decision.events import EventLog
from engine.decision.grid import Grid
from engine.macro import ladder
from engine.macro.fedwatch import held_by, parse_contract
from engine.record.history import History
from engine.values import Event, Fact, FloatArray, RateExpectation

CURVE_MAX_AGE_DAYS = 5
"""Calendar days after which futures settlements no longer speak for today."""
YIELD_MAX_AGE_DAYS = 7
PATH_MEETINGS = 8
"""Meetings ahead, one year, that a futures curve must price to stand in for the two-year path."""


def expectations_at(history: History, at: datetime) -> tuple[RateExpectation, ...]:
    """What is priced at ``at``, by the best rung of the ladder that the record can feed."""
    return ladder.expect(inputs_at(history, at))


def inputs_at(history: History, at: datetime) -> ladder.RateInputs:
    """Everything the record knows about rates at ``at``; what is stale is left out."""
    today = at.astimezone(NEW_YORK).date()
    series = _by_series(history.current("observation", at).values())
    return ladder.RateInputs(
        as_of_on=held_by(at),
        meetings=_meetings(history, at),
        range_bps=target_range_bps(history, at),
        effr_pct=_latest(_effr(series), today, YIELD_MAX_AGE_DAYS),
        zq=_curve(series, today),
        averages_pct=_month_means(_effr(series)),
        two_year_pct=_latest(series.get("DGS2", {}), today, YIELD_MAX_AGE_DAYS),
    )


def target_range_bps(history: History, at: datetime) -> tuple[int, int] | None:
    """The target range in force or announced at ``at``; None before the first known decision."""
    decisions = history.current("fomc_decision", at).values()
    told = [f for f in decisions if f.payload.get("target_upper_after") not in (None, "")]
    if not told:
        return None
    last = max(told, key=lambda f: str(f.payload["meeting_end"])).payload
    low, high = float(last["target_lower_after"]), float(last["target_upper_after"])
    return round(100 * low), round(100 * high)


def _meetings(history: History, at: datetime) -> tuple[date, ...]:
    ends = history.current("fomc_meeting", at).values()
    return tuple(sorted(date.fromisoformat(str(f.payload["meeting_end"])) for f in ends))


Series = Mapping[str, Mapping[date, float]]


def _by_series(observations: Collection[Fact]) -> dict[str, dict[date, float]]:
    found: dict[str, dict[date, float]] = {}
    for fact in observations:
        p = fact.payload
        day = date.fromisoformat(str(p["observed_on"]))
        found.setdefault(str(p["series"]), {})[day] = float(p["value"])
    return found


def _effr(series: Series) -> Mapping[date, float]:
    """The effective rate by day: FRED's DFF, and the New York Fed's EFFR where DFF is missing."""
    return {**series.get("EFFR", {}), **series.get("DFF", {})}


def _latest(points: Mapping[date, float], today: date, max_age_days: int) -> float | None:
    day = max((d for d in points if d <= today), default=None)
    if day is None or (today - day).days > max_age_days:
        return None
    return points[day]


def _curve(series: Series, today: date) -> dict[date, float]:
    """Contract month -> settlement, all of the newest day on which any contract settled.

    Settlements of different days are never mixed: their difference would read as a policy change.
    """
    contracts = {name: points for name, points in series.items() if name.startswith("ZQ")}
    newest = max((d for points in contracts.values() for d in points if d <= today), default=None)
    if newest is None or (today - newest).days > CURVE_MAX_AGE_DAYS:
        return {}
    return {
        parse_contract(name, near=today): points[newest]
        for name, points in contracts.items()
        if newest in points
    }


def _month_means(effr: Mapping[date, float]) -> dict[date, float]:
    """Realised mean EFFR of each month that is fully known; a closed day carries the last rate."""
    if not effr:
        return {}
    means = {}
    month, newest = min(effr).replace(day=1), max(effr)
    while month <= newest:
        mean = _month_mean(effr, month, newest)
        if mean is not None:
            means[month] = mean
        month = (month + timedelta(days=31)).replace(day=1)
    return means


def _month_mean(effr: Mapping[date, float], month: date, newest: date) -> float | None:
    """Mean of the month that starts on ``month``; None before all of it is known."""
    days = calendar.monthrange(month.year, month.month)[1]
    if newest < month + timedelta(days=days - 4):
        return None
    rates: list[float] = []
    for offset in range(days):
        value = effr.get(month + timedelta(days=offset))
        if value is not None:
            rates.append(value)
        elif rates:
            rates.append(rates[-1])
    return sum(rates) / days if len(rates) == days else None


# --- over all sessions -------------------------------------------------------------------------


class Memo(Protocol):
    """Where values computed before may be found; a key says all that its value depends on."""

    def get(self, key: str) -> Any:
        """The value of ``key``; None when it is not kept."""

    def put(self, key: str, value: Any) -> None:
        """Keep a value that JSON can hold."""


def rate_features(
    history: History,
    grid: Grid,
    end: datetime,
    events: Sequence[Event],
    memo: Memo | None = None,
) -> dict[str, FloatArray]:
    """``effr_pct``, ``expected_path_bps`` and ``fed_surprise_bps``; shape (T,) each.

    memo: saves pricing the curves of earlier rows again; the figures are the same without.
    """
    observations = history.known("observation", end)
    effr = _series(observations, grid, "DFF")
    two_year = _series(observations, grid, "DGS2")
    path = ladder.two_year_path_bps(two_year, effr)
    futures = _futures_rows(history, grid, observations, memo)
    for row, expected in futures.items():
        if len(expected) >= PATH_MEETINGS:
            path[row] = expected[sorted(expected)[PATH_MEETINGS - 1]]
    windows = fed_windows(history, end, events)
    return {
        "effr_pct": effr,
        "expected_path_bps": path,
        "fed_surprise_bps": _surprises(observations, grid, windows, futures),
    }


def _series(observations: Sequence[Fact], grid: Grid, name: str) -> FloatArray:
    told = [f for f in observations if f.payload["series"] == name]
    points = [
        (row, date.fromisoformat(str(f.payload["observed_on"])).toordinal(), value)
        for f, row in zip(told, grid.rows(told).tolist(), strict=True)
        if np.isfinite(value := float(f.payload["value"]))
    ]
    return grid.latest(points, max_age_rows=CURVE_MAX_AGE_DAYS)


def _futures_rows(
    history: History, grid: Grid, observations: Sequence[Fact], memo: Memo | None = None
) -> dict[int, dict[date, float]]:
    """Row -> meeting -> expected cumulative change in bp, where a fresh futures curve is known."""
    instants_us = grid.decide_at_us.tolist()
    keys = history.running_digests(_FUTURES_KINDS, instants_us) if memo is not None else []
    reader = _InputsInOrder(history, observations)
    found = {}
    for row in _fresh_rows(grid, observations):
        kept = memo.get(keys[row]) if memo is not None else None
        if kept is not None:
            priced = {date.fromisoformat(meeting): bps for meeting, bps in kept.items()}
        else:
            priced = _priced(reader.at(from_micros(instants_us[row])))
            if memo is not None:
                memo.put(keys[row], {day.isoformat(): bps for day, bps in priced.items()})
        if priced:
            found[row] = priced
    return found


_FUTURES_KINDS = ("observation", "fomc_meeting", "fomc_decision")
"""Kinds of facts that ``inputs_at`` reads."""


def _fresh_rows(grid: Grid, observations: Sequence[Fact]) -> list[int]:
    """The rows for which a futures settlement of the last days is known, ascending."""
    settled = [f for f in observations if str(f.payload["series"]).startswith("ZQ")]
    fresh: set[int] = set()
    for row in set(grid.rows(settled).tolist()):
        fresh.update(range(row, min(row + CURVE_MAX_AGE_DAYS, len(grid))))
    return sorted(fresh)


def _priced(inputs: ladder.RateInputs) -> dict[date, float]:
    return {
        e.meeting_on: e.expected_change_bps
        for e in ladder.expect(inputs)
        if e.rung == "zq" and e.meeting_on is not None and e.expected_change_bps is not None
    }


class _InputsInOrder:
    """``inputs_at`` for rising instants, reading each observation once.

    What cannot change an expectation is left out: everything before the last month that is known
    and holds no meeting. Such a month fixes the rate at its end (``fedwatch``), so nothing reaches
    across it. ``inputs_at`` is the definition; a test holds both to the same expectations.
    """

    def __init__(self, history: History, observations: Sequence[Fact]) -> None:
        self._history = history
        self._facts = observations
        self._plain = _one_key_a_point(observations)
        self._read = 0
        self._series: dict[str, dict[date, float]] = {}
        self._effr_span: tuple[date, date] | None = None
        self._schedule: tuple[int, tuple[date, ...]] = (-1, ())

    def at(self, instant: datetime) -> ladder.RateInputs:
        """The inputs at ``instant``, which must not lie before the instant asked for last."""
        if not self._plain:
            return inputs_at(self._history, instant)
        self._advance(instant)
        today, as_of_on = instant.astimezone(NEW_YORK).date(), held_by(instant)
        meetings = self._meetings(instant)
        effr = self._series.get("DFF", {})
        averages, anchor = _means_back_to_anchor(effr, self._effr_span, meetings, as_of_on)
        return ladder.RateInputs(
            as_of_on=as_of_on,
            meetings=meetings if anchor is None else _meetings_from(meetings, anchor),
            range_bps=target_range_bps(self._history, instant),
            effr_pct=_newest(effr, today, YIELD_MAX_AGE_DAYS),
            zq=self._curve(today),
            averages_pct=averages,
            two_year_pct=_newest(self._series.get("DGS2", {}), today, YIELD_MAX_AGE_DAYS),
        )

    def _advance(self, instant: datetime) -> None:
        while self._read < len(self._facts) and self._facts[self._read].known_at <= instant:
            p = self._facts[self._read].payload
            name, day = str(p["series"]), date.fromisoformat(str(p["observed_on"]))
            self._series.setdefault(name, {})[day] = float(p["value"])
            if name == "DFF":
                first, last = self._effr_span or (day, day)
                self._effr_span = (min(first, day), max(last, day))
            self._read += 1

    def _meetings(self, instant: datetime) -> tuple[date, ...]:
        known = len(self._history.known("fomc_meeting", instant))
        if self._schedule[0] != known:
            self._schedule = (known, _meetings(self._history, instant))
        return self._schedule[1]

    def _curve(self, today: date) -> dict[date, float]:
        contracts = [item for item in self._series.items() if item[0].startswith("ZQ")]
        for age in range(CURVE_MAX_AGE_DAYS + 1):
            day = today - timedelta(days=age)
            settled = [(name, points[day]) for name, points in contracts if day in points]
            if settled:
                return {parse_contract(name, near=today): price for name, price in settled}
        return {}


def _one_key_a_point(observations: Sequence[Fact]) -> bool:
    """Whether every key stays with its series and day, and no two keys share one."""
    points: dict[str, tuple[object, object]] = {}
    for fact in observations:
        point = (fact.payload["series"], fact.payload["observed_on"])
        if points.setdefault(fact.key, point) != point:
            return False
    return len(set(points.values())) == len(points)


def _newest(points: Mapping[date, float], today: date, max_age_days: int) -> float | None:
    """``_latest`` by looking back day by day."""
    for age in range(max_age_days + 1):
        value = points.get(today - timedelta(days=age))
        if value is not None:
            return value
    return None


def _means_back_to_anchor(
    effr: Mapping[date, float],
    span: tuple[date, date] | None,
    meetings: Sequence[date],
    as_of_on: date,
) -> tuple[dict[date, float], date | None]:
    """``_month_means`` from the newest month back to the last anchor, and that anchor.

    span: first and last day of ``effr``, None when it is empty.
    The anchor lies before the month of the next meeting, holds no
    meeting and is fully known; None when there is none.
    """
    following = next((day for day in meetings if day > as_of_on), None)
    if span is None or following is None:
        return {}, None  # nothing to average, or no meeting ahead to price
    busy = {(day.year, day.month) for day in meetings}
    newest, earliest = span[1], max(span[0], meetings[0]).replace(day=1)
    means: dict[date, float] = {}
    month = newest.replace(day=1)
    while month >= earliest:
        mean = _month_mean(effr, month, newest)
        if mean is not None:
            means[month] = mean
            if month < following.replace(day=1) and (month.year, month.month) not in busy:
                return means, month
        month = (month - timedelta(days=1)).replace(day=1)
    return means, None


def _meetings_from(meetings: tuple[date, ...], anchor: date) -> tuple[date, ...]:
    """The meetings after the start of ``anchor``, and the one before, which says how far the
    calendar reaches back."""
    return meetings[max(bisect_left(meetings, anchor) - 1, 0) :]


def fed_windows(history: History, end: datetime, events: Sequence[Event]) -> frozenset[str]:
    """New York dates (ISO) of statements held and of Fed speeches in the record."""
    statements = {
        str(f.payload["meeting_end"])
        for f in history.known("fomc_meeting", end)
        if f.occurred_at <= end
    }
    speeches = {
        e.occurred_at.astimezone(NEW_YORK).date().isoformat()
        for e in EventLog.of(events).of_types(("rates",))
        if "Federal Reserve" in e.actor
    }
    return frozenset(statements | speeches)


def _surprises(
    observations: Sequence[Fact],
    grid: Grid,
    windows: Collection[str],
    futures: Mapping[int, Mapping[date, float]],
) -> FloatArray:
    """Unexpected change of the path in Fed windows, bp, in the row that learns of it.

    The two-year yield is the measure; it is published a business day late, so where futures closes
    tell of the window first, their part counts first and the yield brings the rest.
    """
    out = np.zeros(len(grid))
    counted: dict[str, float] = {}
    days = [d.isoformat() for d in grid.sessions_on]
    for row, priced in futures.items():
        eve = days[row - 1] if row else ""
        before = futures.get(row - 1)
        if eve in windows and before:
            common = sorted(priced.keys() & before.keys())
            if common:
                moved = [priced[m] - before[m] for m in common]
                counted[eve] = sum(moved) / len(moved)
                out[row] += counted[eve]
    yields: dict[str, tuple[int, float]] = {}
    told = [f for f in observations if f.payload["series"] == "DGS2"]
    for fact, row in zip(told, grid.rows(told).tolist(), strict=True):
        on = str(fact.payload["observed_on"])
        yields.setdefault(on, (row, float(fact.payload["value"])))
    ordered = sorted(yields)
    for previous, day in itertools.pairwise(ordered):
        row, value = yields[day]
        if day in windows and 0 < row < len(grid):
            out[row] += 100.0 * (value - yields[previous][1]) - counted.get(day, 0.0)
    return out
