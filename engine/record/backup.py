"""Copies of a SQLite record, taken and put back while other processes go on using it.

Uses SQLite's online backup, so a copy is one consistent state, never a file caught half written.
PostgreSQL has ``pg_dump`` for this.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from engine.errors import StoreError
from engine.files import appearing, need_room, real
from engine.phrases import phrase
from engine.record import schema
from engine.record.connect import BUSY_TIMEOUT_S, file_of, parse_url, shown, sqlite_in_words


def backup(url: str, target: Path, *, overwrite: bool = False) -> Path:
    """Copy the record at ``url`` to the file ``target`` and check the copy; returns its path.

    The file appears whole, readable by its owner only, or not at all. Raises ``StoreError`` when
    ``target`` exists and ``overwrite`` is False, when the record is not a SQLite file, or when the
    copy fails its check.
    """
    source = _sqlite_file(url)
    if target.exists() and not overwrite:
        raise StoreError(
            phrase("{target} exists already", target=str(target)),
            remedy=phrase("name another file, or use --force"),
        )
    need_room(target.parent, _size(source), "the copy")
    with appearing(target, private=True) as unfinished:
        _copy(source, unfinished)
        _make_single_file(unfinished)
        check(unfinished)
    return target


def _size(path: Path) -> int:
    """Bytes of a record with what waits in its write-ahead log."""
    log = path.with_name(path.name + "-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A record put back. kept: sessions of the ledger entries that the copy lacked; they stay."""

    path: Path
    kept: tuple[str, ...] = ()


def restore(copy: Path, url: str, *, overwrite: bool = False) -> Restored:
    """Put the backup ``copy`` in the place of the record at ``url``.

    The copy is checked first, and the record changes in one transaction: readers see the old state
    or the new one. Ledger entries written since the copy stay, because a track record does not
    forget. Raises ``StoreError`` when a record is there and ``overwrite`` is False, and when its
    ledger does not continue that of the copy.
    """
    target = _sqlite_file(url, must_exist=False)
    check(copy)
    if target.exists() and not overwrite:
        raise StoreError(
            phrase("{target} exists already", target=str(target)),
            remedy=phrase("use --force to replace it"),
        )
    need_room(target.parent, _size(copy), "the restored record")
    if target.exists() and _is_readable(target):
        newer = _entries_since(copy, target)
        _copy(copy, target, newer)
        return Restored(path=target, kept=tuple(str(row[1]) for row in newer))
    with appearing(target, private=True, make_folder=True) as unfinished:
        _copy(copy, unfinished)
        for leftover in ("-wal", "-shm"):  # of the damaged file; they would be replayed into this
            target.with_name(target.name + leftover).unlink(missing_ok=True)
    return Restored(path=target)


_ENTRY = "seq, acts_on, strategy, revision, made_at, payload, previous_hash, entry_hash"
Entry = tuple[object, ...]


def _entries_since(copy: Path, current: Path) -> list[Entry]:
    """The ledger rows of ``current`` after the last one of ``copy``, in order.

    Raises ``StoreError`` where the two ledgers differ before that.
    """
    old, new = _entries(copy), _entries(current)
    if new and old != new[: len(old)] and new != old[: len(new)]:
        raise StoreError(
            phrase(
                "the ledger of {current} does not continue that of {copy}",
                current=str(current),
                copy=str(copy),
            ),
            remedy=phrase("move the record away first, so that neither ledger is lost"),
        )
    return new[len(old) :]


def _entries(path: Path) -> list[Entry]:
    with _in_words(path), closing(_open_to_read(path)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if "ledger" not in tables:
            return []
        return list(connection.execute(f"SELECT {_ENTRY} FROM ledger ORDER BY seq"))  # noqa: S608


def _append_entries(connection: sqlite3.Connection, rows: list[Entry]) -> None:
    marks = ", ".join("?" * len(_ENTRY.split(", ")))
    with connection:
        connection.executemany(f"INSERT INTO ledger ({_ENTRY}) VALUES ({marks})", rows)  # noqa: S608
        connection.execute(
            "INSERT INTO ledger_head (id, n_entries, entry_hash) VALUES (1, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET n_entries = excluded.n_entries, "
            "entry_hash = excluded.entry_hash",
            (rows[-1][0], rows[-1][-1]),
        )


def check(path: Path) -> str:
    """Make sure ``path`` holds an undamaged record of a known schema; returns its revision."""
    with _in_words(path), closing(_open_to_read(path)) as connection:
        verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if verdict != "ok":
            raise StoreError(
                phrase("{path} is damaged: {verdict}", path=str(path), verdict=str(verdict)[:100])
            )
        if not {"alembic_version", "fact"} <= tables:
            raise StoreError(phrase("{path} holds no nvsignal record", path=str(path)))
        revision = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    if revision not in schema.REVISIONS:
        raise StoreError(
            phrase(
                "{path} has schema {revision}, newer than {revision2}",
                path=str(path),
                revision=revision[:40],
                revision2=schema.REVISION,
            ),
            remedy=phrase("install a newer nvsignal"),
        )
    return revision


def _sqlite_file(url: str, *, must_exist: bool = True) -> Path:
    address = parse_url(url)
    path = file_of(address)
    if path is None:
        raise StoreError(
            phrase("{address} is not a SQLite file", address=shown(address)),
            remedy=phrase("for PostgreSQL use pg_dump"),
        )
    if must_exist and not path.exists():
        raise StoreError(phrase("no database at {path}", path=str(path)))
    return path


def _open_to_read(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise StoreError(phrase("no file at {path}", path=str(path)))
    address = f"{real(path).as_uri()}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S)


def _is_readable(path: Path) -> bool:
    """Whether SQLite can work with the file at all; what it holds does not matter."""
    try:
        with closing(_open_to_read(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            return False
        raise _sqlite_error(error, path) from error
    return True


def _copy(source: Path, target: Path, newer: list[Entry] | None = None) -> None:
    """``source`` in the place of ``target``, with ledger rows that it lacks, in one transaction."""
    with (
        _in_words(target),
        closing(_open_to_read(source)) as origin,
        closing(sqlite3.connect(":memory:")) as whole,
        closing(sqlite3.connect(target, timeout=BUSY_TIMEOUT_S)) as destination,
    ):
        if not newer:
            origin.backup(destination)
            return
        origin.backup(whole)
        _append_entries(whole, newer)
        whole.backup(destination)


def _make_single_file(path: Path) -> None:
    """Leave write-ahead mode, which the copy inherits and which needs two more files to read."""
    with _in_words(path), closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _sqlite_error(error, path) from error


def _sqlite_error(error: sqlite3.Error, path: Path) -> StoreError:
    return sqlite_in_words(error, URL.create("sqlite", database=str(path)))
