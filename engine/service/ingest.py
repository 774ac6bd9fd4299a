"""From what came in to what a decision reads: items become events, repositories become releases.

::

    items ─▶ classify (once each) ─▶ stories (96 h) ─▶ event facts
    hf_repository facts ────────────▶ families ──────▶ model_release facts

A function of the record alone. Items are taken instant by instant in the order in which they became
known, and what an instant gives depends on nothing later; so it does not matter in how many runs it
was done, nor whether one of them was killed: the next one ends in the same record.

An event is known when the item that made it was known to us, never when its publisher says. A
story that grows is a correction: the same key, a later ``known_at``, more sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from engine.clock import from_micros, to_micros
from engine.values import Event, Fact, Item

if TYPE_CHECKING:
    from engine.news.classify import Classification, Classifier
    from engine.record.store import PollState, Store, StoredItem
    from engine.service.hub_releases import Lab

BOOKMARK = "news-classifier"
"""Name under which the classifier keeps its place among the poll states."""

HUB_BOOKMARK = "hub-releases"
"""The same for the repositories: how many rows the releases on record were made from."""

NEWS_AGE = timedelta(days=7)
"""An item published longer than this before we first saw it is archive, not news: a feed asked for
the first time gives weeks of it at once. Judgement: a week of holidays is still caught up with."""

LATE = timedelta(days=3)
"""An item published longer than this before we saw it no longer falls into the three sessions
within which the same type and sense count once (``[repeat]`` of ``config/events.toml``). It tells
only what nothing on record has told since its publication: it may be a second source met late."""

_BEFORE_PRINT = timedelta(days=1)
"""Others may have had the story this long before the late item was published."""

Told = tuple[Item, "Classification"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What one run did.

    classified: items looked at for the first time. Of these irrelevant, abstained, unread (in a
    language that nobody here reads) and archive (too old, or late and told already) tell nothing.
    stories, releases: first versions. grown, updated: corrections.
    """

    classified: int = 0
    irrelevant: int = 0
    abstained: int = 0
    unread: int = 0
    archive: int = 0
    stories: int = 0
    grown: int = 0
    releases: int = 0
    updated: int = 0


def ingest(
    store: Store,
    now: datetime,
    *,
    classifier: Callable[[], Classifier],
    labs: Mapping[str, Lab] | None = None,
) -> Ingested:
    """Bring the record up to date with its own items and repositories known by ``now``.

    classifier: called only when there is something to classify, as fitting one takes seconds.
    """
    news = ingest_news(store, now, classifier=classifier)
    new, updated = ingest_releases(store, labs)
    return replace(news, releases=new, updated=updated)


# --- the bookmark ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """Which items are done: all known before ``since``, and those in ``handled`` after it.

    The window reaches back as far as a story does, so that an item which another process fetched
    earlier and wrote later is still found.
    """

    since: datetime | None = None
    handled: frozenset[str] = frozenset()
    classifier: str = ""

    @staticmethod
    def of(state: PollState | None) -> Bookmark:
        """The bookmark in ``state``; one that cannot be read starts again, which repeats work and
        nothing else."""
        kept = dict(state.health) if state is not None else {}
        try:
            return Bookmark(
                since=from_micros(int(kept["since"])),
                handled=frozenset(map(str, kept["handled"])),
                classifier=str(kept["classifier"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError):
            return Bookmark()

    def after(self, done: Sequence[StoredItem], version: str) -> tuple[Bookmark, PollState]:
        """The bookmark once ``done`` are handled, and as the poll state to write with them."""
        from engine.news.stories import STORY_WINDOW
        from engine.record.store import PollState

        newest = max(entry.item.known_at for entry in done)
        since = max(newest - STORY_WINDOW, self.since or newest - STORY_WINDOW)
        marks = self.handled | {_mark(e) for e in done}
        marks = frozenset(m for m in marks if _marked_at(m) >= since)
        health: dict[str, Any] = {
            "since": to_micros(since),
            "handled": sorted(marks),
            "classifier": version,
        }
        state = PollState(feed=BOOKMARK, last_ok_at=newest, health=health)
        return Bookmark(since=since, handled=marks, classifier=version), state


def _mark(entry: StoredItem) -> str:
    """Instant and version of an item, short."""
    text = "\x1f".join((entry.item_id, entry.item.source, entry.version))
    return f"{to_micros(entry.item.known_at)}:{sha256(text.encode()).hexdigest()[:12]}"


def _marked_at(mark: str) -> datetime:
    return from_micros(int(mark.partition(":")[0]))


# --- news -----------------------------------------------------------------------------------


def ingest_news(store: Store, now: datetime, *, classifier: Callable[[], Classifier]) -> Ingested:
    """Classify the items that are new, and write the stories they tell.

    Bookmark and events are one transaction. Undated items are never read.
    """
    mark = Bookmark.of(store.poll_state(BOOKMARK))
    found = store.stored_items(since=mark.since, known_by=now, dated_only=True)
    pending = [entry for entry in found if _mark(entry) not in mark.handled]
    if not pending:
        return Ingested()
    model = classifier()
    labels = model.classify([entry.item.title for entry in pending])
    told, done = sort_out([e.item for e in pending], labels)
    stories = Stories.on_record(store, model, since=min(e.item.known_at for e in pending))
    if any(_late(item) for item, _ in told):
        stories.curated = _curated(store)
    facts = stories.grow(told)
    _, state = mark.after(pending, model.version)
    written = store.record_poll(state, facts=facts)
    archive = done.archive + stories.repeated
    return replace(done, archive=archive, stories=written.new, grown=written.changed)


def sort_out(
    items: Sequence[Item], labels: Sequence[Classification]
) -> tuple[list[Told], Ingested]:
    """The items that tell an event, and how many do not and why."""
    told: list[Told] = []
    irrelevant = abstained = unread = archive = 0
    for item, label in zip(items, labels, strict=True):
        if label.unread:
            unread += 1
        elif label.abstained:
            abstained += 1
        elif not label.relevant:
            irrelevant += 1
        elif item.published_at is None or item.known_at - item.published_at > NEWS_AGE:
            archive += 1
        else:
            told.append((item, label))
    counted = Ingested(
        classified=len(items),
        irrelevant=irrelevant,
        abstained=abstained,
        unread=unread,
        archive=archive,
    )
    return told, counted


@dataclass(slots=True)
class Stories:
    """The stories told so far, to which later items are added.

    events: id -> the story at its latest. members: the items of stories that may still grow.
    curated: events of the curated table. repeated: late items left out, as told already.
    """

    version: str
    events: dict[str, Event] = field(default_factory=dict)
    members: list[Told] = field(default_factory=list)
    curated: tuple[Event, ...] = ()
    repeated: int = 0

    @staticmethod
    def on_record(store: Store, model: Classifier, *, since: datetime) -> Stories:
        """The stories of the record that an item known at ``since`` or later can belong to."""
        from engine.decision.events import live
        from engine.news.stories import STORY_WINDOW

        stories = Stories(version=model.version)
        for fact in store.facts(kinds=("event",)):
            first = stories.events.get(fact.key)
            known_at = first.known_at if first is not None else fact.known_at
            stories.events[fact.key] = replace(live(fact), known_at=known_at)
        horizon = since - STORY_WINDOW
        oldest = since - NEWS_AGE - _BEFORE_PRINT
        stories.events = {k: e for k, e in stories.events.items() if e.known_at >= oldest}
        owner = {i: event for event in stories.events.values() for i in event.item_ids}
        entries = store.stored_items(since=horizon, dated_only=True) if owner else []
        own = [entry for entry in entries if entry.item_id in owner]
        labels = model.classify([entry.item.title for entry in own])
        stories.members = [
            (entry.item, _as_filed(label, owner[entry.item_id], model.version))
            for entry, label in zip(own, labels, strict=True)
        ]
        return stories

    def grow(self, told: Iterable[Told]) -> tuple[Fact, ...]:
        """Add items, instant by instant; the new and the grown stories as facts."""
        by_instant: dict[int, list[Told]] = {}
        for item, label in told:
            by_instant.setdefault(to_micros(item.known_at), []).append((item, label))
        return tuple(
            fact
            for known_us in sorted(by_instant)
            for fact in self._at(from_micros(known_us), by_instant[known_us])
        )

    def _at(self, instant: datetime, arrived: Sequence[Told]) -> list[Fact]:
        """What ``arrived`` makes of the stories that are open at ``instant``.

        A story is open for 96 hours after its first item. The members of those that have closed are
        left out: no later item may join them, nor start a second story from their middle.
        """
        from engine.news.clean import item_id
        from engine.news.stories import STORY_WINDOW, cluster

        arrived = [one for one in arrived if not self._told_already(*one)]
        horizon = instant - STORY_WINDOW
        still_open = {
            i
            for event in self.events.values()
            if horizon <= event.known_at <= instant
            for i in event.item_ids
        }
        earlier = [
            (item, label)
            for item, label in self.members
            if horizon <= item.known_at <= instant and item_id(item) in still_open
        ]
        fresh = {item_id(item) for item, _ in arrived}
        facts = []
        for event in cluster([*earlier, *arrived], classifier=self.version):
            if fresh.isdisjoint(event.item_ids):
                continue
            self.events[event.event_id] = event
            facts.append(_event_fact(event, instant))
        self.members.extend(arrived)
        return facts

    def _told_already(self, item: Item, label: Classification) -> bool:
        """Whether a late item repeats what became known since about its publication."""
        if item.published_at is None or not _late(item):
            return False
        since = item.published_at - _BEFORE_PRINT
        repeats = any(
            (event.event_type, event.direction) == (label.event_type, label.direction)
            and since <= event.known_at < item.known_at
            for event in (*self.events.values(), *self.curated)
        )
        self.repeated += repeats
        return repeats


def _late(item: Item) -> bool:
    return item.published_at is not None and item.known_at - item.published_at > LATE


def _curated(store: Store) -> tuple[Event, ...]:
    from engine.decision.events import curated

    return tuple(map(curated, store.facts(kinds=("headline",))))


def _as_filed(label: Classification, event: Event, version: str) -> Classification:
    """``label``, or the type and sense under which an earlier classifier filed the item."""
    same = (label.event_type, label.direction) == (event.event_type, event.direction)
    if same or event.classifier == version:
        return label
    return replace(
        label,
        event_type=event.event_type,
        direction=event.direction,
        actor=event.actor,
        stage=event.stage,
        relevant=True,
        abstained=False,
    )


def _event_fact(event: Event, known_at: datetime) -> Fact:
    from engine.decision.events import event_payload

    return Fact(
        kind="event",
        key=event.event_id,
        occurred_at=event.occurred_at,
        known_at=known_at,
        source=event.source,
        confidence=event.confidence,
        payload=event_payload(event),
    )


# --- releases -------------------------------------------------------------------------------


def ingest_releases(store: Store, labs: Mapping[str, Lab] | None = None) -> tuple[int, int]:
    """Write the releases the repositories tell; returns how many are new and how many corrected.

    Nothing is read again until a repository changes: rows are only ever added, so their number
    tells.
    """
    from engine.record.store import PollState
    from engine.service.hub_releases import LABS, release_facts

    rows = store.counts().get("hf_repository", 0)
    state = store.poll_state(HUB_BOOKMARK)
    if rows == (0 if state is None else state.health.get("rows")):
        return 0, 0
    repositories = store.facts(kinds=("hf_repository",))
    known = store.facts(kinds=("model_release",))
    facts = release_facts(repositories, known, labs if labs is not None else LABS)
    done = PollState(feed=HUB_BOOKMARK, health={"rows": rows})
    written = store.record_poll(done, facts=facts)
    return written.new, written.changed
