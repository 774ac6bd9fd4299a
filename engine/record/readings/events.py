"""What happened: rows of the curated event table and steps of policy.

Classified news has its reading beside the stories that make it (``engine.decision.events.live``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.record.readings.base import Kind


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
