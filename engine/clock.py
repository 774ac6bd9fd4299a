"""The one place where the wall clock is read.

Everything below ``engine.service`` receives instants as arguments; a test in ``tests/architecture``
fails when another module reads the time. Functions here turn text and dates into aware UTC
instants, which is the only form of time inside the program.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.errors import DataError, InputError
from engine.phrases import phrase

NEW_YORK = ZoneInfo("America/New_York")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_EARLIEST_YEAR, _LATEST_YEAR = 1990, 2100


def now() -> datetime:
    """The present instant, UTC-aware. Called once per cycle, by ``engine.service`` only."""
    return datetime.now(UTC)


def utc(instant: datetime) -> datetime:
    """``instant`` in UTC; a naive datetime is refused (``DataError``)."""
    if instant.tzinfo is None:
        raise DataError(
            phrase("naive datetime {instant}", instant=repr(instant)),
            remedy=phrase("give it a time zone"),
        )
    return instant.astimezone(UTC)


def instant_of(text: str, present: datetime) -> datetime:
    """The instant meant by ``--as-of``: ``now``, ``today``, a day in New York, or an instant.

    present: the reader's instant. What is still to come of the running New York day counts as now;
    a later day is an ``InputError``, for nothing is known of it. ``last``, which only a record can
    tell, is added by ``engine.service.wiring.instant_at``.
    """
    if text.strip().lower() in ("now", "today"):
        return utc(present)
    asked = parse_as_of(text)
    if asked <= present:
        return asked
    if asked.astimezone(NEW_YORK).date() > present.astimezone(NEW_YORK).date():
        raise InputError(
            phrase("--as-of '{text}' lies ahead", text=text.strip()[:60]),
            remedy=phrase("choose a day up to today"),
        )
    return utc(present)


def parse_as_of(text: str) -> datetime:
    """A day or an instant, past or to come, as an instant.

    A bare date means everything known by the end of that day in New York; an ISO instant must carry
    its offset. Raises ``InputError`` for anything else.
    """
    cleaned = text.strip()
    try:
        if _DATE.match(cleaned):
            return end_of_day(date.fromisoformat(cleaned))
        instant = datetime.fromisoformat(cleaned)
    except ValueError:
        raise InputError(
            phrase("--as-of '{cleaned}' is not a date", cleaned=cleaned[:60]),
            remedy=phrase("use 2025-08-22, 2025-08-22T12:30Z, now, today or last"),
        ) from None
    if instant.tzinfo is None:
        raise InputError(
            phrase("--as-of '{cleaned}' has no time zone", cleaned=cleaned),
            remedy=phrase("add Z or an offset such as -04:00"),
        )
    _refuse_absurd(instant.date())
    return instant.astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """The last microsecond of ``day`` in New York, as UTC."""
    _refuse_absurd(day)
    local = datetime.combine(day, time.max, tzinfo=NEW_YORK)
    return local.astimezone(UTC)


def at_new_york(day: date, clock_time: time) -> datetime:
    """``clock_time`` on ``day`` in New York, as UTC."""
    return datetime.combine(day, clock_time, tzinfo=NEW_YORK).astimezone(UTC)


def next_business_morning(day: date) -> datetime:
    """09:15 New York on the weekday after ``day``: when H.15 and EFFR figures are out."""
    following = day + timedelta(days=1)
    while following.weekday() >= 5:
        following += timedelta(days=1)
    return at_new_york(following, time(9, 15))


def to_micros(instant: datetime) -> int:
    """UTC microseconds since 1970; exact, unlike ``timestamp()``. Naive input is refused."""
    delta = utc(instant) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(micros: int) -> datetime:
    """The aware UTC instant ``micros`` microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=micros)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _refuse_absurd(day: date) -> None:
    if not _EARLIEST_YEAR <= day.year <= _LATEST_YEAR:
        raise InputError(
            phrase(
                "date {day} is outside {earliest_year}-{latest_year}",
                day=day.isoformat(),
                earliest_year=str(_EARLIEST_YEAR),
                latest_year=str(_LATEST_YEAR),
            ),
            remedy=phrase("check the year"),
        )
