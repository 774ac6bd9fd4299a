"""What makes two facts, or two versions of a news item, the same.

Pure functions: canonical JSON and content hashes, the same on both engines and on every machine.
"""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date
from hashlib import blake2b, sha256
from typing import Any

from engine.clock import to_micros
from engine.errors import DataError, StoreError
from engine.phrases import phrase
from engine.values import Fact, Item

HASH_BYTES = 16
"""128 bits: to construct two contents with one hash would take about 2**64 attempts."""

_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def canonical_json(value: Any) -> str:
    """``value`` as ASCII JSON with sorted keys, no spaces: equal values give equal text.

    Refuses (``DataError``) NaN and infinities, keys that are not text, and anything that is not
    plain data, because none of these would come back from the database as it went in.
    """
    _need_text_keys(value)
    try:
        return _ENCODE(value)
    except (TypeError, ValueError) as error:
        raise DataError(
            phrase("not JSON-ready: {error}", error=error), remedy=phrase("None means not observed")
        ) from None


def _need_text_keys(value: Any) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise DataError(phrase("JSON key {key} is not text", key=repr(key)))
            if isinstance(inner, Mapping | list | tuple):
                _need_text_keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            if isinstance(inner, Mapping | list | tuple):
                _need_text_keys(inner)


def digest(text: str) -> str:
    """``text`` hashed to 32 hex digits."""
    return blake2b(text.encode(), digest_size=HASH_BYTES).hexdigest()


def payload_json(fact: Fact) -> str:
    """The payload as it is stored; ``DataError`` names the fact whose payload is not plain data."""
    try:
        return canonical_json(dict(fact.payload))
    except DataError as error:
        raise DataError(
            phrase(
                "{kind} '{key}': {message}",
                kind=fact.kind,
                key=fact.key[:80],
                message=error.message,
            ),
            remedy=error.remedy,
        ) from None


def content_hash(fact: Fact, payload_text: str | None = None) -> str:
    """Hash of everything in a fact except ``known_at``: the same news learned twice is one news.

    ``backfilled`` counts: a live sighting of what had only been assumed is new evidence.
    ``payload_text`` saves encoding the payload again when the caller has it.
    """
    confidence = None if fact.confidence is None else float(fact.confidence)
    head = _ENCODE(
        [
            fact.kind,
            fact.key,
            to_micros(fact.occurred_at),
            fact.source,
            confidence,
            bool(fact.backfilled),
        ]
    )
    return digest(f"{head}{payload_json(fact) if payload_text is None else payload_text}")


def item_version(item: Item) -> str:
    """Hash of what a reader sees of an item; its identity is ``item_id``.

    The publisher's date is left out: some feeds stamp every entry with the present minute, which
    would make a new version at every poll. No text holds a NUL (the store refuses it), so the
    joined fields cannot be mistaken for others.
    """
    return digest("\0".join((item.title, item.url, item.lang, item.summary, item.body_hash)))


Version = tuple[int, str]
"""``(known_at in UTC microseconds, content hash)``: the order of versions of one key."""


def item_id(item: Item) -> str:
    """The identity of ``item``: 64 hex digits, the same for every delivery and every edit.

    Of the canonical URL; without one, of (source, folded title, day published or else first seen).
    """
    if item.url:
        return sha256(item.url.encode()).hexdigest()
    day = (item.published_at or item.known_at).astimezone(UTC).date()
    return title_id(item.source, item.title, day)


def title_id(source: str, title: str, day: date) -> str:
    """Identity of an entry without an address: 64 hex digits of (source, folded title, day)."""
    folded = " ".join(unicodedata.normalize("NFKC", title).casefold().split())
    return sha256("\x1f".join((source, folded, day.isoformat())).encode()).hexdigest()


@contextmanager
def unreadable(where: str) -> Iterator[None]:
    """Cells that no program of this house wrote leave as ``StoreError``: a damaged record."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, sqlite3.Error) as error:
        raise StoreError(
            phrase(
                "{where} holds a row that cannot be read ({kind})",
                where=where,
                kind=type(error).__name__,
            ),
            remedy=phrase("restore a backup with 'nvsignal db restore'"),
        ) from error
