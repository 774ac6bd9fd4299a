"""What other processes do to the record in the fault tests; imported by those processes."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from datetime import date, timedelta
from typing import Any

from engine.record import ledger
from engine.record.store import Store, StoredPollState
from tests.builders import at, make_fact, make_item

DOCUMENTS, FACTS, ITEMS = 4, 8, 8


def ingest_round(store: Store, number: int) -> None:
    """Four documents; every round corrects every fact and edits every item of the one before."""
    for document in range(DOCUMENTS):
        name = f"feed-{document}"
        store.record_poll(
            StoredPollState(feed=name, etag=str(number)),
            facts=[
                make_fact(
                    key=f"{name}:{n}", source=name, known_at=at(number), payload={"value": number}
                )
                for n in range(FACTS)
            ],
            items=[
                make_item(n, source=name, known_at=at(number), summary=f"round {number}")
                for n in range(ITEMS)
            ],
        )


def rounds_done(store: Store) -> int:
    """Rounds of which every document is stored."""
    states = store.poll_states()
    return 1 + min(
        int(states[name].etag or -1) if (name := f"feed-{n}") in states else -1
        for n in range(DOCUMENTS)
    )


def ingest_for_ever(url: str, ready: Any) -> None:
    """Until killed; goes on where the last one was killed, so that the kill lands in new writes.

    ``ready`` is set when at least one new document is stored.
    """
    with Store.open(url) as store:
        number = rounds_done(store)
        while True:
            ingest_round(store, number)
            ready.set()
            number += 1


def kill_ingests(
    processes: Any, url: str, kills: int, longest_s: float, rng: random.Random
) -> set[int]:
    """Kill a process at its ingest ``kills`` times, a moment after a document of its own.

    The record is sound each time, and a re-run brings back what an undisturbed one has.

    Returns the numbers of whole documents met at the kills.
    """
    documents: set[int] = set()
    for _ in range(kills):
        ready = processes.Event()
        child = processes.Process(target=ingest_for_ever, args=(url, ready))
        child.start()
        assert ready.wait(30)
        time.sleep(rng.uniform(0, longest_s))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        assert child.exitcode == -signal.SIGKILL
        if url.startswith("sqlite"):
            check_sound(url)
        with Store.open(url) as store:
            documents.add(whole_documents(store))
            rounds = rounds_done(store)
    with Store.open(url) as store, Store.open("sqlite://") as undisturbed:
        for number in range(rounds + 1):
            ingest_round(store, number)
            ingest_round(undisturbed, number)
        assert store.data_hash() == undisturbed.data_hash()
        assert store.items() == undisturbed.items()
    return documents


def check_sound(url: str) -> None:
    """SQLite's own check of the file."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def whole_documents(store: Store) -> int:
    """How many are stored; facts, items and poll state of each are there together or not at all."""
    facts = Counter(fact.source for fact in store.facts())
    items = Counter(item.source for item in store.items())
    rounds = {name: int(state.etag or 0) + 1 for name, state in store.poll_states().items()}
    assert facts == {name: n * FACTS for name, n in rounds.items()}
    assert items == {name: n * ITEMS for name, n in rounds.items()}
    return sum(rounds.values())


def hold_lock(path: str, ready: Any, seconds: float) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    ready.set()
    time.sleep(seconds)
    connection.execute("ROLLBACK")


def claim_all(url: str, owner: str, won: Any, start: Any) -> None:
    with Store.open(url) as store:
        start.wait()
        mine = [n for n in range(200) if store.claim("job", at(n), owner, at(n))]
    won.put((owner, mine))


def append_entries(url: str, strategy: str, start: Any) -> None:
    with Store.open(url) as store:
        start.wait()
        for day in range(30):
            ledger.append(
                store,
                {"score": day},
                acts_on=date(2025, 1, 6) + timedelta(days=day),
                strategy=strategy,
                made_at=at(day),
            )


def open_only(url: str, start: Any) -> None:
    start.wait()
    Store.open(url).close()
