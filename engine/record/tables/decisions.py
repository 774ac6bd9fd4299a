"""The ledger of decisions as rows; its rules are in ``engine.record.chain``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.record import chain, schema
from engine.record.tables.database import Database, Row


class Decisions(Database):
    """The table of ledger entries with its stored head."""

    def append_ledger(
        self, *, acts_on: date, strategy: str, made_at: datetime, payload_text: str
    ) -> chain.LedgerEntry:
        """Append one decision; returns the earlier entry when it is there already."""
        table = schema.ledger
        session = (table.c.acts_on == acts_on.isoformat()) & (table.c.strategy == strategy)
        with self._writing() as connection:
            head = self._lock_head(connection)
            query = sa.select(table).where(session).order_by(table.c.revision)
            same = [_to_entry(row) for row in connection.execute(query)]
            entry = chain.next_entry(
                head,
                same,
                acts_on=acts_on,
                strategy=strategy,
                made_at=made_at,
                payload_text=payload_text,
            )
            if entry is None:
                return next(e for e in same if e.payload_text == payload_text)
            connection.execute(sa.insert(table).values(_ledger_row(entry)))
            moved = {"n_entries": entry.seq, "entry_hash": entry.entry_hash}
            connection.execute(sa.update(schema.ledger_head).values(moved))
        return entry

    def _lock_head(self, connection: Connection) -> chain.LedgerHead:
        first = {"id": 1, "n_entries": 0, "entry_hash": chain.GENESIS}
        table = schema.ledger_head
        connection.execute(self._insert(table).values(first).on_conflict_do_nothing())
        # The lock is PostgreSQL's; SQLite has one writer and leaves the words out.
        row = connection.execute(sa.select(table).with_for_update()).one()
        return chain.LedgerHead(n_entries=row.n_entries, entry_hash=row.entry_hash)

    def ledger_entries(self) -> list[chain.LedgerEntry]:
        """Every entry in the order written."""
        return self.ledger_state()[0]

    def ledger_state(self) -> tuple[list[chain.LedgerEntry], chain.LedgerHead]:
        """Every entry and the stored head, seen at one moment."""
        with self._reading() as connection:
            query = sa.select(schema.ledger).order_by(schema.ledger.c.seq)
            found = [_to_entry(row) for row in connection.execute(query)]
            row = connection.execute(sa.select(schema.ledger_head)).one_or_none()
            if row is None:
                return found, chain.EMPTY_HEAD
            length, head = int(row.n_entries), str(row.entry_hash)
            return found, chain.LedgerHead(n_entries=length, entry_hash=head)


def _ledger_row(entry: chain.LedgerEntry) -> Row:
    return {
        "seq": entry.seq,
        "acts_on": entry.acts_on.isoformat(),
        "strategy": entry.strategy,
        "revision": entry.revision,
        "made_at": entry.made_at,
        "payload": entry.payload_text,
        "previous_hash": entry.previous_hash,
        "entry_hash": entry.entry_hash,
    }


def _to_entry(row: Any) -> chain.LedgerEntry:
    return chain.LedgerEntry(
        seq=row.seq,
        acts_on=date.fromisoformat(row.acts_on),
        strategy=row.strategy,
        revision=row.revision,
        made_at=row.made_at,
        payload_text=row.payload,
        previous_hash=row.previous_hash,
        entry_hash=row.entry_hash,
    )
