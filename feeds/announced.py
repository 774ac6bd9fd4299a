"""What makers put online elsewhere than on Hugging Face: ModelScope and GitHub, as news items.

A new repository of weights or a release of software is told as an item in plain words, dated by its
source and judged like any headline: some Chinese weights are on ModelScope hours before they are on
the hub, and the notes of a stack name the chips it has learnt. Sizes and formats come from the hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from config.schema import Strict
from engine.errors import FeedError
from engine.news import clean
from engine.news.stamps import is_future, parse_stamp
from engine.phrases import phrase
from engine.values import Item
from feeds.base import (
    MAX_ENTRIES,
    DocumentCollector,
    FeedConfig,
    Parsed,
    falls_due,
    list_in,
    newest_stamps,
    options_of,
    read_json,
)

_NAME = re.compile(r"[\w.-]{1,96}/[\w.-]{1,120}\Z", re.A)
_LANGUAGE_TASKS = frozenset(("text-generation", "image-text-to-text", "visual-question-answering"))
_COPY = re.compile(r"[-_.](?:gguf|awq|gptq|mlx|int[48]|fp8|w8a8|w4a16|onnx|bnb)\b", re.I)
"""Builds of a model that is there already: no news."""


class AnnouncedOptions(Strict):
    """maker: as the reader knows the house or the software; stands before each name."""

    maker: Annotated[str, Field(min_length=1, max_length=60)]


class Row(NamedTuple):
    """An entry of a list that is no feed: title and address "" and ``at`` None where not told."""

    title: str
    url: str
    at: datetime | None
    text: str = ""


class ModelScopeOrg(DocumentCollector):
    """``https://modelscope.cn/openapi/v1/models?owner=…``: an organisation's repositories."""

    Options = AnnouncedOptions
    accept = "application/json"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """An item a language model; ``FeedError`` when the answer is no such list."""
        answer = read_json(body, feed)
        data = answer.get("data") if isinstance(answer, dict) else None
        listed = list_in(data, "models", feed, "list of models")
        maker = options_of(feed, AnnouncedOptions).maker
        rows = (_repository(m, maker) for m in listed if isinstance(m, dict) and _is_news(m))
        return told(rows, feed, fetched_at)


class GitHubReleases(DocumentCollector):
    """``https://api.github.com/repos/OWNER/NAME/releases``: what a project gave out."""

    Options = AnnouncedOptions
    accept = "application/vnd.github+json"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """An item a release that is no draft; ``FeedError`` when the answer is no such list."""
        listed = read_json(body, feed)
        if not isinstance(listed, list):
            raise FeedError(feed.name, phrase("no list of releases in the answer"))
        maker = options_of(feed, AnnouncedOptions).maker
        rows = (_release(r, maker) for r in listed if isinstance(r, dict) and not r.get("draft"))
        return told(rows, feed, fetched_at)


# --- parsing (pure) ---------------------------------------------------------------------------


def _is_news(model: Mapping[str, Any]) -> bool:
    """A language model of its own, by the tasks it is listed under; none listed may be one."""
    tasks = model.get("tasks")
    names = {t for t in tasks if isinstance(t, str)} if isinstance(tasks, list) else set()
    language = not names or not names.isdisjoint(_LANGUAGE_TASKS)
    return language and not _COPY.search(str(model.get("id", "")))


def _repository(model: Mapping[str, Any], maker: str) -> Row:
    name = str(model.get("id", ""))
    known = bool(_NAME.match(name))
    return Row(
        title=f"{maker} publishes the model {name.partition('/')[2]} on ModelScope"
        if known
        else "",
        url=f"https://modelscope.cn/models/{name}" if known else "",
        at=_instant(model, "created_at", "last_modified"),
    )


def _release(release: Mapping[str, Any], maker: str) -> Row:
    named = release.get("name") or release.get("tag_name") or ""
    url, notes = release.get("html_url"), release.get("body")
    return Row(
        title=f"{maker}: {named}" if isinstance(named, str) and named.strip() else "",
        url=url if isinstance(url, str) else "",
        at=_instant(release, "published_at", "created_at"),
        text=notes[:20_000] if isinstance(notes, str) else "",
    )


def _instant(entry: Mapping[str, Any], *names: str) -> datetime | None:
    found = (parse_stamp(str(entry[name])) for name in names if isinstance(entry.get(name), str))
    return next((at for at in found if at is not None), None)


def told(rows: Iterable[Row], feed: FeedConfig, seen_at: datetime, lang: str = "en") -> Parsed:
    """Items of the rows that have a title, an address and a date; the others are counted."""
    items: list[Item] = []
    n_bad = n_put_off = n_found = 0
    for row in rows:
        n_found += 1
        if n_found > MAX_ENTRIES:
            continue
        if row.at is not None and is_future(row.at, seen_at):
            n_put_off += falls_due(row.at, seen_at)
            continue
        item = clean.make_item(source=feed.source, title=row.title, url=row.url, known_at=seen_at,
                               published_at=row.at, summary=row.text, lang=lang)  # fmt: skip
        if item is None or not item.url or item.published_at is None:
            n_bad += 1
        else:
            items.append(item)
    said = ((n_bad, "without a name, an address or a date, skipped"),
            (n_put_off, "stamped ahead, read again when due"),
            (n_found - MAX_ENTRIES, f"beyond the first {MAX_ENTRIES}, not read"))  # fmt: skip
    return Parsed(
        items=tuple(items),
        problems=tuple(f"{n} entries {what}" for n, what in said if n > 0),
        stamps=newest_stamps(i.published_at for i in items if i.published_at is not None),
        put_off=n_put_off,
    )
