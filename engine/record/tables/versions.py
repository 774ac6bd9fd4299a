"""Versions of one identity, side by side: which of several is news, and writing it."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Connection, Table, type_coerce

from engine.errors import DataError
from engine.phrases import phrase
from engine.record.content import Version
from engine.record.tables.database import Database, Row

_SURROGATE = re.compile("[\ud800-\udfff]")

_LOOKUP_KEYS = 500
"""Keys in one look-up. Measured on SQLite: no gain from more."""

_COPY_FROM = 200
"""Rows from which PostgreSQL's COPY pays for its temporary table."""

_HASH = {"fact": "content_hash", "item": "version"}
"""The column that tells the versions of one identity apart."""

Identity = tuple[str, ...]
"""Of a fact within its kind: its key; of an item: its id and source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a write did. new: first versions; changed: corrections; unchanged: nothing written."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(
            new=self.new + other.new,
            changed=self.changed + other.changed,
            unchanged=self.unchanged + other.unchanged,
        )


class Versions(Database):
    """Writing rows of which several may tell of the same thing."""

    def _write_versions(
        self,
        connection: Connection,
        table: Table,
        incoming: Mapping[Identity, list[Row]],
        stored: Mapping[Identity, list[Version]],
    ) -> Recorded:
        chosen: list[Row] = []
        new = total = 0
        for identity, rows in incoming.items():
            versions = stored.get(identity)
            kept = choose(rows, _HASH[table.name], versions or [])
            new += versions is None
            total += len(rows)
            chosen += kept
        if chosen:
            self._insert_rows(connection, table, chosen)
        return Recorded(new=new, changed=len(chosen) - new, unchanged=total - len(chosen))

    def _insert_rows(self, connection: Connection, table: Table, rows: list[Row]) -> None:
        """Insert rows whose instants are microseconds already; what is there stays.

        SQLAlchemy writes the statement once and the driver gets the rows as they are, which skips
        its work per row: a third of the time of an insert. PostgreSQL gets many rows by COPY.
        """
        if connection.dialect.name == "postgresql" and len(rows) >= _COPY_FROM:
            _copy_rows(connection, table, rows)
            return
        statement = self._insert(table).values(dict.fromkeys(rows[0]))
        compiled = statement.on_conflict_do_nothing().compile(dialect=connection.dialect)
        names = compiled.positiontup
        given = rows if names is None else list(map(itemgetter(*names), rows))
        connection.exec_driver_sql(str(compiled), given)


def _copy_rows(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Many rows by COPY, which knows no ON CONFLICT: where one of them was written meanwhile, by
    way of a temporary table, from which what is not stored yet is taken.
    """
    from psycopg.errors import UniqueViolation

    names = tuple(rows[0])
    try:
        with connection.begin_nested():
            _copy(connection, table.name, names, map(itemgetter(*names), rows))
    except UniqueViolation:
        _copy_what_is_new(connection, table, names, rows)


def _copy_what_is_new(
    connection: Connection, table: Table, names: tuple[str, ...], rows: list[Row]
) -> None:
    from sqlalchemy.dialects.postgresql import insert

    columns = [table.c[name] for name in names]
    incoming = sa.table("incoming", *(sa.column(name) for name in names))
    connection.exec_driver_sql("DROP TABLE IF EXISTS incoming")
    shape = sa.select(*columns).where(sa.false()).compile(dialect=connection.dialect)
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS {shape}")
    _copy(connection, "incoming", names, map(itemgetter(*names), rows))
    moved = insert(table).from_select(names, sa.select(incoming))
    connection.execute(moved.on_conflict_do_nothing())


def _copy(
    connection: Connection, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """COPY ``rows`` into a table of ours."""
    driver: Any = connection.connection.dbapi_connection
    columns = ", ".join(f'"{name}"' for name in names)
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def need_storable(what: str, name: str, *texts: str) -> None:
    """Both engines must be able to keep the text: no NUL, no half of a surrogate pair."""
    joined = "\n".join((name, *texts))
    if "\0" in joined or not (joined.isascii() or _SURROGATE.search(joined) is None):
        raise DataError(
            phrase(
                "{what} {name} holds characters that cannot be stored", what=what, name=name[:60]
            )
        )


def version_of(table: Table) -> tuple[sa.ColumnElement[int], sa.Column[Any]]:
    """The columns that make a version: when it was known, and the hash of its content."""
    return type_coerce(table.c.known_at, BigInteger), table.c[_HASH[table.name]]


def stored_versions(
    connection: Connection, query: sa.Select[Any], column: sa.Column[Any], wanted: Sequence[str]
) -> dict[Identity, list[Version]]:
    """identity -> its stored versions, sorted, for those that have any.

    query selects the identity, then a version. wanted: values of ``column`` to look for.
    """
    stored: dict[Identity, list[Version]] = {}
    for chunk in _look_ups(connection, query, column, wanted):
        for *identity, known_us, hashed in connection.execute(chunk):
            stored.setdefault(tuple(identity), []).append((known_us, hashed))
    for versions in stored.values():
        versions.sort()
    return stored


def _look_ups(
    connection: Connection, query: sa.Select[Any], column: sa.Column[Any], wanted: Sequence[str]
) -> Iterator[sa.Select[Any]]:
    """``query`` for the values ``wanted`` of ``column``, in as few questions as is fast.

    PostgreSQL gets many as one array: a list of 500 makes it read its whole table, each time,
    until somebody has analysed it.
    """
    if connection.dialect.name == "postgresql" and len(wanted) > _LOOKUP_KEYS:
        asked = sa.func.unnest(sa.cast(list(wanted), sa.ARRAY(sa.Text)))
        yield query.where(column.in_(sa.select(asked)))
        return
    for start in range(0, len(wanted), _LOOKUP_KEYS):
        yield query.where(column.in_(wanted[start : start + _LOOKUP_KEYS]))


def choose(rows: list[Row], hash_column: str, versions: list[Version]) -> list[Row]:
    """The rows that say something new about one key, given its sorted stored versions."""
    if len(rows) == 1 and not versions:
        return rows
    chosen = []
    for row in sorted(rows, key=itemgetter("known_at", hash_column)):
        version = (row["known_at"], row[hash_column])
        place = bisect_left(versions, version)
        repeated = place < len(versions) and versions[place] == version
        if repeated or (place > 0 and versions[place - 1][1] == version[1]):
            continue
        insort(versions, version)
        chosen.append(row)
    return chosen


def known_by_then(table: Table, known_by: datetime | None) -> Sequence[sa.ColumnElement[bool]]:
    """The condition *known by then*; none at all for None."""
    return () if known_by is None else (table.c.known_at <= known_by,)
