"""What has gone out already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from engine.record import schema
from engine.record.tables.database import Database

DeliveryState = Literal["offered", "taken", "deferred", "refused"]
"""offered: the text is on its way and no answer is known. taken: the server said so. deferred: it
asked to come again. refused: it will not take mail for this recipient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where handing one notice to one recipient stands.

    recipient "": the service behind the channel is the reader. repeats: how often it may have gone
    out before, because a process ended between sending and hearing the answer. why: the server's
    own words where it did not take it.
    """

    channel: str
    key: str
    recipient: str
    state: DeliveryState
    changed_at: datetime
    repeats: int = 0
    why: str = ""


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

    def save_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Write where handing over stands, all of it at once."""
        table = schema.delivery
        keys = ["channel", "key", "recipient"]
        names = [column.name for column in table.c]
        with self._writing() as connection:
            for delivery in deliveries:
                row = {name: getattr(delivery, name) for name in names}
                insert = self._insert(table).values(row)
                changed = {name: row[name] for name in names if name not in keys}
                connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed))

    def deliveries(
        self, channel: str | None = None, *, keys: Iterable[str] | None = None
    ) -> tuple[Delivery, ...]:
        """What stands of one channel or all, of some notices or all; oldest change first."""
        table = schema.delivery
        query = sa.select(table).order_by(table.c.changed_at, table.c.key, table.c.recipient)
        if channel is not None:
            query = query.where(table.c.channel == channel)
        if keys is not None:
            query = query.where(table.c.key.in_(list(keys)))
        with self._reading() as connection:
            return tuple(Delivery(**row) for row in connection.execute(query).mappings())
