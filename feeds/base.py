"""What every collector shares: a stanza of the config, a poll, a parsed document, a poll state.

::

    feeds.toml ─▶ FeedConfig ─┐
    store      ─▶ PollState  ─┼▶ Collector.poll ─▶ Harvest(parsed, next PollState parts)
    Fetcher    ───────────────┘

A collector is one class in one file, found by ``"module:Class"``. Its ``parse`` is a pure function
of bytes and the instant of the fetch; ``poll`` fetches and calls it. ``DocumentCollector`` does the
polling for every source that is one document at one address::

    >>> from datetime import UTC, datetime
    >>> from engine.values import Fact
    >>> from feeds.base import DocumentCollector, FeedConfig, Parsed
    >>> class Tariffs(DocumentCollector):
    ...     accept = "text/plain"
    ...     def parse(self, body, feed, fetched_at):
    ...         usd = float(body)
    ...         fact = Fact(kind="tariff", key="all", occurred_at=fetched_at, known_at=fetched_at,
    ...                     source=feed.name, payload={"usd": usd})
    ...         return Parsed(facts=(fact,), stamps=(fetched_at,))
    >>> feed = FeedConfig(name="tariffs", kind="feeds.tariffs:Tariffs", url="https://example.org/t")
    >>> seen_at = datetime(2025, 8, 22, 12, tzinfo=UTC)
    >>> Tariffs().parse(b"12.5", feed, seen_at).facts[0].payload["usd"]
    12.5

To see it work: a stanza with this ``kind`` in ``config/feeds.toml``, ``nvsignal config check``,
then ``nvsignal collect`` and ``nvsignal status``.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, Field

from config.feeds import FeedConfig as FeedConfig
from config.feeds import FeedsConfig as FeedsConfig
from config.feeds import load_feeds as load_feeds
from config.schema import Place, Strict, faults_in
from engine.clock import from_micros, to_micros
from engine.errors import FeedError, UnknownNameError
from engine.news.stamps import MAX_ZONE, is_future, read_stamp
from engine.phrases import phrase
from engine.shown import FeedState
from engine.values import Fact, Item
from feeds.proxies import proxies_of
from feeds.wire import Fetched, FetchSettings, Getter, Request, user_agent

_M = TypeVar("_M", bound=Strict)
MAX_ENTRIES = 2_000
"""Entries read from one document; what lies beyond is said in a problem, not silently dropped."""


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


def fetch_settings(
    feeds: FeedsConfig,
    *,
    version: str,
    contact: str = "",
    environment: Mapping[str, str] | None = None,
) -> FetchSettings:
    """How to fetch these feeds as nvsignal ``version``; contact is a mail address or a URL.

    environment: where proxies are looked for; None for none.
    """
    return FetchSettings(
        agent=user_agent(version, contact),
        contact=contact,
        host_limits=feeds.hosts,
        proxies=proxies_of(environment or {}),
    )


# --- what a poll gives ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one document held.

    items: dated entries, admissible to history. undated: entries for display only. facts: as they
    enter the record. problems: one line each, none of them fatal. newest_at: the latest claimed
    instant. stamps: distinct claimed instants, newest first, at most 20, for the learnt cadence.
    put_off: what this document holds that could not be read at this hour and can be later; while
    there is any, the document counts as new at every poll.
    """

    facts: tuple[Fact, ...] = ()
    items: tuple[Item, ...] = ()
    undated: tuple[Item, ...] = ()
    problems: tuple[str, ...] = ()
    stamps: tuple[datetime, ...] = ()
    put_off: int = 0

    @property
    def newest_at(self) -> datetime | None:
        """The latest claimed instant, None when nothing is dated."""
        return self.stamps[0] if self.stamps else None

    @property
    def n_entries(self) -> int:
        """Everything that was read, dated or not."""
        return len(self.facts) + len(self.items) + len(self.undated)

    @property
    def state(self) -> FeedState:
        """Health of this document alone."""
        if not self.n_entries:
            return FeedState.EMPTY
        return FeedState.UNDATED if not self.facts and not self.items else FeedState.OK


def joined(one: Parsed, other: Parsed) -> Parsed:
    """Two pages as one document."""
    return replace(
        one,
        facts=(*one.facts, *other.facts),
        items=(*one.items, *other.items),
        undated=(*one.undated, *other.undated),
        problems=(*one.problems, *other.problems)[:20],
        stamps=newest_stamps((*one.stamps, *other.stamps)),
        put_off=one.put_off + other.put_off,
    )


MAX_PUT_OFF = timedelta(days=60)
"""What claims an instant further ahead is refused, not waited for. Rules are listed days, at most
weeks, before their publication day; a stamp beyond this is a wrong clock."""


def falls_due(at: datetime, seen_at: datetime) -> bool:
    """Whether ``at`` lies ahead of ``seen_at``, and near enough that it is worth waiting for."""
    return is_future(at, seen_at) and at - seen_at <= MAX_PUT_OFF


def claimed_at(text: str, lang: str, seen_at: datetime) -> datetime | None:
    """The instant that ``text`` claims; None when it claims none.

    What is ahead by no more than a zone, and told without its offset, is from a zone further east.
    """
    found = read_stamp(text, lang=lang)
    if found is not None and not found.exact and found.at - MAX_ZONE <= seen_at:
        return min(found.at, seen_at)
    return None if found is None else found.at


def newest_stamps(instants: Iterable[datetime], most: int = 20) -> tuple[datetime, ...]:
    """The distinct ``instants``, newest first, at most ``most``."""
    return tuple(sorted(set(instants), reverse=True)[:most])


@dataclass(frozen=True, slots=True, kw_only=True)
class PollState:
    """What is remembered of a feed between polls; a feed never polled has the default.

    body_hash: SHA-256 of the last document. next_due_at None: due now. retry_after_until: the host
    asked for silence until then. failures: in a row. health and why: of the last poll.
    stamps: newest item instants, newest first, from which the cadence is learnt. moved_to,
    moved_seen: where permanent redirects lead, and how often in a row. gone: answered 410 at
    ``url``; a new url starts afresh. memo: small notes a collector keeps for itself.
    """

    url: str = ""
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    last_poll_at: datetime | None = None
    last_ok_at: datetime | None = None
    next_due_at: datetime | None = None
    retry_after_until: datetime | None = None
    failures: int = 0
    health: FeedState = FeedState.NEVER
    why: str = ""
    n_entries: int = 0
    stamps: tuple[datetime, ...] = ()
    moved_to: str = ""
    moved_seen: int = 0
    gone: bool = False
    memo: Mapping[str, str] = field(default_factory=_nothing)

    @property
    def newest_at(self) -> datetime | None:
        """The latest instant any poll has claimed, None before the first dated one."""
        return self.stamps[0] if self.stamps else None

    def details(self) -> dict[str, Any]:
        """All that is not a column of the ``poll_state`` table, JSON-ready."""
        return {
            "state": self.health.value,
            "url": self.url,
            "why": self.why,
            "n_entries": self.n_entries,
            "last_poll_at": None if self.last_poll_at is None else to_micros(self.last_poll_at),
            "stamps": [to_micros(stamp) for stamp in self.stamps],
            "moved_to": self.moved_to,
            "moved_seen": self.moved_seen,
            "gone": self.gone,
            "memo": dict(self.memo),
        }

    def with_details(self, kept: Mapping[str, Any]) -> PollState:
        """This state with the parts ``details`` gave; damaged parts leave it as it is."""
        try:
            polled = kept["last_poll_at"]
            return replace(
                self,
                health=FeedState(kept["state"]),
                url=str(kept["url"]),
                why=str(kept["why"]),
                n_entries=int(kept["n_entries"]),
                last_poll_at=None if polled is None else from_micros(polled),
                stamps=tuple(from_micros(stamp) for stamp in kept["stamps"]),
                moved_to=str(kept["moved_to"]),
                moved_seen=int(kept["moved_seen"]),
                gone=bool(kept["gone"]),
                memo=MappingProxyType({str(k): str(v) for k, v in kept["memo"].items()}),
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            return self


def nothing_known(symbol: str) -> date | None:
    """There is no bar of any symbol."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One question to one feed: the stanza, what is remembered, the way out, the instant."""

    feed: FeedConfig
    state: PollState
    fetcher: Getter
    now: datetime
    last_session: Callable[[str], date | None] = nothing_known
    """Symbol -> the newest session with a bar on record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What a poll brought. ``parsed`` None: nothing changed since the last good poll.

    The other fields replace those of the poll state; ``fresh_seconds`` is the least time the server
    asks to be left alone.
    """

    parsed: Parsed | None
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    moved_to: str = ""
    fresh_seconds: float | None = None
    memo: Mapping[str, str] = field(default_factory=_nothing)


class NoOptions(Strict):
    """What most kinds of sources allow under ``options``: nothing."""


def _is_a_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is not a pattern: {error}") from None
    return pattern


Pattern = Annotated[str, Field(max_length=1_000), AfterValidator(_is_a_pattern)]
"""A regular expression, "" for none."""

Days = Annotated[int, Field(ge=1, le=20_000)]
"""A whole number of days."""


class Collector:
    """One kind of source. Made without arguments; used from several threads at once.

    Options: the model of what a stanza's ``options`` may hold; anything else is refused with the
    nearest name, when the configuration is checked and again at each poll.
    """

    Options: ClassVar[type[Strict]] = NoOptions

    def poll(self, poll: Poll) -> Harvest:
        """Ask once. Raises ``FeedError``; a failure is never an empty success."""
        raise FeedError(
            poll.feed.name, phrase("{kind} does not say how to poll", kind=type(self).__name__)
        )

    def close(self) -> None:
        """End what is held open, such as a process; by default nothing."""


def options_of(feed: FeedConfig, model: type[_M]) -> _M:
    """The options of a stanza as ``model``; ``FeedError`` with every problem of theirs."""
    problems = option_problems(feed, model)
    if problems:
        raise FeedError(feed.name, "; ".join(text for _, text in problems))
    return model.model_validate(dict(feed.options))


def option_problems(feed: FeedConfig, model: type[Strict]) -> list[tuple[Place, str]]:
    """(place below the stanza, what is wrong) for each fault in the options of ``feed``."""
    return [(("options", *place), text) for place, text in faults_in(dict(feed.options), model)]


class DocumentCollector(Collector):
    """A source that is one document at one address. Subclasses say what is in it.

    accept: the media types to ask for. parse: pure, from bytes to values.
    """

    accept = "*/*"

    def url(self, poll: Poll) -> str:
        """The address to ask; by default the stanza's, or where it has moved for good."""
        return poll.state.moved_to if poll.state.moved_seen >= 3 else poll.feed.url

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """What ``body`` holds; raises ``FeedError`` when it is not such a document at all."""
        raise FeedError(
            feed.name, phrase("{kind} does not say how to parse", kind=type(self).__name__)
        )

    def body(self, fetched: Fetched) -> bytes:
        """What is parsed of an answer; by default its bytes as they are."""
        return fetched.body

    def poll(self, poll: Poll) -> Harvest:
        """Fetch; an unchanged body is not parsed."""
        fetched = fetch_document(poll, self.url(poll), self.accept)
        digest = sha256(fetched.body).hexdigest()
        if fetched.not_modified or digest == poll.state.body_hash:
            return harvest(fetched, None, poll.state.body_hash, poll.state.memo)
        parsed = self.parse(self.body(fetched), poll.feed, poll.now)
        return harvest(fetched, self.follow(poll, fetched, parsed), digest, poll.state.memo)

    def follow(self, poll: Poll, fetched: Fetched, parsed: Parsed) -> Parsed:
        """``parsed`` with what further pages hold; by default the document is all there is.

        A page that fails fails the poll: the next one begins again from the top.
        """
        return parsed


def fetch_document(poll: Poll, url: str, accept: str = "*/*", *, plain: bool = False) -> Fetched:
    """``url`` asked for conditionally; ``plain`` leaves the validators out (a second document)."""
    if not url:
        raise FeedError(poll.feed.name, phrase("the stanza has no url"))
    return poll.fetcher.get(
        Request(
            feed=poll.feed.name,
            url=url,
            etag="" if plain else poll.state.etag,
            last_modified="" if plain else poll.state.last_modified,
            accept=accept,
            allow_private=poll.feed.allow_private,
            needs_contact=poll.feed.needs_contact,
            referer=poll.feed.referer,
            key=_key(poll.feed),
        ),
        poll.now,
    )


def _key(feed: FeedConfig) -> tuple[str, str]:
    """Header and value of the key that this source asks for; ``FeedError`` where it is not set."""
    if not feed.key_env:
        return ("", "")
    value = os.environ.get(feed.key_env, "").strip()
    if not re.fullmatch(r"[!-~]{4,200}", value):
        raise FeedError(
            feed.name,
            phrase("the environment variable {key_env} holds no key", key_env=feed.key_env),
            state="blocked",
            remedy=phrase("ask the source for a key and set the variable, or set enabled = false"),
        )
    return (feed.key_header, f"{feed.key_prefix}{value}")


def harvest(
    fetched: Fetched, parsed: Parsed | None, body_hash: str, memo: Mapping[str, str]
) -> Harvest:
    """A ``Harvest`` from what was fetched."""
    return Harvest(
        parsed=parsed,
        etag=fetched.etag,
        last_modified=fetched.last_modified,
        body_hash=body_hash,
        moved_to=fetched.moved_to,
        fresh_seconds=fetched.fresh_seconds,
        memo=memo,
    )


def collector_class(kind: str) -> type[Collector]:
    """The collector called ``"module:Class"``; ``UnknownNameError`` or ``InputError`` if none."""
    module_name, _, name = kind.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError:
        import feeds

        known = [f"feeds.{info.name}" for info in pkgutil.iter_modules(feeds.__path__)]
        raise UnknownNameError(phrase("module"), module_name, known) from None
    found = getattr(module, name, None)
    if isinstance(found, type) and issubclass(found, Collector):
        return found
    own = [n for n, v in vars(module).items() if isinstance(v, type) and issubclass(v, Collector)]
    raise UnknownNameError(phrase("collector in {module_name}", module_name=module_name), name, own)


def find_collector(kind: str) -> Collector:
    """A new collector of ``kind`` (``"module:Class"``); ``InputError`` when there is none."""
    return collector_class(kind)()


# --- reading documents ----------------------------------------------------------------------


BACKFILL_AFTER = timedelta(days=5)
"""Market history older than a long weekend when first seen is back-fill, not news."""


def market_known_at(public_at: datetime, fetched_at: datetime) -> tuple[datetime, bool]:
    """When a market figure counts as known, and whether that instant was assumed.

    A fresh figure is known when we fetched it. The past that comes along with a first poll was
    public long before: it gets ``public_at`` and the flag ``backfilled``, so that a look back can
    use it and a result that rests on it can be told apart. Never for news: an old headline seen
    today is known today.
    """
    if fetched_at - public_at > BACKFILL_AFTER:
        return public_at, True
    return fetched_at, False


def looks_like_html(body: bytes) -> bool:
    """Whether ``body`` is a web page: what bot walls, log-ins and error pages send with a 200."""
    start = body[:2_048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    start = re.sub(rb"\A(?:<\?xml[^>]*\?>\s*|<!--.*?-->\s*)+", b"", start, flags=re.S)
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script"))


def read_json(body: bytes, feed: FeedConfig) -> Any:
    """``body`` as JSON; ``FeedError`` (blocked for a web page, error otherwise) when it is not."""
    if looks_like_html(body):
        raise FeedError(feed.name, phrase("a web page came instead of data"), state="blocked")
    try:
        told = json.loads(body, parse_constant=_no_constant)
        if b"\\ud" in body or b"\\uD" in body:  # half a character is no text: it becomes "?"
            told = json.loads(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace"))
        return told
    except (ValueError, RecursionError) as error:
        raise FeedError(feed.name, phrase("not JSON: {error}", error=str(error)[:120])) from None


def list_in(answer: Any, name: str, feed: FeedConfig, what: str) -> list[Any]:
    """The list called ``name`` in an answer; ``FeedError``, "no WHAT in the answer", without."""
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise FeedError(feed.name, phrase("no {what} in the answer", what=what))
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
