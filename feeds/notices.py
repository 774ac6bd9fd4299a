"""Lists of notices that have no feed: a page of dated links, or JSON that such a page is made from.

Regulators, exchanges and some of the press publish like this. What a list looks like is said in
its stanza, so that another source of the kind is another stanza. Each entry is a title, an address
and a day, judged like any headline. A page without one dated link is an error: a redesign, or the
page of a bot wall, must not look like silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urljoin

from pydantic import Field

from config.schema import Strict
from engine.errors import FeedError
from engine.news.clean import clean_title
from engine.phrases import phrase
from feeds.announced import Row, told
from feeds.base import (
    Days,
    DocumentCollector,
    FeedConfig,
    Parsed,
    Pattern,
    Poll,
    claimed_at,
    looks_like_html,
    options_of,
    read_json,
)
from feeds.web_pages import is_torn, page_tree, redesigned, seen_text

MAX_LINKS = 3_000
"""Links of one page looked at; a front page has about 600."""

_LEAST_TITLE_CHARS = 5
_Field = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]{0,60}$")]


class NoticePageOptions(Strict):
    """inside: id or class of the element that holds the list, by default the whole page.
    link_match: what the address of an entry has to contain. must_match: what its title has to.
    """

    inside: Annotated[str, Field(pattern=r"^[\w-]{0,80}$")] = ""
    link_match: Pattern = ""
    must_match: Pattern = ""


class NoticePage(DocumentCollector):
    """A page of links, each with its day beside it, or in its address."""

    Options = NoticePageOptions
    accept = "text/html, application/xhtml+xml;q=0.9"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """An item a dated link; ``FeedError`` when the page has none."""
        options = options_of(feed, NoticePageOptions)
        rows = list(_linked(page_tree(body, feed), options, feed, fetched_at))
        if not any(row.at for row in rows):
            raise redesigned(body, feed, "list of links with a day")
        return _parsed(rows, options.must_match, feed, fetched_at, torn=is_torn(body))


class NoticeListOptions(Strict):
    """rows: where the list is, a path with dots. title, link, day: fields of a row; day holds text
    or milliseconds since 1970. who: a field that stands before the title. base: what a link without
    a host begins with. must_match: what a title has to contain. lookback_days: see ``NoticeList``.
    """

    rows: _Field
    title: _Field
    link: _Field
    day: _Field
    who: _Field | None = None
    base: Annotated[str, Field(pattern=r"^https?://[^\s/]+", max_length=200)] = "https://invalid/"
    must_match: Pattern = ""
    lookback_days: Days = 30


class NoticeList(DocumentCollector):
    """The list in JSON, plain or wrapped in a call (JSONP).

    The address may hold ``{since_on}`` and ``{until_on}``, the first and last day asked for.
    """

    Options = NoticeListOptions
    accept = "application/json, */*;q=0.5"

    def url(self, poll: Poll) -> str:
        """The stanza's address with its days filled in: the last may be tomorrow further east."""
        back = timedelta(days=options_of(poll.feed, NoticeListOptions).lookback_days)
        since, until = (poll.now - back).date(), (poll.now + timedelta(days=1)).date()
        asked = super().url(poll)
        return asked.replace("{since_on}", f"{since}").replace("{until_on}", f"{until}")

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """An item a row; ``FeedError`` when there is no such list in the answer."""
        options = options_of(feed, NoticeListOptions)
        listed: Any = read_json(_unwrapped(body, feed), feed)
        for name in options.rows.split("."):
            listed = listed.get(name) if isinstance(listed, dict) else None
        if not isinstance(listed, list):
            raise FeedError(
                feed.name, phrase("no list called {rows} in the answer", rows=options.rows)
            )
        rows = [_row(entry, options, feed, fetched_at) for entry in _flat(listed)]
        return _parsed(rows, options.must_match, feed, fetched_at)


# --- parsing (pure) ---------------------------------------------------------------------------


def _parsed(
    rows: list[Row], must_match: str, feed: FeedConfig, seen_at: datetime, *, torn: bool = False
) -> Parsed:
    wanted = re.compile(must_match, re.I)
    kept = {row.url or row.title: row for row in rows if wanted.search(row.title)}
    parsed = told(kept.values(), feed, seen_at, feed.lang)
    if not torn:
        return parsed
    problems = (*parsed.problems, "the page ends early, asked for again")
    return replace(parsed, problems=problems, put_off=parsed.put_off + 1)


def _linked(
    root: Any, options: NoticePageOptions, feed: FeedConfig, seen_at: datetime
) -> Iterator[Row]:
    """Of each entry its first link with a title; what stands around the links has no day."""
    wanted = re.compile(options.link_match)
    done: set[Any] = set()
    for link in _links(root, options.inside):
        row = next(link.iterancestors("li", "tr", "dl", "dd"), link)
        title = clean_title(link.get("title") or "") or clean_title(seen_text(link))
        address = (link.get("href") or "").strip()[:2_000]
        if row in done or len(title) < _LEAST_TITLE_CHARS or not wanted.search(address):
            continue
        at = _day_beside(row, title, feed.lang, seen_at) or _day_in(address, feed.lang, seen_at)
        if at is not None:
            done.add(row)
            yield Row(title, _joined(feed.url, address), at)


def _links(root: Any, inside: str) -> Iterator[Any]:
    if inside:
        path = f"//*[@id='{inside}' or contains(concat(' ', @class, ' '), ' {inside} ')]"
        found = (link for part in root.xpath(path)[:20] for link in part.iter("a"))
    else:
        found = root.iter("a")
    for n, link in enumerate(found):
        if n >= MAX_LINKS:
            return
        yield link


_DAY = re.compile(
    r"20\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}日?(?:[T\s]+\d{1,2}:\d{2}(?::\d{2})?)?"
)
_DAY_IN_PATH = re.compile(r"(?<!\d)(20\d\d)[-/]?(\d\d)[-/]?(\d\d)(?!\d)")


def _day_beside(row: Any, title: str, lang: str, seen_at: datetime) -> datetime | None:
    """The day told in ``row`` outside its title, which may name another one."""
    shown = seen_text(row)[:2_000].replace(title, " ")
    found = _DAY.search(shown)
    return claimed_at(found[0], lang, seen_at) if found else None


def _day_in(address: str, lang: str, seen_at: datetime) -> datetime | None:
    claimed = (
        claimed_at("-".join(found.groups()), lang, seen_at)
        for found in _DAY_IN_PATH.finditer(address)
    )
    return next((at for at in claimed if at is not None), None)


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:
        return ""


_CALL = re.compile(rb"\s*[\w$.]{1,80}\s*\((.*)\)\s*;?\s*\Z", re.S)


def _unwrapped(body: bytes, feed: FeedConfig) -> bytes:
    if looks_like_html(body):
        raise redesigned(body, feed, "list in JSON")
    called = _CALL.match(body)
    return called[1] if called else body


def _flat(listed: list[Any]) -> Iterator[Mapping[str, Any]]:
    """The rows, also where the source groups them: a notice with its annexes."""
    for entry in listed:
        for row in entry if isinstance(entry, list) else (entry,):
            if isinstance(row, dict):
                yield row


def _row(
    entry: Mapping[str, Any], options: NoticeListOptions, feed: FeedConfig, seen_at: datetime
) -> Row:
    title, link = _text(entry.get(options.title)), _text(entry.get(options.link))
    who = _text(entry.get(options.who)) if options.who else ""
    named = not who or title.startswith(who)
    day = entry.get(options.day)
    if type(day) is int and 10**12 < day < 10**14:
        at: datetime | None = datetime.fromtimestamp(day / 1000, UTC)
    else:
        at = claimed_at(_text(day)[:40], feed.lang, seen_at)
    return Row(
        title=title if named or not title else f"{who}：{title}",
        url=_joined(options.base, link) if link else "",
        at=at,
    )


def _text(value: Any) -> str:
    return value.strip()[:2_000] if isinstance(value, str) else ""
