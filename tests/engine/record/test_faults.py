"""Whatever fails, the message is clear, nothing is half stored, and a re-run converges."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.errors import InputError, StoreError
from engine.record.store import Store, StoredPollState
from tests import record_workers as workers
from tests.builders import make_fact, make_facts, make_item


@pytest.fixture(scope="module")
def processes() -> Any:
    """Children are forked from a clean process that has the imports done already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.record_workers"])
    return context


@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
def test_kill_9_at_any_moment_loses_nothing_that_a_rerun_does_not_bring_back(
    engine_name: str, request: pytest.FixtureRequest, processes: Any
) -> None:
    url = request.getfixturevalue("sqlite_url" if engine_name == "sqlite" else "postgres_url")
    kills, longest_s = (20, 0.08) if engine_name == "sqlite" else (6, 0.3)

    documents = workers.kill_ingests(processes, url, kills, longest_s, random.Random(4))

    assert len(documents) == kills  # every one of them was killed between new documents


def test_failing_at_every_single_statement_leaves_all_or_nothing(store: Store) -> None:
    state = StoredPollState(feed="wire", etag="1")
    document = {"facts": make_facts(3), "items": [make_item(1), make_item(2)]}
    steps = 0
    while True:
        try:
            with _failing_at(store, steps):
                store.record_poll(state, **document)
            break
        except StoreError:
            assert store.facts() == []
            assert store.items() == []
            assert store.poll_states() == {}
            steps += 1

    assert steps >= 6
    assert len(store.facts()) == 3
    assert store.poll_state("wire") == state


@contextmanager
def _failing_at(store: Store, step: int) -> Iterator[None]:
    """The ``step``-th statement sent to the database, COMMIT included, fails."""
    calls = iter(range(1_000))

    def fail(*_: object) -> None:
        if next(calls) == step:
            raise sa.exc.OperationalError("x", None, Exception("pulled the plug"))

    points = [(store._engine, "before_cursor_execute"), (store._engine, "commit")]
    for target, name in points:
        sa.event.listen(target, name, fail)
    try:
        yield
    finally:
        for target, name in points:
            sa.event.remove(target, name, fail)


def test_a_short_lock_by_another_process_is_invisible(sqlite_url: str, processes: Any) -> None:
    Store.open(sqlite_url).close()
    with (
        _locked_by_another_process(processes, sqlite_url, seconds=0.6),
        Store.open(sqlite_url) as store,
    ):
        store.record([make_fact()])
        assert store.facts() == [make_fact()]


def test_a_long_lock_is_a_clear_error_and_nothing_is_lost(sqlite_url: str, processes: Any) -> None:
    with Store.open(sqlite_url, busy_timeout_s=0.2) as store:
        store.record([make_fact()])
        with _locked_by_another_process(processes, sqlite_url, seconds=60):
            with pytest.raises(StoreError, match="locked by another process"):
                store.record(make_facts(2))
            assert store.facts() == [make_fact()]  # readers are not held up

        store.record(make_facts(2))
        assert len(store.facts()) == 3


@contextmanager
def _locked_by_another_process(processes: Any, url: str, *, seconds: float) -> Iterator[None]:
    ready = processes.Event()
    child = processes.Process(
        target=workers.hold_lock, args=(url.removeprefix("sqlite:///"), ready, seconds)
    )
    child.start()
    assert ready.wait(20)
    try:
        yield
    finally:
        child.kill()
        child.join()


def test_a_locked_table_on_postgresql_is_a_clear_error(postgres_url: str) -> None:
    with Store.open(postgres_url, busy_timeout_s=0.2) as store:
        with store._engine.begin() as other:
            other.exec_driver_sql("LOCK TABLE fact IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(StoreError, match="locked by another process"):
                store.record([make_fact()])

        store.record([make_fact()])
        assert store.facts() == [make_fact()]


def test_a_read_before_the_write_never_meets_a_stale_snapshot(sqlite_url: str) -> None:
    """SQLite refuses at once to turn an overtaken reader into a writer; we never ask for that."""
    with Store.open(sqlite_url) as one, Store.open(sqlite_url) as other:
        for number in range(20):
            with one._reading() as reader:
                reader.exec_driver_sql("SELECT count(*) FROM fact").scalar()
                other.record([make_fact(key=f"other-{number}")])
                one.record([make_fact(key=f"one-{number}")])

        assert len(one.facts()) == 40


def test_a_full_disk_says_so_and_recovers_without_repair(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store:
        store.record([make_fact()])
        big = [make_fact(key=f"K{n}", payload={"text": "x" * 2_000}) for n in range(400)]
        _limit_pages(store, 60)
        with pytest.raises(StoreError, match=r"disk is full.*nothing was written"):
            store.record(big)
        assert store.facts() == [make_fact()]

        _limit_pages(store, 1_000_000)
        assert store.record(big).new == 400
    workers.check_sound(sqlite_url)


def _limit_pages(store: Store, pages: int) -> None:
    with store._reading() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def test_a_read_only_database_says_so(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store:
        store.record([make_fact()])
    path = sqlite_url.removeprefix("sqlite:///")

    with Store.open(f"sqlite:///file:{path}?mode=ro&uri=true") as store:
        assert store.facts() == [make_fact()]
        with pytest.raises(StoreError, match="cannot be written"):
            store.record(make_facts(1))


def test_what_is_not_a_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("dear diary, " * 1_000)

    with pytest.raises(StoreError, match=r"notes\.db is not a database"):
        Store.open(f"sqlite:///{path}")
    assert path.read_text().startswith("dear diary")


def test_a_place_that_cannot_hold_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot create"):
        Store.open(f"sqlite:///{tmp_path}/file/record.db")


def test_a_missing_database_is_not_made_when_that_was_not_wanted(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database at"):
        Store.open(f"sqlite:///{tmp_path}/none.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_an_address_is_never_repeated_with_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Store.open(f"postgresql+psycopg://me:hunter2@/db?host={tmp_path}")
    assert "hunter2" not in str(caught.value)
    for bad in ("mysql://me:hunter2@host/db", "postgresql://me:hunter2@host/db", "://hunter2"):
        with pytest.raises(InputError) as refused:
            Store.open(bad)
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
def test_two_processes_share_200_runs_without_one_lost_or_done_twice(
    engine_name: str, request: pytest.FixtureRequest, processes: Any
) -> None:
    url = request.getfixturevalue("sqlite_url" if engine_name == "sqlite" else "postgres_url")
    Store.open(url).close()
    won = processes.Queue()
    _run_together(processes, workers.claim_all, [(url, name, won) for name in "ab"])
    claimed = dict(won.get(timeout=60) for _ in "ab")

    assert sorted(claimed["a"] + claimed["b"]) == list(range(200))
    with Store.open(url) as store:
        assert len(store.job_runs(limit=1_000)) == 200


def test_processes_appending_to_the_ledger_keep_one_chain(store_url: str, processes: Any) -> None:
    from engine.record import ledger

    Store.open(store_url).close()
    _run_together(processes, workers.append_entries, [(store_url, name) for name in "abc"])

    with Store.open(store_url) as store:
        assert ledger.verify(store).n_entries == 90


def test_threads_share_one_store_and_writers_take_turns(store: Store) -> None:
    def write(name: int) -> int:
        return sum(store.record([make_fact(key=f"{name}:{n}")]).new for n in range(15))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(4))) == [15] * 4

    assert len(store.facts()) == 60


def test_first_starts_at_once_make_one_database(store_url: str, processes: Any) -> None:
    _run_together(processes, workers.open_only, [(store_url,)] * 4)

    with Store.open(store_url, create=False) as store:
        assert store.facts() == []


def _run_together(processes: Any, work: Callable[..., None], calls: list[tuple[Any, ...]]) -> None:
    """Run each call in a process of its own, all released at the same moment; all must succeed."""
    start = processes.Barrier(len(calls))
    children = [processes.Process(target=work, args=(*call, start)) for call in calls]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * len(calls)
