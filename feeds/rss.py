"""RSS, Atom and RDF: bytes to news items.

Two parsers, one result. A strict path (lxml: no entities, no network, no huge trees, no recovery)
reads well-formed UTF-8 RSS 2.0 and Atom 1.0 at a hundred times the speed; whatever it is not sure
about goes to feedparser in a worker process with a deadline and a memory limit (``feeds.sandbox``).
A corpus in the tests holds both to the same items.

A document that is not a feed is an error, never an empty success.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import urljoin

from pydantic import Field, field_validator

from config.schema import Strict
from engine.errors import FeedError
from engine.news import clean
from engine.record.content import item_id
from engine.values import Item
from feeds.base import (
    MAX_ENTRIES,
    DocumentCollector,
    FeedConfig,
    Parsed,
    looks_like_html,
    newest_stamps,
    options_of,
)

if TYPE_CHECKING:
    from feeds.sandbox import ParserProcess

MAX_IN_PROCESS_BYTES = 1024 * 1024
"""Larger documents are parsed in the worker: a tree takes up to thirty times the bytes."""

MAX_RAW_TEXT = 60_000
"""Characters of one raw field that are looked at; cleaning cuts to a third of it at most."""


class RawEntry(NamedTuple):
    """One entry as its publisher wrote it; "" where a field is missing."""

    title: str
    link: str
    stamp: str
    summary: str
    publisher: str


@dataclass(frozen=True, slots=True)
class RawFeed:
    """The entries of a document, at most ``MAX_ENTRIES``, and how many there were."""

    entries: tuple[RawEntry, ...]
    n_found: int


Fallback = Callable[[bytes, str], RawFeed]
"""(body, feed name) to entries; raises ``FeedError``. The tolerant parser, in its sandbox."""


class RssOptions(Strict):
    """strip_publisher: cut " - Publisher" from titles, as aggregators append it. must_match: a
    regular expression a title or summary has to contain, ignoring case. keep_summary: false keeps
    titles and links only, where a publisher's terms want that.
    """

    strip_publisher: bool = False
    must_match: Annotated[str, Field(max_length=1_000)] = ""
    keep_summary: bool = True

    @field_validator("must_match")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"is not a pattern: {error}") from None
        return pattern


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

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """The items of ``body``; ``FeedError`` "blocked" for a web page, "error" for no feed."""
        if looks_like_html(body):
            raise FeedError(feed.name, "a web page came instead of a feed", state="blocked")
        raw = parse_strict(body) if len(body) <= MAX_IN_PROCESS_BYTES else None
        if raw is None:
            raw = self._fallback(body, feed.name)
        return to_items(raw, feed, fetched_at)


# --- entries to items -----------------------------------------------------------------------


def to_items(raw: RawFeed, feed: FeedConfig, fetched_at: datetime) -> Parsed:
    """Cleaned, bounded, dated items, one per identity; what was refused is said in problems.

    Of two entries with one identity the later, then the greater text hash, stays: the order of
    entries in a document carries no meaning.
    """
    options = options_of(feed, RssOptions)
    wanted = re.compile(options.must_match, re.I) if options.must_match else None
    best: dict[str, Item] = {}
    n_future = n_unreadable = 0
    for entry in raw.entries:
        stamp = clean.parse_stamp(entry.stamp) if entry.stamp else None
        if stamp is not None and clean.is_future(stamp, fetched_at):
            n_future += 1
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
        elif wanted is None or wanted.search(item.title) or wanted.search(item.summary):
            identity = item.url or item_id(item)
            best[identity] = _later(best.get(identity), item)
    return _parsed(list(best.values()), raw, n_future, n_unreadable)


def _absolute(base: str, link: str) -> str:
    if not link or link.startswith(("https://", "http://")):
        return link
    try:
        return urljoin(base, link)
    except ValueError:
        return ""


def _parsed(items: list[Item], raw: RawFeed, n_future: int, n_unreadable: int) -> Parsed:
    dated = tuple(item for item in items if item.published_at is not None)
    undated = tuple(item for item in items if item.published_at is None)
    said = (
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
    )


def _later(one: Item | None, other: Item) -> Item:
    if one is None:
        return other

    def rank(item: Item) -> tuple[bool, float, str]:
        at = item.published_at
        return at is not None, at.timestamp() if at is not None else 0.0, item.body_hash

    return max(one, other, key=rank)


# --- the strict path ------------------------------------------------------------------------

_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_UTF8_DECLARATION = re.compile(
    rb"\A\s*<\?xml\s+version=[\"']1\.0[\"'](?:\s+encoding=[\"'](?i:utf-?8)[\"'])?"
    rb"(?:\s+standalone=[\"'][a-z]+[\"'])?\s*\?>"
)
# What the two parsers could read differently: left to feedparser.
_NOT_STRICT = (b"<!DOCTYPE", b"<!ENTITY", b"xml:base", b'"xhtml"', b"'xhtml'", b"\x00")


def parse_strict(body: bytes) -> RawFeed | None:
    """The entries of a well-formed UTF-8 RSS 2.0 or Atom 1.0 document; None for anything else.

    None is no verdict: the tolerant parser decides.
    """
    from lxml import etree

    body = body.removeprefix(b"\xef\xbb\xbf")
    if body[:5] == b"<?xml" and not _UTF8_DECLARATION.match(body):
        return None
    if any(mark in body for mark in _NOT_STRICT):
        return None
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root.tag == "rss" and root.get("version", "").startswith("2."):
        channel = root.find("channel")
        return None if channel is None else _rss(channel.findall("item"))
    if root.tag == _ATOM + "feed":
        return _atom(root.findall(_ATOM + "entry"))
    return None


def _rss(nodes: Sequence[Any]) -> RawFeed:
    return RawFeed(tuple(_rss_entry(node) for node in nodes[:MAX_ENTRIES]), len(nodes))


def _rss_entry(node: Any) -> RawEntry:
    found: dict[str, str] = {}
    for child in node:
        tag = child.tag
        if tag == "guid":
            if child.get("isPermaLink", "true").lower() == "true":
                found["guid"] = child.text or ""
        elif tag == _ATOM + "link":
            if child.get("rel", "alternate") == "alternate":
                found.setdefault("atom", child.get("href", ""))
        elif tag in _RSS_TAGS:
            text = child.text or ""
            if len(child):  # markup that was not escaped
                text = "".join(child.itertext())
            if text.strip():
                found.setdefault(tag, text)
    get = found.get
    return RawEntry(
        title=get("title", ""),
        link=(get("link") or get("atom") or get("guid") or "").strip(),
        stamp=get("pubDate") or get(_DC + "date") or "",
        summary=(get("description") or get(_CONTENT) or "")[:MAX_RAW_TEXT],
        publisher=get("source", ""),
    )


_RSS_TAGS = frozenset(("title", "link", "pubDate", _DC + "date", "description", _CONTENT, "source"))


def _atom(nodes: Sequence[Any]) -> RawFeed:
    return RawFeed(tuple(_atom_entry(node) for node in nodes[:MAX_ENTRIES]), len(nodes))


def _atom_entry(node: Any) -> RawEntry:
    found: dict[str, str] = {}
    for child in node:
        tag = child.tag
        if not tag.startswith(_ATOM):
            continue
        name = tag[len(_ATOM) :]
        if name == "link":
            if child.get("rel", "alternate") == "alternate":
                found.setdefault("link", child.get("href", ""))
        elif name in ("title", "summary", "content", "published", "updated"):
            text = "".join(child.itertext()) if len(child) else child.text or ""
            if text.strip():
                found.setdefault(name, text)
    get = found.get
    return RawEntry(
        title=get("title", ""),
        link=get("link", "").strip(),
        stamp=get("published") or get("updated") or "",
        summary=(get("summary") or get("content") or "")[:MAX_RAW_TEXT],
        publisher="",
    )


# --- the tolerant path (runs in the sandbox) ------------------------------------------------


def parse_tolerant(body: bytes) -> RawFeed:
    """Whatever feedparser makes of ``body``; ``ValueError`` when it is no feed at all.

    feedparser's own sanitiser, link resolver and dates are not used: the first two cost more than
    the parsing, and its dates guess (``2026-13-45`` becomes a day in 2027).
    """
    import feedparser

    try:
        parsed = feedparser.parse(
            _utf16_to_utf8(body),
            sanitize_html=False,
            resolve_relative_uris=False,
            response_headers={"content-type": "application/xml"},
        )
    except MemoryError:
        raise
    except Exception as error:  # about one mutated document in 2,000 trips over its own lists
        raise ValueError(f"damaged: {type(error).__name__} {str(error)[:80]}") from error
    entries = parsed.entries
    if not parsed.get("version"):
        raise ValueError("not a feed")
    if not entries and parsed.get("bozo"):
        raise ValueError(f"damaged: {str(parsed.get('bozo_exception', ''))[:120]}")
    return RawFeed(tuple(_tolerant_entry(entry) for entry in entries[:MAX_ENTRIES]), len(entries))


def _utf16_to_utf8(body: bytes) -> bytes:
    """feedparser finds no entries in UTF-16 without a declaration; the byte-order mark says it."""
    if body[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return body
    text = body.decode("utf-16", "replace")
    return re.sub(r"\A(<\?xml[^>]*?)\s+encoding=[\"'][^\"']*[\"']", r"\1", text).encode()


def _tolerant_entry(entry: Any) -> RawEntry:
    def text(value: Any) -> str:
        return value if isinstance(value, str) else ""

    summary = text(entry.get("summary"))
    for part in entry.get("content") or ():
        summary = summary or text(part.get("value"))
    source = entry.get("source")
    return RawEntry(
        title=text(entry.get("title"))[:MAX_RAW_TEXT],
        link=text(entry.get("link")).strip(),
        stamp=text(entry.get("published")) or text(entry.get("updated")),
        summary=summary[:MAX_RAW_TEXT],
        publisher=text(source.get("title")) if isinstance(source, dict) else "",
    )
