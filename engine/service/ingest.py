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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from engine.clock import from_micros, to_micros
from engine.values import REPEAT

if TYPE_CHECKING:
    from engine.news.classify import Classifier
    from engine.news.stories import Story
    from engine.news.tellings import ToldItem
    from engine.record.store import Store, StoredItem, StoredPollState
    from engine.threat.hub import Lab
    from engine.values import Event

BOOKMARK = "news-classifier"
"""Name under which the classifier keeps its place among the poll states."""

HUB_BOOKMARK = "hub-releases"
"""The same for the repositories: how many rows the releases on record were made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What one run did.

    classified: items looked at for the first time. Of these irrelevant, abstained, unread (in a
    language that nobody here reads) and archive (too old, or told already) tell nothing. stories,
    releases: first versions. grown, updated: corrections.
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
    def of(state: StoredPollState | None) -> Bookmark:
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

    def after(self, done: Sequence[StoredItem], version: str) -> tuple[Bookmark, StoredPollState]:
        """The bookmark once ``done`` are handled, and as the poll state to write with them."""
        from engine.news.stories import STORY_WINDOW
        from engine.record.store import StoredPollState

        newest = max(entry.item.known_at for entry in done)
        since = max(newest - STORY_WINDOW, self.since or newest - STORY_WINDOW)
        marks = self.handled | {_mark(e) for e in done}
        marks = frozenset(m for m in marks if _marked_at(m) >= since)
        health: dict[str, Any] = {
            "since": to_micros(since),
            "handled": sorted(marks),
            "classifier": version,
        }
        state = StoredPollState(feed=BOOKMARK, last_ok_at=newest, health=health)
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
    from engine.news.stories import Stories
    from engine.news.story_record import stories_of, story_fact
    from engine.news.tellings import ToldItem

    mark = Bookmark.of(store.poll_state(BOOKMARK))
    found = store.stored_items(since=mark.since, known_by=now, dated_only=True)
    pending = [entry for entry in found if _mark(entry) not in mark.handled]
    if not pending:
        return Ingested()
    model = classifier()
    labels = model.classify([entry.item.title for entry in pending])
    told = [ToldItem.of(entry.item, label) for entry, label in zip(pending, labels, strict=True)]
    held = stories_of(store.facts(kinds=("event",)))
    stories = Stories(
        classifier=model.version,
        held=held,
        texts=_texts(store, held, since=min(e.item.known_at for e in pending)),
        curated=_curated(store),
    )
    versions = stories.take(told)
    facts = [story_fact(*version) for version in versions]
    old = sum(story.ended == REPEAT for _, story, _ in versions)
    _, state = mark.after(pending, model.version)
    written = store.record_poll(state, facts=facts)
    return Ingested(
        classified=len(pending),
        irrelevant=sum(not label.relevant and not label.abstained for label in labels),
        abstained=sum(label.abstained and not label.unread for label in labels),
        unread=sum(label.unread for label in labels),
        archive=stories.repeated,
        stories=max(0, written.new - old),
        grown=written.changed,
    )


def _texts(store: Store, held: Mapping[str, Story], *, since: datetime) -> dict[str, ToldItem]:
    """The tellings of stories that an item known at ``since`` or later can join, with their words.

    They keep the label under which they were filed.
    """
    from engine.news.stories import STORY_WINDOW
    from engine.news.tellings import ToldItem, key_of, tokens
    from engine.record.content import item_id

    horizon = since - STORY_WINDOW
    filed = {
        (telling.item_id, telling.words): telling
        for story in held.values()
        if story.known_at >= horizon
        for telling in story.tellings
    }
    texts: dict[str, ToldItem] = {}
    for entry in store.stored_items(since=horizon, dated_only=True) if filed else ():
        address = item_id(entry.item)
        telling = filed.get((address, key_of(tokens(entry.item.title))))
        if telling is not None:
            texts.setdefault(address, ToldItem(item=entry.item, telling=telling))
    return texts


def _curated(store: Store) -> tuple[Event, ...]:
    from engine.decision.events import curated
    from engine.record.readings import HEADLINES

    facts = store.facts(kinds=(HEADLINES.name,))
    return tuple(curated(fact, HEADLINES.read(fact)) for fact in facts)


# --- releases -------------------------------------------------------------------------------


def ingest_releases(store: Store, labs: Mapping[str, Lab] | None = None) -> tuple[int, int]:
    """Write the releases that repositories, prices and scores tell: how many new, how many changed.

    Nothing is read again until one of them changes: rows are only ever added, so their number
    tells.
    """
    from engine.record.store import StoredPollState
    from engine.threat.hub import LABS, release_facts

    counts = store.counts()
    rows = sum(counts.get(kind, 0) for kind in ("hf_repository", "model_price", "model_score"))
    state = store.poll_state(HUB_BOOKMARK)
    if rows == (0 if state is None else state.health.get("rows")):
        return 0, 0
    repositories = store.facts(kinds=("hf_repository",))
    known = store.facts(kinds=("model_release",))
    prices = store.facts(kinds=("model_price",))
    scores = store.facts(kinds=("model_score",))
    labs = labs if labs is not None else LABS
    facts = release_facts(repositories, known, labs, prices, scores)
    done = StoredPollState(feed=HUB_BOOKMARK, health={"rows": rows})
    written = store.record_poll(done, facts=facts)
    return written.new, written.changed
