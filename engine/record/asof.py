"""Which version counts: the one reading of the record.

At an instant, of each key the latest version known by then, within the highest-ranked source that
has told it. ``known`` says so for an instant, ``known_on`` for every row of a grid in one sweep;
both agree row by row. Prices come from ``prices``, adjusted for the splits known at each row;
``split_factor`` is the only place where a split is worked in.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Generic, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from engine.clock import NEW_YORK, to_micros
from engine.record.history import History
from engine.record.quarantine import ToldClose, Walk, bound_of, same_close
from engine.record.readings import (
    ACTIONS,
    BAR_SIGHTINGS,
    BARS,
    SHARES,
    Bar,
    BarSighting,
    CorporateAction,
    Kind,
)
from engine.values import Fact, FloatArray

R = TypeVar("R")
B = TypeVar("B", Bar, BarSighting)

OFFICIAL = ("FRED", "New York Fed", "Federal Reserve", "SEC EDGAR", "Federal Register")
"""Live sources that publish their own figures; each outranks whoever repeats them."""


class Rows(Protocol):
    """What is asked of a grid: its sessions and decision instants, ascending."""

    @property
    def sessions_on(self) -> tuple[date, ...]:
        """The T sessions."""
        ...

    @property
    def decide_at_us(self) -> npt.NDArray[np.int64]:
        """(T,): the instant at which each session's decision is made, UTC microseconds."""
        ...


POLLED = " (polled)"
"""Ends the source of what a live feed brought, so that a back-fill of its past is told from a
curated table."""
IMPORTED = "imported from "
"""Begins the source of what the user brought in a file, whatever the file is called."""


def rank(fact: Fact) -> int:
    """Standing of a source: 2 a curated table or an import, 1 the publisher itself, 0 others."""
    if fact.backfilled and not fact.source.endswith(POLLED):
        return 2
    return 1 if fact.source.startswith(OFFICIAL) else 0


def known(history: History, kind: Kind[R], at: datetime) -> dict[str, R]:
    """key -> the reading that counts at ``at``, in the order in which these became known."""
    return {key: reading for key, (_, reading) in counting(history, kind, at).items()}


def counting(history: History, kind: Kind[R], at: datetime) -> dict[str, tuple[Fact, R]]:
    """As ``known``, with the fact that each reading comes from."""
    best: dict[str, tuple[Fact, R]] = {}
    for fact, reading in history.told(kind, at):
        standing = best.get(fact.key)
        if standing is None or rank(fact) >= rank(standing[0]):
            best.pop(fact.key, None)
            best[fact.key] = (fact, reading)
    return best


def spans(facts: Iterable[Fact]) -> list[tuple[Fact, datetime | None]]:
    """Every version that ever counts, with the instant at which another takes its place.

    facts: of one kind, oldest first. None: it stands.
    """
    found: list[tuple[Fact, datetime | None]] = []
    place: dict[str, int] = {}
    for fact in facts:
        standing = place.get(fact.key)
        if standing is not None:
            before = found[standing][0]
            if rank(fact) < rank(before):
                continue
            found[standing] = (before, fact.known_at)
        place[fact.key] = len(found)
        found.append((fact, None))
    return [(fact, until) for fact, until in found if until != fact.known_at]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Generic[R]):
    """A reading that counts from ``row`` on, until the next of its key."""

    row: int
    key: str
    reading: R
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline(Generic[R]):
    """Every version that ever counts on a grid, in the order in which they take effect."""

    versions: tuple[Version[R], ...]

    def __iter__(self) -> Iterator[tuple[int, tuple[Version[R], ...]]]:
        """(row, the versions that take effect there) for the rows that bring any, ascending."""
        for row, group in groupby(self.versions, key=lambda v: v.row):
            yield row, tuple(group)

    def spells(self, rows: int) -> list[tuple[int, int, R]]:
        """(first row, row after the last, reading) of each version on a grid of ``rows``."""
        until: dict[str, int] = {}
        found = []
        for version in reversed(self.versions):
            found.append((version.row, until.get(version.key, rows), version.reading))
            until[version.key] = version.row
        return found[::-1]

    def at(self, row: int) -> dict[str, R]:
        """key -> the reading that counts at ``row``: what ``known`` says at its instant."""
        found: dict[str, R] = {}
        for version in self.versions:
            if version.row <= row:
                found.pop(version.key, None)
                found[version.key] = version.reading
        return found


def known_on(history: History, kind: Kind[R], grid: Rows) -> Timeline[R]:
    """What ``known`` says at each row of ``grid``, in one sweep over the facts."""
    if not len(grid.decide_at_us):
        return Timeline(versions=())
    last_us = int(grid.decide_at_us[-1])
    told = history.told_by_us(kind, last_us)
    known_us = np.array([to_micros(fact.known_at) for fact, _ in told], dtype=np.int64)
    rows = np.searchsorted(grid.decide_at_us, known_us, side="left").tolist()
    best: dict[str, tuple[int, int]] = {}  # key -> (rank, place among the versions)
    found: list[Version[R] | None] = []
    for (fact, reading), row in zip(told, rows, strict=True):
        standing, own = best.get(fact.key), rank(fact)
        if standing is not None and own < standing[0]:
            continue
        if standing is not None:
            before = found[standing[1]]
            if before is not None and before.row == row:
                found[standing[1]] = None  # corrected before any row could use it
        best[fact.key] = (own, len(found))
        found.append(Version(row=row, key=fact.key, reading=reading, fact=fact))
    return Timeline(versions=tuple(v for v in found if v is not None))


# --- prices --------------------------------------------------------------------------------------


def split_factor(actions: Iterable[CorporateAction], after: date, until: date) -> float:
    """New shares per old over the splits with ex-date in (after, until]."""
    binding = (a for a in actions if a.action == "split" and after < a.ex_on <= until)
    return math.prod(a.value for a in sorted(binding, key=lambda a: a.ex_on))


class _Bars:
    """The bars of one symbol as its sources tell them, and which of them count so far."""

    def __init__(self, symbol: str) -> None:
        self._bound = bound_of(symbol)
        self._told: dict[date, dict[str, tuple[int, int, Bar]]] = {}
        self._seen_again: set[tuple[date, float]] = set()
        self._splits: tuple[CorporateAction, ...] = ()
        self._days: list[date] = []
        self._walk = self._new_walk()
        self._fresh: set[date] = set()
        self._order = 0

    def hear(self, fact: Fact, bar: Bar) -> None:
        """The next version, in order; within one source it takes the place of the one before."""
        day = bar.session_on
        if self._days and day <= self._days[-1]:
            self._start_again()
        self._fresh.add(day)
        versions = self._told.setdefault(day, {})
        source = IMPORTED if fact.source.startswith(IMPORTED) else fact.source.removesuffix(POLLED)
        self._order += 1
        standing = versions.get(source)
        if standing is None or rank(fact) >= standing[0]:
            versions[source] = (rank(fact), self._order, bar)

    def confirm(self, sighting: BarSighting) -> None:
        """A close that was seen again."""
        if sighting.nth > 1:
            self._seen_again.add((sighting.session_on, sighting.close))
            self._start_again()

    def split(self, splits: tuple[CorporateAction, ...]) -> None:
        """The splits known from here on."""
        if splits != self._splits:
            self._splits = splits
            self._start_again()

    def news(self) -> dict[date, Bar | None]:
        """Session -> the bar that counts, None while its close is not believed: those whose answer
        may be new since the last call; ascending."""
        fresh = sorted(self._fresh)
        for day in fresh:
            self._walk.add(day, self._versions(day))
        self._days += fresh
        self._fresh = set()
        moved, self._walk.moved = sorted(self._walk.moved), set()
        return {self._days[place]: self._counting(place) for place in moved}

    def _counting(self, place: int) -> Bar | None:
        close = self._walk.chosen[place]
        standing = self._standing(self._days[place])
        return None if close is None else next(b for b in standing if b.close == close)

    def _new_walk(self) -> Walk:
        return Walk(self._bound, lambda after, until: split_factor(self._splits, after, until))

    def _start_again(self) -> None:
        """What was said of past sessions may no longer hold."""
        if self._days:
            self._fresh |= set(self._days)
            self._days, self._walk = [], self._new_walk()

    def _standing(self, day: date) -> list[Bar]:
        """The bars told of ``day``, best source first."""
        versions = sorted(self._told[day].values(), key=lambda v: v[:2], reverse=True)
        return [bar for _, _, bar in versions]

    def _versions(self, day: date) -> list[ToldClose]:
        bars = self._standing(day)
        return [
            ToldClose(
                close=bar.close,
                confirmed=(day, bar.close) in self._seen_again
                or any(same_close(bar.close, other.close) for other in bars if other is not bar),
            )
            for bar in bars
        ]


def bars_at(history: History, symbol: str, at: datetime) -> dict[date, Bar]:
    """Session -> bar as known at ``at``, raw; ascending. What is not believed yet is left out."""
    return {day: bar for day, bar in _believed(history, symbol, at).items() if bar is not None}


def unconfirmed_at(history: History, symbol: str, at: datetime) -> tuple[date, ...]:
    """Sessions whose only close waits for somebody to repeat it; ascending."""
    return tuple(day for day, bar in _believed(history, symbol, at).items() if bar is None)


def _believed(history: History, symbol: str, at: datetime) -> dict[date, Bar | None]:
    bars = _Bars(symbol)
    for fact, bar in history.told(BARS, at):
        if bar.symbol == symbol:
            bars.hear(fact, bar)
    for _, sighting in history.told(BAR_SIGHTINGS, at):
        if sighting.symbol == symbol:
            bars.confirm(sighting)
    bars.split(tuple(a for a in actions_at(history, symbol, at) if a.action == "split"))
    return bars.news()


def actions_at(history: History, symbol: str, at: datetime) -> tuple[CorporateAction, ...]:
    """The splits and dividends of ``symbol`` known at ``at``, by ex-date; a split told twice for
    one day counts once."""
    told = (a for a in known(history, ACTIONS, at).values() if a.symbol == symbol)
    return _one_a_day(told)


def _one_a_day(actions: Iterable[CorporateAction]) -> tuple[CorporateAction, ...]:
    by_day = {(a.ex_on, a.action): a for a in actions}
    return tuple(by_day[place] for place in sorted(by_day))


def closes_at(history: History, symbol: str, at: datetime) -> dict[date, float]:
    """Session -> close in shares of the day of ``at``, splits as known at ``at``; ascending."""
    today = at.astimezone(NEW_YORK).date()
    actions = actions_at(history, symbol, at)
    bars = bars_at(history, symbol, at)
    return {day: bar.close / split_factor(actions, day, today) for day, bar in bars.items()}


Price = Literal["open", "high", "low", "close"]
PRICES: tuple[Price, ...] = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prices:
    """A symbol's prices as known at each of T rows, in shares of the row's own day.

    days: D dates, the sessions and whatever else has a bar, ascending. end: (T,), the number of
    days that row t could know. told: (T,), the number of days up to the newest bar known. spells:
    first row of each stretch without corrections, with its prices (4, D) in the order of
    ``PRICES``, NaN where there is none.
    """

    days: tuple[date, ...]
    end: npt.NDArray[np.int64]
    told: npt.NDArray[np.int64]
    spells: tuple[tuple[int, FloatArray], ...]

    def window(self, n: int, of: Price = "close") -> FloatArray:
        """(T, n): of each row the last n prices, oldest first; NaN where none is known."""
        out = np.full((len(self.end), n), np.nan)
        which = PRICES.index(of)
        for t, (known_prices, end, told) in enumerate(self._rows()):
            first = max(end - n, 0)
            if told > first:
                out[t, n - end + first : n - end + told] = known_prices[which, first:told]
        return out

    def last(self, max_age: int) -> FloatArray:
        """(T,): the newest close known, NaN when the last ``max_age`` + 1 sessions have none."""
        recent = self.window(max_age + 1)
        out = np.full(len(self.end), np.nan)
        for column in range(max_age + 1):
            out = np.where(np.isnan(recent[:, column]), out, recent[:, column])
        return out

    def last_on(self, row: int) -> date | None:
        """The session of the newest close known at ``row``."""
        return self.days[self.told[row] - 1] if self.told[row] else None

    def _rows(self) -> Iterator[tuple[FloatArray, int, int]]:
        starts = [start for start, _ in self.spells]
        for t, (end, told) in enumerate(zip(self.end.tolist(), self.told.tolist(), strict=True)):
            yield self.spells[bisect_right(starts, t) - 1][1], end, told


def prices(history: History, symbol: str, grid: Rows) -> Prices:
    """The prices of ``symbol``, at each row as known there; closes equal ``closes_at`` by row."""
    splits = _splits_on(history, symbol, grid)
    heard, seen = (_arrivals(history, kind, symbol, grid) for kind in (BARS, BAR_SIGHTINGS))
    days = sorted(
        {b.session_on for found in heard.values() for _, b in found} | set(grid.sessions_on)
    )
    place = {day: column for column, day in enumerate(days)}
    told = np.zeros(len(grid.sessions_on), dtype=np.int64)
    raw = np.full((len(PRICES), len(days)), np.nan)
    spells: dict[int, FloatArray] = {0: raw}
    bars, newest, split_at = _Bars(symbol), 0, dict(splits)
    for row in sorted(heard.keys() | seen.keys() | split_at.keys()):
        for fact, bar in heard.get(row, ()):
            bars.hear(fact, bar)
        for _, sighting in seen.get(row, ()):
            bars.confirm(sighting)
        if row in split_at:
            bars.split(split_at[row])
        news = {place[d]: _figures(b) for d, b in bars.news().items()}
        changed = [
            (c, now)
            for c, now in news.items()
            if not np.array_equal(raw[:, c], now, equal_nan=True)
        ]
        if row and any(c < newest for c, _ in changed):
            raw = spells[row] = np.where(np.arange(len(days)) < newest, raw, np.nan)
        for column, now in changed:
            raw[:, column] = now
        newest = max(newest, *(c + 1 for c in news), 0)
        told[row:] = newest
    before = np.array([bisect_left(days, day) for day in grid.sessions_on], dtype=np.int64)
    adjusted = _adjusted(spells, splits, days, grid)
    return Prices(days=tuple(days), end=np.maximum(before, told), told=told, spells=adjusted)


def _figures(bar: Bar | None) -> list[float]:
    """The figures of ``PRICES``; NaN where there is none, all of them without a bar."""
    told = [None if bar is None else getattr(bar, name) for name in PRICES]
    return [math.nan if price is None else price for price in told]


def _arrivals(
    history: History, kind: Kind[B], symbol: str, grid: Rows
) -> dict[int, list[tuple[Fact, B]]]:
    """Row -> what becomes known of ``symbol`` at it, in order."""
    found: dict[int, list[tuple[Fact, B]]] = {}
    for fact, reading in history.told_by_us(kind, int(grid.decide_at_us[-1])):
        if reading.symbol == symbol:
            row = bisect_left(grid.decide_at_us, to_micros(fact.known_at))
            found.setdefault(row, []).append((fact, reading))
    return found


def shares_on(history: History, symbol: str, grid: Rows) -> FloatArray:
    """(T,): billions of shares by the newest count known at each row, in shares of the row's day.

    A count is carried through the splits since it was taken; NaN before the first.
    """
    out = np.full(len(grid.sessions_on), np.nan)
    counts = known_on(history, SHARES, grid)
    splits = _splits_on(history, symbol, grid)
    steps = {row for row, _ in counts} | set(_split_rows(splits, grid))
    for row in sorted(steps):
        told = counts.at(row).values()
        if told:
            newest = max(told, key=lambda count: count.date)
            known_splits = [actions for start, actions in splits if start <= row][-1]
            factor = split_factor(known_splits, newest.date, grid.sessions_on[row])
            out[row:] = newest.shares_bn * factor
    return out


def _splits_on(
    history: History, symbol: str, grid: Rows
) -> list[tuple[int, tuple[CorporateAction, ...]]]:
    """(row, splits known from it on), ascending, the first at row 0."""
    current: dict[str, CorporateAction] = {}
    found: list[tuple[int, tuple[CorporateAction, ...]]] = [(0, ())]
    for row, arrived in known_on(history, ACTIONS, grid):
        current |= {v.key: v.reading for v in arrived}
        splits = (a for a in current.values() if a.symbol == symbol and a.action == "split")
        found.append((row, _one_a_day(splits)))
    return found


def _adjusted(
    spells: Mapping[int, FloatArray],
    splits: Sequence[tuple[int, tuple[CorporateAction, ...]]],
    days: Sequence[date],
    grid: Rows,
) -> tuple[tuple[int, FloatArray], ...]:
    """The raw prices of each spell in shares of its rows: a new spell where a split counts."""
    starts = sorted({*spells, *_split_rows(splits, grid)})
    out = []
    for start in starts:
        raw = spells[max(row for row in spells if row <= start)]
        counted = [actions for row, actions in splits if row <= start][-1]
        today = grid.sessions_on[start]
        out.append((start, raw / _factors(counted, days, today)))
    return tuple(out)


def _split_rows(
    splits: Sequence[tuple[int, tuple[CorporateAction, ...]]], grid: Rows
) -> Iterator[int]:
    """The rows from which a split is known, or binds."""
    for row, known_splits in splits:
        yield row
        for action in known_splits:
            binds = bisect_left(grid.sessions_on, action.ex_on)
            if binds < len(grid.sessions_on):
                yield binds


def _factors(splits: Sequence[CorporateAction], days: Sequence[date], today: date) -> FloatArray:
    """``split_factor`` from each of ``days`` to ``today``."""
    factors = np.ones(len(days))
    edges = [bisect_left(days, a.ex_on) for a in splits]
    for first, last in zip([0, *edges], [*edges, len(days)], strict=True):
        if last > first:
            factors[first:last] = split_factor(splits, days[first], today)
    return factors
