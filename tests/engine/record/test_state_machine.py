"""Any sequence of deliveries, edits, crashes and questions, against a plain dictionary."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from engine.errors import StoreError
from engine.record.content import content_hash
from engine.record.history import History
from engine.record.schema import guards, metadata
from engine.record.store import Store
from engine.record.tables.facts import fact_row
from engine.values import Fact
from tests.builders import at, make_fact, unguarded

_days = st.integers(0, 6)
_facts = st.lists(
    st.builds(
        lambda kind, key, day, value: make_fact(
            kind, key, known_at=at(day), payload={"value": value}
        ),
        st.sampled_from(["bar", "vix"]),
        st.sampled_from("abc"),
        _days,
        st.integers(0, 2),
    ),
    max_size=6,
)


class Model:
    """What the record promises, in the slowest and plainest form."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], list[tuple[datetime, str, Fact]]] = {}

    def record(self, facts: list[Fact]) -> None:
        for fact in sorted(facts, key=lambda f: (f.known_at, content_hash(f))):
            rows = self.stored.setdefault((fact.kind, fact.key), [])
            version = (fact.known_at, content_hash(fact), fact)
            earlier = [row for row in sorted(rows, key=_order) if _order(row) <= _order(version)]
            if not earlier or earlier[-1][1] != version[1]:
                rows.append(version)

    def facts(self, day: int) -> list[Fact]:
        found = []
        for (kind, key), rows in self.stored.items():
            last = None
            for known_at, hashed, fact in sorted(rows, key=_order):
                if known_at <= at(day) and hashed != last:
                    found.append(((known_at, kind, key, hashed), fact))
                    last = hashed
        return [fact for _, fact in sorted(found, key=lambda pair: pair[0])]


def _order(version: tuple[datetime, str, Fact]) -> tuple[datetime, str]:
    return version[:2]


class Record(RuleBasedStateMachine):
    """Deliver, redeliver, crash, restart, claim, ask as of a day."""

    open_store: Callable[[], Store]

    @initialize()
    def start(self) -> None:
        self.store = self.open_store()
        with self.store._writing() as connection:
            unguarded(connection)
            for table in metadata.sorted_tables:
                connection.execute(sa.delete(table))
            for statement in guards(connection.dialect.name):
                connection.exec_driver_sql(statement)
        self.model = Model()
        self.delivered: list[list[Fact]] = []
        self.claimed: set[int] = set()

    @rule(facts=_facts)
    def deliver(self, facts: list[Fact]) -> None:
        before = {day: self.store.data_hash(at(day)) for day in range(7)}
        done = self.store.record(facts)
        self.model.record(facts)
        self.delivered.append(facts)
        assert done.new + done.changed + done.unchanged == len(facts)
        first = min((f.known_at for f in facts), default=at(99))
        for day, digest in before.items():
            if at(day) < first:
                assert self.store.data_hash(at(day)) == digest

    @rule(data=st.data())
    def redeliver_the_last_document(self, data: Any) -> None:
        if self.delivered:
            before = self.store.data_hash()
            facts = data.draw(st.permutations(self.delivered[-1]))
            assert self.store.record(facts).unchanged == len(facts)
            assert self.store.data_hash() == before

    @rule(facts=_facts)
    def crash_in_the_middle_of_a_write(self, facts: list[Fact]) -> None:
        before = self.store.data_hash()
        with contextlib.suppress(StoreError), self.store._writing() as connection:
            self.store._write_facts(connection, [fact_row(fact) for fact in facts])
            raise StoreError("killed")
        assert self.store.data_hash() == before

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = self.open_store()

    @rule(day=_days)
    def claim_a_run(self, day: int) -> None:
        assert self.store.claim("job", at(day), "me", at(day)) == (day not in self.claimed)
        self.claimed.add(day)

    @rule(day=_days)
    def ask_as_of(self, day: int) -> None:
        expected = self.model.facts(day)
        found = self.store.facts(known_by=at(day))
        assert found == expected
        history = History(self.store.facts())
        assert list(history.cut(at(day))) == expected
        assert self.store.data_hash(at(day)) == history.data_hash(at(day))
        assert self.store.data_hash(at(day)) == History(expected).data_hash(at(9))

    @invariant()
    def knowledge_only_grows(self) -> None:
        if hasattr(self, "store"):
            days = [len(self.store.facts(known_by=at(day))) for day in (1, 4, 6)]
            assert days == sorted(days)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()


def test_every_history_of_use_agrees_with_the_model(store_url: str) -> None:
    class OnThisEngine(Record):
        @staticmethod
        def open_store() -> Store:
            return Store.open(store_url)

    examples = 50 if store_url.startswith("sqlite") else 10
    run_state_machine_as_test(
        OnThisEngine, settings=settings(max_examples=examples, stateful_step_count=30)
    )
