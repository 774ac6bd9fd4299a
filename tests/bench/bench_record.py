"""The record against its own floor: bare sqlite3 and the ORM of SQLAlchemy on the same rows."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, declarative_base

from engine.record import schema
from engine.record.history import History
from engine.record.store import Store
from engine.record.tables.items import item_row
from engine.values import Fact, Item
from tests import postgres

N_ITEMS, BATCH, N_BARS = 20_000, 1_000, 20_000
_T0 = datetime(2025, 1, 1, tzinfo=UTC)


def rows() -> list[dict[str, object]]:
    """CPU time of this process, best of three; the ratio is what to hold on to."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_items(Path(folder)), *_facts(Path(folder))]


def _items(folder: Path) -> Iterator[dict[str, object]]:
    items = [
        Item(
            source=f"feed-{n % 40}",
            title=f"Headline number {n} about accelerators",
            url=f"https://example.org/{n}",
            known_at=_T0 + timedelta(seconds=n),
            published_at=_T0,
            summary="x" * 600,
        )
        for n in range(N_ITEMS)
    ]
    stored = [item_row(item) for item in items]
    fresh = (folder / f"{n}.db" for n in range(1_000))
    ours = _best(lambda: _record(next(fresh), items))
    bare = _best(lambda: _bare(next(fresh), stored))
    orm = _best(lambda: _orm(next(fresh), stored), times=1)
    yield _row("new items into SQLite, 1,000 a write", N_ITEMS, ours, bare, "sqlite3, ready rows")
    yield _row("new items into SQLite, 1,000 a write", N_ITEMS, ours, orm, "SQLAlchemy ORM add_all")
    yield from _postgresql(items, ours)
    with Store.open(f"sqlite:///{folder}/again.db") as store:
        _deliver(store, items)
        again = _best(lambda: _deliver(store, items))
    yield _row("the same items again, nothing to write", N_ITEMS, again, ours, "the first delivery")


def _postgresql(items: list[Item], sqlite_s: float) -> Iterator[dict[str, object]]:
    """The same items on a server of our own (no fsync); seconds by the clock, the work is its."""

    def write() -> float:
        with postgres.database(home) as url, Store.open(url) as store:
            start = time.perf_counter()
            _deliver(store, items)
            return time.perf_counter() - start

    try:
        with postgres.server() as home:
            ours = min(write() for _ in range(3))
    except pytest.skip.Exception as reason:
        print(f"postgresql: left out ({reason})")
        return
    yield _row("new items into PostgreSQL by COPY", N_ITEMS, ours, sqlite_s, "SQLite, processor s")


def _facts(folder: Path) -> Iterator[dict[str, object]]:
    bars = [
        Fact(
            kind="bar",
            key=f"NVDA:{n}",
            occurred_at=_T0,
            known_at=_T0 + timedelta(hours=n),
            source="bench",
            payload={"open": 1.5, "high": 3.0, "low": 1.0, "close": 2.5 + n, "volume": 1e6},
        )
        for n in range(N_BARS)
    ]
    history = History(bars)
    days = [_T0 + timedelta(hours=20 * n) for n in range(1_000)]
    ours = _best(lambda: [history.current("bar", at) for at in days])
    slow = _best(lambda: [_current_by_scan(bars, at) for at in days[::50]], times=1) * 50
    yield _row("latest versions at 1,000 instants, 20,000 bars", 1_000, ours, slow, "plain scan")
    with Store.open(f"sqlite:///{folder}/facts.db") as store:
        store.record(bars)
        load, digest = _best(store.facts), _best(store.data_hash)
    yield _row("digest of 20,000 facts", N_BARS, digest, load, "loading them")


def _row(what: str, n: int, ours: float, theirs: float, peer: str) -> dict[str, object]:
    target = {
        "sqlite3, ready rows": ">= 50,000/s",
        "the first delivery": ">= 50,000/s",
        "SQLite, processor s": ">= 25,000/s",
    }
    return {
        "what": what,
        "ours": f"{n / ours:,.0f}/s",
        "theirs": f"{n / theirs:,.0f}/s",
        "ratio": round(theirs / ours, 2),
        "target": target.get(peer, ""),
        "note": f"against {peer}",
    }


def _best(work: Callable[[], object], *, times: int = 3) -> float:
    spent = []
    for _ in range(times):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def _record(path: Path, items: list[Item]) -> None:
    with Store.open(f"sqlite:///{path}") as store:
        _deliver(store, items)


def _deliver(store: Store, items: list[Item]) -> None:
    for start in range(0, len(items), BATCH):
        store.record_items(items[start : start + BATCH])


@contextmanager
def _peer_engine(path: Path) -> Iterator[Engine]:
    """The same tables and settings without any of our code above them."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
    schema.item.create(engine)
    yield engine
    engine.dispose()


def _bare(path: Path, stored: list[dict[str, Any]]) -> None:
    with _peer_engine(path):
        pass
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=NORMAL")
    names = list(stored[0])
    marks = ",".join("?" * len(names))
    sql = f"INSERT INTO item ({','.join(names)}) VALUES ({marks})"
    for start in range(0, len(stored), BATCH):
        batch = [tuple(row.values()) for row in stored[start : start + BATCH]]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(sql, batch)
        connection.execute("COMMIT")
    connection.close()


def _orm(path: Path, stored: list[dict[str, Any]]) -> None:
    base: Any = declarative_base(metadata=schema.metadata)
    mapped: Any = type("Row", (base,), {"__table__": schema.item})
    instants = ("known_at", "published_at")
    with _peer_engine(path) as engine:
        for start in range(0, len(stored), BATCH):
            with Session(engine) as session:
                session.add_all(
                    mapped(**{**row, **dict.fromkeys(instants, _T0)})
                    for row in stored[start : start + BATCH]
                )
                session.commit()
    base.registry.dispose()


def _current_by_scan(facts: list[Fact], at: datetime) -> dict[str, Fact]:
    latest: dict[str, Fact] = {}
    for fact in facts:
        if fact.known_at <= at:
            latest[fact.key] = fact
    return latest
