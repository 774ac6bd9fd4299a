"""One round over the feeds and what becomes of it, for ``collect``, ``report`` and the scheduler.

``collect_and_ingest`` polls what is due and brings the record up to date. Being offline is nobody's
fault: when no host at all could be reached, no feed is marked as failed and none is put off.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.phrases import phrase
from engine.shown import SourceHealth

if TYPE_CHECKING:
    from config.settings import Config
    from engine.record.history import History
    from engine.record.store import Store
    from engine.service.ingest import Ingested
    from feeds.base import FeedConfig, FeedsConfig, Parsed, PollState
    from feeds.collect import Progress, RoundSummary, Sink, Status, Written
    from feeds.wire import Fetched, Getter, Request

REPORT_SECONDS = 20.0
"""Wall-clock time that a live report gives the feeds before it decides with what there is."""

UNREACHABLE = frozenset({"network", "timeout"})
"""Reasons of a failed fetch that say nothing about the feed when every host gives them."""


ANSWERED: tuple[Status, ...] = ("new", "unchanged")
FAILED: tuple[Status, ...] = ("failed", "gone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """A round. offline: several hosts were asked and none could be reached."""

    summary: RoundSummary
    offline: bool
    ingested: Ingested


def feeds_of(config: Config) -> FeedsConfig:
    """The feeds of the configuration folder."""
    return config.feeds


def collect_and_ingest(
    store: Store,
    config: Config,
    now: datetime,
    *,
    names: Sequence[str] = (),
    force: bool = False,
    budget_seconds: float | None = None,
    progress: Progress | None = None,
) -> Collected:
    """Poll the feeds that are due (of ``names``, or all), then classify and write events.

    budget_seconds: no question is begun after half of it, and none takes longer than the other
    half; what was not asked stays due. ``UnknownNameError`` for a feed that does not exist.
    """
    from engine.service.derived import exchange_sessions
    from feeds.collect import StoreSink, collect
    from feeds.fetch import Fetcher

    known = feeds_of(config)
    feeds = known.named(names) if names else known.feeds
    budget = _Budget(budget_seconds)
    sink = _Patient(StoreSink(store))
    with Fetcher(_settings(known, config, budget), sleep=budget.sleep) as fetcher:
        witness = _Witness(fetcher)
        summary = collect(
            feeds,
            witness,
            sink,
            now,
            force=force,
            before=budget.check,
            progress=progress,
            sessions=exchange_sessions,
        )
    offline = witness.offline and not summary.count(*ANSWERED)
    if not offline:
        sink.release()
    return Collected(summary=summary, offline=offline, ingested=_ingest(store, config, known, now))


def _settings(feeds: FeedsConfig, config: Config, budget: _Budget) -> Any:
    from dataclasses import replace
    from importlib.metadata import version

    from feeds.base import fetch_settings

    settings = fetch_settings(
        feeds,
        version=version("nvsignal"),
        contact=config.settings.contact.mail,
        environment=os.environ,
    )
    seconds = min(settings.deadline_seconds, budget.question_seconds)
    return replace(settings, deadline_seconds=seconds)


def _ingest(store: Store, config: Config, feeds: FeedsConfig, now: datetime) -> Ingested:
    from engine.service.classifier import load_classifier
    from engine.service.folders import data_folder
    from engine.service.ingest import ingest
    from engine.threat.hub import labs_of

    return ingest(
        store,
        now,
        classifier=lambda: load_classifier(data_folder(), config.folder),
        labs=labs_of(feed.options for feed in feeds.feeds),
    )


# --- health ---------------------------------------------------------------------------------


def feed_health(store: Store, config: Config, now: datetime) -> tuple[SourceHealth, ...]:
    """How each enabled feed is doing, from what its polls left in the record."""
    from feeds.collect import StoreSink
    from feeds.health import assess_all

    contact = bool(config.settings.contact.mail)
    return assess_all(feeds_of(config).feeds, StoreSink(store).states(), now, contact=contact)


def mute(config: Config) -> tuple[FeedConfig, ...]:
    """The tier-1 stanzas that are on and not asked, because no contact address is set."""
    from feeds.health import is_mute

    contact = bool(config.settings.contact.mail)
    return tuple(f for f in feeds_of(config).feeds if f.tier == 1 and is_mute(f, contact=contact))


def mute_line(config: Config) -> str:
    """What stays unread for want of a contact address, by name; "" when nothing does."""
    found = mute(config)
    if not found:
        return ""
    names = ", ".join(f"{feed.source} ({feed.name})" for feed in found)
    return phrase(
        "no contact address, so these sources of the first rank are not asked: {names}", names=names
    )


def blind(health: Sequence[SourceHealth]) -> tuple[SourceHealth, ...]:
    """The tier-1 sources that could not be read."""
    return tuple(s for s in health if s.tier == 1 and s.state.blind)


# --- seams around the round -----------------------------------------------------------------


class _Witness:
    """A getter that remembers which hosts answered at all."""

    def __init__(self, inner: Getter):
        self._inner = inner
        self._answered = False
        self._unreachable: set[str] = set()

    def get(self, request: Request, now: datetime) -> Fetched:
        from urllib.parse import urlsplit

        from feeds.wire import FetchFailedError

        try:
            fetched = self._inner.get(request, now)
        except FetchFailedError as failure:
            if failure.reason in UNREACHABLE:
                self._unreachable.add(urlsplit(request.url).netloc)
            elif failure.reason not in ("deferred", "no_contact", "refused_address"):
                self._answered = True
            raise
        self._answered = True
        return fetched

    @property
    def offline(self) -> bool:
        """Two hosts or more were out of reach, and none answered. One alone may just be down."""
        return len(self._unreachable) > 1 and not self._answered


@dataclass(slots=True)
class _Patient:
    """A sink that keeps failures back until it is clear that they are the feeds' own."""

    inner: Sink
    held: list[tuple[FeedConfig, PollState]] = field(default_factory=list)

    def states(self) -> Mapping[str, PollState]:
        return self.inner.states()

    def prices(self, now: datetime) -> History:
        return self.inner.prices(now)

    def write(self, feed: FeedConfig, state: PollState, parsed: Parsed | None) -> Written:
        from feeds.collect import Written

        if parsed is None and state.failures:
            self.held.append((feed, state))
            return Written()
        return self.inner.write(feed, state, parsed)

    def flush(self) -> None:
        self.inner.flush()

    def release(self) -> None:
        """Write the failures after all."""
        for feed, state in self.held:
            self.inner.write(feed, state, None)
        self.held.clear()


class _Budget:
    """Wall-clock time for a round; None: as long as it takes."""

    def __init__(self, seconds: float | None, monotonic: Callable[[], float] = time.monotonic):
        self._monotonic = monotonic
        self._last_start = None if seconds is None else monotonic() + seconds / 2
        self.question_seconds = float("inf") if seconds is None else seconds / 2

    def check(self, feed: str, ahead: float = 0.0) -> None:
        """Raise ``FetchFailedError`` (deferred) when nothing may begin ``ahead`` seconds on."""
        from feeds.wire import FetchFailedError

        if self._last_start is not None and self._monotonic() + ahead > self._last_start:
            raise FetchFailedError(
                feed, phrase("no time left in this round"), reason="deferred", wait_seconds=1.0
            )

    def sleep(self, seconds: float) -> None:
        """Sleep, unless that would outlast the round."""
        self.check("pause", seconds)
        time.sleep(seconds)


def health(store: Store, config: Config, at: datetime) -> tuple[SourceHealth, ...]:
    """How each feed is doing, from what its polls have left; nothing without a ``feeds.toml``."""
    if not (config.folder / "feeds.toml").is_file():
        return ()
    return feed_health(store, config, at)
