"""Migrations build exactly the tables the code declares, on both engines."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.errors import StoreError
from engine.record import schema
from engine.record.connect import make_engine, parse_url
from engine.record.migrations import alembic_config, upgrade
from engine.record.store import Store
from tests.builders import make_fact, make_item

NOON = datetime(2025, 8, 25, 12, tzinfo=UTC)


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    engine = make_engine(parse_url(url))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _layout(url: str) -> dict[str, object]:
    """Everything the engine itself says about the tables, comparable between databases."""
    with _connected(url) as connection:
        look = sa.inspect(connection)
        return {
            name: {
                "columns": [
                    {k: str(v) for k, v in c.items() if k != "comment"}
                    for c in look.get_columns(name)
                ],
                "primary": look.get_pk_constraint(name),
                "unique": sorted(look.get_unique_constraints(name), key=str),
                "indexes": sorted(look.get_indexes(name), key=str),
                "checks": [_squeezed(c["sqltext"]) for c in look.get_check_constraints(name)],
            }
            for name in look.get_table_names()
        }


def _squeezed(sql: str) -> str:
    return re.sub(r"[\s()]+", " ", sql).strip()


def test_the_migrated_schema_is_the_declared_one(store_url: str) -> None:
    upgrade(store_url)

    with _connected(store_url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, schema.metadata)

    assert differences == []


def test_a_fresh_database_and_a_migrated_one_are_alike(
    store_url: str, request: pytest.FixtureRequest
) -> None:
    upgrade(store_url)
    migrated = _layout(store_url)
    with _connected(store_url) as connection:
        for table in [*schema.metadata.sorted_tables, sa.Table("alembic_version", sa.MetaData())]:
            table.drop(connection)
    with Store.open(store_url):
        pass

    assert _layout(store_url) == migrated
    assert set(migrated) == {*schema.metadata.tables, "alembic_version"}


def test_the_code_and_the_migrations_name_the_same_revisions() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())

    oldest_first = [s.revision for s in scripts.walk_revisions()][::-1]

    assert oldest_first == list(schema.REVISIONS)
    assert scripts.get_current_head() == schema.REVISION


def test_upgrading_keeps_what_is_recorded(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.record([make_fact()])

    assert upgrade(store_url) == schema.REVISION
    with Store.open(store_url, create=False) as store:
        assert store.facts() == [make_fact()]


COLUMNS = {
    "fact": "fact_id*+ kind(64) key(512) occurred_at known_at source confidence(53)? backfilled "
    "payload content_hash(32)",
    "item": "row_id*+ item_id(64) version(32) source title url lang(16) published_at? known_at "
    "summary body_hash backfilled undated",
    "ledger": "seq* acts_on(10) strategy revision made_at payload previous_hash(64) entry_hash(64)",
    "ledger_head": "id* n_entries entry_hash(64)",
    "poll_state": "feed* etag? last_modified? body_hash? last_ok_at? next_due_at? "
    "retry_after_until? failures health",
    "job_run": "job* scheduled_for* status(16) started_at finished_at? owner attempts detail",
    "trial": "data_hash* strategy* params_hash(32)* params n_obs sharpe(53)? skewness(53)? "
    "kurtosis(53)? made_at",
    "sent": "key* sent_at",
    "delivery": "channel* key* recipient* state(16) changed_at repeats why",
}
"""``*``: the primary key; ``+``: numbered by the database; ``?``: may be unknown; in brackets the
characters or the bits. Hashes are 128 bits as 32 hex digits, or 256 as 64; a day has 10 letters."""


def test_each_column_is_as_wide_as_what_it_holds_and_blank_only_where_said() -> None:
    def told(column: sa.Column[object]) -> str:
        width = getattr(column.type, "length", None) or getattr(column.type, "precision", None)
        marks = ("*" * column.primary_key, "+" * (column.autoincrement is True))
        return (
            f"{column.name}{f'({width})' if width else ''}{''.join(marks)}{'?' * column.nullable}"
        )

    found = {table.name: table for table in schema.metadata.tables.values()}
    assert {name: " ".join(map(told, table.c)) for name, table in found.items()} == COLUMNS
    assert (schema.MAX_KIND_CHARS, schema.MAX_KEY_CHARS) == (64, 512)
    assert schema.REVISION == "0002"
    assert found["ledger"].c.seq.autoincrement is False
    columns = [c for table in found.values() for c in table.c]
    assert all(isinstance(c.type, schema.UtcMicros) == c.name.endswith(("_at", "_for", "_until"))
               for c in columns)  # fmt: skip


def test_instants_are_microseconds_and_unknown_stays_unknown() -> None:
    """1970-01-01 and a second."""
    kept, second = schema.UtcMicros(), datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    dialect = sa.create_engine("sqlite://").dialect
    assert kept.process_bind_param(second, dialect) == 1_000_000
    assert kept.process_result_value(1_000_000, dialect) == second
    assert kept.process_bind_param(None, dialect) is None
    assert kept.process_result_value(None, dialect) is None
    assert kept.process_result_value(0, dialect) == datetime(1970, 1, 1, tzinfo=UTC)


def test_three_tables_only_grow_whichever_engine_keeps_them() -> None:
    """Two triggers a table on SQLite; one function and a trigger a table on PostgreSQL."""
    sqlite, postgres = schema.guards("sqlite"), schema.guards("postgresql")
    names = [statement.split()[2] for statement in sqlite]
    assert names == [
        f"{table}_no_{verb}"
        for table in ("fact", "item", "ledger")
        for verb in ("update", "delete")
    ]
    assert [statement.split()[:3] for statement in postgres][1:] == [
        ["CREATE", "TRIGGER", f"{table}_only_grows"] for table in ("fact", "item", "ledger")
    ]
    assert postgres[0].startswith("CREATE OR REPLACE FUNCTION nvsignal_only_grows()")


def test_a_failed_migration_leaves_nothing_behind(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic.operations import Operations

    original = Operations.create_table

    def fail_late(self: Operations, name: str, *args: object, **kwargs: object) -> object:
        if name == "trial":
            raise OSError("power cut")
        return original(self, name, *args, **kwargs)

    monkeypatch.setattr(Operations, "create_table", fail_late)
    with pytest.raises(OSError, match="power cut"):
        upgrade(sqlite_url)

    assert _layout(sqlite_url) == {}


def test_an_older_schema_is_named_with_its_remedy(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(store_url):
        pass
    monkeypatch.setattr(schema, "REVISIONS", ("0001", "0002", "0003"))
    monkeypatch.setattr(schema, "REVISION", "0003")

    with pytest.raises(StoreError, match=r"has schema 0002.*needs 0003.*db upgrade"):
        Store.open(store_url)


def test_a_newer_schema_is_refused_by_open_and_by_upgrade(store_url: str) -> None:
    with Store.open(store_url) as store, store._writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreError, match="9999, newer than"):
        Store.open(store_url)
    with pytest.raises(StoreError, match="newer"):
        upgrade(store_url)


def test_another_programs_database_is_left_alone(store_url: str) -> None:
    with _connected(store_url) as connection:
        connection.exec_driver_sql("CREATE TABLE recipes (name TEXT)")

    for attempt in (Store.open, upgrade):
        with pytest.raises(StoreError, match="another program"):
            attempt(store_url)
    assert set(_layout(store_url)) == {"recipes"}


def test_a_fresh_database_is_there_at_once(tmp_path: object) -> None:
    spent = []
    for n in range(5):
        start = time.process_time()
        with Store.open(f"sqlite:///{tmp_path}/{n}.db") as store:
            store.record([make_fact()])
        spent.append(time.process_time() - start)

    assert min(spent) < 0.3


@pytest.mark.parametrize("migrated", [False, True])
@pytest.mark.parametrize("table", schema.GROWING)
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "UPDATE {} SET source = 'x'"])
def test_the_database_itself_refuses_to_change_what_only_grows(
    store_url: str, migrated: bool, table: str, verb: str
) -> None:
    """On both engines, in a fresh database and in a migrated one."""
    if migrated:
        upgrade(store_url)
    statement = verb.format(table)
    if table == "ledger":
        statement = statement.replace("source = 'x'", "payload = 'x'")
    with Store.open(store_url) as store:
        store.record([make_fact()])
        store.record_items([make_item()])
        store.append_ledger(
            acts_on=date(2025, 8, 25), strategy="s", made_at=NOON, payload_text="{}"
        )

        with pytest.raises(StoreError, match="only grows"), store._writing() as connection:
            connection.exec_driver_sql(statement)

        assert len(store.facts()) == 1
        assert store.item_count() == 1
        assert len(store.ledger_entries()) == 1
