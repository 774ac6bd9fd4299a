"""Every entry of every dialect, as it was meant; and never less than plain feedparser reads."""

from __future__ import annotations

import calendar
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.news import clean
from engine.values import Item
from feeds.base import FeedConfig
from feeds.charsets import to_utf8
from feeds.entries import parse_strict, parse_tolerant
from feeds.rss import RssCollector
from feeds.wire import Fetched
from tests.feeds.dialects import DIALECTS, HOME, Dialect, Told

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def read(dialect: Dialect) -> tuple[list[Told], Sequence[str]]:
    """What the product's parser makes of it, and what it says is wrong."""
    collector = RssCollector(lambda body, feed: parse_tolerant(body))
    feed = FeedConfig(
        name="f", kind="feeds.rss:RssCollector", url=f"{HOME}feed.xml", lang=dialect.lang
    )
    fetched = Fetched(url=feed.url, body=dialect.body, content_type=dialect.content_type)
    body = collector.body(fetched)
    parsed = collector.parse(body, feed, NOW)
    raw = parse_strict(body) or parse_tolerant(body)
    guids = {clean.clean_title(e.title): e.guid for e in raw.entries}
    items = (*parsed.items, *parsed.undated)
    return [as_told(item, guids[item.title]) for item in items], parsed.problems


def as_told(item: Item, guid: str) -> Told:
    return Told(title=item.title, link=item.url.partition("#")[0], at=item.published_at,
                summary=item.summary, guid=guid)  # fmt: skip


def by_feedparser(body: bytes) -> list[Told]:
    """Plain feedparser with its own settings; texts cleaned as ours are."""
    import feedparser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        entries = feedparser.parse(body).entries
    return [
        Told(
            title=clean.clean_title(e.get("title", "")),
            link=clean.canonical_url(e.get("link", "")),
            at=when(e),
            summary=clean.clean_text(e.get("summary") or "".join(
                c.value for c in e.get("content", ()))),
            guid=e.get("id", ""),
        )
        for e in entries
    ]  # fmt: skip


def when(entry: dict[str, Any]) -> datetime | None:
    stamp = entry.get("published_parsed") or dict.get(entry, "updated_parsed")
    return datetime.fromtimestamp(calendar.timegm(stamp), UTC) if stamp else None


def meant(dialect: Dialect) -> list[Told]:
    return [
        Told(title=e.title, link=clean.canonical_url(e.link), at=e.at, summary=e.summary,
             guid=e.guid) for e in dialect.told
    ]  # fmt: skip


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_is_read_as_it_was_meant(name: str) -> None:
    """Title, link, date, summary and identity of every entry, and nothing else."""
    found, problems = read(DIALECTS[name])

    assert found == meant(DIALECTS[name])
    assert not [p for p in problems if "for display only" not in p]


@pytest.mark.parametrize("name", DIALECTS)
def test_plain_feedparser_reads_nothing_more(name: str) -> None:
    """Where its reading is another one, the dialect says in which field: it is the worse."""
    dialect = DIALECTS[name]
    theirs, ours = by_feedparser(dialect.body), meant(dialect)

    assert len(theirs) <= len(ours)
    differs = {
        field
        for one, other in zip(theirs, ours, strict=False)
        for field in ("title", "link", "at", "summary", "guid")
        if getattr(one, field) != getattr(other, field)
    }
    assert differs <= dialect.worse


def test_there_are_forty_of_ten_charsets() -> None:
    """The number the project promised itself; no two documents are the same."""
    assert len(DIALECTS) >= 40
    assert len({d.body for d in DIALECTS.values()}) == len(DIALECTS)


def test_a_document_in_utf8_is_left_alone() -> None:
    """Also where it says so; a codec that is no charset is not used."""
    body = '<?xml version="1.0" encoding="utf-8"?><rss>芯片</rss>'.encode()

    assert to_utf8(body) is body
    assert to_utf8(b'<?xml version="1.0" encoding="utf-7"?><rss>+AGE-</rss>').endswith(
        b"<rss>+AGE-</rss>"
    )
    assert b"zip" not in to_utf8(b'<?xml version="1.0" encoding="zip"?><rss>\xff</rss>')
