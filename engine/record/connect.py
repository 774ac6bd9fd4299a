"""How a database is reached: addresses, connection settings, and errors in plain words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy import exc as sa_exc
from sqlalchemy.pool import StaticPool

from engine.errors import InputError, NvsignalError, StoreError
from engine.files import at_home
from engine.phrases import phrase

BUSY_TIMEOUT_S = 5.0
"""How long a writer waits for another one before it gives up."""

_DRIVERS = ("sqlite", "postgresql+psycopg")
_WRITE = "nvsignal_write"


def parse_url(url: str) -> URL:
    """The address as a URL; text without ``://`` is the path of a SQLite file.

    Raises ``InputError`` for anything but ``sqlite:///`` and ``postgresql+psycopg://``, without
    repeating the address, which may hold a password.
    """
    if "://" not in url:
        return URL.create("sqlite", database=str(at_home(url)))
    try:
        parsed = make_url(url)
    except (sa_exc.ArgumentError, ValueError):
        raise InputError(
            phrase("the database address is not a URL"),
            remedy=phrase("sqlite:///nvsignal.db, for example"),
        ) from None
    if parsed.drivername not in _DRIVERS:
        raise InputError(
            phrase(
                "database driver '{drivername}' is not supported", drivername=parsed.drivername[:40]
            ),
            remedy=phrase("use one of {drivers}", drivers=", ".join(_DRIVERS)),
        )
    path = file_of(parsed)
    return parsed if path is None else parsed.set(database=str(at_home(path)))


def file_of(url: URL) -> Path | None:
    """The SQLite file behind ``url``; None for PostgreSQL, in-memory and ``file:`` addresses."""
    database = url.database or ""
    if url.drivername != "sqlite" or database in ("", ":memory:") or database.startswith("file:"):
        return None
    return Path(database)


SETTLED_NS = 2_000_000_000
"""A file written more lately may be written again within one tick of its clock (judgement)."""


def file_signature(path: Path, now_ns: int) -> str | None:
    """Number, size and times of the file and of its journals; None while they are too fresh.

    An empty journal is made by opening the file and says nothing.
    """
    told = []
    for name in (path.name, f"{path.name}-wal", f"{path.name}-journal"):
        try:
            found = (path.parent / name).stat()
        except OSError:
            continue
        if not found.st_size:
            continue
        changed_ns = max(found.st_mtime_ns, found.st_ctime_ns)
        if now_ns - changed_ns < SETTLED_NS:
            return None
        told.append(f"{name} {found.st_ino} {found.st_size} {changed_ns} {found.st_mtime_ns}")
    return "; ".join(told) or None


def shown(url: URL) -> str:
    """The address as it may be shown: the file's path, or the URL without its password."""
    path = file_of(url)
    if path is not None:
        return str(path)
    secret = {key: "***" for key in url.query if "pass" in key.lower() or "key" in key.lower()}
    return url.update_query_dict(secret).render_as_string(hide_password=True)


def prepare_file(url: URL, *, create: bool) -> None:
    """Make sure the file of a SQLite address exists, readable by its owner only (0600)."""
    path = file_of(url)
    if path is None or path.exists():
        return
    if not create:
        raise StoreError(
            phrase("no database at {path}", path=str(path)),
            remedy=phrase("'nvsignal report' creates one"),
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(
            phrase("cannot create {path}: {why}", path=str(path), why=error.strerror)
        ) from None


def make_engine(url: URL, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """An engine with the settings of the house; nothing is connected yet."""
    if url.drivername == "sqlite":
        return _sqlite_engine(url, busy_timeout_s)
    return _postgres_engine(url, busy_timeout_s)


def _sqlite_engine(url: URL, busy_timeout_s: float) -> Engine:
    in_memory = url.database in (None, "", ":memory:")
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    engine = create_engine(url, connect_args={"timeout": busy_timeout_s}, **options)

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _: object) -> None:
        # The driver must not open transactions by itself: `begin` below decides which kind.
        connection.isolation_level = None
        # No mmap_size: it worsens the WAL-reset corruption of SQLite before 3.51.3.
        for pragma in (
            f"busy_timeout={int(busy_timeout_s * 1000)}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            # 32 MB of pages, and a checkpoint every 16 MB: at 200,000 items each write goes a
            # third faster than with SQLite's 2 MB and 4 MB, because item ids land anywhere.
            "cache_size=-32768",
            "wal_autocheckpoint=4000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once, whatever busy_timeout
        # says, when another writer came between: so writers take the lock before they look.
        write = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgres_engine(url: URL, busy_timeout_s: float) -> Engine:
    settings = f"-c timezone=UTC -c lock_timeout={int(busy_timeout_s * 1000)}"
    given = url.query.get("options", "")
    options = f"{given} {settings}" if isinstance(given, str) else settings
    try:
        return create_engine(url, connect_args={"options": options.strip(), "connect_timeout": 10})
    except ModuleNotFoundError:
        raise StoreError(
            phrase("the PostgreSQL driver is not installed"),
            remedy=phrase("pip install '.[postgres]' in nvsignal's folder"),
        ) from None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One read transaction: a single consistent view."""
    with translated(engine.url), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            # Its default shows each statement a newer state; SQLite already holds one view.
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: all of it is kept, or nothing."""
    with translated(engine.url), engine.connect() as connection:
        writer = connection.execution_options(**{_WRITE: True})
        with writer.begin():
            yield writer


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Database errors leave as ``StoreError`` in plain words; nothing of the SQL is shown."""
    try:
        yield
    except NvsignalError:
        raise
    except sa_exc.SQLAlchemyError as error:
        origin = getattr(error, "orig", None)
        if isinstance(origin, NvsignalError):  # a naive instant, wrapped on its way out
            raise origin from None
        raise _in_words(error, url) from error


def _in_words(error: sa_exc.SQLAlchemyError, url: URL) -> StoreError:
    origin = getattr(error, "orig", None)
    if isinstance(origin, sqlite3.Error):
        return sqlite_in_words(origin, url)
    state = getattr(origin, "sqlstate", None)
    for prefix, (what, remedy) in _POSTGRES_WORDS.items():
        if state is not None and state.startswith(prefix):
            return StoreError(phrase("{url} {what}", url=str(shown(url)), what=what), remedy=remedy)
    detail = str(origin or error).strip().splitlines()[0][:200]
    return StoreError(phrase("{url}: {detail}", url=str(shown(url)), detail=detail))


def sqlite_in_words(error: sqlite3.Error, url: URL) -> StoreError:
    """What went wrong with the SQLite database at ``url``, and what to do about it."""
    name = getattr(error, "sqlite_errorname", "")
    for prefix, (what, remedy) in _SQLITE_WORDS.items():
        if name.startswith(prefix):
            return StoreError(phrase("{url} {what}", url=str(shown(url)), what=what), remedy=remedy)
    return StoreError(phrase("{url}: {error}", url=str(shown(url)), error=error))


_SQLITE_WORDS = {
    "SQLITE_BUSY": (
        phrase("is locked by another process"),
        phrase("nothing was written; try again"),
    ),
    "SQLITE_LOCKED": (
        phrase("is locked by another process"),
        phrase("nothing was written; try again"),
    ),
    "SQLITE_READONLY": (
        phrase("cannot be written"),
        phrase("check the permissions of the file and its folder"),
    ),
    "SQLITE_CANTOPEN": (phrase("cannot be opened"), phrase("check the path and its permissions")),
    "SQLITE_PERM": (phrase("cannot be opened"), phrase("check the path and its permissions")),
    "SQLITE_FULL": (
        phrase("cannot grow: the disk is full"),
        phrase("nothing was written; free some space"),
    ),
    "SQLITE_IOERR": (
        phrase("cannot be read or written: disk error"),
        phrase("check the disk and its free space"),
    ),
    "SQLITE_NOTADB": (
        phrase("is not a database"),
        phrase("name another file, or restore a backup"),
    ),
    "SQLITE_CORRUPT": (phrase("is damaged"), phrase("restore a backup with 'nvsignal db restore'")),
}

# By class of SQLSTATE, PostgreSQL documentation, appendix A.
_POSTGRES_WORDS = {
    "55P03": (phrase("is locked by another process"), phrase("nothing was written; try again")),
    "40": (phrase("was busy with a conflicting change"), phrase("nothing was written; try again")),
    "53100": (
        phrase("cannot grow: the disk is full"),
        phrase("nothing was written; free some space"),
    ),
    "25006": (phrase("is read-only"), phrase("connect to the primary server")),
    "28": (phrase("refused the user or password"), phrase("check the address")),
    "3D000": (phrase("does not exist"), phrase("create it with createdb")),
    "42501": (phrase("does not allow this user to write"), phrase("grant the rights")),
}
