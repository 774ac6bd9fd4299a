"""Rate expectations from the record: one reader, for an instant and for every session.

``KnownRates`` holds what is known of rates; filled from what counts at an instant it answers for
the report and ``nvsignal rates``, filled row by row for the features. There is no second reading.
"""

from __future__ import annotations

import calendar
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from engine.clock import NEW_YORK, from_micros
from engine.decision.events import EventLog
from engine.decision.grid import Grid
from engine.decision.kept_values import KeptValues
from engine.macro import ladder
from engine.macro.fedwatch import held_by, parse_contract
from engine.record.asof import known, known_on
from engine.record.history import History
from engine.record.readings import (
    FED_DECISIONS,
    MEETINGS,
    OBSERVATIONS,
    FedDecision,
    Meeting,
    Observation,
)
from engine.values import Event, FloatArray, RateExpectation

CURVE_MAX_AGE_DAYS = 5
"""Calendar days after which futures settlements no longer speak for today."""
YIELD_MAX_AGE_DAYS = 7
PATH_MEETINGS = 8
"""Meetings ahead, one year, that a futures curve must price to stand in for the two-year path."""
DECISION_GRACE = timedelta(days=5)
"""How long after a meeting its decision may take to reach the record. It is told the same day; the
range in force is published with EFFR on the second business day after (New York Fed)."""
TARGET = ("DFEDTARL", "DFEDTARU")
"""The target range as the New York Fed publishes it with EFFR, in per cent, by the day it held."""
EFFR = ("DFF", "EFFR")
"""The effective rate: FRED's DFF, and the New York Fed's EFFR where DFF is missing."""


@dataclass(slots=True)
class KnownRates:
    """What is known of rates: figures by series and day, the Fed's calendar and its decisions."""

    figures: dict[str, dict[date, float]] = field(default_factory=dict)
    meetings: dict[date, Meeting] = field(default_factory=dict)
    decisions: dict[date, FedDecision] = field(default_factory=dict)
    _calendar: tuple[date, ...] = ()
    _effr_span: tuple[date, date] | None = None

    def take(self, told: Iterable[Observation | Meeting | FedDecision]) -> None:
        """Learn more, later versions after earlier ones."""
        for reading in told:
            if isinstance(reading, Observation):
                self._take_figure(reading)
            elif isinstance(reading, Meeting):
                self.meetings[reading.meeting_end] = reading
                self._calendar = tuple(sorted(self.meetings))
            else:
                self.decisions[reading.meeting_end] = reading

    def _take_figure(self, told: Observation) -> None:
        day = told.observed_on
        self.figures.setdefault(told.series, {})[day] = told.value
        if told.series in EFFR:
            first, last = self._effr_span or (day, day)
            self._effr_span = (min(first, day), max(last, day))

    def range_bps(self, held_by: date) -> tuple[int, int] | None:
        """The target range in force or announced by ``held_by``, the last date that counts as held.

        None before the first that is known, and while that after the last meeting held is not.
        """
        held = bisect_right(self._calendar, held_by)
        return self._range_after(self._calendar[held - 1] if held else None)

    def missing_on(self, today: date) -> date | None:
        """The meeting whose outcome should be known by ``today`` and is not; None: nothing lacks.

        Only the last one counts: what it decided supersedes all before.
        """
        due = bisect_left(self._calendar, today - DECISION_GRACE)
        last = self._calendar[due - 1] if due else None
        return last if last is not None and self._range_after(last) is None else None

    def _range_after(self, meeting: date | None) -> tuple[int, int] | None:
        """The newest range told, where it is that of ``meeting``, or of a day after it."""
        decided = (d for d in self.decisions.values() if d.told_range)
        last = max(decided, key=lambda d: d.meeting_end, default=None)
        told = [] if last is None else [(last.meeting_end, last.range_bps)]
        lower, upper = (self.figures.get(name, {}) for name in TARGET)
        both = lower.keys() & upper.keys()
        if both:  # in force since the meeting before: that one is older than the day
            day = max(both)
            told.append((day - timedelta(days=1), _in_bps(lower[day], upper[day])))
        if not told:
            return None
        on, found = max(told, key=lambda pair: pair[0])
        return found if meeting is None or on >= meeting else None

    def newest(self, names: Sequence[str], today: date) -> float | None:
        """The newest figure of the last week; of one day the series named first counts."""
        for age in range(YIELD_MAX_AGE_DAYS + 1):
            value = self._on(names, today - timedelta(days=age))
            if value is not None:
                return value
        return None

    def _on(self, names: Sequence[str], day: date) -> float | None:
        for name in names:
            value = self.figures.get(name, {}).get(day)
            if value is not None:
                return value
        return None

    def inputs(self, at: datetime) -> ladder.RateInputs:
        """What the ladder of expectations stands on at ``at``; what is stale is left out.

        Months and meetings before the last month that is known and holds no meeting are left out:
        such a month fixes the rate at its end (``fedwatch``), so nothing reaches across it.
        """
        today, as_of_on = at.astimezone(NEW_YORK).date(), held_by(at)
        averages, anchor = self._averages(as_of_on)
        meetings = self._calendar
        if anchor is not None:  # and the one before it, which says how far the calendar reaches
            meetings = meetings[max(bisect_left(meetings, anchor) - 1, 0) :]
        return ladder.RateInputs(
            as_of_on=as_of_on,
            meetings=meetings,
            range_bps=self.range_bps(as_of_on),
            effr_pct=self.newest(EFFR, today),
            zq=self.curve(today)[1],
            averages_pct=averages,
            two_year_pct=self.newest(("DGS2",), today),
            missing_on=self.missing_on(today),
        )

    def curve(self, today: date) -> tuple[date | None, dict[date, float]]:
        """The newest day on which any contract settled, and its contract months -> settlement.

        Settlements of different days are never mixed: their difference would read as a policy
        change.
        """
        contracts = [item for item in self.figures.items() if item[0].startswith("ZQ")]
        for age in range(CURVE_MAX_AGE_DAYS + 1):
            day = today - timedelta(days=age)
            settled = [(name, points[day]) for name, points in contracts if day in points]
            if settled:
                return day, {parse_contract(name, near=today): price for name, price in settled}
        return None, {}

    def _averages(self, as_of_on: date) -> tuple[dict[date, float], date | None]:
        """Realised mean EFFR by month, from the newest back to the last anchor, and that anchor.

        The anchor lies before the month of the next meeting, holds no meeting and is fully known;
        None when there is none.
        """
        meetings = self._calendar
        ahead = bisect_right(meetings, as_of_on)
        if self._effr_span is None or ahead == len(meetings):
            return {}, None  # nothing to average, or no meeting ahead to price
        busy = {(day.year, day.month) for day in meetings}
        following = meetings[ahead].replace(day=1)
        earliest = max(self._effr_span[0], meetings[0]).replace(day=1)
        means: dict[date, float] = {}
        month = self._effr_span[1].replace(day=1)
        while month >= earliest:
            mean = self._month_mean(month)
            if mean is not None:
                means[month] = mean
                if month < following and (month.year, month.month) not in busy:
                    return means, month
            month = (month - timedelta(days=1)).replace(day=1)
        return means, None

    def _month_mean(self, month: date) -> float | None:
        """Mean of the month that starts on ``month``, closed days carrying the last rate.

        None before all of it is known.
        """
        days = calendar.monthrange(month.year, month.month)[1]
        if self._effr_span is None or self._effr_span[1] < month + timedelta(days=days - 4):
            return None
        rates: list[float] = []
        for offset in range(days):
            value = self._on(EFFR, month + timedelta(days=offset))
            if value is not None:
                rates.append(value)
            elif rates:
                rates.append(rates[-1])
        return sum(rates) / days if len(rates) == days else None


def rates_at(history: History, at: datetime) -> KnownRates:
    """Everything the record knows about rates at ``at``."""
    rates = KnownRates()
    rates.take(known(history, OBSERVATIONS, at).values())
    rates.take(known(history, MEETINGS, at).values())
    rates.take(known(history, FED_DECISIONS, at).values())
    return rates


def expectations_at(history: History, at: datetime) -> tuple[RateExpectation, ...]:
    """What is priced at ``at``, by the best rung of the ladder that the record can feed."""
    return ladder.expect(rates_at(history, at).inputs(at))


# --- over all sessions -------------------------------------------------------------------------


Arrived = tuple[Observation | Meeting | FedDecision, ...]


def rates_on(history: History, grid: Grid) -> Iterator[tuple[int, Arrived, KnownRates]]:
    """(row, what it brings, what is known there) for every row: ``rates_at`` in one sweep.

    One object grows from row to row; read it before asking for the next.
    """
    arriving: dict[int, list[Observation | Meeting | FedDecision]] = {}
    for versions in (
        known_on(history, OBSERVATIONS, grid).versions,
        known_on(history, MEETINGS, grid).versions,
        known_on(history, FED_DECISIONS, grid).versions,
    ):
        for version in versions:
            arriving.setdefault(version.row, []).append(version.reading)
    rates = KnownRates()
    for row in range(len(grid)):
        brought = tuple(arriving.get(row, ()))
        rates.take(brought)
        yield row, brought, rates


def rate_features(
    history: History,
    grid: Grid,
    events: Sequence[Event],
    memo: KeptValues | None = None,
) -> dict[str, FloatArray]:
    """``effr_pct``, ``expected_path_bps`` and ``fed_surprise_bps``; shape (T,) each.

    memo: saves pricing the curves of earlier rows again; the figures are the same without.
    """
    instants_us = grid.decide_at_us.tolist()
    keys = history.running_digests(_FUTURES_KINDS, instants_us) if memo is not None else []
    effr, two_year = np.full(len(grid), np.nan), np.full(len(grid), np.nan)
    path, surprise = np.full(len(grid), np.nan), np.zeros(len(grid))
    told = _Surprises(_speeches(events, grid))
    for row, brought, rates in rates_on(history, grid):
        at = from_micros(instants_us[row])
        today = at.astimezone(NEW_YORK).date()
        effr[row] = _or_nan(rates.newest(EFFR, today))
        if rates.missing_on(today) is None:
            two_year[row] = _or_nan(rates.newest(("DGS2",), today))
        priced = _priced(rates, at, keys[row] if memo is not None else "", memo)
        if len(priced) >= PATH_MEETINGS:
            path[row] = priced[sorted(priced)[PATH_MEETINGS - 1]]
        eve = grid.sessions_on[max(row - 1, 0)]
        added = told.learn(row, eve, at, brought, rates, priced)
        surprise[row] = added if row else 0.0  # what came before the first row is in no row
    by_yield = ladder.two_year_path_bps(two_year, effr)
    path = np.where(np.isnan(path), by_yield, path)
    return {"effr_pct": effr, "expected_path_bps": path, "fed_surprise_bps": surprise}


def _in_bps(lower_pct: float, upper_pct: float) -> tuple[int, int]:
    return round(100 * lower_pct), round(100 * upper_pct)


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


_FUTURES_KINDS = tuple(kind.name for kind in (OBSERVATIONS, MEETINGS, FED_DECISIONS))
"""Kinds of facts that ``KnownRates`` holds."""


def _priced(
    rates: KnownRates, at: datetime, key: str, memo: KeptValues | None
) -> dict[date, float]:
    """Meeting -> expected cumulative change in bp, where a fresh futures curve is known."""
    kept = memo.get(key) if memo is not None else None
    if kept is not None:
        return {date.fromisoformat(meeting): bps for meeting, bps in kept.items()}
    if not rates.curve(at.astimezone(NEW_YORK).date())[1]:
        return {}  # asked first: all else that a price stands on takes ten times as long
    priced = {
        e.meeting_on: e.expected_change_bps
        for e in ladder.expect(rates.inputs(at))
        if e.rung == "zq" and e.meeting_on is not None and e.expected_change_bps is not None
    }
    if memo is not None:
        memo.put(key, {day.isoformat(): bps for day, bps in priced.items()})
    return priced


def _speeches(events: Sequence[Event], grid: Grid) -> dict[int, set[date]]:
    """Row -> New York dates of the Fed speeches that it learns of."""
    found: dict[int, set[date]] = {}
    for event in EventLog.of(events).of_types(("rates",)):
        if "Federal Reserve" in event.actor:
            on = event.occurred_at.astimezone(NEW_YORK).date()
            found.setdefault(grid.row_at(event.known_at), set()).add(on)
    return found


class _Surprises:
    """Unexpected change of the path in Fed windows, bp, in the row that learns of it.

    A window is the day of a statement held or of a speech, from the row that knows of it. The
    two-year yield is the measure; it is published a business day late, so where futures closes tell
    of the window first, their part counts first and the yield brings the rest. A corrected yield
    brings the difference when the correction comes.
    """

    def __init__(self, speeches: Mapping[int, set[date]]) -> None:
        self._arriving = speeches
        self._speeches: set[date] = set()
        self._yield_days: list[date] = []  # ascending
        self._told: dict[date, float] = {}
        self._before: Mapping[date, float] = {}

    def learn(
        self, row: int, eve: date, at: datetime, brought: Arrived, rates: KnownRates,
        priced: Mapping[date, float],
    ) -> float:  # fmt: skip
        """What ``row`` adds. eve: the session before it. priced: the curve known there."""
        spoken = self._arriving.get(row, set())
        self._speeches |= spoken
        held = {d for d, m in rates.meetings.items() if m.occurred_at <= at}
        windows = self._speeches | held
        added = self._by_futures(priced) if eve in windows else 0.0
        self._before = priced
        if added:
            self._told[eve] = added
        days = self._changed(brought) | spoken | _newly_held(brought, at)
        for day in sorted(days & windows):
            added += self._by_yield(day, rates.figures.get("DGS2", {}))
        return added

    def _by_futures(self, priced: Mapping[date, float]) -> float:
        common = sorted(priced.keys() & self._before.keys())
        moved = [priced[m] - self._before[m] for m in common]
        return sum(moved) / len(moved) if moved else 0.0

    def _changed(self, brought: Arrived) -> set[date]:
        """Days whose yield is new or corrected, and the days that are measured against them."""
        new = {o.observed_on for o in brought if isinstance(o, Observation) and o.series == "DGS2"}
        for day in new:
            place = bisect_left(self._yield_days, day)
            if self._yield_days[place : place + 1] != [day]:
                self._yield_days.insert(place, day)
        after = {
            d for day in new for d in self._yield_days[bisect_right(self._yield_days, day) :][:1]
        }
        return new | after

    def _by_yield(self, day: date, yields: Mapping[date, float]) -> float:
        place = bisect_left(self._yield_days, day)
        if place == 0 or self._yield_days[place : place + 1] != [day]:
            return 0.0
        moved = 100.0 * (yields[day] - yields[self._yield_days[place - 1]])
        added = moved - self._told.get(day, 0.0)
        self._told[day] = moved
        return added


def _newly_held(brought: Arrived, at: datetime) -> set[date]:
    meetings = (b for b in brought if isinstance(b, Meeting))
    return {m.meeting_end for m in meetings if m.occurred_at <= at}
