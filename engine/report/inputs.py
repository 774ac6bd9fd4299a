"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config.holding import Holding
    from engine.decision.news_impulses import Weighed
    from engine.decision.options import OptionOutlook
    from engine.decision.overdue import Overdue
    from engine.decision.scenarios import StressRow
    from engine.news.sentinel import Flood
    from engine.record.history import History
    from engine.shown import (
        MeetingScore,
        Outcomes,
        RegisteredRule,
        ReleaseCard,
        SourceHealth,
        Upcoming,
    )
    from engine.values import (
        Decision,
        Event,
        FallSkill,
        Features,
        FloatArray,
        RateExpectation,
        ThreatRating,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the record says at an instant that a report shows as it stands.

    closes: session -> NVDA's close in USD, in shares of the instant's day, ascending. rates: what
    is priced for each coming Fed meeting. late: what is overdue. unconfirmed: (symbol, session) of
    the closes that nobody has repeated yet. recent: the events of the last days, newest first.
    floods: sources that told ten times their usual number. tables: one line per kind of fact that a
    decision rests on. upcoming: days ahead. options: what the chains on record say.
    """

    closes: Mapping[date, float]
    rates: tuple[RateExpectation, ...]
    late: tuple[Overdue, ...]
    unconfirmed: tuple[tuple[str, date], ...]
    recent: tuple[Event, ...]
    floods: tuple[Flood, ...]
    tables: tuple[SourceHealth, ...]
    upcoming: tuple[Upcoming, ...]
    options: tuple[OptionOutlook, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a report is made of. cards: newest releases first, already chosen.

    polled: health of the live feeds. past: standing ledger entries' payloads, oldest first.
    holding: the owner's shares, for reports that he alone reads.
    weighed: the steps of news that weigh, the heaviest first.
    changes: of ratings, besides releases, newest first, already chosen.
    stress: scenarios laid over this decision.
    outcomes: how the chances said so far came out, and the worst sessions.
    fall_skill: what the chance of a fall has proved.
    registered: rules sealed beforehand, with what came of them.
    standing: what the record says at ``as_of``.
    meeting: the two likeliest outcomes of the next Fed meeting, with the score after each.
    """

    as_of: datetime
    history: History
    features: Features
    decision: Decision
    target_weight: FloatArray
    standing: Standing
    cards: tuple[ReleaseCard, ...]
    polled: tuple[SourceHealth, ...] = ()
    past: tuple[Mapping[str, Any], ...] = ()
    stress: tuple[StressRow, ...] = ()
    ceiling_usd_tn: float | None = None
    notices: tuple[str, ...] = ()
    weighed: tuple[Weighed, ...] = ()
    changes: tuple[ThreatRating, ...] = ()
    holding: Holding | None = None
    present_on: date | None = None
    outcomes: Outcomes | None = None
    fall_skill: FallSkill | None = None
    registered: tuple[RegisteredRule, ...] = ()
    meeting: tuple[MeetingScore, ...] = ()
