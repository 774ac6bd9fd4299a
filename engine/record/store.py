"""The record on disk: append-only facts and news items, and the bookkeeping around them.

The one place that speaks SQL is ``engine.record.tables``, a file for each domain; a ``Store`` is
all of them over one database. A write is one transaction, so a document is stored whole or not at
all, and repeating it stores nothing: after a crash the same call is simply made again. No clock is
read here; instants come in as arguments.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.record.tables.database import create_schema, schema_revision, uncollected
from engine.record.tables.decisions import Decisions
from engine.record.tables.facts import FactTable, fact_row
from engine.record.tables.items import Items, StoredItem, item_row
from engine.record.tables.polls import Polls, StoredPollState, row_of
from engine.record.tables.runs import JobRun, Runs, RunStatus
from engine.record.tables.sent import Sent
from engine.record.tables.trials import Trial, Trials
from engine.record.tables.versions import Recorded
from engine.values import Fact, Item


class Store(FactTable, Items, Polls, Runs, Trials, Sent, Decisions):
    """An open record. Safe to share between threads; writers take turns.

    Every method raises ``StoreError`` when the database is locked for longer than the timeout,
    cannot be written, is full or damaged; nothing of the failed write is kept.
    """

    def record_poll(
        self, state: StoredPollState, *, facts: Iterable[Fact] = (), items: Iterable[Item] = ()
    ) -> Recorded:
        """Write everything one poll brought, and where the next one starts, all or none."""
        fact_rows = [fact_row(fact) for fact in facts]
        item_rows = [item_row(item) for item in items]
        with self._writing() as connection:
            done = self._write_facts(connection, fact_rows)
            done += self._write_items(connection, item_rows)
            self._upsert_poll_states(connection, [row_of(state)])
        return done


__all__ = [
    "JobRun",
    "Recorded",
    "RunStatus",
    "Store",
    "StoredItem",
    "StoredPollState",
    "Trial",
    "create_schema",
    "schema_revision",
    "uncollected",
]
