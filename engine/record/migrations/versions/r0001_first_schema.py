"""The first schema: facts, items, ledger and the bookkeeping around them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PLAIN_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create every table. Instants are BIGINT microseconds, JSON is text."""
    _create_record()
    _create_ledger()
    _create_bookkeeping()


def _create_record() -> None:
    op.create_table(
        "fact",
        sa.Column("fact_id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("key", sa.String(512), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(53)),
        sa.Column("backfilled", sa.Boolean(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("fact_id", name="pk_fact"),
        sa.UniqueConstraint("kind", "key", "known_at", "content_hash", name="uq_fact"),
    )
    op.create_index("ix_fact_known_at", "fact", ["known_at"])
    op.create_table(
        "item",
        sa.Column("row_id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("item_id", sa.String(64), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("source", _PLAIN_TEXT, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("lang", sa.String(16), nullable=False),
        sa.Column("published_at", sa.BigInteger()),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("backfilled", sa.Boolean(), nullable=False),
        sa.Column("undated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_item"),
        sa.UniqueConstraint("item_id", "source", "known_at", "version", name="uq_item"),
    )
    op.create_index("ix_item_known_at", "item", ["known_at"])


def _create_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("seq", _ROW_ID, autoincrement=False, nullable=False),
        sa.Column("acts_on", sa.String(10), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("entry_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_ledger"),
        sa.UniqueConstraint("acts_on", "strategy", "revision", name="uq_ledger"),
    )
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("n_entries", sa.BigInteger(), nullable=False),
        sa.Column("entry_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_head"),
        sa.CheckConstraint("id = 1", name="ck_ledger_head_one_row"),
    )


def _create_bookkeeping() -> None:
    op.create_table(
        "poll_state",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text()),
        sa.Column("last_modified", sa.Text()),
        sa.Column("body_hash", sa.Text()),
        sa.Column("last_ok_at", sa.BigInteger()),
        sa.Column("next_due_at", sa.BigInteger()),
        sa.Column("retry_after_until", sa.BigInteger()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("health", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("feed", name="pk_poll_state"),
    )
    op.create_table(
        "job_run",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("scheduled_for", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", "scheduled_for", name="pk_job_run"),
    )
    op.create_table(
        "trial",
        sa.Column("data_hash", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("params_hash", sa.String(32), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("n_obs", sa.Integer(), nullable=False),
        sa.Column("sharpe", sa.Float(53)),
        sa.Column("skewness", sa.Float(53)),
        sa.Column("kurtosis", sa.Float(53)),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("data_hash", "strategy", "params_hash", name="pk_trial"),
    )
    op.create_table(
        "sent",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sent"),
    )
