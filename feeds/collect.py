"""Poll many feeds at once; one dead feed costs nothing to the rest.

::

    due feeds ─▶ lanes (threads: fetch, parse) ─▶ one writer: a transaction per document ─▶ summary

Pure orchestration: the way out, the clock's instant, the sink and the collectors are passed in.
A feed waiting on the network holds its lane for a quarter of a second only; after that another may
start, so stuck feeds take threads, not time. Feeds that failed last time go last. The sink is
called from the calling thread alone, because SQLite wants one writer.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Literal, Protocol

from engine.errors import DataError, FeedError, NvsignalError
from engine.phrases import phrase
from engine.record.history import History
from engine.shown import FeedState
from feeds import bars
from feeds.base import (
    Collector,
    FeedConfig,
    Harvest,
    Parsed,
    Poll,
    PollState,
    find_collector,
    newest_stamps,
    options_of,
)
from feeds.wire import FetchFailedError, Getter

if TYPE_CHECKING:
    from engine.record.store import Store
    from engine.record.store import StoredPollState as StoredState

MAX_BACKOFF = timedelta(days=1)
FRESH_CADENCES = 4
"""A server's ``max-age`` lengthens the interval to this many cadences at most: some send a year."""

JITTER = 0.1
"""Polls are spread by this share of the cadence either way, so that feeds do not march in step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a write did: first versions, new versions, and what was there already."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


class Sink(Protocol):
    """Where documents and poll states go. ``StoreSink`` is the real one."""

    def states(self) -> Mapping[str, PollState]:
        """The remembered state of every feed polled so far, by name."""

    def prices(self, now: datetime) -> History:
        """What is known of prices at ``now``: the kinds that ``feeds.bars`` judges by."""

    def write(self, feed: FeedConfig, state: PollState, parsed: Parsed | None) -> Written:
        """Keep the document and the state, both or neither; ``parsed`` None: the state alone,
        which may wait for ``flush``."""

    def flush(self) -> None:
        """Keep the states that wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """How many feeds at once: ``lanes`` that are busy or just started, ``threads`` in all.

    A feed that has been out for ``patience_seconds`` is waiting for its server and frees its lane.
    Measured with 50 stuck feeds before 450 that take 0.2 to 0.5 s each: the good ones end 8 % later
    the first time, and no later once the stuck ones are known to fail.
    """

    lanes: int = 32
    threads: int = 128
    patience_seconds: float = 0.25


Status = Literal["new", "unchanged", "failed", "deferred", "not_due", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedResult:
    """What happened to one feed. ``why`` is empty when there is nothing to say."""

    feed: str
    status: Status
    state: FeedState
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    why: str = ""
    problems: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSummary:
    """One round over the feeds, in the order of the configuration."""

    results: tuple[FeedResult, ...]
    now: datetime
    seconds: float

    def count(self, *statuses: Status) -> int:
        """How many feeds ended in one of ``statuses``."""
        return sum(result.status in statuses for result in self.results)

    @property
    def new(self) -> int:
        """First versions stored, over all feeds."""
        return sum(result.new for result in self.results)

    @property
    def changed(self) -> int:
        """New versions of known things, over all feeds."""
        return sum(result.changed for result in self.results)


Progress = Callable[[int, int, FeedResult], None]
"""(done, total, result), called from the collecting thread as each feed ends."""


def collect(
    feeds: Sequence[FeedConfig],
    fetcher: Getter,
    sink: Sink,
    now: datetime,
    *,
    force: bool = False,
    lanes: Lanes | None = None,
    collectors: Callable[[str], Collector] = find_collector,
    before: Callable[[str], None] = lambda feed: None,
    progress: Progress | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    jitter: Callable[[], float] | None = None,
    sessions: bars.Calendar = bars.exchange_sessions,
) -> RoundSummary:
    """Poll the feeds that are due and keep what they bring.

    force: ask also those not due yet; a host that asked for silence is left alone all the same.
    before: called with a feed's name just before it is asked; what it raises is its failure.
    Raises ``StoreError`` when the sink cannot write; a feed's own failure is in the summary.
    """
    began = monotonic()
    chance = jitter or Random().random  # noqa: S311
    round_ = _Round(fetcher, sink, now, collectors, before, monotonic, chance, sessions)
    states = sink.states()
    last_session = _last_sessions(sink, now)
    results: dict[str, FeedResult] = {}
    jobs: list[Poll] = []
    for feed in feeds:
        state = _known(feed, states)
        reason = not_due(feed, state, now, force=force)
        if reason is None:
            jobs.append(
                Poll(feed=feed, state=state, fetcher=fetcher, now=now, last_session=last_session)
            )
        elif feed.enabled:
            results[feed.name] = reason
    total = len(jobs)
    try:
        for done, result in enumerate(round_.run(jobs, lanes or Lanes()), 1):
            results[result.feed] = result
            if progress is not None:
                progress(done, total, result)
    finally:
        round_.close()
        sink.flush()
    ordered = tuple(results[feed.name] for feed in feeds if feed.name in results)
    return RoundSummary(results=ordered, now=now, seconds=monotonic() - began)


def _last_sessions(sink: Sink, now: datetime) -> Callable[[str], date | None]:
    """Symbol -> its newest session on record; the record is read once, if anybody asks."""
    lock = threading.Lock()
    held: list[History] = []

    def ask(symbol: str) -> date | None:
        with lock:
            if not held:
                held.append(sink.prices(now))
            return bars.last_session(held[0], symbol, now)

    return ask


def _known(feed: FeedConfig, states: Mapping[str, PollState]) -> PollState:
    """The remembered state; a stanza with a new url starts afresh."""
    state = states.get(feed.name)
    return state if state is not None and state.url == feed.url else PollState(url=feed.url)


def not_due(
    feed: FeedConfig, state: PollState, now: datetime, *, force: bool = False
) -> FeedResult | None:
    """Why ``feed`` is not asked at ``now``; None when it is.

    A due time further off than any rule could have set means that the clock was wrong: due.
    """
    if state.gone or not feed.enabled:
        why = "gone for good (410): remove the stanza or give it a new url" if state.gone else ""
        return FeedResult(feed=feed.name, status="gone", state=state.health, why=why)
    furthest = now + max(MAX_BACKOFF, 2 * timedelta(minutes=feed.cadence_minutes))
    until = state.retry_after_until
    if until is not None and now < until <= furthest:
        why = f"its host asked not to be asked before {until:%Y-%m-%d %H:%M} UTC"
        return FeedResult(feed=feed.name, status="deferred", state=state.health, why=why)
    due = state.next_due_at
    if force or due is None or due <= now or due > furthest:
        return None
    why = f"due at {due:%Y-%m-%d %H:%M} UTC"
    return FeedResult(feed=feed.name, status="not_due", state=state.health, why=why)


# --- one round ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back from a lane: exactly one of harvest and error."""

    poll: Poll
    harvest: Harvest | None
    error: NvsignalError | None
    seconds: float


@dataclass(slots=True)
class _Round:
    fetcher: Getter
    sink: Sink
    now: datetime
    make: Callable[[str], Collector]
    before: Callable[[str], None]
    monotonic: Callable[[], float]
    jitter: Callable[[], float]
    sessions: bars.Calendar
    made: dict[str, Collector] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, jobs: Iterable[Poll], lanes: Lanes) -> Iterable[FeedResult]:
        """The results as they come in, each already written."""
        pending = deque(sorted(jobs, key=lambda job: job.state.failures > 0))
        running: dict[Future[_Answer], float] = {}
        pool = ThreadPoolExecutor(lanes.threads, thread_name_prefix="feed")
        try:
            while pending or running:
                while pending and self._room(running, lanes):
                    job = pending.popleft()
                    running[pool.submit(self._ask, job)] = self.monotonic()
                pause = lanes.patience_seconds / 2 if pending else None
                for future in wait(running, pause, FIRST_COMPLETED).done:
                    del running[future]
                    yield self._keep(future.result())
        finally:  # after an error or Ctrl-C nobody waits for the feeds still out
            pool.shutdown(wait=False, cancel_futures=True)

    def _room(self, running: Mapping[Future[_Answer], float], lanes: Lanes) -> bool:
        if len(running) >= lanes.threads:
            return False
        fresh = self.monotonic() - lanes.patience_seconds
        return sum(began > fresh for began in running.values()) < lanes.lanes

    def close(self) -> None:
        """Let collectors that hold processes end them."""
        for collector in self.made.values():
            collector.close()

    def _collector(self, kind: str) -> Collector:
        with self.lock:
            if kind not in self.made:
                self.made[kind] = self.make(kind)
            return self.made[kind]

    def _ask(self, poll: Poll) -> _Answer:
        """One feed, in its lane. Whatever goes wrong is that feed's failure alone."""
        began = self.monotonic()
        harvest: Harvest | None = None
        error: NvsignalError | None = None
        try:
            collector = self._collector(poll.feed.kind)
            options_of(poll.feed, collector.Options)
            self.before(poll.feed.name)
            harvest = collector.poll(poll)
        except NvsignalError as failure:
            error = failure
        except Exception as failure:  # a fault in one collector must not stop the others
            what = f"{type(failure).__name__}: {str(failure)[:160]}"
            error = FeedError(poll.feed.name, phrase("the collector failed: {what}", what=what))
        return _Answer(poll, harvest, error, self.monotonic() - began)

    def _keep(self, answer: _Answer) -> FeedResult:
        poll = answer.poll
        if answer.harvest is None:
            assert answer.error is not None
            return self._failed(poll, answer.error, answer.seconds)
        harvest = answer.harvest
        try:
            harvest = replace(harvest, parsed=self._admitted(poll.feed, harvest.parsed))
        except FeedError as error:
            return self._failed(poll, error, answer.seconds)
        parsed = harvest.parsed
        state = after_success(poll.feed, poll.state, harvest, self.now, self.jitter())
        try:
            written = self.sink.write(poll.feed, state, parsed)
        except DataError as error:  # this document cannot be stored; the database is fine
            return self._failed(poll, error, answer.seconds)
        return FeedResult(
            feed=poll.feed.name,
            status="new" if written.new or written.changed else "unchanged",
            state=state.health,
            new=written.new,
            changed=written.changed,
            unchanged=written.unchanged,
            why=state.why,
            problems=parsed.problems if parsed is not None else (),
            seconds=answer.seconds,
        )

    def _admitted(self, feed: FeedConfig, parsed: Parsed | None) -> Parsed | None:
        """Prices come in by their one door; everything else passes."""
        if parsed is None or not any(fact.kind == bars.KINDS[0] for fact in parsed.facts):
            return parsed
        sound = bars.sound_bars(
            parsed.facts, self.sink.prices(self.now), now=self.now, sessions=self.sessions
        )
        problems = (*parsed.problems, *sound.problems)
        if sound.refused and not sound.facts:
            raise FeedError(feed.name, problems[0], remedy=phrase("stored bars stay in use"))
        return replace(parsed, facts=sound.facts, problems=problems)

    def _failed(self, poll: Poll, error: NvsignalError, seconds: float) -> FeedResult:
        state = after_failure(poll.feed, poll.state, error, self.now, self.jitter())
        self.sink.write(poll.feed, state, None)
        deferred = isinstance(error, FetchFailedError) and error.reason == "deferred"
        return FeedResult(
            feed=poll.feed.name,
            status="gone" if state.gone else "deferred" if deferred else "failed",
            state=state.health,
            why=reason_text(poll.feed, error),
            seconds=seconds,
        )


# --- what the next poll needs to know (pure) ------------------------------------------------


def after_success(
    feed: FeedConfig, state: PollState, harvest: Harvest, now: datetime, jitter: float
) -> PollState:
    """The state after a good answer; jitter is 0 to 1.

    A document from which something was put off leaves neither hash nor validators: the same bytes
    at a later hour are read again.
    """
    parsed = harvest.parsed
    settled = parsed is None or not parsed.put_off
    cadence = timedelta(minutes=feed.cadence_minutes)
    wait = cadence * (1 + JITTER * (2 * jitter - 1))
    if harvest.fresh_seconds is not None:
        fresh = timedelta(seconds=min(harvest.fresh_seconds, MAX_BACKOFF.total_seconds()))
        wait = max(wait, min(fresh, FRESH_CADENCES * cadence))
    moved = harvest.moved_to
    same_move = moved == state.moved_to
    after = replace(
        state,
        url=feed.url,
        etag=harvest.etag if settled else "",
        last_modified=harvest.last_modified if settled else "",
        body_hash=harvest.body_hash if settled else "",
        last_poll_at=now,
        last_ok_at=now,
        next_due_at=now + wait,
        retry_after_until=None,
        failures=0,
        moved_to=moved or (state.moved_to if state.moved_seen >= 3 else ""),
        moved_seen=_sightings(state, moved, same_move),
        memo=harvest.memo,
    )
    if parsed is None:
        unread = state.health in (FeedState.OK, FeedState.EMPTY, FeedState.UNDATED)
        return after if unread else replace(after, health=FeedState.OK, why="")
    return replace(
        after,
        health=parsed.state,
        why=parsed.problems[0] if parsed.problems else "",
        n_entries=parsed.n_entries,
        stamps=newest_stamps((*state.stamps, *parsed.stamps)),
    )


def _sightings(state: PollState, moved: str, same_move: bool) -> int:
    if not moved:  # the new address answers by itself once it is in use
        return state.moved_seen if state.moved_seen >= 3 else 0
    return state.moved_seen + 1 if same_move else 1


def after_failure(
    feed: FeedConfig, state: PollState, error: NvsignalError, now: datetime, jitter: float
) -> PollState:
    """The state after a failure: the next poll moves away twofold each time, to a day at most.

    A feed that was only waiting for its host's turn has not failed. A moved feed that fails at its
    new address goes back to the one in the configuration.
    """
    asked = error.wait_seconds if isinstance(error, FetchFailedError) else None
    reason = error.reason if isinstance(error, FetchFailedError) else None
    if reason == "deferred":
        pause = timedelta(seconds=min(asked or 60.0, MAX_BACKOFF.total_seconds()))
        return replace(state, url=feed.url, next_due_at=now + pause)
    failures = state.failures + 1
    spread = 1 + JITTER * (2 * jitter - 1)
    cadence = timedelta(minutes=feed.cadence_minutes)
    wait = min(cadence * 2 ** min(failures - 1, 12), MAX_BACKOFF) * spread
    until = None if asked is None else now + timedelta(seconds=asked)
    return replace(
        state,
        url=feed.url,
        last_poll_at=now,
        next_due_at=max(now + wait, until) if until is not None else now + wait,
        retry_after_until=until,
        failures=failures,
        health=_health(error),
        why=reason_text(feed, error),
        moved_to="",
        moved_seen=0,
        gone=reason == "gone",
    )


def reason_text(feed: FeedConfig, error: NvsignalError) -> str:
    """What went wrong and what to do about it, without the name that stands beside it anyway."""
    return str(error).removeprefix(f"{feed.name}: ")


def _health(error: NvsignalError) -> FeedState:
    try:
        return FeedState(getattr(error, "state", "error"))
    except ValueError:
        return FeedState.ERROR


# --- the real sink --------------------------------------------------------------------------


MOST_HELD = 32
"""States of unchanged documents that wait for one transaction: after a crash, asked again."""


class StoreSink:
    """The record as a sink: a document and its poll state are one transaction, as are the states of
    documents that did not change. A failure's state, which may hold a server's wish for silence, is
    kept at once.
    """

    def __init__(self, store: Store):
        self._store = store
        self._held: list[StoredState] = []

    def states(self) -> Mapping[str, PollState]:
        """Every poll state in the record."""
        self.flush()
        return {name: from_stored(state) for name, state in self._store.poll_states().items()}

    def prices(self, now: datetime) -> History:
        """Bars, splits and sightings on record."""
        return History(self._store.facts(kinds=bars.KINDS, known_by=now))

    def write(self, feed: FeedConfig, state: PollState, parsed: Parsed | None) -> Written:
        """Undated entries stay out of the record: they are for display only."""
        stored = to_stored(feed.name, state)
        if parsed is None:
            self._held.append(stored)
            if state.failures or len(self._held) >= MOST_HELD:
                self.flush()
            return Written()
        done = self._store.record_poll(stored, facts=parsed.facts, items=parsed.items)
        return Written(new=done.new, changed=done.changed, unchanged=done.unchanged)

    def flush(self) -> None:
        """The states that wait, in one transaction."""
        held, self._held = self._held, []
        self._store.save_poll_states(held)


def to_stored(name: str, state: PollState) -> StoredState:
    """``state`` as the record keeps it."""
    from engine.record.store import StoredPollState as Stored

    return Stored(
        feed=name,
        etag=state.etag or None,
        last_modified=state.last_modified or None,
        body_hash=state.body_hash or None,
        last_ok_at=state.last_ok_at,
        next_due_at=state.next_due_at,
        retry_after_until=state.retry_after_until,
        failures=state.failures,
        health=state.details(),
    )


def from_stored(stored: Any) -> PollState:
    """A ``PollState`` from the record's; details that cannot be read are forgotten."""
    return PollState(
        etag=stored.etag or "",
        last_modified=stored.last_modified or "",
        body_hash=stored.body_hash or "",
        last_ok_at=stored.last_ok_at,
        next_due_at=stored.next_due_at,
        retry_after_until=stored.retry_after_until,
        failures=stored.failures,
    ).with_details(stored.health)


class MemorySink:
    """A sink that keeps everything in lists, for trying a feed without a database and for tests."""

    def __init__(self, states: Mapping[str, PollState] | None = None):
        self.kept: dict[str, PollState] = dict(states or {})
        self.documents: list[tuple[str, Parsed]] = []
        self._seen: dict[tuple[str, str], str] = {}

    def states(self) -> Mapping[str, PollState]:
        """The states written so far."""
        return dict(self.kept)

    def prices(self, now: datetime) -> History:
        """Of the documents written so far."""
        facts = (fact for _, parsed in self.documents for fact in parsed.facts)
        return History(f for f in facts if f.kind in bars.KINDS and f.known_at <= now)

    def write(self, feed: FeedConfig, state: PollState, parsed: Parsed | None) -> Written:
        """Count versions by identity and content, as the record does."""
        self.kept[feed.name] = state
        if parsed is None:
            return Written()
        self.documents.append((feed.name, parsed))
        facts = [((f.kind, f.key), repr(sorted(f.payload.items()))) for f in parsed.facts]
        items = [(("item", i.url or i.title), i.body_hash) for i in parsed.items]
        new = changed = 0
        for identity, content in (*facts, *items):
            before = self._seen.get(identity)
            new += before is None
            changed += before is not None and before != content
            self._seen[identity] = content
        total = len(facts) + len(items)
        return Written(new=new, changed=changed, unchanged=total - new - changed)

    def flush(self) -> None:
        """Nothing waits."""
