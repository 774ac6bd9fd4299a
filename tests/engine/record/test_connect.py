"""How a database is reached: which addresses there are, how they are shown, what errors say."""

from __future__ import annotations

import gc
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.errors import DataError, InputError, StoreError
from engine.record import connect
from engine.record.connect import file_of, make_engine, parse_url, prepare_file, shown, translated
from engine.record.store import Store, create_schema, schema_revision, uncollected

HOST = "postgresql+psycopg://me:hunter2@host"


@pytest.mark.parametrize(
    ("given", "drivername", "database"),
    [
        ("/a/b.db", "sqlite", "/a/b.db"),
        ("sqlite:////a/b.db", "sqlite", "/a/b.db"),
        ("sqlite://", "sqlite", None),
        ("sqlite:///:memory:", "sqlite", ":memory:"),
        ("sqlite:///file:x?mode=ro&uri=true", "sqlite", "file:x"),
        (f"{HOST}/db", "postgresql+psycopg", "db"),
    ],
)
def test_an_address_is_a_url_or_the_path_of_a_file(
    given: str, drivername: str, database: str | None
) -> None:
    found = parse_url(given)
    assert (found.drivername, found.database) == (drivername, database)


def test_a_path_from_home_is_the_user_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/there")
    for given in ("~/a.db", "sqlite:///~/a.db"):
        assert file_of(parse_url(given)) == Path("/there/a.db")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("://hunter2", "the database address is not a URL"),
        ("postgresql+psycopg://me:hunter2@host:port/db", "the database address is not a URL"),
        ("mysql://me:hunter2@host/db", "database driver 'mysql' is not supported"),
        (f"{'x' * 41}://hunter2", f"database driver '{'x' * 40}' is not supported"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_unrepeated(given: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_url(given)
    assert error.value.message == message
    assert error.value.remedy in (
        "sqlite:///nvsignal.db, for example", "use one of sqlite, postgresql+psycopg"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "file"),
    [
        ("/a/b.db", "/a/b.db"),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("sqlite:///file:x?uri=true", None),
        (f"{HOST}/db", None),
    ],
)
def test_only_a_sqlite_file_is_a_file(given: str, file: str | None) -> None:
    assert file_of(parse_url(given)) == (None if file is None else Path(file))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("/a/b.db", "/a/b.db"),
        ("sqlite://", "sqlite://"),
        (f"{HOST}/db", "postgresql+psycopg://me:***@host/db"),
        (f"{HOST}/db?SSLPassword=abc&sslKEY=def&sslmode=require",
         "postgresql+psycopg://me:***@host/db?SSLPassword=%2A%2A%2A&sslKEY=%2A%2A%2A"
         "&sslmode=require"),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_its_secrets(given: str, said: str) -> None:
    assert shown(parse_url(given)) == said


def test_a_file_is_made_only_when_wanted_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "record.db"
    url = parse_url(str(path))
    with pytest.raises(StoreError) as error:
        prepare_file(url, create=False)
    assert error.value.message == f"no database at {path}"
    assert error.value.remedy == "'nvsignal report' creates one"
    assert not path.parent.exists()

    prepare_file(url, create=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.write_bytes(b"kept")
    prepare_file(url, create=True)
    prepare_file(url, create=False)
    prepare_file(parse_url("sqlite://"), create=False)
    assert path.read_bytes() == b"kept"
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=f"^cannot create {tmp_path}/file/x.db: "):
        prepare_file(parse_url(f"{tmp_path}/file/x.db"), create=True)


def pragma(engine: sa.Engine, name: str) -> Any:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_a_writer_waits_as_long_as_it_was_told(tmp_path: Path) -> None:
    """In milliseconds for SQLite; five seconds unless told."""
    for given, ms in (({}, 5_000), ({"busy_timeout_s": 0.25}, 250)):
        engine = make_engine(parse_url(str(tmp_path / "a.db")), **given)
        assert pragma(engine, "busy_timeout") == ms
        engine.dispose()


def test_a_reader_takes_no_lock_and_a_writer_takes_his_at_once(tmp_path: Path) -> None:
    """So a second writer waits where it begins, and never fails in the middle."""
    url = str(tmp_path / "a.db")
    with Store.open(url, busy_timeout_s=0.01) as one, Store.open(url, busy_timeout_s=0.01) as two:
        with one._reading() as first, two._reading() as second:
            assert schema_revision(first) == schema_revision(second) == "0002"
            with one._writing():  # beside readers
                pass
        with one._writing() as writer:
            assert writer.get_execution_options()["nvsignal_write"] is True
            with pytest.raises(StoreError, match="locked by another process"), two._writing():
                pass


def test_postgresql_is_asked_for_utc_with_its_own_options_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("psycopg")
    given: list[dict[str, Any]] = []
    real = sa.create_engine

    def noted(url: sa.URL, **options: Any) -> sa.Engine:
        given.append(options)
        return real(url, **options)

    monkeypatch.setattr(connect, "create_engine", noted)
    make_engine(parse_url(f"{HOST}/db"))
    make_engine(parse_url(f"{HOST}/db?options=-c%20a=b"), busy_timeout_s=0.25)
    make_engine(parse_url(f"{HOST}/db?options=a&options=b"))

    settings = "-c timezone=UTC -c lock_timeout="
    assert [g["connect_args"] for g in given] == [
        {"options": f"{settings}5000", "connect_timeout": 10},
        {"options": f"-c a=b {settings}250", "connect_timeout": 10},
        {"options": f"{settings}5000", "connect_timeout": 10},
    ]


def test_without_the_driver_of_postgresql_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any, **__: Any) -> sa.Engine:
        raise ModuleNotFoundError("psycopg")

    monkeypatch.setattr(connect, "create_engine", none)
    with pytest.raises(StoreError, match=r"^the PostgreSQL driver is not installed .*postgres\]"):
        make_engine(parse_url(f"{HOST}/db"))


# --- errors in plain words -----------------------------------------------------------------------

AGAIN = "nothing was written; try again"
ACCESS = "check the path and its permissions"


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("SQLITE_BUSY", "is locked by another process", AGAIN),
        ("SQLITE_BUSY_SNAPSHOT", "is locked by another process", AGAIN),
        ("SQLITE_LOCKED", "is locked by another process", AGAIN),
        ("SQLITE_READONLY_DIRECTORY", "cannot be written",
         "check the permissions of the file and its folder"),
        ("SQLITE_CANTOPEN", "cannot be opened", ACCESS),
        ("SQLITE_PERM", "cannot be opened", ACCESS),
        ("SQLITE_FULL", "cannot grow: the disk is full", "nothing was written; free some space"),
        ("SQLITE_IOERR_READ", "cannot be read or written: disk error",
         "check the disk and its free space"),
        ("SQLITE_NOTADB", "is not a database", "name another file, or restore a backup"),
        ("SQLITE_CORRUPT_VTAB", "is damaged", "restore a backup with 'nvsignal db restore'"),
    ],
)  # fmt: skip
def test_an_error_of_sqlite_says_what_to_do(name: str, what: str, remedy: str) -> None:
    origin = sqlite3.OperationalError("sql of ours")
    origin.sqlite_errorname = name
    with pytest.raises(StoreError) as error, translated(parse_url("/a.db")):
        raise sa.exc.OperationalError("SELECT 1", None, origin)
    assert (error.value.message, error.value.remedy) == (f"/a.db {what}", remedy)


class RefusedError(Exception):
    """What a driver of PostgreSQL raises: an SQLSTATE and words."""

    def __init__(self, sqlstate: str | None, said: str = "") -> None:
        super().__init__(said)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("state", "what", "remedy"),
    [
        ("55P03", "is locked by another process", AGAIN),
        ("40001", "was busy with a conflicting change", AGAIN),
        ("53100", "cannot grow: the disk is full", "nothing was written; free some space"),
        ("25006", "is read-only", "connect to the primary server"),
        ("28P01", "refused the user or password", "check the address"),
        ("3D000", "does not exist", "create it with createdb"),
        ("42501", "does not allow this user to write", "grant the rights"),
    ],
)
def test_an_error_of_postgresql_says_what_to_do(state: str, what: str, remedy: str) -> None:
    with pytest.raises(StoreError) as error, translated(parse_url(f"{HOST}/db")):
        raise sa.exc.OperationalError("SELECT 1", None, RefusedError(state))
    said = f"postgresql+psycopg://me:***@host/db {what}"
    assert (error.value.message, error.value.remedy) == (said, remedy)


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (RefusedError("99999", f"\n {'w' * 210}\nsecond line"), "w" * 200),
        (RefusedError(None, "first line\nsecond line"), "first line"),
        (sqlite3.OperationalError("no such table: fact"), "no such table: fact"),
    ],
)
def test_an_error_without_words_of_ours_is_told_in_its_own_first_line(
    origin: Exception, said: str
) -> None:
    with pytest.raises(StoreError) as error, translated(parse_url("/a.db")):
        raise sa.exc.OperationalError("SELECT 1", None, origin)
    assert (error.value.message, error.value.remedy) == (f"/a.db: {said}", None)


def test_an_error_of_this_house_leaves_as_it_is_even_where_it_was_wrapped() -> None:
    ours = DataError("naive")
    for raised in (ours, sa.exc.StatementError("x", "SELECT 1", None, ours)):
        with pytest.raises(DataError) as error, translated(parse_url("/a.db")):
            raise raised
        assert error.value is ours
    with pytest.raises(StoreError, match=r"^/a\.db: no origin$"), translated(parse_url("/a.db")):
        raise sa.exc.SQLAlchemyError("no origin")
    with pytest.raises(KeyError), translated(parse_url("/a.db")):
        raise KeyError("not the database's")


def test_a_database_without_its_revision_or_its_tables_holds_no_record(tmp_path: Path) -> None:
    empty = tmp_path / "empty.db"
    empty.touch()
    with pytest.raises(StoreError, match=f"^{empty} holds no nvsignal record$"):
        Store.open(str(empty), create=False)
    with Store.open(str(empty)) as store, store._writing() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    with pytest.raises(StoreError, match=f"^{empty} holds no nvsignal record$"):
        Store.open(str(empty), create=False)


def test_a_database_that_is_refused_is_closed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Store] = []
    real = Store.close
    monkeypatch.setattr(Store, "close", lambda store: closed.append(store) or real(store))
    path = tmp_path / "empty.db"
    path.touch()
    with pytest.raises(StoreError):
        Store.open(str(path), create=False)
    assert len(closed) == 1


def test_tables_are_made_once(tmp_path: Path) -> None:
    """Of two first starts one waits, and finds them there; the second day finds them too."""
    url = str(tmp_path / "a.db")
    with Store.open(url) as store:
        with store._writing() as connection:
            assert create_schema(connection) == "0002"
        assert store.url == parse_url(url)
        assert store.address == url
    with Store.open(url, create=False) as store:
        assert store.facts() == []


@pytest.mark.parametrize("on", [True, False])
def test_long_readings_go_uncollected_and_leave_the_collector_as_it_was(on: bool) -> None:
    """What was made inside stays out of its sight until the next block."""
    was_on = gc.isenabled()
    try:
        gc.enable() if on else gc.disable()
        gc.unfreeze()
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() is on
        assert gc.get_freeze_count() > 0
        with uncollected():
            assert gc.get_freeze_count() == 0
    finally:
        gc.unfreeze()
        gc.enable() if was_on else gc.disable()
