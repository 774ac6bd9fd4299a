"""What other processes do to the record in the fault tests; imported by those processes."""

from __future__ import annotations

import sqlite3
import time
from datetime import date, timedelta
from typing import Any

from engine.record import ledger
from engine.record.store import PollState, Store
from tests.builders import at, make_fact, make_item

DOCUMENTS, FACTS, ITEMS = 4, 8, 8


def ingest_round(store: Store, number: int) -> None:
    """Four documents; every round corrects every fact and edits every item of the one before."""
    for document in range(DOCUMENTS):
        name = f"feed-{document}"
        store.record_poll(
            PollState(feed=name, etag=str(number)),
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
