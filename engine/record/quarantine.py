"""Which close counts: a price that no stock of its kind can reach in a session waits.

A close beyond the symbol's own bound is *not observed* until somebody repeats it: another source,
the same source at least twelve hours later, or a dated split that explains it. One wrong price
sells nothing then, and keeps no true one out: the next true close stands near the last one that
counted, and where the first of all was the wrong one, the majority of sessions says so. A wrong
price inside the bound is believed for its day: the next close shows it, where the price leapt away
from both its neighbours and these agree.

Pure: closes and confirmations known at an instant in, the closes that count out. What is confirmed
later is not known earlier, because each row of a grid asks with what was known at it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

BOUNDS: Mapping[str, float] = {
    "NVDA": 1.3,
    "SPY": 1.2,
    "QQQ": 1.2,
    "SMH": 1.25,
    "VIX": 2.5,
}
"""Largest factor between two closes, splits undone, that needs no second word. NVDA: largest day
since 2019 1.244 (2023-05-25), in ten years 1.298 (2016-11-11, results). SPY: 1.12 (2020-03-16),
QQQ 1.14, SMH 1.17 (2025-04-09), all Yahoo Finance daily closes. VIX: 2.16 on 2018-02-05, its
largest (Cboe, VIX history since 1990)."""

SPIKE = 0.6
"""Of the bound, as a logarithm: how far a close must leap, and the next one back, to be a wrong
price; 1.17 for NVDA. Of the true closes of 2019-05 to 2025-09 none comes near: NVDA 1.11
(2020-03-13), SPY 1.09 of 1.12, QQQ 1.08 of 1.12, SMH 1.10 of 1.14, VIX 1.39 of 1.73."""

OTHER_BOUND = 2.0
"""Of a symbol that decides nothing: a wrong unit or a missed split, and no more."""

MOST_ACROSS_A_HOLE = 3.0
"""Of a longer absence, whatever its length: beyond it nobody can tell a move from a slip."""

SECOND_LOOK = timedelta(hours=12)
"""Between two polls of one source that are to confirm each other: not the same cached answer."""

YOUNG = 3
"""Sessions that a new level needs to stand; a spike that returns sooner was a wrong price."""

SAME_CLOSE = 1e-3
"""Relative difference up to which two sources say the same: rounding, not another price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldClose:
    """A close as one source tells it; confirmed: it counts whatever its size."""

    close: float
    confirmed: bool = False


SplitFactor = Callable[[date, date], float]
"""(after, until) -> new shares per old over the splits with ex-date in (after, until]."""


def bound_of(symbol: str) -> float:
    """Largest believable factor between two sessions of ``symbol``."""
    return BOUNDS.get(symbol, OTHER_BOUND)


def same_close(one: float, other: float) -> bool:
    """Whether two closes of one session agree but for rounding."""
    return abs(one - other) <= SAME_CLOSE * max(one, other)


@dataclass(slots=True)
class _Level:
    """Sessions whose closes follow each other within the bound. before: the level it left."""

    places: list[int] = field(default_factory=list)
    close: float = 0.0
    before: _Level | None = None


class Walk:
    """Goes through the sessions of one symbol, oldest first, and says which closes count.

    chosen: of each session so far the close that counts, None where none is believed yet; a later
    session may change an earlier answer, by the rules of ``add`` alone. moved: the places whose
    answer is new since it was last cleared.
    """

    def __init__(self, bound: float, split_factor: SplitFactor) -> None:
        self.chosen: list[float | None] = []
        self.moved: set[int] = set()
        self._bound, self._split_factor = bound, split_factor
        self._leap = SPIKE * math.log(bound)
        self._days: list[date] = []
        self._told: list[Sequence[ToldClose]] = []
        self._firsts: list[float] = []
        self._level, self._waiting = _Level(), _Level()

    def add(self, day: date, told: Sequence[ToldClose]) -> None:
        """The next session with its closes, raw, the best source first.

        The first that stands near the level counts, without the last one where that was a spike,
        and frees what waits beside it where the two agree better than with the last; one that
        returns to the level before a young one shows that level to have been wrong; else the first
        that was confirmed. Where none is, the session waits, and once more sessions wait than
        stand, the majority was right.
        """
        place = len(self._days)
        self._days.append(day)
        self._told.append(told)
        self._firsts.append(told[0].close)
        self.chosen.append(None)
        self.moved.add(place)
        for version in told:
            if self._counts(place, version):
                self._level.places.append(place)
                self._level.close = self.chosen[place] = version.close
                self._waiting = _Level()
                return
        self._wait(place)

    def _counts(self, place: int, version: ToldClose) -> bool:
        level = self._level
        if level.places and not self._waiting.places:
            if abs(self._move(level, place, version.close)) <= self._leap:
                return True  # nearly every close: near, no leap, and nothing waits
            self._undo_spike(place, version.close)
        before = level.before if len(level.places) < YOUNG else None
        if not level.places or self._near(level, place, version.close):
            self._reconsider(place, version.close)
            return True
        if before is not None and self._near(before, place, version.close):
            self._forget(level)
            self._level = before
            return True
        if version.confirmed:
            self._level = _Level(before=level)
        return version.confirmed

    def _undo_spike(self, place: int, close: float) -> None:
        """Where the last that counted leapt away and ``close`` is back where it came from, it was
        wrong, unless it is confirmed; another source's word for its session counts instead."""
        level = self._level
        if len(level.places) < 2:
            return
        last, before = level.places[-1], self._without_last()
        told = self._told[last]
        sound = [
            v.close for v in told if v.confirmed or not self._leaps(before, last, v, place, close)
        ]
        if self.chosen[last] in sound:
            return
        self.chosen[last] = sound[0] if sound else None
        self.moved.add(last)
        if sound:
            level.close = sound[0]
        else:
            level.places.pop()
            level.close = before.close

    def _leaps(self, before: _Level, last: int, told: ToldClose, place: int, close: float) -> bool:
        """Whether ``told`` lies far from both its neighbours, and these near each other."""
        peak = _Level(places=[last], close=told.close)
        there, back = self._move(before, last, told.close), self._move(peak, place, close)
        far = SPIKE * math.log(self._bound_since(before, last))
        far_back = SPIKE * math.log(self._bound_since(peak, place))
        # The last says that they go opposite ways too: of one way the sum is larger than either.
        return (
            abs(there) > far
            and abs(back) > far_back
            and abs(there + back) < min(abs(there), abs(back))
        )

    def _without_last(self) -> _Level:
        places = self._level.places[:-1]
        return _Level(places=places, close=self._close_at(places[-1]))

    def _reconsider(self, place: int, close: float) -> None:
        """Where this session agrees better with those that wait than with the last that counted,
        that last one was the odd one: a wrong price inside the bound had kept true ones waiting."""
        level, waiting = self._level, self._waiting
        first_of_all = len(level.places) == 1 and level.before is None
        if not waiting.places or (len(level.places) < 2 and not first_of_all):
            return
        nearer = self._step(waiting, place, close) < self._step(level, place, close)
        first = waiting.places[0]
        if nearer and (
            first_of_all or self._near(self._without_last(), first, self._firsts[first])
        ):
            self.chosen[level.places[-1]] = None
            for index in waiting.places:
                self.chosen[index] = self._firsts[index]
            self.moved.update((level.places[-1], *waiting.places))
            level.places[-1:] = waiting.places
            level.close = waiting.close

    def _close_at(self, place: int) -> float:
        close = self.chosen[place]
        assert close is not None  # asked of places of a level only
        return close

    def _move(self, level: _Level, place: int, close: float) -> float:
        """The move from ``level`` to ``close``, as a logarithm, splits undone."""
        factor = self._split_factor(self._days[level.places[-1]], self._days[place])
        return math.log(close * factor / level.close)

    def _step(self, level: _Level, place: int, close: float) -> float:
        return abs(self._move(level, place, close))

    def _wait(self, place: int) -> None:
        if self._waiting.places and not self._near(self._waiting, place, self._firsts[place]):
            self._waiting = _Level()
        self._waiting.places.append(place)
        self._waiting.close = self._firsts[place]
        if len(self._waiting.places) > len(self._level.places):
            self._forget(self._level)
            self._level, self._waiting = self._waiting, _Level()
            for index in self._level.places:
                self.chosen[index] = self._firsts[index]
            self.moved.update(self._level.places)

    def _near(self, level: _Level, place: int, close: float) -> bool:
        bound = self._bound_since(level, place)
        return self._step(level, place, close) <= math.log(bound)

    def _bound_since(self, level: _Level, place: int) -> float:
        return _bound_over(self._bound, self._days[level.places[-1]], self._days[place])

    def _forget(self, level: _Level) -> None:
        for place in level.places:
            self.chosen[place] = None
        self.moved.update(level.places)


def _bound_over(bound: float, after: date, until: date) -> float:
    """The bound across the sessions from ``after`` to ``until``: it grows with their root."""
    days = (until - after).days
    if days <= 1:
        return bound
    sessions = max(1, int(np.busday_count(after, until)))
    return max(bound, min(float(bound ** math.sqrt(sessions)), MOST_ACROSS_A_HOLE))
