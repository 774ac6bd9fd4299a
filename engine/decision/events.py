"""Events known by an instant, from three doors: the curated history, what regulators and the issuer
publish themselves, and the classified news.

Curated headlines carry a type; their direction, actor and stage come from the wording, by rule
(``engine.news.rules``), exactly as for live news. Nothing here reads what happened afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from operator import itemgetter
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from engine.clock import to_micros
from engine.decision.kept_values import KeptValues
from engine.record.history import Entry, History
from engine.record.readings import HEADLINES, NEWS, Headline, News
from engine.values import REPEAT, WEIGHING, Event, Fact, Mood, Stage

if TYPE_CHECKING:
    from engine.threat.evidence import Proof

CURATED = "the curated table"
"""Owner of the rows of the curated table: checked by hand, they need no second voice."""


class EventLog(Sequence[Event]):
    """Events in the order in which they became known, each read when somebody looks at it.

    A record of ten years holds tens of thousands; a decision looks at the types that move a score
    and at the last days.
    """

    def __init__(self, entries: Iterable[tuple[int, str, Event | Entry]]) -> None:
        """entries: ``known_at`` in microseconds, id, and the event or the fact that tells it.

        Entries of one id are versions of one event: the first, by instant and id, stands in the
        sequence, ``versions_of`` gives all. What was old when it came (``repeat``) is left out.
        """
        ordered = [e for e in sorted(entries, key=itemgetter(0, 1)) if not _repeats(e[2])]
        first: dict[str, tuple[int, str, Event | Entry]] = {}
        for entry in ordered:
            first.setdefault(entry[1], entry)
        self._versions = ordered
        self._events = [entry[2] for entry in first.values()]
        self.known_at_us = np.fromiter((e[0] for e in first.values()), np.int64, len(first))

    @staticmethod
    def of(events: Sequence[Event]) -> EventLog:
        """``events`` as a log, which they may be already."""
        if isinstance(events, EventLog):
            return events
        return EventLog((to_micros(e.known_at), e.event_id, e) for e in events)

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Event, ...]: ...
    def __getitem__(self, index: int | slice) -> Event | tuple[Event, ...]:
        if isinstance(index, slice):
            return tuple(self._read(i) for i in range(len(self))[index])
        return self._read(range(len(self))[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EventLog) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def of_types(self, types: Collection[str]) -> tuple[Event, ...]:
        """Those of a type in ``types`` that tell something, in order; the others are not read."""
        told = (self._read(i) for i, name in enumerate(self._types) if not name or name in types)
        return tuple(e for e in told if e.event_type in types and e.mood in WEIGHING)

    def versions_of(self, types: Collection[str]) -> tuple[Event, ...]:
        """Every version of the events that have had a type in ``types``, as they became known."""
        named = [(entry[1], _type_of(entry[2])) for entry in self._versions]
        likely = {key for key, name in named if not name or name in types}
        found = [self._read_version(i) for i, e in enumerate(self._versions) if e[1] in likely]
        wanted = {event.event_id for event in found if event.event_type in types}
        return tuple(event for event in found if event.event_id in wanted)

    @cached_property
    def _types(self) -> list[str]:
        """The type of each, empty where the event must be read to tell."""
        return list(map(_type_of, self._events))

    def between(self, after: datetime, until: datetime) -> tuple[Event, ...]:
        """Those known after ``after`` and by ``until``, in order."""
        bounds = [to_micros(after), to_micros(until)]
        start, end = np.searchsorted(self.known_at_us, bounds, side="right")
        return self[int(start) : int(end)]

    def _read_version(self, index: int) -> Event:
        known_at_us, key, told = self._versions[index]
        if isinstance(told, Event):
            return told
        event = _event_of(told)
        self._versions[index] = (known_at_us, key, event)
        return event

    def _read(self, index: int) -> Event:
        event = self._events[index] = _event_of(self._events[index])
        return event


def _event_of(told: Event | Entry) -> Event:
    return live(told.fact()) if isinstance(told, Entry) else told


def _repeats(told: Event | Entry) -> bool:
    if isinstance(told, Event):
        return told.ended == REPEAT
    text = told.payload_text
    if text is not None and f'"ended":"{REPEAT}"' not in text:
        return False
    return NEWS.read(told.fact()).ended == REPEAT


_TYPE = re.compile(r'"event_type":"([^"\\]*)"')
"""In canonical JSON. Quotes inside a text are escaped there, so no headline can pose as a type."""


def _type_of(event: Event | Entry) -> str:
    if isinstance(event, Event):
        return event.event_type
    named = _TYPE.findall(event.payload_text or "")
    return named[0] if len(named) == 1 else ""


def known_events(history: History, at: datetime, memo: KeptValues | None = None) -> EventLog:
    """Events known by ``at`` in all their versions, ordered by ``known_at`` then id.

    memo: saves reading the curated headlines again; the events are the same without.
    """
    from engine.news.official import documents, official

    told = [*told_by_table(history, at, memo), *official(documents(history, at))]
    news = history.all_versions("event", at)
    return EventLog(
        [
            *((to_micros(e.known_at), e.event_id, e) for e in told),
            *((e.known_at_us, e.key, e) for e in news),
        ]
    )


def told_by_table(history: History, at: datetime, memo: KeptValues | None = None) -> list[Event]:
    """The curated table's rows known by ``at``, in all their versions."""
    return [curated(fact, row, memo) for fact, row in history.told(HEADLINES, at)]


def told_by_feeds(history: History, at: datetime) -> list[Event]:
    """What feeds brought by ``at``: classified news and documents of the source itself."""
    from engine.news.official import documents, official

    news = (_event_of(entry) for entry in history.all_versions("event", at))
    return [*official(documents(history, at)), *news]


def curated(fact: Fact, row: Headline, memo: KeptValues | None = None) -> Event:
    """A row of the curated event table as an event."""
    wording = _wording(row.headline, row.event_type, memo)
    return Event(
        event_id=sha256(fact.key.encode()).hexdigest()[:16],
        event_type=row.event_type,
        actor=row.actor,
        direction=wording["direction"],
        stage=Stage(wording["stage"]),
        confidence=fact.confidence if fact.confidence is not None else 0.5,
        occurred_at=fact.occurred_at,
        known_at=fact.known_at,
        headline=row.headline,
        source=fact.source,
        classifier="curated type, direction by rule",
        owners=(CURATED,),
        grade="A",
        mood=Mood(wording["mood"]),
        objects=tuple(wording["objects"]),
    )


def _wording(headline: str, event_type: str, memo: KeptValues | None) -> dict[str, Any]:
    """What the words of a headline of that type tell, by rule, as JSON holds it."""
    key = f"headline:{event_type}:{headline}"
    kept = memo.get(key) if memo is not None else None
    if kept is not None:
        return dict(kept)
    from engine.news import reading, rules
    from engine.news.tellings import objects, tokens

    stage = rules.stage(reading.read(headline), event_type)
    found = {
        "direction": rules.direction_by_rule(headline, event_type),
        "stage": stage.value,
        "mood": _curated_mood(headline, stage).value,
        "objects": sorted(objects(tokens(headline))),
    }
    if memo is not None:
        memo.put(key, found)
    return found


def _curated_mood(headline: str, stage: Stage) -> Mood:
    from engine.news.tellings import only_names_scales

    if only_names_scales(headline):
        return Mood.COMMENT
    return Mood.RUMOUR if stage is Stage.RUMOUR else Mood.FACT


def live(fact: Fact) -> Event:
    """An ``event`` fact, written when news was classified, as an event."""
    told = NEWS.read(fact)
    same = {n: getattr(told, n) for n in _SAME}
    return Event(event_id=fact.key, **same)


_SAME = [f.name for f in fields(Event) if f.name in News.__dataclass_fields__]
"""What an event and the reading of its fact both hold, under one name."""


def proof_in(event: Event) -> Proof | None:
    """The claim on home-grown chips that ``event`` makes, for the ledger of the threat ratings.

    Only what weighs is a claim; one owner who is not the source itself is half believed.
    """
    from engine.threat.evidence import proof_of_event

    if event.ended or event.mood not in WEIGHING:
        return None
    word = "high" if event.confidence >= 0.8 else "medium" if event.confidence >= 0.5 else "low"
    told = proof_of_event(
        {
            "event_type": event.event_type,
            "actor": event.actor,
            "headline": event.headline,
            "date_utc": event.occurred_at.date().isoformat(),
            "confidence": word,
            "source": event.source,
        }
    )
    if told is None:
        return None
    alone = len(event.owners) == 1 and not event.confirmed
    return replace(told, known_at=event.known_at, trust=told.trust * (0.5 if alone else 1.0))


def moves_as_news(event: Event) -> bool:
    """Whether ``event`` moves a level by itself.

    A claim that the ratings weigh counts there and nowhere else; a number format proves nothing.
    """
    from engine.threat.evidence import is_about_a_format

    return not is_about_a_format(event.headline) and proof_in(event) is None


def moving_versions(events: Sequence[Event], types: Collection[str]) -> list[Event]:
    """Every version of the events of ``types`` that move a level: what decides, and is shown."""
    return [event for event in EventLog.of(events).versions_of(types) if moves_as_news(event)]


def recent(events: Sequence[Event], *, after: datetime, at: datetime) -> tuple[Event, ...]:
    """Events known after ``after`` and by ``at``, newest first."""
    chosen = EventLog.of(events).between(after, at)
    return tuple(sorted(chosen, key=lambda e: (e.known_at, e.event_id), reverse=True))
