"""The lock of the leader, and the watch over the clock."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import pytest
import time_machine
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from engine.clock import now
from engine.errors import InputError, StoreError
from engine.files import real
from engine.record.store import Store
from engine.service import lock
from engine.service.lock import (
    FileLock,
    Holder,
    NoLock,
    PostgresLock,
    leader_lock,
    owner_name,
    wait_for,
)
from engine.service.logs import Redactor, open_log
from engine.service.runner import check_folder, serve


def test_one_holds_the_lock_until_it_lets_go(store_url: str) -> None:
    """On both engines, and asking again by the holder changes nothing."""
    Store.open(store_url).close()
    first, second = leader_lock(store_url), leader_lock(store_url)
    try:
        assert first.holder() is None
        assert first.acquire()
        assert first.acquire()
        assert (first.held(), second.held()) == (True, False)
        assert not second.acquire()
        for asked in (first, second):
            found = asked.holder()
            assert found is not None
            assert found.name == owner_name()
        first.release()
        assert second.acquire()
        assert not first.held()
    finally:
        first.release()
        second.release()


def test_two_names_of_one_file_are_one_record(tmp_path: Path) -> None:
    """A record reached through a link, or through a linked folder, still has one leader."""
    real = tmp_path / "real"
    real.mkdir()
    Store.open(f"sqlite:///{real / 'record.db'}").close()
    (tmp_path / "link.db").symlink_to(real / "record.db")
    (tmp_path / "folder").symlink_to(real)
    first = leader_lock(f"sqlite:///{real / 'record.db'}")
    others = [leader_lock(f"sqlite:///{tmp_path / n}") for n in ("link.db", "folder/record.db")]
    try:
        assert first.acquire()
        assert [other.acquire() for other in others] == [False, False]
    finally:
        for lock in (first, *others):
            lock.release()


def test_a_lost_connection_is_a_lost_lock(postgres_url: str) -> None:
    """The server ends the leader's session: it notices before it works on, and may lead again."""
    import psycopg

    Store.open(postgres_url).close()
    lock = leader_lock(postgres_url)
    try:
        assert lock.acquire()
        with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND application_name LIKE 'nvsignal-run%'"
            )
        assert not lock.held()
        assert lock.acquire()
        assert lock.held()
    finally:
        lock.release()


def test_a_lock_file_that_was_removed_is_a_lost_lock(tmp_path: Path) -> None:
    """Otherwise two leaders would hold two files."""
    path = tmp_path / "record.db.lock"
    first, second = FileLock(path), FileLock(path)
    try:
        assert first.acquire()
        path.unlink()
        assert not first.held()
        assert second.acquire()
        assert not first.acquire()
        assert path.stat().st_mode & 0o077 == 0
    finally:
        first.release()
        second.release()


@pytest.mark.parametrize(
    ("seconds", "free_at", "became", "slept"),
    [
        (0.0, 0.0, True, 0),
        (0.0, 0.5, False, 0),
        (1.0, 1.0, True, 2),  # asked at 0, 0.5 and 1.0
        (1.0, 1.5, False, 2),
        (1.2, 1.5, True, 3),  # the last pause begins before the end and is slept whole
    ],
)
def test_waiting_for_the_lock_asks_twice_a_second_and_ends(
    monkeypatch: pytest.MonkeyPatch, seconds: float, free_at: float, became: bool, slept: int
) -> None:
    at, pauses = [100.0], list[float]()

    def sleep(pause: float) -> None:
        pauses.append(pause)
        at[0] += pause

    monkeypatch.setattr("engine.service.lock.time.monotonic", lambda: at[0])
    monkeypatch.setattr("engine.service.lock.time.sleep", sleep)
    asked: Any = Thing(acquire=lambda: at[0] - 100.0 >= free_at)

    assert wait_for(asked, seconds) is became
    assert pauses == [0.5] * slept


def test_each_address_has_its_own_kind_of_lock(tmp_path: Path) -> None:
    own = leader_lock(f"sqlite:///{tmp_path / 'a.db'}")
    bare = leader_lock(str(tmp_path / "a.db"))

    assert isinstance(own, FileLock)
    assert isinstance(bare, FileLock)
    assert own.path == bare.path == real(tmp_path) / "a.db.lock"
    assert isinstance(leader_lock("postgresql+psycopg://me@h/d"), PostgresLock)
    nobody_else = leader_lock("sqlite://")
    nobody_else.release()
    assert isinstance(nobody_else, NoLock)
    assert (nobody_else.acquire(), nobody_else.held()) == (True, True)
    assert nobody_else.holder() == Holder(name=owner_name())


def test_a_process_is_named_by_its_host_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.service.lock.socket.gethostname", lambda: "h" * 61)
    assert owner_name() == f"{'h' * 60}:{os.getpid()}"


def test_a_file_of_a_lock_holds_its_holder_and_nothing_of_the_last_one(tmp_path: Path) -> None:
    """Made with its folder, for its owner alone; it stays, and whoever asks makes none."""
    path = tmp_path / "new" / "r.lock"
    first, second = FileLock(path), FileLock(path)
    assert first.holder() is None
    first.release()
    assert not path.parent.exists()
    assert not first.held()
    assert first.acquire()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    first.release()
    first.release()
    assert second.holder() is None
    path.write_text(json.dumps({"holder": "x" * 200}))
    assert second.acquire()
    assert json.loads(path.read_text()) == {"holder": owner_name()}
    assert second.holder() == first.holder() == Holder(name=owner_name())
    # Somebody else's words, while the file is locked.
    for text, name in (
        (json.dumps({"holder": "h" * 121}), "h" * 120),
        (json.dumps({"holder": 5}), "5"),
        ("{", "another process"),
        (json.dumps({"other": "h"}), "another process"),
        (json.dumps([1]), "another process"),
    ):
        path.write_text(text)
        assert first.holder() == Holder(name=name)
    assert not first.acquire()
    assert not first.held()
    path.rename(tmp_path / "moved")
    assert not second.held()
    path.write_text("")
    assert not second.held()
    second.release()
    assert path.exists()


def test_a_system_without_such_locks_says_what_to_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(StoreError, match=r"no file locks .*\(keep the record in PostgreSQL"):
        FileLock(tmp_path / "a.lock").acquire()


class Server:
    """Answers what the lock asks of PostgreSQL, in order; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.said = list(answers), list[Any]()
        self.url: Any = make_url("postgresql+psycopg://me@h/d")

    def connect(self) -> Server:
        self.said.append("connect")
        return self

    def execution_options(self, **given: Any) -> Server:
        self.said.append(given)
        return self

    def execute(self, statement: Any, values: Any) -> Any:
        self.said.append(str(statement).split()[1].partition("(")[0])
        assert values == {"key": 7_311_403}
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Thing(scalar_one=lambda: answer, first=lambda: answer)

    def __getattr__(self, name: str) -> Any:
        return lambda: self.said.append(name)


CONNECTED = ["connect", {"isolation_level": "AUTOCOMMIT"}]


def served(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> tuple[PostgresLock, Server]:
    server = Server(*answers)
    monkeypatch.setattr("engine.record.connect.make_engine", lambda url: server)
    return PostgresLock(server.url), server


def test_a_lock_on_the_server_is_a_session_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = OperationalError("x", {}, Exception("gone"))
    held, server = served(monkeypatch, 1, 1, 0, lost, 1)
    assert not held.held()
    assert held.acquire()
    assert server.said == ["dispose", *CONNECTED, "pg_try_advisory_lock"]
    server.said.clear()
    assert held.acquire()  # it is held: asked, and nothing taken anew
    assert not held.held()
    assert not held.held()  # the connection is lost
    assert server.said == ["count", "count", "count"]
    server.said.clear()
    server.answers[:0] = [0]
    assert held.acquire()
    assert server.said == [
        "count", "invalidate", "close", "dispose", *CONNECTED, "pg_try_advisory_lock",
    ]  # fmt: skip
    server.said.clear()
    held.release()
    held.release()
    assert server.said == ["invalidate", "close", "dispose", "dispose"]
    assert not held.held()


def test_a_lock_that_somebody_else_holds_leaves_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed = OperationalError("x", {}, Exception("no"))
    held, server = served(monkeypatch, 0, failed)
    assert not held.acquire()
    assert server.said == ["dispose", *CONNECTED, "pg_try_advisory_lock", "close"]
    assert not held.held()
    server.said.clear()
    with pytest.raises(StoreError):
        held.acquire()
    assert server.said[-1] == "close"
    assert not held.held()


@pytest.mark.parametrize(
    ("row", "name"),
    [(None, None), (("nvsignal-run h:7",), "h:7"), (("nvsignal-run ",), "another process"),
     (("psql",), "psql"), (("",), "another process")],
)  # fmt: skip
def test_the_holder_on_the_server_is_named_by_its_session(
    monkeypatch: pytest.MonkeyPatch, row: Any, name: str | None
) -> None:
    held, server = served(monkeypatch, row)
    assert held.holder() == (None if name is None else Holder(name=name))
    assert server.said == [*CONNECTED, "a.application_name", "close"]


@pytest.mark.parametrize(("given", "kept"), [("", ""), ("?options=-c%20a%3D1", "-c a=1 ")])
def test_the_session_of_a_lock_has_its_name_and_is_missed_after_twenty_seconds(
    monkeypatch: pytest.MonkeyPatch, given: str, kept: str
) -> None:
    """10 idle seconds, then 2 questions 5 seconds apart; PostgreSQL cuts names at 63 letters."""
    monkeypatch.setattr(lock, "owner_name", lambda: "h" * 60)
    made: list[Any] = []
    monkeypatch.setattr("engine.record.connect.make_engine", made.append)
    PostgresLock(make_url(f"postgresql+psycopg://me@h/d{given}"))
    assert dict(made[0].query) == {
        "options": f"{kept}-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 "
        "-c tcp_keepalives_count=2",
        "application_name": f"nvsignal-run {'h' * 50}",
    }


def test_a_lock_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot open the lock") as failed:
        FileLock(tmp_path / "file" / "lock").acquire()
    assert failed.value.remedy == "check the permissions of the database's folder"


def test_an_unwritable_folder_of_reports_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InputError, match="cannot write reports to"):
        check_folder(tmp_path / "file")
    check_folder(tmp_path / "new" / "folder")
    assert list((tmp_path / "new" / "folder").iterdir()) == []


def test_a_clock_set_back_an_hour_does_not_stop_the_watch() -> None:
    """APScheduler alone would wait for the hour to come again."""
    said = io.StringIO()
    log, stop, calls = open_log(Redactor(), said), threading.Event(), list[int]()
    guard = threading.Timer(20, stop.set)
    with time_machine.travel(datetime(2026, 11, 24, 13, tzinfo=UTC)) as journey:

        def cycle() -> None:
            calls.append(1)
            if len(calls) == 3:
                journey.shift(-3_600)
            if len(calls) == 6:
                stop.set()

        guard.start()
        serve(cycle, stop, clock=now, log=log, seconds=0.1)
        guard.cancel()

    assert len(calls) == 6
    events = [json.loads(line)["event"] for line in said.getvalue().splitlines()]
    assert events == ["clock_set_back"]


def test_a_failing_cycle_is_said_once_and_the_watch_goes_on() -> None:
    said = io.StringIO()
    log, stop, calls = open_log(Redactor(), said), threading.Event(), list[int]()

    def cycle() -> None:
        calls.append(1)
        if len(calls) == 4:
            stop.set()
        if len(calls) < 4:
            raise StoreError("the record is locked by another process")

    serve(cycle, stop, clock=now, log=log, seconds=0.05)

    told = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [line["event"] for line in told] == ["cycle_failed", "cycle_works_again"]
    assert told[0]["why"] == "the record is locked by another process"
