"""What the next poll of each feed needs to know."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.record import content, schema
from engine.record.tables.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPollState:
    """What the next poll of a feed needs to know. None: the server never said, or never happened.

    next_due_at None: due now. failures: in a row. health: JSON-ready details for ``status``.
    """

    feed: str
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    last_ok_at: datetime | None = None
    next_due_at: datetime | None = None
    retry_after_until: datetime | None = None
    failures: int = 0
    health: Mapping[str, Any] = field(default_factory=dict)


def row_of(state: StoredPollState) -> dict[str, Any]:
    """The row that holds ``state``."""
    row = {name: getattr(state, name) for name in schema.poll_state.c.keys()}  # noqa: SIM118
    return {**row, "health": content.canonical_json(dict(state.health))}


class Polls(Database):
    """The table of feeds."""

    def poll_state(self, feed: str) -> StoredPollState | None:
        """The state of one feed; None when it was never polled."""
        return self.poll_states().get(feed)

    def poll_states(self) -> dict[str, StoredPollState]:
        """feed -> state of every feed polled so far, sorted by name."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(schema.poll_state)).mappings().all()
            states = [
                StoredPollState(**{**row, "health": json.loads(row["health"])}) for row in rows
            ]
        return {state.feed: state for state in sorted(states, key=lambda s: s.feed)}

    def save_poll_states(self, states: Iterable[StoredPollState]) -> None:
        """Replace the states of these feeds, all or none."""
        rows = [row_of(state) for state in states]
        if rows:
            with self._writing() as connection:
                self._upsert_poll_states(connection, rows)

    def _upsert_poll_states(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        statement = self._insert(schema.poll_state)
        replaced = {name: statement.excluded[name] for name in rows[0] if name != "feed"}
        upsert = statement.on_conflict_do_update(index_elements=["feed"], set_=replaced)
        connection.execute(upsert, list(rows))
