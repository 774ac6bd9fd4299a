"""Which close counts: a price that no stock of its kind can reach in a session waits.

A close beyond the symbol's own bound is *not observed* until somebody repeats it: another source,
the same source at least twelve hours later, or a dated split that explains it. One wrong price
sells nothing then, and keeps no true one out: the next true close stands near the last one that
counted, and where the first of all was the wrong one, the majority of sessions says so.

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
    "NVDA": 1.35,
    "SPY": 1.2,
    "QQQ": 1.2,
    "SMH": 1.25,
    "VIX": 2.5,
}
"""Largest factor between two closes, splits undone, that needs no second word. NVDA: largest day
since 2019 1.24 (2023-05-25). SPY: 1.12 (2020-03-16), QQQ 1.13, SMH 1.19 (2025-04-09), all Yahoo
Finance daily closes. VIX: 2.16 on 2018-02-05, its largest (Cboe, VIX history since 1990)."""

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
class Told:
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

    def add(self, place: int, close: float) -> None:
        self.places.append(place)
        self.close = close


def counting_closes(
    days: Sequence[date],
    told: Sequence[Sequence[Told]],
    bound: float,
    split_factor: SplitFactor,
) -> list[float | None]:
    """Of each session the close that counts; None where none is believed yet.

    days: sessions with a price, ascending. told: of each its closes, the best source first; raw.
    """
    chosen: list[float | None] = [None] * len(days)
    level, waiting = _Level(), _Level()

    def near(stand: _Level, place: int, close: float) -> bool:
        last = days[stand.places[-1]]
        factor = close * split_factor(last, days[place]) / stand.close
        return abs(math.log(factor)) <= math.log(_bound_over(bound, last, days[place]))

    def count(place: int, close: float) -> None:
        level.add(place, close)
        chosen[place] = close

    def forget(stand: _Level) -> None:
        for place in stand.places:
            chosen[place] = None

    for place, versions in enumerate(told):
        found = None
        for version in versions:
            before = level.before if len(level.places) < YOUNG else None
            if not level.places or near(level, place, version.close):
                found = version
            elif before is not None and near(before, place, version.close):
                forget(level)  # there and back: the spike was a wrong price, confirmed or not
                level, found = before, version
            elif version.confirmed:
                level, found = _Level(before=level), version
            if found is not None:
                break
        if found is not None:
            count(place, found.close)
            waiting = _Level()
            continue
        first = versions[0].close
        if waiting.places and not near(waiting, place, first):
            waiting = _Level()
        waiting.add(place, first)
        if len(waiting.places) > len(level.places):  # the majority stands elsewhere
            forget(level)
            level, waiting = waiting, _Level()
            for index in level.places:
                chosen[index] = told[index][0].close
    return chosen


def _bound_over(bound: float, after: date, until: date) -> float:
    """The bound across the sessions from ``after`` to ``until``: it grows with their root."""
    sessions = max(1, int(np.busday_count(after, until)))
    return max(bound, min(float(bound ** math.sqrt(sessions)), MOST_ACROSS_A_HOLE))
