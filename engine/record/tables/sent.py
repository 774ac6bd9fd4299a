"""What has gone out already."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from engine.record import schema
from engine.record.tables.database import Database


class Sent(Database):
    """The table of deliveries."""

    def mark_sent(self, key: str, now: datetime) -> bool:
        """True the first time ``key`` is marked: deliver then; False ever after."""
        insert = self._insert(schema.sent).values(key=key, sent_at=now)
        statement = insert.on_conflict_do_nothing().returning(schema.sent.c.key)
        with self._writing() as connection:
            return connection.execute(statement).first() is not None

    def unmark_sent(self, key: str) -> None:
        """Forget a mark whose delivery failed, so that it is tried again."""
        with self._writing() as connection:
            connection.execute(sa.delete(schema.sent).where(schema.sent.c.key == key))

    def sent_at(self, key: str) -> datetime | None:
        """When ``key`` was marked; None when it never was."""
        query = sa.select(schema.sent.c.sent_at).where(schema.sent.c.key == key)
        with self._reading() as connection:
            return connection.execute(query).scalar_one_or_none()
