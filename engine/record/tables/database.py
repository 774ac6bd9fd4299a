"""An open database: connections, turns of writing, the schema."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy import URL, Connection, Engine, Table

from engine.clock import to_micros
from engine.errors import StoreError
from engine.phrases import phrase
from engine.record import schema
from engine.record.connect import (
    BUSY_TIMEOUT_S,
    file_of,
    file_signature,
    make_engine,
    parse_url,
    prepare_file,
    reading,
    shown,
    writing,
)
from engine.record.content import unreadable

_CREATION_LOCK = 7_311_402
"""Any number that all our processes agree on: two of them must not create the tables at once."""

Row = dict[str, Any]


class Database:
    """An open database. Safe to share between threads; writers take turns.

    Every method raises ``StoreError`` when the database is locked for longer than the timeout,
    cannot be written, is full or damaged; nothing of the failed write is kept.
    """

    def __init__(self, engine: Engine) -> None:
        """Use ``Store.open``."""
        self._engine = engine
        self._insert = _insert_of(engine)
        # One write connection at a time in this process (SQLite before 3.51.3, WAL-reset).
        self._turn = threading.Lock()

    @property
    def url(self) -> URL:
        """The address of the record, its password included: for comparing, not for showing."""
        return self._engine.url

    @classmethod
    def open(cls, url: str, *, create: bool = True, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Self:
        """Open the database at ``url``, making an empty one first if ``create`` allows it.

        url: ``sqlite:///path``, a bare file path, ``sqlite://`` (in memory), or
        ``postgresql+psycopg://…``. Raises ``StoreError`` for anything that is not a database of
        this program at this schema revision, ``InputError`` for an address it cannot use.
        """
        address = parse_url(url)
        prepare_file(address, create=create)
        store = cls(make_engine(address, busy_timeout_s=busy_timeout_s))
        try:
            store._check_schema(create=create)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Give back every connection. The store cannot be used afterwards."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def address(self) -> str:
        """The database's file or address, without a password."""
        return shown(self._engine.url)

    def signature(self, present: datetime) -> str | None:
        """Changes whenever the record does; None where that cannot be told from outside.

        That is a server, memory, and a file written within the last seconds before ``present``.
        """
        path = file_of(self._engine.url)
        return None if path is None else file_signature(path, 1000 * to_micros(present))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with unreadable(self.address), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._turn, writing(self._engine) as connection:
            yield connection

    def _check_schema(self, *, create: bool) -> None:
        with self._reading() as connection:
            found = schema_revision(connection)
        if found is None and create:
            with self._writing() as connection:
                found = create_schema(connection)
        if found == schema.REVISION:
            return
        if found is None:
            raise StoreError(phrase("{address} holds no nvsignal record", address=self.address))
        if found in schema.REVISIONS:
            raise StoreError(
                phrase(
                    "{address} has schema {found}, this version needs {revision}",
                    address=self.address,
                    found=found,
                    revision=schema.REVISION,
                ),
                remedy=phrase("run 'nvsignal db upgrade'"),
            )
        raise StoreError(
            phrase(
                "{address} has schema {found}, newer than {revision}",
                address=self.address,
                found=found[:40],
                revision=schema.REVISION,
            ),
            remedy=phrase("install a newer nvsignal"),
        )


def _insert_of(engine: Engine) -> Callable[[Table], Any]:
    """INSERT as the engine's own dialect writes it; the other dialect is not even imported."""
    if engine.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as into_sqlite

        return into_sqlite
    from sqlalchemy.dialects.postgresql import insert as into_postgresql

    return into_postgresql


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the cycle collector, which would look through every row of a long record in vain.

    What was made inside stays out of its sight until the next such block, so that a process that
    runs for months still collects everything.
    """
    was_on = gc.isenabled()
    gc.unfreeze()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def schema_revision(connection: Connection) -> str | None:
    """The schema revision of a database; None when it holds no tables at all.

    Raises ``StoreError`` for tables without a revision: somebody else's database.
    """
    tables = sa.inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise StoreError(
            phrase("{url} belongs to another program", url=str(shown(connection.engine.url))),
            remedy=phrase("name another database"),
        )
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def create_schema(connection: Connection) -> str:
    """Create every table in an empty database and return the revision found or made.

    Ten times faster than running the migrations, which need Alembic; a test holds both to the
    same result. Called with the write lock held, so that of two first starts one waits.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATION_LOCK})")
    found = schema_revision(connection)
    if found is not None:
        return found
    schema.metadata.create_all(connection)
    for statement in schema.guards(connection.dialect.name):
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    version = sa.table("alembic_version", sa.column("version_num"))
    connection.execute(sa.insert(version).values(version_num=schema.REVISION))
    return schema.REVISION
