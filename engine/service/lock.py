"""Who works: of all processes on one record, one at a time.

On PostgreSQL a session's advisory lock on a connection of its own: it vanishes with its connection,
so a killed leader frees it at once. On SQLite a lock on a file beside the database, which the
kernel frees with the process. The lock keeps two schedulers from doing the same work twice;
that nothing is *recorded* twice rests on the unique run key alone, lock or no lock.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from engine.errors import StoreError
from engine.files import real
from engine.phrases import phrase

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

ADVISORY_KEY = 7_311_403
"""Any number that all our processes agree on; next to the one that guards table creation."""

_NAME = "nvsignal-run"
_KEEPALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2"
"""The server notices a leader whose machine went dark after 10 + 2 × 5 seconds."""

_KEY = {"key": ADVISORY_KEY}
_TAKE = "SELECT pg_try_advisory_lock(:key)"
_LOCKS = """FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.objid = :key AND l.granted
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
_HELD = f"SELECT count(*) {_LOCKS} AND l.pid = pg_backend_pid()"
_HOLDER = f"SELECT a.application_name {_LOCKS}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds the lock: ``host:pid`` where that could be read, else what is known."""

    name: str


class LeaderLock(Protocol):
    """One lock per record. ``acquire`` never waits."""

    def acquire(self) -> bool:
        """Become the leader, or stay it; False when somebody else is, or nobody can be asked."""

    def held(self) -> bool:
        """Whether this object still holds the lock, asked of the one who keeps it."""

    def release(self) -> None:
        """Let others lead; harmless when nothing is held."""

    def holder(self) -> Holder | None:
        """Who leads now, this process included; None when nobody does."""


def owner_name() -> str:
    """This process: host and process number."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def leader_lock(database: str) -> LeaderLock:
    """The lock that belongs to the record at ``database``, an address as ``Store.open`` takes it.

    A record in memory has no other users, and its lock is always free.
    """
    from engine.record.connect import file_of, parse_url

    url = parse_url(database)
    if url.drivername != "sqlite":
        return PostgresLock(url)
    path = file_of(url)
    if path is None:
        return NoLock()
    # Of the file itself: two names that lead to one record must not make two locks.
    record = real(path)
    return FileLock(record.with_name(record.name + ".lock"))


class NoLock:
    """For a record nobody else can see."""

    def acquire(self) -> bool:
        """Always."""
        return True

    def held(self) -> bool:
        """Always."""
        return True

    def release(self) -> None:
        """Nothing to let go."""

    def holder(self) -> Holder | None:
        """This process."""
        return Holder(name=owner_name())


class FileLock:
    """``flock`` on a file of mode 0600 that also names its holder.

    The file stays when the lock is released: removing it would let two processes lock two files.
    Collectors start their helpers with closed file descriptors, so none of them keeps it by
    accident.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        """Become the leader, or stay it."""
        if self.held():
            return True
        self.release()
        file, locked = self._open(), False
        try:
            locked = _flock(file)
        finally:
            if not locked:
                file.close()
        if not locked:
            return False
        file.seek(0)
        file.truncate()
        json.dump({"holder": owner_name()}, file)
        file.flush()
        self._file = file
        return True

    def held(self) -> bool:
        """Whether the locked file is still the one at the path: somebody may have removed it."""
        if self._file is None:
            return False
        try:
            ours, there = os.fstat(self._file.fileno()), self.path.stat()
        except OSError:
            return False
        return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)

    def release(self) -> None:
        """Let others lead."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def holder(self) -> Holder | None:
        """Who leads; asking takes the lock for an instant when nobody does."""
        if self._file is not None:
            return Holder(name=owner_name())
        if not self.path.exists():
            return None
        with self._open() as file:
            if _flock(file):
                return None
            return Holder(name=_holder_in(file))

    def _open(self) -> IO[str]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                phrase(
                    "cannot open the lock {path}: {why}", path=str(self.path), why=error.strerror
                ),
                remedy=phrase("check the permissions of the database's folder"),
            ) from None
        return os.fdopen(handle, "r+", encoding="utf-8")


def _flock(file: IO[str]) -> bool:
    try:
        import fcntl
    except ImportError:
        raise StoreError(
            phrase("this system has no file locks that end with their process"),
            remedy=phrase("keep the record in PostgreSQL, or use 'nvsignal report'"),
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _holder_in(file: IO[str]) -> str:
    try:
        return str(json.load(file)["holder"])[:120]
    except (ValueError, KeyError, TypeError):
        return "another process"


class PostgresLock:
    """A session-level advisory lock on a connection used for nothing else.

    Not through a pooler in transaction mode, which would hand the session to somebody else.
    """

    def __init__(self, url: URL) -> None:
        from engine.record.connect import make_engine

        given = url.query.get("options", "")
        options = f"{given} {_KEEPALIVE}" if isinstance(given, str) else _KEEPALIVE
        query = {"options": options.strip(), "application_name": f"{_NAME} {owner_name()}"[:63]}
        self._engine: Engine = make_engine(url.update_query_dict(query))
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        """Become the leader, or stay it; a lost connection is replaced."""
        if self.held():
            return True
        self.release()
        connection = self._connect()
        from sqlalchemy import text

        taken = False
        try:
            with _in_words(self._engine):
                taken = bool(connection.execute(text(_TAKE), _KEY).scalar_one())
        finally:
            if not taken:
                connection.close()
        self._connection = connection if taken else None
        return taken

    def held(self) -> bool:
        """Whether the session that took the lock still lives."""
        if self._connection is None:
            return False
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return bool(self._connection.execute(text(_HELD), _KEY).scalar_one())
        except SQLAlchemyError:
            return False

    def release(self) -> None:
        """End the session, and with it the lock."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
        self._engine.dispose()

    def holder(self) -> Holder | None:
        """Who leads, by the name its session gave itself."""
        from sqlalchemy import text

        connection = self._connect()
        try:
            with _in_words(self._engine):
                row = connection.execute(text(_HOLDER), _KEY).first()
        finally:
            connection.close()
        if row is None:
            return None
        return Holder(name=str(row[0]).removeprefix(f"{_NAME} ") or "another process")

    def _connect(self) -> Connection:
        with _in_words(self._engine):
            return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def _in_words(engine: Engine) -> Iterator[None]:
    from engine.record.connect import translated

    with translated(engine.url):
        yield


def wait_for(lock: LeaderLock, seconds: float) -> bool:
    """Become the leader within ``seconds``, asking twice a second."""
    deadline = time.monotonic() + seconds
    while not lock.acquire():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.5)
    return True
