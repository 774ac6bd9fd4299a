"""Run by Alembic: applies migrations on the connection and in the transaction of the caller."""

from __future__ import annotations

from alembic import context

from engine.record.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # The caller's BEGIN IMMEDIATE makes even SQLite's DDL one transaction.
    transactional_ddl=True,
)
context.run_migrations()
