"""News items as received."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.clock import to_micros
from engine.errors import DataError
from engine.phrases import phrase
from engine.record import content, schema
from engine.record.tables.database import Row
from engine.record.tables.versions import (
    Identity,
    Recorded,
    Versions,
    known_by_then,
    need_storable,
    stored_versions,
    version_of,
)
from engine.values import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """An item with its identity across edits and the hash of this version."""

    item_id: str
    version: str
    item: Item


class Items(Versions):
    """The table of news items."""

    def record_items(self, items: Iterable[Item]) -> Recorded:
        """Write news items under the rules of ``record``; an edited item is a new version."""
        rows = [item_row(item) for item in items]
        with self._writing() as connection:
            return self._write_items(connection, rows)

    def _write_items(self, connection: Connection, rows: list[Row]) -> Recorded:
        table = schema.item
        by_id: dict[Identity, list[Row]] = {}
        for row in rows:
            by_id.setdefault((row["item_id"], row["source"]), []).append(row)
        query = sa.select(table.c.item_id, table.c.source, *version_of(table))
        stored = stored_versions(connection, query, table.c.item_id, [key for key, _ in by_id])
        return self._write_versions(connection, table, by_id, stored)

    def items(
        self,
        *,
        known_by: datetime | None = None,
        since: datetime | None = None,
        limit: int | None = None,
        dated_only: bool = False,
    ) -> list[Item]:
        """News items with ``since <= known_at <= known_by``, oldest first; edits are versions.

        limit: only the newest so many. dated_only: without those whose publisher gave no date.
        """
        stored = self.stored_items(
            known_by=known_by, since=since, limit=limit, dated_only=dated_only
        )
        return [entry.item for entry in stored]

    def stored_items(
        self,
        *,
        known_by: datetime | None = None,
        since: datetime | None = None,
        limit: int | None = None,
        dated_only: bool = False,
    ) -> list[StoredItem]:
        """As ``items``, with the identity and version of each."""
        query = items_query(known_by=known_by, since=since, limit=limit, dated_only=dated_only)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [
            StoredItem(item_id=row.item_id, version=row.version, item=_to_item(row))
            for row in reversed(rows)
        ]

    def item_count(self) -> int:
        """Stored versions of news items."""
        with self._reading() as connection:
            return connection.execute(
                sa.select(sa.func.count()).select_from(schema.item)
            ).scalar_one()


def item_row(item: Item) -> Row:
    """``item`` as it is stored; ``DataError`` when it cannot be."""
    if item.backfilled and item.published_at is None:
        raise DataError(
            phrase("item '{title}' is back-filled but undated", title=item.title[:60]),
            remedy=phrase("without a date nobody can say when it was known"),
        )
    need_storable(
        "item", item.title, item.source, item.url, item.summary, item.lang, item.body_hash
    )
    published_us = None if item.published_at is None else to_micros(item.published_at)
    return {
        "item_id": content.item_id(item),
        "version": content.item_version(item),
        "source": item.source,
        "title": item.title,
        "url": item.url,
        "lang": item.lang[:16],
        "published_at": published_us,
        "known_at": to_micros(item.known_at),
        "summary": item.summary,
        "body_hash": item.body_hash,
        "backfilled": item.backfilled,
        "undated": published_us is None,
    }


def items_query(
    *, known_by: datetime | None, since: datetime | None, limit: int | None, dated_only: bool
) -> sa.Select[Any]:
    """Newest first. A version equal to the one before it says nothing new and is left out."""
    table, earlier = schema.item, schema.item.alias("earlier")
    place = sa.tuple_(table.c.known_at, table.c.version)
    before = (
        sa.select(earlier.c.version)
        .where(earlier.c.item_id == table.c.item_id, earlier.c.source == table.c.source)
        .where(sa.tuple_(earlier.c.known_at, earlier.c.version) < place)
        .order_by(earlier.c.known_at.desc(), earlier.c.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        sa.select(table)
        .where(*known_by_then(table, known_by), sa.func.coalesce(before, "") != table.c.version)
        .order_by(*(table.c[n].desc() for n in ("known_at", "item_id", "source", "version")))
        .limit(limit)
    )
    if since is not None:
        query = query.where(table.c.known_at >= since)
    return query.where(table.c.undated.is_(False)) if dated_only else query


def _to_item(row: Any) -> Item:
    return Item(
        source=row.source,
        title=row.title,
        url=row.url,
        known_at=row.known_at,
        published_at=row.published_at,
        summary=row.summary,
        lang=row.lang,
        body_hash=row.body_hash,
        backfilled=row.backfilled,
    )
