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
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from engine.clock import NEW_YORK, to_micros
from engine.record.history import History
from engine.record.readings import ACTIONS, BARS, Bar, CorporateAction, Kind
from engine.values import Fact, FloatArray

R = TypeVar("R")

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


def rank(fact: Fact) -> int:
    """Standing of a source: 2 a curated table or an import, 1 the publisher itself, 0 others."""
    if fact.backfilled:
        return 2
    return 1 if fact.source.startswith(OFFICIAL) else 0


def known(history: History, kind: Kind[R], at: datetime) -> dict[str, R]:
    """key -> the reading that counts at ``at``; keys in the order they first became known."""
    return {key: reading for key, (_, reading) in counting(history, kind, at).items()}


def counting(history: History, kind: Kind[R], at: datetime) -> dict[str, tuple[Fact, R]]:
    """As ``known``, with the fact that each reading comes from."""
    best: dict[str, tuple[Fact, R]] = {}
    for fact, reading in history.told(kind, at):
        standing = best.get(fact.key)
        if standing is None or rank(fact) >= rank(standing[0]):
            best[fact.key] = (fact, reading)
    return best


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

    def at(self, row: int) -> dict[str, R]:
        """key -> the reading that counts at ``row``: what ``known`` says at its instant."""
        return {v.key: v.reading for v in self.versions if v.row <= row}


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


def bars_at(history: History, symbol: str, at: datetime) -> dict[date, Bar]:
    """Session -> bar as known at ``at``, raw; ascending."""
    bars = [b for b in known(history, BARS, at).values() if b.symbol == symbol]
    return {b.session_on: b for b in sorted(bars, key=lambda b: b.session_on)}


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prices:
    """Closes of one symbol as known at each of T rows, in shares of the row's own day.

    days: D dates, the sessions and whatever else has a bar, ascending. end: (T,), the number of
    days whose close row t could know. told: (T,), the number of days up to the newest known.
    spells: first row of each stretch without corrections, with its closes (D,), NaN where none.
    """

    days: tuple[date, ...]
    end: npt.NDArray[np.int64]
    told: npt.NDArray[np.int64]
    spells: tuple[tuple[int, FloatArray], ...]

    def window(self, n: int) -> FloatArray:
        """(T, n): of each row the last n closes, oldest first; NaN where none is known."""
        out = np.full((len(self.end), n), np.nan)
        for t, (closes, end, told) in enumerate(self._rows()):
            first = max(end - n, 0)
            if told > first:
                out[t, n - (end - first) : n - (end - told) if end > told else n] = closes[
                    first:told
                ]
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
    """The closes of ``symbol``, at each row as known there; equal to ``closes_at`` row by row."""
    bars = [v for v in known_on(history, BARS, grid).versions if v.reading.symbol == symbol]
    days = sorted({v.reading.session_on for v in bars} | set(grid.sessions_on))
    place = {day: column for column, day in enumerate(days)}
    n_rows = len(grid.sessions_on)
    told = np.zeros(n_rows, dtype=np.int64)
    raw = np.full(len(days), np.nan)
    spells: dict[int, FloatArray] = {0: raw}
    newest = 0
    for row, arrived in Timeline(versions=tuple(bars)):
        columns = [(place[v.reading.session_on], v.reading.close) for v in arrived]
        changed = [(c, close) for c, close in columns if raw[c] != close]
        if any(c < newest for c, _ in changed) and row:
            raw = spells[row] = np.where(np.arange(len(days)) < newest, raw, np.nan)
        for column, close in changed:
            raw[column] = close
        newest = max(newest, *(c + 1 for c, _ in columns))
        told[row:] = newest
    before = np.array([bisect_left(days, day) for day in grid.sessions_on], dtype=np.int64)
    adjusted = _adjusted(spells, _splits_on(history, symbol, grid), days, grid)
    return Prices(days=tuple(days), end=np.maximum(before, told), told=told, spells=adjusted)


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
    """The raw closes of each spell in shares of its rows: a new spell where a split counts."""
    ex_rows = {
        bisect_left(grid.sessions_on, a.ex_on) for _, known_splits in splits for a in known_splits
    }
    starts = sorted({*spells, *(row for row, _ in splits), *ex_rows} - {len(grid.sessions_on)})
    out = []
    for start in starts:
        raw = spells[max(row for row in spells if row <= start)]
        counted = [actions for row, actions in splits if row <= start][-1]
        today = grid.sessions_on[start]
        out.append((start, raw / _factors(counted, days, today)))
    return tuple(out)


def _factors(splits: Sequence[CorporateAction], days: Sequence[date], today: date) -> FloatArray:
    """``split_factor`` from each of ``days`` to ``today``."""
    factors = np.ones(len(days))
    edges = [bisect_left(days, a.ex_on) for a in splits]
    for first, last in zip([0, *edges], [*edges, len(days)], strict=True):
        if last > first:
            factors[first:last] = split_factor(splits, days[first], today)
    return factors
