"""Stories as facts of the record and back: each version of a story is a fact ``event``.

The payload holds what a reader needs (``engine.record.readings.News``) and every telling, so that
what was said before is known without classifying anything again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from engine.errors import DataError
from engine.news.stories import Story
from engine.news.tellings import Telling, key_of, objects, tokens
from engine.phrases import phrase
from engine.record.readings import NEWS, News
from engine.values import Event, Fact, Mood


def story_fact(known_at: datetime, story: Story, event: Event) -> Fact:
    """The version of ``story`` that became known at ``known_at``."""
    return Fact(
        kind="event",
        key=story.event_id,
        occurred_at=story.occurred_at,
        known_at=known_at,
        source=event.source,
        confidence=event.confidence,
        payload={
            **event_payload(event),
            "tellings": [telling.encode() for telling in story.tellings],
            "gone": list(story.gone),
        },
    )


def event_payload(event: Event) -> dict[str, Any]:
    """``event`` as the payload of an ``event`` fact; what ``News`` reads back."""
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
        "owners": list(event.owners),
        "grade": event.grade,
        "mood": event.mood,
        "objects": list(event.objects),
        "ended": event.ended,
    }


def stories_of(facts: Iterable[Fact]) -> dict[str, Story]:
    """The stories told by facts ``event``, oldest first, each at its latest version.

    Events that another hand wrote (imported, or by an earlier version of this product) carry no
    tellings: they are kept as one telling of their headline.
    """
    stories: dict[str, Story] = {}
    for fact in facts:
        first = stories.get(fact.key)
        stories[fact.key] = _story_of(fact, first.known_at if first else fact.known_at)
    return stories


def _story_of(fact: Fact, first_known_at: datetime) -> Story:
    told = NEWS.read(fact)
    try:
        tellings = tuple(map(Telling.decode, told.tellings))
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(
            phrase(
                "event '{key}' of the record cannot be read: {error}",
                key=fact.key[:40],
                error=error,
            ),
            remedy=phrase("restore a backup, or remove the row"),
        ) from None
    return Story(
        event_id=fact.key,
        headline=told.headline,
        url=told.url,
        known_at=first_known_at,
        occurred_at=fact.occurred_at,
        tellings=tellings or (_bare(fact.key, told),),
        gone=told.gone,
        ended=told.ended,
    )


def _bare(key: str, told: News) -> Telling:
    words = tokens(told.headline)
    return Telling(
        item_id=next(iter(told.item_ids), key),
        words=key_of(words),
        plain=key_of(words),
        owner=told.source,
        grade=told.grade,
        event_type=told.event_type,
        direction=told.direction,
        actor=told.actor,
        stage=told.stage,
        mood=Mood(told.mood),
        confidence=told.confidence,
        objects=tuple(sorted(objects(words))),
    )
