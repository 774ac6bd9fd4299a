"""NYSE sessions, and the one question asked of them: which session may use this fact?

A fact known at instant K is usable in the first session whose decision instant is at or after K.
With the default decision at 08:30 New York, a fact of Friday 10:00, of the weekend or of a holiday
acts at the next session's open; one of 08:30 sharp still acts the same morning.

``load_sessions`` asks exchange_calendars once (its import costs about 1.4 CPU-seconds, nearly all
of it pandas) and keeps plain arrays; everything else here is integer search.
"""

from __future__ import annotations

import warnings
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.clock import NEW_YORK, at_new_york, from_micros, to_micros, utc
from engine.errors import DataError, OutOfRangeError
from engine.phrases import phrase

Int64Array = npt.NDArray[np.int64]
Phase = Literal["pre-open", "regular", "after-close", "closed-day"]

EXCHANGE = "XNYS"
DECISION_TIME = time(8, 30)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sessions:
    """Every NYSE session from ``first`` to ``last``, both inclusive calendar dates.

    on: session dates, ascending, length T. open_at_us, close_at_us, decide_at_us: int64 arrays of
    shape (T,), microseconds since 1970 in UTC. Early closes and unscheduled closures are those of
    the installed calendar; it learns of new ones only by being upgraded.
    """

    first: date
    last: date
    on: tuple[date, ...]
    open_at_us: Int64Array
    close_at_us: Int64Array
    decide_at_us: Int64Array

    def __post_init__(self) -> None:
        if not self.on:
            raise DataError(
                phrase(
                    "no session between {first} and {last}",
                    first=str(self.first),
                    last=str(self.last),
                )
            )
        for name in ("open_at_us", "close_at_us", "decide_at_us"):
            array: Int64Array = getattr(self, name)
            if array.shape != (len(self.on),) or array.dtype != np.int64:
                raise DataError(
                    phrase(
                        "Sessions.{name} has shape {shape}, dtype {dtype}",
                        name=name,
                        shape=str(array.shape),
                        dtype=array.dtype,
                    )
                )
            if bool(np.any(np.diff(array) <= 0)):
                raise DataError(phrase("Sessions.{name} does not ascend", name=name))
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.on)

    def index_at_or_after(self, instant: datetime) -> int:
        """The row of the first session that can act on a fact known at ``instant``.

        Raises ``OutOfRangeError`` when the answer may lie outside the loaded sessions.
        """
        return self._search(self.decide_at_us, instant, side="left")

    def acts_on(self, as_of: datetime) -> date:
        """The date of the first session that can act on what is known at ``as_of``."""
        return self.on[self.index_at_or_after(as_of)]

    def trades_on(self, instant: datetime) -> date:
        """The first session in which the market itself can react to news of ``instant``.

        During regular hours that is the running session; from its close, the next one. For event
        studies; a daily decision uses ``acts_on``.
        """
        return self.on[self._search(self.close_at_us, instant, side="right")]

    def phase(self, instant: datetime) -> Phase:
        """Where ``instant`` falls in its New York day; an early close ends the regular phase."""
        day = utc(instant).astimezone(NEW_YORK).date()
        self._need_loaded(day)
        row = self._row_of(day)
        if row is None:
            return "closed-day"
        micros = to_micros(instant)
        if micros < self.open_at_us[row]:
            return "pre-open"
        return "regular" if micros < self.close_at_us[row] else "after-close"

    def is_session(self, day: date) -> bool:
        """Whether the NYSE opens on ``day``; a day outside the loaded range is refused."""
        self._need_loaded(day)
        return self._row_of(day) is not None

    def decide_at(self, day: date) -> datetime:
        """The decision instant of the session on ``day``; a day without one is a ``DataError``."""
        self._need_loaded(day)
        row = self._row_of(day)
        if row is None:
            raise DataError(phrase("{day} is not an NYSE session", day=str(day)))
        return from_micros(int(self.decide_at_us[row]))

    def _search(
        self, ends_us: Int64Array, instant: datetime, *, side: Literal["left", "right"]
    ) -> int:
        self._need_loaded(utc(instant).astimezone(NEW_YORK).date())
        row = int(np.searchsorted(ends_us, to_micros(instant), side=side))
        if row == len(self.on):
            raise self._outside(f"the session after {instant.isoformat()}")
        return row

    def _row_of(self, day: date) -> int | None:
        row = bisect_left(self.on, day)
        return row if row < len(self.on) and self.on[row] == day else None

    def _need_loaded(self, day: date) -> None:
        if not self.first <= day <= self.last:
            raise self._outside(str(day))

    def _outside(self, what: str) -> OutOfRangeError:
        return OutOfRangeError(
            phrase("session date"),
            what,
            phrase("loaded sessions {first} to {last}", first=str(self.first), last=str(self.last)),
        )


def load_sessions(first: date, last: date, decision_time: time = DECISION_TIME) -> Sessions:
    """The NYSE sessions from ``first`` to ``last`` (inclusive), deciding at ``decision_time``.

    decision_time: New York clock time, before the open, so that the decision can be filled there.
    Raises ``OutOfRangeError`` for an empty span, a span the calendar does not cover, or a decision
    that would come after an open.
    """
    if last < first:
        raise OutOfRangeError("sessions", f"{first} to {last}", phrase("first on or before last"))
    return sessions_within(read_schedule(first, last), first, last, decision_time)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Schedule:
    """What the exchange calendar says of ``first`` to ``last``: dates, opens and closes in UTC
    microseconds, shape (T,) each."""

    first: date
    last: date
    on: tuple[date, ...]
    open_at_us: Int64Array
    close_at_us: Int64Array


def sessions_within(
    schedule: Schedule, first: date, last: date, decision_time: time = DECISION_TIME
) -> Sessions:
    """The sessions of ``schedule`` from ``first`` to ``last``; same errors as ``load_sessions``."""
    rows = slice(bisect_left(schedule.on, first), bisect_right(schedule.on, last))
    on = schedule.on[rows]
    open_at_us, close_at_us = schedule.open_at_us[rows].copy(), schedule.close_at_us[rows].copy()
    decide_at_us = np.array([to_micros(at_new_york(day, decision_time)) for day in on], np.int64)
    if bool(np.any(decide_at_us >= open_at_us)):
        raise OutOfRangeError("decision_time", str(decision_time), phrase("before the 09:30 open"))
    return Sessions(
        first=first,
        last=last,
        on=on,
        open_at_us=open_at_us,
        close_at_us=close_at_us,
        decide_at_us=decide_at_us,
    )


def read_schedule(first: date, last: date) -> Schedule:
    """Dates, opens and closes from exchange_calendars; ``OutOfRangeError`` for what it lacks.

    The calendar wants its start and end to surround a session, so the span is widened by the
    longest possible closure and cut again.
    """
    import exchange_calendars

    margin = timedelta(days=14)
    try:
        with warnings.catch_warnings():
            # 4.13.2 uses a pandas property deprecated in 3.1; not ours to change, harmless today.
            warnings.simplefilter("ignore", DeprecationWarning)
            calendar = exchange_calendars.get_calendar(
                EXCHANGE, start=first - margin, end=last + margin
            )
    except ValueError as error:
        raise OutOfRangeError("sessions", f"{first} to {last}", str(error)) from None
    table = calendar.schedule.loc[str(first) : str(last)]
    return Schedule(
        first=first,
        last=last,
        on=tuple(stamp.date() for stamp in table.index),
        open_at_us=_micros(table["open"]),
        close_at_us=_micros(table["close"]),
    )


def _micros(column: object) -> Int64Array:
    """A pandas column of UTC instants as int64 microseconds."""
    stamps = np.asarray(column.dt.tz_localize(None))  # type: ignore[attr-defined]
    return stamps.astype("datetime64[us]").astype(np.int64)
