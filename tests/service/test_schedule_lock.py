"""The lock of the leader, and the watch over the clock."""

from __future__ import annotations

import io
import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from engine.clock import now
from engine.errors import InputError, StoreError
from engine.record.store import Store
from engine.service.lock import FileLock, NoLock, leader_lock, owner_name, wait_for
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


def test_a_record_in_memory_needs_no_lock() -> None:
    assert isinstance(leader_lock("sqlite://"), NoLock)


def test_waiting_for_the_lock_ends(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    assert not wait_for(second, 0.1)
    threading.Timer(0.2, first.release).start()
    assert wait_for(second, 10)
    second.release()


def test_a_lock_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot open the lock"):
        FileLock(tmp_path / "file" / "lock").acquire()


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
