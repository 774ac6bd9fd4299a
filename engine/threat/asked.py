"""Whom users ask: the part of Chinese models in the tokens that one router passes on.

Dated evidence beside a rating. It moves no figure of it: the users of a router are no market, and
no study ties its shares to what Nvidia sells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import fmean

_WEEK = timedelta(days=7)
_FEWEST_DAYS = 4
"""Of a week; with fewer days on record its mean says little."""
_STALE = timedelta(days=21)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensRouted:
    """One day. Fractions of all tokens; others_share: of models that are not told by name."""

    known_at: datetime
    on: date
    chinese_share: float
    others_share: float
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Means of the week to ``on`` and of the week that ended four weeks before; None: unknown."""

    on: date
    share: float
    share_before: float | None


def tokens_from_rows(rows: Iterable[Mapping[str, str]]) -> tuple[TokensRouted, ...]:
    """Days from payloads of ``token_share``; the instants are those of their facts."""
    return tuple(
        TokensRouted(
            known_at=datetime.fromisoformat(f"{row['on']}T00:00:00+00:00"),
            on=date.fromisoformat(row["on"]),
            chinese_share=float(row["chinese_share"]),
            others_share=float(row["others_share"]),
        )
        for row in rows
    )


def asked_at(days: Sequence[TokensRouted], as_of: datetime) -> Asked | None:
    """What the newest week says; None where it is not nearly whole, or three weeks old."""
    last = max((day.on for day in days), default=None)
    if last is None or as_of.date() - last > _STALE:
        return None
    now = _mean(days, last)
    if now is None:
        return None
    return Asked(on=last, share=now, share_before=_mean(days, last - 4 * _WEEK))


def _mean(days: Sequence[TokensRouted], last: date) -> float | None:
    week = [day.chinese_share for day in days if last - _WEEK < day.on <= last]
    return fmean(week) if len(week) >= _FEWEST_DAYS else None
