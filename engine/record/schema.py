"""The tables, once, for SQLite and PostgreSQL.

``fact``, ``item`` and ``ledger`` only ever grow, and triggers refuse to change or delete a row of
them (``GROWING``). ``poll_state``, ``job_run``, ``trial``, ``sent`` and ``delivery`` are the
bookkeeping around them. Instants are UTC microseconds since 1970 in a BIGINT, so
that they sort and compare alike on both engines; JSON is canonical text for the same reason.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

from engine.clock import from_micros, to_micros

REVISIONS = ("0001", "0002")
"""Every schema revision, oldest first; the last is what this code reads and writes."""

REVISION = REVISIONS[-1]

MAX_KIND_CHARS = 64
MAX_KEY_CHARS = 512
"""Four bytes a character stay under the 2,704 bytes of a PostgreSQL B-tree entry."""


class UtcMicros(TypeDecorator[datetime]):
    """An aware UTC datetime kept as microseconds since 1970; a naive one raises ``DataError``."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else from_micros(value)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# SQLite gives only an INTEGER primary key the row's own number.
_RowId = BigInteger().with_variant(Integer(), "sqlite")

fact = Table(
    "fact",
    metadata,
    Column("fact_id", _RowId, primary_key=True, autoincrement=True),
    Column("kind", String(MAX_KIND_CHARS), nullable=False),
    Column("key", String(MAX_KEY_CHARS), nullable=False),
    Column("occurred_at", UtcMicros, nullable=False),
    Column("known_at", UtcMicros, nullable=False),
    Column("source", Text, nullable=False),
    Column("confidence", Float(53)),  # NULL: the source gives none
    Column("backfilled", Boolean, nullable=False),
    Column("payload", Text, nullable=False),
    Column("content_hash", String(32), nullable=False),
    # Also the covering index of every look-up by key, and what makes a repeated write a no-op.
    UniqueConstraint("kind", "key", "known_at", "content_hash"),
    Index(None, "known_at"),
)

# Sorts by code point, as SQLite and Python do, whatever language the server speaks.
_PlainText = Text().with_variant(Text(collation="C"), "postgresql")

item = Table(
    "item",
    metadata,
    Column("row_id", _RowId, primary_key=True, autoincrement=True),
    Column("item_id", String(64), nullable=False),
    Column("version", String(32), nullable=False),
    Column("source", _PlainText, nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("lang", String(16), nullable=False),
    Column("published_at", UtcMicros),  # NULL: undated
    Column("known_at", UtcMicros, nullable=False),
    Column("summary", Text, nullable=False),
    Column("body_hash", Text, nullable=False),
    Column("backfilled", Boolean, nullable=False),
    Column("undated", Boolean, nullable=False),
    # By source too: two feeds that word one link differently do not correct each other.
    UniqueConstraint("item_id", "source", "known_at", "version"),
    Index(None, "known_at"),
)

poll_state = Table(
    "poll_state",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", Text),
    Column("last_ok_at", UtcMicros),  # NULL: never yet
    Column("next_due_at", UtcMicros),  # NULL: due now
    Column("retry_after_until", UtcMicros),
    Column("failures", Integer, nullable=False),
    Column("health", Text, nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("seq", _RowId, primary_key=True, autoincrement=False),
    Column("acts_on", String(10), nullable=False),
    Column("strategy", Text, nullable=False),
    Column("revision", Integer, nullable=False),  # 0: the decision that stands
    Column("made_at", UtcMicros, nullable=False),
    Column("payload", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("entry_hash", String(64), nullable=False),
    UniqueConstraint("acts_on", "strategy", "revision"),
)

# One row. It is what shows that the newest entries were cut off, and what writers queue on.
ledger_head = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("n_entries", BigInteger, nullable=False),
    Column("entry_hash", String(64), nullable=False),
)

job_run = Table(
    "job_run",
    metadata,
    Column("job", Text, primary_key=True),
    Column("scheduled_for", UtcMicros, primary_key=True),
    Column("status", String(16), nullable=False),
    Column("started_at", UtcMicros, nullable=False),
    Column("finished_at", UtcMicros),  # NULL: still running, or killed
    Column("owner", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("detail", Text, nullable=False),
)

trial = Table(
    "trial",
    metadata,
    Column("data_hash", Text, primary_key=True),
    Column("strategy", Text, primary_key=True),
    Column("params_hash", String(32), primary_key=True),
    Column("params", Text, nullable=False),
    Column("n_obs", Integer, nullable=False),
    Column("sharpe", Float(53)),  # NULL: undefined, for example no variance
    Column("skewness", Float(53)),
    Column("kurtosis", Float(53)),
    Column("made_at", UtcMicros, nullable=False),
)

sent = Table(
    "sent",
    metadata,
    Column("key", Text, primary_key=True),
    Column("sent_at", UtcMicros, nullable=False),
)

# One row for each notice, channel and recipient: where the handing over stands.
delivery = Table(
    "delivery",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("recipient", Text, primary_key=True),  # "" where the service behind it is the reader
    Column("state", String(16), nullable=False),
    Column("changed_at", UtcMicros, nullable=False),
    Column("repeats", Integer, nullable=False),  # how often it may have gone out before
    Column("why", Text, nullable=False),
)

GROWING = ("fact", "item", "ledger")
"""Tables that only grow."""


def guards(dialect: str) -> tuple[str, ...]:
    """SQL that makes the database itself refuse to change or delete what only grows."""
    if dialect == "postgresql":
        function = (
            "CREATE OR REPLACE FUNCTION nvsignal_only_grows() RETURNS trigger AS $$ "
            "BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' only grows'; END $$ "
            "LANGUAGE plpgsql"
        )
        return (
            function,
            *(
                f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION nvsignal_only_grows()"
                for table in GROWING
            ),
        )
    return tuple(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
        for table in GROWING
        for verb in ("UPDATE", "DELETE")
    )
