"""A backup is one consistent state; putting it back is all or nothing."""

from __future__ import annotations

import sqlite3
import threading
from datetime import date
from pathlib import Path

import pytest

from engine.errors import InputError, StoreError
from engine.record import backup as module
from engine.record import ledger, schema
from engine.record.backup import Restored, backup, check, restore
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

    assert backup(sqlite_url, copy) == copy
    assert check(copy) == schema.REVISION == "0002"

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
    assert backup(sqlite_url, copy, overwrite=True) == copy


def test_a_missing_record_is_restored_to_its_place(sqlite_url: str, copy: Path) -> None:
    with Store.open(sqlite_url) as store:
        store.record([make_fact()])
    backup(sqlite_url, copy)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.unlink()

    assert restore(copy, sqlite_url) == Restored(path=path, kept=())

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


def revised(copy: Path, revision: str) -> None:
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.close()


def test_a_copy_from_a_newer_version_is_refused_and_an_older_one_is_not(
    sqlite_url: str, copy: Path
) -> None:
    Store.open(sqlite_url).close()
    backup(sqlite_url, copy)
    revised(copy, "9" * 50)

    with pytest.raises(StoreError) as error:
        restore(copy, sqlite_url, overwrite=True)
    assert error.value.message == f"{copy} has schema {'9' * 40}, newer than 0002"
    assert error.value.remedy == "install a newer nvsignal"
    revised(copy, "0001")
    assert check(copy) == "0001"


@pytest.mark.parametrize("lost", ["fact", "alembic_version"])
def test_a_copy_needs_its_facts_and_its_revision(sqlite_url: str, copy: Path, lost: str) -> None:
    Store.open(sqlite_url).close()
    backup(sqlite_url, copy)
    with sqlite3.connect(copy) as connection:
        connection.execute(f"DROP TABLE {lost}")
    connection.close()

    with pytest.raises(StoreError, match=f"^{copy} holds no nvsignal record$"):
        check(copy)


# --- the ledger outlives a copy ------------------------------------------------------------------


def decided(store: Store, *days: int, verdict: str = "HOLD") -> None:
    for day in days:
        acts_on = date(2025, 1, day)
        ledger.append(store, {"v": verdict}, acts_on=acts_on, strategy="s", made_at=at(day))


def test_decisions_made_since_the_copy_stay(sqlite_url: str, copy: Path) -> None:
    """Two before the copy and two after it: all four hold, and the facts are those of the copy."""
    with Store.open(sqlite_url) as store:
        decided(store, 6, 7)
        backup(sqlite_url, copy)
        decided(store, 8, 9)
        store.record([make_fact()])
        before = ledger.entries(store)

        done = restore(copy, sqlite_url, overwrite=True)

        path = Path(sqlite_url.removeprefix("sqlite:///"))
        assert done == Restored(path=path, kept=("2025-01-08", "2025-01-09"))
        assert ledger.entries(store) == before
        assert ledger.verify(store).n_entries == 4
        assert store.facts() == []


def test_first_decisions_made_since_the_copy_stay_too(sqlite_url: str, copy: Path) -> None:
    """A copy of an empty ledger has no head yet."""
    with Store.open(sqlite_url) as store:
        backup(sqlite_url, copy)
        decided(store, 8)

        assert restore(copy, sqlite_url, overwrite=True).kept == ("2025-01-08",)
        assert ledger.verify(store).n_entries == 1


def test_a_copy_with_more_decisions_than_the_record_brings_them_back(
    sqlite_url: str, tmp_path: Path, copy: Path
) -> None:
    with Store.open(sqlite_url) as store:
        decided(store, 6)
        early = tmp_path / "early.db"
        backup(sqlite_url, early)
        decided(store, 7)
        backup(sqlite_url, copy)
    Path(sqlite_url.removeprefix("sqlite:///")).unlink()
    restore(early, sqlite_url)

    assert restore(copy, sqlite_url, overwrite=True).kept == ()
    with Store.open(sqlite_url) as store:
        assert ledger.verify(store).n_entries == 2


def test_a_ledger_that_went_another_way_is_not_replaced(
    sqlite_url: str, tmp_path: Path, copy: Path
) -> None:
    """One decision in common, then another one in each: neither may be lost."""
    with Store.open(sqlite_url) as store:
        decided(store, 6)
        early = tmp_path / "early.db"
        backup(sqlite_url, early)
        decided(store, 7, verdict="SELL")
        backup(sqlite_url, copy)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.unlink()
    restore(early, sqlite_url)
    with Store.open(sqlite_url) as store:
        decided(store, 7)

        with pytest.raises(StoreError) as error:
            restore(copy, sqlite_url, overwrite=True)
        assert error.value.message == (f"the ledger of {path} does not continue that of {copy}")
        assert [e.payload for e in ledger.entries(store)] == [{"v": "HOLD"}] * 2


def test_a_file_without_a_ledger_is_replaced(sqlite_url: str, copy: Path) -> None:
    """An empty file is an empty SQLite database: nothing of it has to stay."""
    with Store.open(sqlite_url) as store:
        decided(store, 6)
    backup(sqlite_url, copy)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.unlink()
    path.touch()

    assert restore(copy, sqlite_url, overwrite=True).kept == ()
    with Store.open(sqlite_url) as store:
        assert ledger.verify(store).n_entries == 1


def test_room_is_asked_for_a_record_with_its_log(
    sqlite_url: str, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy needs the file and what waits in its write-ahead log; putting back, the copy alone."""
    asked: list[tuple[Path, int, str]] = []
    monkeypatch.setattr(module, "need_room", lambda *told: asked.append(told))
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with Store.open(sqlite_url) as store:
        store.record(make_facts(3))
        file, log = path.stat().st_size, path.with_name("record.db-wal").stat().st_size
        backup(sqlite_url, copy)
    restore(copy, sqlite_url, overwrite=True)

    assert file > 0 < log
    assert asked == [
        (copy.parent, file + log, "the copy"),
        (path.parent, copy.stat().st_size, "the restored record"),
    ]


def test_a_record_is_put_back_into_a_folder_that_is_gone(
    sqlite_url: str, tmp_path: Path, copy: Path
) -> None:
    Store.open(sqlite_url).close()
    backup(sqlite_url, copy)
    path = tmp_path / "new" / "folder" / "record.db"

    assert restore(copy, str(path)).path == path
    assert check(path) == schema.REVISION


def test_a_missing_copy_is_named(sqlite_url: str, copy: Path) -> None:
    with pytest.raises(StoreError, match=f"^no file at {copy}$"):
        restore(copy, sqlite_url)


def test_a_record_that_another_process_keeps_is_not_replaced(
    sqlite_url: str, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked is not damaged: the file stays, and the message says what to do."""
    monkeypatch.setattr(module, "BUSY_TIMEOUT_S", 0.05)
    with Store.open(sqlite_url) as store:
        store.record([make_fact()])
    backup(sqlite_url, copy)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with sqlite3.connect(path) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("PRAGMA journal_mode = DELETE")
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError) as error:
            restore(copy, sqlite_url, overwrite=True)
        holder.rollback()
    holder.close()

    assert error.value.message == f"{path} is locked by another process"
    assert error.value.remedy == "nothing was written; try again"


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
