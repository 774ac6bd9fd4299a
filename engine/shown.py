"""The vocabulary of what is shown: a report and its parts, and the health of the sources.

The conventions of ``engine.values`` hold here too: aware instants, units in names, None for what
was not observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from engine.clock import NEW_YORK
from engine.values import (
    Decision,
    Event,
    Evidence,
    Interval,
    ModelRelease,
    RateExpectation,
    Stance,
    ThreatRating,
    Verdict,
    need_aware,
)


class FeedState(StrEnum):
    """Health of a feed or a table.

    One rule for everybody: a source *sees* when it was read, whatever it said; it is *blind* else;
    and that is *worth telling* unless it was never asked or only lacks dates.
    """

    OK = "ok"
    EMPTY = "empty"
    STALE = "stale"
    FROZEN = "frozen"
    BLOCKED = "blocked"
    UNDATED = "undated"
    UNKNOWN_ORG = "unknown_org"
    ERROR = "error"
    NEVER = "never"

    @property
    def sees(self) -> bool:
        """It was read."""
        return self in (FeedState.OK, FeedState.EMPTY)

    @property
    def blind(self) -> bool:
        """It could not be read, or not by what it should have brought."""
        return not self.sees

    @property
    def worth_telling(self) -> bool:
        """Blind, and something went wrong."""
        return self.blind and self not in (FeedState.UNDATED, FeedState.NEVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """One line of the data-health box. tier 1 sources weigh on confidence.

    mute: not asked, because it wants to know who asks and no contact address is set.
    """

    name: str
    state: FeedState
    last_ok_at: datetime | None
    newest_at: datetime | None
    n_facts: int = 0
    tier: int = 2
    note: str = ""
    mute: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """Something scheduled: a meeting, an earnings date, a rule's effective date."""

    on: date
    what: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedCall:
    """A past decision with what followed. return_pct None: not yet known."""

    acts_on: date
    verdict: Verdict
    score: float
    until_on: date | None
    nvda_return_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredChance:
    """One kind of printed chance with what came of it, of the ``live`` or the ``replayed`` record.

    said, came: means of the chances and of the outcomes (0 to 1); brier, brier_base_rate: mean
    squared errors; all None while there are too few outcomes for a rate. n: over; open: still to
    come; void: over, and the record cannot tell. fall_pct None: that the same is said again.
    reliability: what was said, what came and how often, by bins of what was said; empty with too
    few.
    """

    record: str
    event: str
    fall_pct: float | None
    within_sessions: int
    n: int
    open: int
    void: int
    said: float | None
    came: float | None
    brier: float | None
    brier_base_rate: float | None
    reliability: tuple[tuple[float, float, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstDay:
    """A session on which NVDA fell as it seldom did, and what the rules say of its morning.

    return_pct: from the close before. decision: HOLD, REDUCE or SELL. chance_of_fall: of the fall
    asked for most, of one.
    """

    session_on: date
    return_pct: float
    decision: Stance
    target_weight: float
    score: float
    chance_of_fall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What came of what was said: every chance, live ones first, and the worst sessions."""

    chances: tuple[ScoredChance, ...] = ()
    worst: tuple[WorstDay, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredRule:
    """A rule sealed before the months it is judged on, with what came of it so far.

    state: ``not begun``, ``running``, ``over``, ``withdrawn``, or ``changed`` when the rule is no
    longer the sealed one. sessions: judged so far. total_pct, mix_total_pct: growth over them, of
    the rule and of the constant mix of its own exposure; fall_pct, holding_fall_pct: deepest falls;
    all None while there are none. looks: how often what would end it was asked; next_look: after
    how many sessions it is asked next. met: conditions that ended it, on ``ended_on``.
    """

    held_back: bool
    registered_on: date
    first_on: date
    until_on: date
    state: str
    sessions: int
    looks: int
    next_look: int
    total_pct: float | None
    mix_total_pct: float | None
    fall_pct: float | None
    holding_fall_pct: float | None
    met: tuple[str, ...]
    ended_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingScore:
    """What one outcome of the next Fed meeting would make of the decision, all else unchanged.

    surprise_bps: the outcome less what is expected. after: HOLD, REDUCE or SELL.
    """

    meeting_on: date
    change_bps: float
    probability: float
    surprise_bps: float
    score: float
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePoint:
    """One session of the report's chart, split-adjusted to the report date."""

    session_on: date
    close: float
    target_weight: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCard:
    """A release with its rating and the figures asked for; claims stand beside estimates.

    release: as it is known now. rated: as it was known when ``rating`` was made; None: the same.
    """

    release: ModelRelease
    rating: ThreatRating
    rated: ModelRelease | None = None
    usd_per_mtok_nvidia: Interval | None = None
    nvidia_chip: str | None = None
    usd_per_mtok_domestic: Interval | None = None
    domestic_chip: str | None = None
    claims: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The decision plus everything a reader wants; rendering adds no fact to it.

    market: label-free figures by name (``nvda_close_usd``, ``market_cap_usd_tn``,
    ``implied_growth_pct`` …); a name that is missing was not observed. parts: what sections of the
    report gathered for themselves, by the section's name. present_on: the reader's day in New York;
    None: the report's own.
    """

    as_of: datetime
    decision: Decision
    releases: tuple[ReleaseCard, ...]
    rates: tuple[RateExpectation, ...]
    events: tuple[Event, ...]
    data_health: tuple[SourceHealth, ...]
    market: Mapping[str, float]
    prices: tuple[PricePoint, ...]
    upcoming: tuple[Upcoming, ...] = ()
    track_record: tuple[TrackedCall, ...] = ()
    stale: bool = False
    notices: tuple[str, ...] = ()
    receipt: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Any] = field(default_factory=dict)
    present_on: date | None = None

    @property
    def on(self) -> date:
        """The New York day of the report."""
        return self.as_of.astimezone(NEW_YORK).date()

    @property
    def age_days(self) -> int:
        """Days since the report's own day."""
        return (self.present_on - self.on).days if self.present_on else 0

    @property
    def for_today(self) -> bool:
        """Whether it decides for the reader's day: prices are there, its session is not over."""
        over = self.present_on is not None and self.present_on > self.decision.acts_on
        return not self.stale and not over

    @property
    def prices_end_on(self) -> date | None:
        """The last session with a close; None without any."""
        return self.prices[-1].session_on if self.prices else None

    def __post_init__(self) -> None:
        need_aware(self, as_of=self.as_of)
