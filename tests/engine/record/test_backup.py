"""A backup is one consistent state; putting it back is all or nothing."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from engine.errors import InputError, StoreError
from engine.record.backup import backup, check, restore
from engine.record.store import Store
from tests.builders import at, make_fact, make_facts


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder / "copy.db"


def test_a_copy_put_back_is_the_record_it_was_taken_from(sqlite_url: str, copy: Path) -> None:
    with Store.open(sqlite_url) as store:
        store.record(make_facts(50))
        before = store.data_hash()
        backup(sqlite_url, copy)
        store.record([make_fact()])

        restore(copy, sqlite_url, overwrite=True)

        assert store.data_hash() == before
    with Store.open(f"sqlite:///{copy}") as opened:
        assert opened.data_hash() == before


def test_a_copy_is_one_private_file(sqlite_url: str, copy: Path) -> None:
    Store.open(sqlite_url).close()

    backup(sqlite_url, copy)
    check(copy)

    assert [p.name for p in copy.parent.iterdir()] == ["copy.db"]
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_copy_taken_while_another_thread_writes_is_sound(sqlite_url: str, copy: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        with Store.open(sqlite_url) as writer:
            while not stop.is_set():
                writer.record([make_fact(key=f"{number}:{n}") for n in range(20)])
                number += 1

    with Store.open(sqlite_url):
        thread = threading.Thread(target=write)
        thread.start()
        try:
            for _ in range(5):
                backup(sqlite_url, copy, overwrite=True)
                with Store.open(f"sqlite:///{copy}") as opened:
                    assert len(opened.facts()) % 20 == 0
        finally:
            stop.set()
            thread.join()


def test_nothing_is_replaced_without_being_asked(sqlite_url: str, copy: Path) -> None:
    Store.open(sqlite_url).close()
    backup(sqlite_url, copy)

    with pytest.raises(StoreError, match="exists already"):
        backup(sqlite_url, copy)
    with pytest.raises(StoreError, match="exists already"):
        restore(copy, sqlite_url)


def test_a_missing_record_is_restored_to_its_place(sqlite_url: str, copy: Path) -> None:
    with Store.open(sqlite_url) as store:
        store.record([make_fact()])
    backup(sqlite_url, copy)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.unlink()

    restore(copy, sqlite_url)

    assert path.stat().st_mode & 0o777 == 0o600
    with Store.open(sqlite_url) as store:
        assert store.facts() == [make_fact()]


@pytest.mark.parametrize("damage", ["not a database " * 500, "SQLite format 3\0" + "?" * 9_000])
def test_a_damaged_record_is_replaced(sqlite_url: str, copy: Path, damage: str) -> None:
    with Store.open(sqlite_url) as store:
        store.record([make_fact()])
    backup(sqlite_url, copy)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.write_text(damage)
    path.with_name(path.name + "-wal").write_text("left over")

    restore(copy, sqlite_url, overwrite=True)

    with Store.open(sqlite_url) as store:
        assert store.facts() == [make_fact()]


def test_the_log_left_by_a_damaged_record_is_not_replayed(sqlite_url: str, copy: Path) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    log = path.with_name(path.name + "-wal")
    Store.open(sqlite_url).close()
    backup(sqlite_url, copy)
    with Store.open(sqlite_url) as store:
        store.mark_sent("too small a change to touch the first page", at())
        left_over = log.read_bytes()
    path.write_bytes(b"damaged" * 5_000)
    log.write_bytes(left_over)

    restore(copy, sqlite_url, overwrite=True)

    with Store.open(sqlite_url) as store:
        assert store.sent_at("too small a change to touch the first page") is None


def test_a_bad_copy_is_refused_and_the_record_stays(sqlite_url: str, tmp_path: Path) -> None:
    with Store.open(sqlite_url) as store:
        store.record([make_fact()])
    bad = tmp_path / "bad.db"
    bad.write_text("nothing")
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()

    for path, why in (
        (bad, "not a database"),
        (foreign, "no nvsignal record"),
        (tmp_path, "no file"),
    ):
        with pytest.raises(StoreError, match=why):
            restore(path, sqlite_url, overwrite=True)
    with Store.open(sqlite_url) as store:
        assert store.facts() == [make_fact()]


def test_a_copy_damaged_inside_is_found(sqlite_url: str, copy: Path) -> None:
    with Store.open(sqlite_url) as store:
        store.record(make_facts(400))
    backup(sqlite_url, copy)
    raw = bytearray(copy.read_bytes())
    middle = len(raw) // 2 // 4096 * 4096
    raw[middle : middle + 2048] = b"\xff" * 2048
    copy.write_bytes(raw)

    with pytest.raises(StoreError, match="damaged"):
        check(copy)


def test_a_copy_from_a_newer_version_is_refused(sqlite_url: str, copy: Path) -> None:
    Store.open(sqlite_url).close()
    backup(sqlite_url, copy)
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    with pytest.raises(StoreError, match="newer"):
        restore(copy, sqlite_url, overwrite=True)


def test_postgresql_is_sent_to_its_own_tool(copy: Path) -> None:
    with pytest.raises(StoreError, match="pg_dump"):
        backup("postgresql+psycopg://me:hunter2@host/db", copy)


def test_a_record_that_is_not_there_cannot_be_copied(sqlite_url: str, copy: Path) -> None:
    with pytest.raises(StoreError, match="no database"):
        backup(sqlite_url, copy)
    assert not copy.exists()


def test_a_copy_that_would_fill_the_disk_is_refused(
    sqlite_url: str, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a byte is written, in one line with both sizes."""
    Store.open(sqlite_url).close()
    monkeypatch.setattr("engine.files.SPARE_BYTES", 10**15)

    with pytest.raises(InputError, match=r"the copy needs [\d,]+ MB in .* MB are free"):
        backup(sqlite_url, copy)
    assert list(copy.parent.iterdir()) == []
