"""Events known by an instant, from both doors: the curated history and the classified news.

Curated headlines carry a type; their direction, actor and stage come from the wording, by rule
(``engine.news.rules``), exactly as for live news. Nothing here reads what happened afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from engine.news import rules
from engine.record.history import History
from engine.values import Event, Fact, Stage


def known_events(history: History, at: datetime) -> tuple[Event, ...]:
    """Events known by ``at``, ordered by ``known_at`` then id; repeats of one id keep the first."""
    found: dict[str, Event] = {}
    told = [*map(curated, history.known("headline", at)), *map(live, history.known("event", at))]
    for event in sorted(told, key=lambda e: (e.known_at, e.event_id)):
        found.setdefault(event.event_id, event)
    return tuple(found.values())


def curated(fact: Fact) -> Event:
    """A row of the curated event table as an event."""
    headline = str(fact.payload["headline"])
    event_type = str(fact.payload["event_type"])
    reading = rules.read(headline)
    return Event(
        event_id=sha256(fact.key.encode()).hexdigest()[:16],
        event_type=event_type,
        actor=str(fact.payload.get("actor", "")),
        direction=rules.direction_by_rule(headline, event_type),
        stage=rules.stage(reading, event_type),
        confidence=fact.confidence if fact.confidence is not None else 0.5,
        occurred_at=fact.occurred_at,
        known_at=fact.known_at,
        headline=headline,
        source=fact.source,
        classifier="curated type, direction by rule",
    )


def live(fact: Fact) -> Event:
    """An ``event`` fact, written when news was classified, as an event."""
    p = fact.payload
    return Event(
        event_id=fact.key,
        event_type=str(p["event_type"]),
        actor=str(p.get("actor", "")),
        direction=p["direction"],
        stage=Stage(p["stage"]),
        confidence=float(p["confidence"]),
        occurred_at=fact.occurred_at,
        known_at=fact.known_at,
        headline=str(p["headline"]),
        source=fact.source,
        n_sources=int(p.get("n_sources", 1)),
        item_ids=tuple(p.get("item_ids", ())),
        classifier=str(p.get("classifier", "")),
        url=str(p.get("url", "")),
    )


def event_payload(event: Event) -> dict[str, Any]:
    """``event`` as the payload of an ``event`` fact; what ``live`` reads back."""
    return {
        "event_type": event.event_type,
        "actor": event.actor,
        "direction": event.direction,
        "stage": event.stage.value,
        "confidence": event.confidence,
        "headline": event.headline,
        "n_sources": event.n_sources,
        "item_ids": list(event.item_ids),
        "classifier": event.classifier,
        "url": event.url,
    }


def recent(events: Sequence[Event], *, after: datetime, at: datetime) -> tuple[Event, ...]:
    """Events known after ``after`` and by ``at``, newest first."""
    chosen: Iterable[Event] = (e for e in events if after < e.known_at <= at)
    return tuple(sorted(chosen, key=lambda e: (e.known_at, e.event_id), reverse=True))
