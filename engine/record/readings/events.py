"""What happened: rows of the curated event table, policy steps, and news once classified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.record.readings.base import Kind
from engine.values import Direction, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A row of the curated event table; its direction comes from the wording, by rule."""

    headline: str
    event_type: str
    known_at: datetime
    occurred_at: datetime
    source: str = ""
    actor: str = ""
    time_precision: str | None = None


HEADLINES = Kind(
    name="headline",
    of=Headline,
    key=lambda h: f"{h.occurred_at.date().isoformat()}/{h.event_type}/{h.headline[:80]}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyStep:
    """A step of export policy as a government or Nvidia told it."""

    event: str
    known_at: datetime
    actor: str | None = None
    mechanism: str | None = None
    time_precision: str | None = None


POLICY_STEPS = Kind(name="policy_event", of=PolicyStep, key=lambda p: p.event[:80])


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsEvent:
    """A classified story as it stood at ``known_at``; ``engine.values.Event`` without its id."""

    event_type: str
    direction: Direction
    stage: Stage
    confidence: float
    headline: str
    known_at: datetime
    occurred_at: datetime
    source: str = ""
    actor: str = ""
    n_sources: int = 1
    item_ids: tuple[str, ...] = ()
    classifier: str = ""
    url: str = ""


NEWS_EVENTS = Kind(name="event", of=NewsEvent, key=lambda e: e.headline)
