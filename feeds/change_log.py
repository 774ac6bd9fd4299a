"""A maker's change log: one web page with a heading for each day and below it what changed.

The shape is that of Docusaurus pages such as ``https://api-docs.deepseek.com/updates/``: a heading
``Date: 2026-11-20``, under it a heading for each model or feature, then prose. Each becomes an item
titled "maker: heading", dated to its day; such a page is often earlier than the weights. A page
whose headings have another form is an error: a redesign must not look like silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from config.schema import Strict
from engine.news import clean
from engine.news.stamps import is_future
from feeds.base import (
    MAX_ENTRIES,
    DocumentCollector,
    FeedConfig,
    Parsed,
    newest_stamps,
    options_of,
)
from feeds.web_pages import is_torn, page_tree, redesigned, seen_text

_DAY = re.compile(r"(?:Date:\s*)?(\d{4}-\d{2}-\d{2})")
_ANCHOR = re.compile(r"[\w.-]{1,120}\Z", re.A)
_DAY_LEVELS, _ENTRY_LEVELS = ("h1", "h2"), ("h3", "h4")


class ChangeLogOptions(Strict):
    """maker: stands before each heading, which often is the bare name of a model."""

    maker: Annotated[str, Field(min_length=1, max_length=60)]


class ChangeLog(DocumentCollector):
    """The entries of one change log."""

    Options = ChangeLogOptions
    accept = "text/html, application/xhtml+xml;q=0.9"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """An item a heading below a day; ``FeedError`` when the page has no such headings."""
        maker = options_of(feed, ChangeLogOptions).maker
        found = list(_entries(body, feed))
        items, ahead = [], 0
        for entry in found[:MAX_ENTRIES]:
            at = datetime.combine(entry.on, time(0), tzinfo=UTC)
            if is_future(at, fetched_at):
                ahead += 1
                continue
            item = clean.make_item(
                source=feed.source,
                title=f"{maker}: {entry.heading}",
                url=feed.url,
                known_at=fetched_at,
                published_at=at,
                summary=entry.text,
                lang=feed.lang,
            )
            if item is not None:  # one page: the fragment tells its entries apart
                mark = entry.anchor if _ANCHOR.match(entry.anchor) else entry.on.isoformat()
                items.append(replace(item, url=f"{item.url}#{mark}"))
        torn = is_torn(body)
        said = (
            (ahead, f"{ahead} entries dated ahead, read again when due"),
            (torn, "the page ends early, asked for again"),
        )
        return Parsed(
            items=tuple(items),
            problems=tuple(text for there, text in said if there),
            stamps=newest_stamps(i.published_at for i in items if i.published_at is not None),
            put_off=ahead + torn,
        )


class _Entry(NamedTuple):
    on: date
    heading: str
    anchor: str
    text: str


def _entries(body: bytes, feed: FeedConfig) -> Iterator[_Entry]:
    """Headings with their day, anchor, and the prose up to the next heading."""
    on: date | None = None
    seen = 0
    open_: list[str] = []
    for node in _headings_and_prose(body, feed):
        if node.tag in (*_DAY_LEVELS, *_ENTRY_LEVELS) and open_ and on is not None:
            yield _Entry(on, open_[0], open_[1], " ".join(open_[2:]))
            open_ = []
        if node.tag in _DAY_LEVELS:
            on = _day(node)
            seen += on is not None
        elif node.tag in _ENTRY_LEVELS and on is not None:
            open_ = [seen_text(node), node.get("id") or ""]
        elif open_:
            open_.append(seen_text(node))
    if open_ and on is not None:
        yield _Entry(on, open_[0], open_[1], " ".join(open_[2:]))
    if not seen:
        raise redesigned(body, feed, "headings with a day")


def _headings_and_prose(body: bytes, feed: FeedConfig) -> Iterator[Any]:
    root = page_tree(body, feed)
    yield from root.iter(*_DAY_LEVELS, *_ENTRY_LEVELS, "p", "li")


def _day(node: Any) -> date | None:
    match = _DAY.match(seen_text(node))
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
