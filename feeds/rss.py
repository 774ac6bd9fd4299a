"""RSS, Atom and RDF: bytes to news items.

Two parsers, one result. A strict path (lxml: no entities, no network, no huge trees, no recovery)
reads well-formed UTF-8 RSS 2.0 and Atom 1.0 at a hundred times the speed; whatever it is not sure
about goes to feedparser in a worker process with a deadline and a memory limit (``feeds.sandbox``).
A corpus in the tests holds both to the same items.

A document that is not a feed is an error, never an empty success.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from config.schema import Strict
from engine.errors import FeedError
from engine.news import clean
from engine.news.stamps import is_future
from engine.phrases import phrase
from engine.record.content import item_id
from engine.values import Item
from feeds.base import (
    MAX_ENTRIES,
    DocumentCollector,
    FeedConfig,
    Parsed,
    Pattern,
    claimed_at,
    falls_due,
    looks_like_html,
    newest_stamps,
    options_of,
)
from feeds.charsets import to_utf8
from feeds.entries import RawEntry, RawFeed, parse_strict
from feeds.wire import Fetched

if TYPE_CHECKING:
    from feeds.sandbox import ParserProcess

MAX_IN_PROCESS_BYTES = 1024 * 1024
"""Larger documents are parsed in the worker: a tree takes up to thirty times the bytes."""


Fallback = Callable[[bytes, str], RawFeed]
"""(body, feed name) to entries; raises ``FeedError``. The tolerant parser, in its sandbox."""


class RssOptions(Strict):
    """strip_publisher: cut " - Publisher" from titles, as aggregators append it. must_match: a
    regular expression a title or summary has to contain, ignoring case, the summary also where it
    is not kept. keep_summary: false keeps titles and links only, where a publisher's terms want it.
    """

    strip_publisher: bool = False
    must_match: Pattern = ""
    keep_summary: bool = True


class RssCollector(DocumentCollector):
    """News from an RSS, Atom or RDF feed."""

    Options = RssOptions
    accept = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8"

    def __init__(self, fallback: Fallback | None = None):
        self._process: ParserProcess | None = None
        if fallback is None:
            from feeds.sandbox import ParserProcess

            self._process = ParserProcess()
            fallback = self._process.parse
        self._fallback = fallback

    def close(self) -> None:
        """End the worker process, if one was started."""
        if self._process is not None:
            self._process.close()

    def body(self, fetched: Fetched) -> bytes:
        """In UTF-8; here the answer's headers are at hand, which may name the charset."""
        return to_utf8(fetched.body, fetched.content_type)

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """The items of ``body``; ``FeedError`` "blocked" for a web page, "error" for no feed."""
        if looks_like_html(body):
            raise FeedError(feed.name, phrase("a web page came instead of a feed"), state="blocked")
        body = to_utf8(body)
        raw = parse_strict(body) if len(body) <= MAX_IN_PROCESS_BYTES else None
        if raw is not None:
            return to_items(raw, feed, fetched_at)
        parsed = to_items(self._fallback(body, feed.name), feed, fetched_at)
        if not _is_torn(body):
            return parsed
        return replace(
            parsed,
            problems=(*parsed.problems, "the document ends early, asked for again"),
            put_off=parsed.put_off + 1,
        )


_ROOT_ENDS = re.compile(rb"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.I)


def _is_torn(body: bytes) -> bool:
    """Whether the end of the root is missing: what the torn part held comes under the same ETag."""
    return not _ROOT_ENDS.search(body[-4_096:])


# --- entries to items -----------------------------------------------------------------------


def to_items(raw: RawFeed, feed: FeedConfig, fetched_at: datetime) -> Parsed:
    """Cleaned, bounded, dated items, one per identity; what was refused is said in problems.

    Of two entries with one identity the later, then the greater text hash, stays: the order of
    entries in a document carries no meaning.
    """
    options = options_of(feed, RssOptions)
    wanted = re.compile(options.must_match, re.I) if options.must_match else None
    read: list[tuple[RawEntry, Item]] = []
    n_put_off = n_future = n_unreadable = 0
    for entry in raw.entries:
        stamp = _stamp(entry, feed.lang, fetched_at)
        if stamp is not None and is_future(stamp, fetched_at):
            due = falls_due(stamp, fetched_at)
            n_put_off, n_future = n_put_off + due, n_future + (not due)
            continue
        item = clean.make_item(
            source=feed.source,
            title=entry.title,
            url=_absolute(feed.url, entry.link),
            known_at=fetched_at,
            published_at=stamp,
            summary=entry.summary if options.keep_summary else "",
            lang=feed.lang,
            publisher=entry.publisher if options.strip_publisher else None,
        )
        if item is None:
            n_unreadable += 1
        elif wanted is None or _matches(wanted, item, entry):
            read.append((entry, item))
    return _parsed(_by_identity(read), raw, n_put_off, n_future, n_unreadable)


def _stamp(entry: RawEntry, lang: str, fetched_at: datetime) -> datetime | None:
    """When the entry was published, else changed; None when neither is told."""
    claimed = (claimed_at(text, lang, fetched_at) for text in (entry.stamp, entry.updated) if text)
    return next((at for at in claimed if at is not None), None)


def _by_identity(read: Sequence[tuple[RawEntry, Item]]) -> list[Item]:
    """One item an identity: its address, and more where the document repeats the address."""
    shared = _shared(read)
    best: dict[str, Item] = {}
    for entry, item in read:
        told_apart_by = shared.get(item.url)
        if told_apart_by is not None:
            item = replace(item, url=f"{item.url}#{told_apart_by(entry)}")
        identity = item.url or item_id(item)
        best[identity] = _later(best.get(identity), item)
    return list(best.values())


def _shared(read: Sequence[tuple[RawEntry, Item]]) -> dict[str, Callable[[RawEntry], str]]:
    """Addresses that a document gives to several entries -> the fragment that tells them apart.

    Live blogs, pages that only point. The link's own fragment where each entry has another one,
    else a mark of the guid, or of the title too where one guid stands over several.
    """
    groups: defaultdict[str, list[RawEntry]] = defaultdict(list)
    for entry, item in read:
        if item.url:
            groups[item.url].append(entry)
    return {url: made for url, told in groups.items() if len(told) > 1 and (made := _apart(told))}


def _apart(entries: Sequence[RawEntry]) -> Callable[[RawEntry], str] | None:
    """What tells ``entries`` of one address apart; None where they are one entry told again."""
    titles: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        titles[entry.guid or entry.title].add(entry.title)
    anchors = {_anchor(entry) for entry in entries}
    if len(anchors) == len(entries) and "" not in anchors:
        return _anchor
    if any(len(told) > 1 for told in titles.values()):
        return _of_guid_and_title
    return _of_guid if len(titles) > 1 else None


_ANCHOR = re.compile(r"[\w.~-]{1,80}\Z", re.A)


def _anchor(entry: RawEntry) -> str:
    """The fragment of the link; "" where there is none that can stand in an address."""
    found = entry.link.partition("#")[2]
    return found if _ANCHOR.match(found) else ""


def _of_guid(entry: RawEntry) -> str:
    return _mark(entry.guid or entry.title)


def _of_guid_and_title(entry: RawEntry) -> str:
    return _mark(f"{entry.guid}\x1f{entry.title}")


def _mark(text: str) -> str:
    return "guid-" + sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def _matches(wanted: re.Pattern[str], item: Item, entry: RawEntry) -> bool:
    """Title or summary, the latter also when the publisher's terms keep it out of the item."""
    summary = item.summary or clean.clean_text(entry.summary)
    return bool(wanted.search(item.title) or wanted.search(summary))


def _absolute(base: str, link: str) -> str:
    if not link or link.startswith(("https://", "http://")):
        return link
    try:
        return urljoin(base, link)
    except ValueError:
        return ""


def _parsed(
    items: list[Item], raw: RawFeed, n_put_off: int, n_future: int, n_unreadable: int
) -> Parsed:
    dated = tuple(item for item in items if item.published_at is not None)
    undated = tuple(item for item in items if item.published_at is None)
    said = (
        (n_put_off, "stamped ahead, read again when due"),
        (n_future, "stamped in the future, refused"),
        (n_unreadable, "without readable text, skipped"),
        (len(undated), "without a usable date, for display only"),
        (raw.n_found - len(raw.entries), f"beyond the first {MAX_ENTRIES}, not read"),
    )
    return Parsed(
        items=dated,
        undated=undated,
        problems=tuple(f"{n} entries {what}" for n, what in said if n),
        stamps=newest_stamps(i.published_at for i in dated if i.published_at is not None),
        put_off=n_put_off,
    )


def _later(one: Item | None, other: Item) -> Item:
    if one is None:
        return other

    def rank(item: Item) -> tuple[bool, float, str]:
        at = item.published_at
        return at is not None, at.timestamp() if at is not None else 0.0, item.body_hash

    return max(one, other, key=rank)
