"""The ledger keeps every decision once and betrays whoever touches it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256

import pytest
import sqlalchemy as sa

from engine.errors import DataError, LedgerError
from engine.record import chain, ledger, schema
from engine.record.store import Store
from tests.builders import at, unguarded

MONDAY = date(2025, 1, 6)


@pytest.fixture
def in_memory() -> Iterator[Store]:
    """For what lies in the chain itself, whichever engine keeps it."""
    with Store.open("sqlite://") as opened:
        yield opened


def _append(store: Store, day: int, **changes: object) -> chain.LedgerEntry:
    payload = {"verdict": "HOLD", "score": 0.25, **changes}
    return ledger.append(
        store,
        payload,
        acts_on=MONDAY + timedelta(days=day),
        strategy="main",
        made_at=at(day),
    )


def _filled(store: Store, n: int = 5) -> list[chain.LedgerEntry]:
    return [_append(store, day) for day in range(n)]


def test_entries_come_back_in_order_and_hold(store: Store) -> None:
    written = _filled(store)

    assert ledger.entries(store) == written
    assert [e.seq for e in written] == [1, 2, 3, 4, 5]
    assert written[0].previous_hash == chain.GENESIS
    assert written[0].payload == {"verdict": "HOLD", "score": 0.25}
    head = ledger.verify(store)
    assert (head.n_entries, head.entry_hash) == (5, written[-1].entry_hash)


def test_an_empty_ledger_holds(store: Store) -> None:
    assert ledger.verify(store) == chain.EMPTY_HEAD


def test_the_same_decision_again_is_the_entry_already_there(store: Store) -> None:
    first = _append(store, 0)
    again = ledger.append(
        store,
        {"score": 0.25, "verdict": "HOLD"},
        acts_on=MONDAY,
        strategy="main",
        made_at=at(9),
    )

    assert again == first
    assert len(ledger.entries(store)) == 1


def test_a_different_decision_for_the_session_is_kept_as_a_revision(store: Store) -> None:
    first = _append(store, 0)
    later = _append(store, 0, verdict="SELL")

    assert (first.stands, later.stands, later.revision) == (True, False, 1)
    assert _append(store, 0) == first
    assert _append(store, 0, verdict="SELL") == later
    assert [e.revision for e in ledger.entries(store)] == [0, 1]
    ledger.verify(store)


def test_strategies_have_their_own_decisions(store: Store) -> None:
    _append(store, 0)
    other = ledger.append(store, {"x": 1}, acts_on=MONDAY, strategy="other", made_at=at())

    assert other.revision == 0
    assert ledger.entries(store, strategy="other") == [other]


def test_a_payload_with_nan_is_refused_and_nothing_is_written(store: Store) -> None:
    with pytest.raises(DataError):
        _append(store, 0, score=float("nan"))
    assert ledger.entries(store) == []


_EDITS: dict[str, object] = {
    "acts_on": "2025-02-02",
    "strategy": "another",
    "revision": 7,
    "made_at": at(30),
    "payload": '{"verdict":"SELL"}',
    "previous_hash": "1" * 64,
    "entry_hash": "2" * 64,
    "seq": 90,
}


@pytest.mark.parametrize("column", _EDITS)
@pytest.mark.parametrize("seq", [1, 3, 5])
def test_every_edit_of_every_column_is_found(in_memory: Store, column: str, seq: int) -> None:
    _filled(in_memory)
    table = schema.ledger
    _tamper(in_memory, sa.update(table).where(table.c.seq == seq).values({column: _EDITS[column]}))

    with pytest.raises(LedgerError, match=r"ledger entry \d+") as caught:
        ledger.verify(in_memory)
    if column != "seq":
        assert f"entry {seq} " in caught.value.message


@pytest.mark.parametrize(("seq", "named"), [(1, 2), (3, 4), (5, 5)])
def test_an_edit_with_a_fresh_hash_is_found_by_what_follows(
    in_memory: Store, seq: int, named: int
) -> None:
    """The next entry no longer follows from it; after the last entry, the head does not."""
    forged = replace(_filled(in_memory)[seq - 1], payload_text='{"verdict":"SELL"}')
    change = {"payload": forged.payload_text, "entry_hash": chain.entry_hash(forged)}
    _tamper(in_memory, sa.update(schema.ledger).where(schema.ledger.c.seq == seq).values(change))

    with pytest.raises(LedgerError, match=f"entry {named} "):
        ledger.verify(in_memory)


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_every_deletion_is_found_the_last_entry_included(in_memory: Store, seq: int) -> None:
    _filled(in_memory)
    _tamper(in_memory, sa.delete(schema.ledger).where(schema.ledger.c.seq == seq))

    with pytest.raises(LedgerError, match=f"entry {seq} is missing"):
        ledger.verify(in_memory)


def test_every_reordering_is_found() -> None:
    """All 119 wrong orders of five entries, numbered anew so that only the chain can tell."""
    with Store.open("sqlite://") as store:
        written = _filled(store)
        head = ledger.verify(store)

    for order in itertools.permutations(written):
        if list(order) == written:
            continue
        renumbered = [replace(e, seq=n) for n, e in enumerate(order, start=1)]
        with pytest.raises(LedgerError, match="ledger entry"):
            chain.check_chain(order, head)
        with pytest.raises(LedgerError, match="ledger entry"):
            chain.check_chain(renumbered, head)


def test_an_insertion_is_found_even_when_it_chains_on_correctly(store: Store) -> None:
    written = _filled(store)
    forged = chain.LedgerEntry(
        seq=6,
        acts_on=date(2025, 1, 13),
        strategy="main",
        revision=0,
        made_at=at(7),
        payload_text="{}",
        previous_hash=written[-1].entry_hash,
    )
    forged = replace(forged, entry_hash=chain.entry_hash(forged))
    row = {name: getattr(forged, name) for name in ("seq", "strategy", "revision", "made_at")}
    row |= {"acts_on": "2025-01-13", "payload": "{}"}
    row |= {"previous_hash": forged.previous_hash, "entry_hash": forged.entry_hash}
    _tamper(store, sa.insert(schema.ledger).values(row))

    with pytest.raises(LedgerError, match=r"entry 6 .*outside the ledger"):
        ledger.verify(store)


def test_a_head_noted_earlier_convicts_a_rewritten_ledger(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as honest:
        noted = _filled(honest)[2].entry_hash
        assert ledger.verify(honest, head=noted).n_entries == 5
    with Store.open(f"{sqlite_url}2") as rewritten:
        for day in range(5):
            _append(rewritten, day, verdict="SELL")
        ledger.verify(rewritten)

        with pytest.raises(LedgerError, match="rewritten"):
            ledger.verify(rewritten, head=noted)


def _tamper(store: Store, statement: sa.Executable) -> None:
    with store._writing() as connection:
        unguarded(connection)
        connection.execute(statement)


def test_the_hash_of_an_entry_never_changes_between_versions_of_this_program() -> None:
    """A known value: were the definition to change, every ledger in the world would break."""
    entry = chain.LedgerEntry(
        seq=1,
        acts_on=MONDAY,
        strategy="main",
        revision=0,
        made_at=at(),
        payload_text='{"verdict":"HOLD"}',
        previous_hash=chain.GENESIS,
    )
    by_hand = (
        '[1,"2025-01-06","main",0,1736170200000000,"{\\"verdict\\":\\"HOLD\\"}","' + "0" * 64 + '"]'
    )

    assert chain.entry_hash(entry) == sha256(by_hand.encode()).hexdigest()
