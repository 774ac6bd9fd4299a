"""The record keeps everything once, never overwrites, and answers alike on both engines."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.errors import DataError, StoreError
from engine.record import content, schema
from engine.record.history import History
from engine.record.store import JobRun, Recorded, Store, StoredPollState, Trial
from engine.record.tables.items import items_query
from engine.record.tables.sent import Delivery
from tests.builders import at, make_fact, make_facts, make_item, unguarded


class TestFacts:
    def test_recording_twice_is_recording_once(self, store: Store) -> None:
        facts = make_facts(30)

        assert store.record(facts) == Recorded(new=30)
        assert store.record(facts) == Recorded(unchanged=30)
        assert store.facts() == facts

    def test_the_same_content_known_later_is_no_change(self, store: Store) -> None:
        store.record([make_fact()])

        again = store.record([make_fact(known_at=at(5))])

        assert again == Recorded(unchanged=1)
        assert store.facts() == [make_fact()]

    def test_repeats_within_one_document_are_written_once(self, store: Store) -> None:
        twice = [make_fact(), make_fact(), make_fact(known_at=at(1))]

        assert store.record(twice) == Recorded(new=1, unchanged=2)
        assert store.counts() == {"observation": 1}

    def test_the_newest_of_a_family_of_keys_is_its_last_key_as_known_last(
        self, store: Store
    ) -> None:
        fixed = make_fact(
            "bar", "NVDA:2025-09-30", known_at=at(3), occurred_at=at(-9), payload={"value": 2.0}
        )
        others = [make_fact("bar", key) for key in ("NVDA:2025-09-30", "NVDA:2025-09-29", "QQQ:9")]
        store.record([fixed, *others, make_fact("note", "NVDA:2026-01-01")])

        assert store.newest("bar", "NVDA:") == fixed
        assert store.newest("bar", "NVD_:") is None

    def test_a_correction_is_a_new_row_and_the_old_answer_stays(self, store: Store) -> None:
        first, fixed = make_fact(), make_fact(known_at=at(2), payload={"value": 4.34})
        store.record([first])

        assert store.record([fixed]) == Recorded(changed=1)
        assert store.facts(known_by=at(1)) == [first]
        assert store.facts() == [first, fixed]

    def test_a_value_that_returns_is_recorded_again_in_whatever_order_it_comes(
        self, store: Store
    ) -> None:
        """There, away and back again, in all six orders within one document."""
        for number, order in enumerate(itertools.permutations(range(3))):
            story = [
                make_fact(f"kind-{number}", known_at=at(day), payload={"value": day % 2})
                for day in range(3)
            ]

            store.record([story[day] for day in order])

            assert store.facts([f"kind-{number}"]) == story

    def test_a_table_with_several_versions_of_a_key_reloads_without_a_write(
        self, store: Store
    ) -> None:
        table = [
            make_fact(key=f"K{k}", known_at=at(v), payload={"value": v % 2})
            for k in range(5)
            for v in range(6)
        ]
        store.record(table)
        before = store.data_hash()

        for seed in range(5):
            shuffled = random.Random(seed).sample(table, len(table))
            assert store.record(shuffled) == Recorded(unchanged=len(table))
        assert store.data_hash() == before

    @pytest.mark.parametrize("seed", range(4))
    def test_no_order_of_arrival_changes_an_answer(self, store: Store, seed: int) -> None:
        """Ties on known_at included: both contents stay, the same one is current."""
        facts = [
            make_fact(key=f"K{k}", known_at=at(v // 2), payload={"value": v})
            for k in range(4)
            for v in range(6)
        ]
        expected = History(facts)
        arrival = random.Random(seed).sample(facts, len(facts))

        for start in range(0, len(arrival), 5):
            store.record(arrival[start : start + 5])

        found = History(store.facts())
        assert list(found) == list(expected)
        for day in range(4):
            assert store.data_hash(at(day)) == expected.data_hash(at(day))
            assert store.facts(known_by=at(day)) == list(expected.cut(at(day)))

    def test_an_earlier_sighting_that_arrives_late_takes_the_place_of_the_later(
        self, store: Store
    ) -> None:
        early, late = make_fact(known_at=at(1)), make_fact(known_at=at(5))

        store.record([late])
        store.record([early])

        assert store.facts() == [early]
        assert store.data_hash() == History([early]).data_hash(at(9))

    def test_a_back_dated_version_holds_only_until_the_next_sighting(self, store: Store) -> None:
        """The documented limit: an unchanged sighting leaves no trace to put it between."""
        store.record([make_fact(known_at=at(1))])
        store.record([make_fact(known_at=at(3))])
        store.record([make_fact(known_at=at(2), payload={"value": 9.0})])
        assert store.facts()[-1].payload == {"value": 9.0}

        store.record([make_fact(known_at=at(3))])

        assert store.facts()[-1] == make_fact(known_at=at(3))

    def test_a_live_sighting_of_back_filled_content_is_new_evidence(self, store: Store) -> None:
        store.record([make_fact(backfilled=True)])

        assert store.record([make_fact(known_at=at(1))]) == Recorded(changed=1)
        assert list(History(store.facts()).observed_only()) == [make_fact(known_at=at(1))]

    def test_every_field_comes_back_as_it_went_in(self, store: Store) -> None:
        fact = make_fact(
            kind="model_release",
            key="深度求索 V3.1 – «été»",
            occurred_at=datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            known_at=datetime(2025, 8, 21, 9, 0, 0, 1, tzinfo=timezone(timedelta(hours=8))),
            confidence=0.1 + 0.2,
            backfilled=True,
            payload={"a": [1, 2.5, None, {"b": "\x00\ud800'\"--"}], "z": -0.0, "big": 10**30},
        )

        store.record([fact])

        assert store.facts() == [fact]
        assert store.facts()[0].known_at.tzinfo is UTC

    def test_facts_are_ordered_by_code_point_on_every_engine(self, store: Store) -> None:
        facts = [make_fact(key=k) for k in ("b", "B", "a", "_", "é", "Z", "a b", "中")]

        store.record(facts)

        assert [f.key for f in store.facts()] == sorted(f.key for f in facts)

    def test_kinds_are_chosen_and_counted(self, store: Store) -> None:
        store.record([*make_facts(3), make_fact(), make_fact("vix", "x")])

        assert store.counts() == {"bar": 3, "observation": 1, "vix": 1}
        assert {f.kind for f in store.facts(["bar", "vix"])} == {"bar", "vix"}
        assert store.facts([]) == []
        assert store.newest_known_at()["bar"] == at(hours=2)

    def test_one_bad_fact_leaves_nothing_of_its_document(self, store: Store) -> None:
        bad = make_fact(key="bad", payload={"value": float("nan")})

        with pytest.raises(DataError, match=r"observation 'bad'.*None means not observed"):
            store.record([make_fact(), bad])
        assert store.facts() == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"payload": {1: "number as key"}},
            {"payload": {"at": object()}},
            {"key": "k" * 513},
            {"key": "nul\x00"},
            {"source": "half \ud83d"},
        ],
    )
    def test_what_cannot_come_back_is_refused(
        self, store: Store, changes: dict[str, object]
    ) -> None:
        with pytest.raises(DataError):
            store.record([make_fact(**changes)])

    def test_a_kind_and_a_key_are_as_long_as_their_columns(self, store: Store) -> None:
        """64 and 512 characters; four bytes each still fit an entry of PostgreSQL's index."""
        longest = make_fact("k" * 64, "😀" * 512)
        store.record([longest])

        assert store.facts() == [longest]
        for kind, key in (("k" * 65, "x"), ("k", "x" * 513)):
            with pytest.raises(DataError) as error:
                store.record([make_fact(kind, key)])
            assert error.value.message == (
                f"fact {kind[:40]} '{key[:40]}…' is longer than 64 or 512 characters"
            )

    def test_a_record_read_lazily_is_the_record(self, store: Store) -> None:
        """The very rows of the driver; known by then takes its own instant in."""
        facts = [
            make_fact("bar", "A", known_at=at(1), confidence=0.25, backfilled=True),
            make_fact("bar", "A", known_at=at(2), occurred_at=at(2), payload={"é": [1, None]}),
            make_fact("note", "A", known_at=at(2), source="another"),
        ]
        store.record(facts[::-1])

        assert list(store.history()) == facts
        assert list(store.history(at(2))) == facts
        assert list(store.history(at(2, micros=-1))) == store.facts(known_by=at(1)) == facts[:1]
        assert store.history().data_hash(at(2)) == store.data_hash(at(2)) == store.data_hash()
        (first, *_) = store.history().all_versions("bar", at(2))
        assert (first.backfilled, first.payload_text) == (True, '{"value":4.33}')

    def test_a_payload_that_is_no_object_is_a_damaged_record(self, store: Store) -> None:
        """However it is read; an edit from outside is the only way to one."""
        store.record([make_fact()])
        with store._writing() as connection:
            unguarded(connection)
            connection.execute(sa.update(schema.fact).values(payload="[1]"))

        for read in (
            store.facts,
            lambda: list(store.history()),
            lambda: store.newest("observation", ""),
        ):
            with pytest.raises(StoreError, match=r"holds a row that cannot be read \(ValueError\)"):
                read()

    def test_the_newest_instant_of_each_kind_comes_by_name(self, store: Store) -> None:
        store.record([make_fact("b", known_at=at(2)), *make_facts(2, "a"), make_fact("b", "x")])

        assert list(store.newest_known_at().items()) == [("a", at(hours=1)), ("b", at(2))]
        assert list(store.counts().items()) == [("a", 2), ("b", 2)]

    def test_what_a_write_did_adds_up(self) -> None:
        one, other = Recorded(new=1, changed=2, unchanged=3), Recorded(new=10, changed=20)
        assert one + other == Recorded(new=11, changed=22, unchanged=3)

    def test_a_write_counts_what_was_new_changed_and_told_before(self, store: Store) -> None:
        """Three versions of a new key: one is new, two are changes; of a known key, all are."""
        store.record([make_fact("bar", "old")])
        story = [make_fact("bar", "new", known_at=at(n), payload={"n": n}) for n in range(3)]
        more = [make_fact("bar", "old", known_at=at(n), payload={"n": n}) for n in (1, 2)]

        assert store.record([*story, *more, make_fact("bar", "old")]) == Recorded(
            new=1, changed=4, unchanged=1
        )

    def test_naive_instants_are_refused(self, store: Store) -> None:
        naive = datetime(2025, 1, 6)  # noqa: DTZ001 - naive on purpose
        with pytest.raises(DataError, match="naive"):
            store.facts(known_by=naive)
        with pytest.raises(DataError, match="naive"):
            store.claim("job", naive, "me", at())
        with pytest.raises(DataError, match="naive"):
            store.items(since=naive)

    def test_sql_in_a_key_is_only_a_key(self, store: Store) -> None:
        fact = make_fact(key="'; DROP TABLE fact; --%(x)s :y ?")

        store.record([fact])

        assert store.facts() == [fact]

    def test_nothing_recorded_has_a_hash_too(self, store: Store) -> None:
        assert store.record([]) == Recorded()
        assert store.data_hash() == History().data_hash(at())


def test_a_long_document_that_another_process_writes_first_is_stored_once(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look-up and the COPY, which knows no conflict, another writes half of it."""
    facts, write = make_facts(900), Store._insert_rows
    with Store.open(postgres_url) as store, Store.open(postgres_url) as other:

        def late(self: Store, *given: Any) -> None:
            if self is store:
                other.record(facts[:450])
            write(self, *given)

        monkeypatch.setattr(Store, "_insert_rows", late)
        store.record(facts)
        monkeypatch.undo()

        assert store.facts() == facts
        assert store.record(facts) == Recorded(unchanged=900)


def test_both_engines_give_the_same_digest(sqlite_url: str, postgres_url: str) -> None:
    facts = [make_fact(key=f"é{k % 7}", known_at=at(k % 3), payload={"v": k}) for k in range(40)]
    with Store.open(sqlite_url) as one, Store.open(postgres_url) as other:
        one.record(facts)
        other.record(facts[::-1])

        assert one.data_hash() == other.data_hash()
        assert one.data_hash(at(1)) == other.data_hash(at(1))


class TestItems:
    def test_a_document_delivered_ten_times_shuffled_is_stored_once(self, store: Store) -> None:
        items = [make_item(n) for n in range(50)]
        assert store.record_items(items) == Recorded(new=50)

        for seed in range(10):
            late = [make_item(n, known_at=at(seed)) for n in range(50)]
            random.Random(seed).shuffle(late)
            assert store.record_items(late) == Recorded(unchanged=50)
        assert store.item_count() == 50

    def test_an_edited_article_is_a_new_version_and_the_old_one_stays_visible(
        self, store: Store
    ) -> None:
        old, new = make_item(), make_item(known_at=at(1), title="Corrected")
        store.record_items([old])

        assert store.record_items([new]) == Recorded(changed=1)
        assert store.items(known_by=at(0.5)) == [old]
        assert store.items() == [old, new]
        versions = store.stored_items()
        assert versions[0].item_id == versions[1].item_id
        assert versions[0].version != versions[1].version

    def test_two_feeds_with_one_link_do_not_correct_each_other(self, store: Store) -> None:
        wire = make_item()
        other = make_item(source="aggregator", title="Headline number 1 - Wire")

        for day in range(3):
            store.record_items([make_item(known_at=at(day))])
            store.record_items(
                [make_item(source="aggregator", title=other.title, known_at=at(day))]
            )

        assert store.items() in ([wire, other], [other, wire])

    def test_a_moving_publisher_date_alone_is_no_edit(self, store: Store) -> None:
        store.record_items([make_item()])

        again = store.record_items([make_item(known_at=at(1), published_at=at(1))])

        assert again == Recorded(unchanged=1)

    def test_the_window_and_the_limit_choose_the_newest_oldest_first(self, store: Store) -> None:
        items = [make_item(n, known_at=at(n)) for n in range(10)]
        store.record_items(items)

        assert store.items(since=at(3), known_by=at(6)) == items[3:7]
        assert store.items(limit=2) == items[8:]

    def test_every_field_of_an_item_comes_back(self, store: Store) -> None:
        dated = make_item(1, summary="s", body_hash="b", backfilled=True)
        undated = make_item(2, known_at=at(1), published_at=None, lang="x" * 20)
        store.record_items([undated, dated])

        assert store.items() == [dated, replace(undated, lang="x" * 16)]
        (one, other) = store.stored_items()
        assert (one.item_id, one.version) == (content.item_id(dated), content.item_version(dated))
        assert other.item_id == content.item_id(undated)

    def test_a_window_of_items_takes_both_its_ends_in(self, store: Store) -> None:
        items = [make_item(n, known_at=at(n)) for n in range(4)]
        store.record_items(items)

        assert store.items(since=at(1), known_by=at(2)) == items[1:3]
        assert store.items(since=at(1, micros=1), known_by=at(2, micros=-1)) == []
        assert store.items(known_by=at(2), limit=1) == items[2:3]
        assert store.items(limit=0) == []
        assert [entry.item for entry in store.stored_items(since=at(3))] == items[3:]

    def test_what_returns_is_told_again_and_what_stays_is_not(self, store: Store) -> None:
        """Of one item a title, the same, another, the first again; out of order."""
        titles = ("one", "one", "two", "one")
        story = [make_item(title=title, known_at=at(day)) for day, title in enumerate(titles)]
        for item in (story[3], story[0], story[2], story[1]):
            store.record_items([item])

        assert store.items() == [story[0], story[2], story[3]]
        assert store.items(limit=2) == [story[2], story[3]]

    def test_an_item_that_cannot_be_kept_is_named(self, store: Store) -> None:
        long = make_item(title="t" * 70, published_at=None, backfilled=True)
        with pytest.raises(DataError) as error:
            store.record_items([long])
        assert error.value.message == f"item '{'t' * 60}' is back-filled but undated"
        for field in ("title", "source", "url", "summary", "lang", "body_hash"):
            for text in ("a\0b", "half \ud83d"):
                with pytest.raises(DataError, match=r"^item .* holds characters that cannot"):
                    store.record_items([make_item(1, **{field: text})])

    def test_equal_instants_are_ordered_alike_on_every_engine(self, store: Store) -> None:
        items = [make_item(source=name) for name in ("b", "B", "_", "é", "a b", "Z")]
        store.record_items(items)

        assert [i.source for i in store.items()] == ["B", "Z", "_", "a b", "b", "é"]
        assert [i.source for i in store.items(limit=2)] == ["b", "é"]

    def test_undated_items_are_flagged_and_never_back_filled(self, store: Store) -> None:
        undated = make_item(1, published_at=None)
        store.record_items([undated, make_item(2)])

        assert store.items(dated_only=True) == [make_item(2)]
        with pytest.raises(DataError, match="undated"):
            store.record_items([make_item(3, published_at=None, backfilled=True)])

    def test_a_repeat_from_the_past_hides_the_later_copy(self, store: Store) -> None:
        store.record_items([make_item(known_at=at(5))])
        store.record_items([make_item(known_at=at(1))])

        assert store.items() == [make_item(known_at=at(1))]

    def test_the_daily_query_never_scans_the_table(self, sqlite_url: str) -> None:
        with Store.open(sqlite_url) as store, store._reading() as connection:
            query = items_query(known_by=at(2), since=at(), limit=10, dated_only=False)
            text = query.compile(connection, compile_kwargs={"render_postcompile": True})
            plan = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {text}", tuple(text.params[n] for n in text.positiontup)
            ).all()

        steps = [row[-1] for row in plan]
        assert any("SEARCH item USING INDEX ix_item_known_at" in step for step in steps)
        assert any("USING COVERING INDEX" in step and "earlier" in step for step in steps)
        assert not any(step.startswith("SCAN") for step in steps), steps


class TestPollState:
    def test_it_is_none_before_the_first_poll_and_the_last_one_written_after(
        self, store: Store
    ) -> None:
        assert store.poll_state("wire") is None
        state = StoredPollState(
            feed="wire", etag='W/"1"', last_ok_at=at(), failures=2, health={"state": "ok"}
        )

        store.save_poll_states([StoredPollState(feed="wire", last_modified="yesterday")])
        store.save_poll_states([state])

        assert store.poll_state("wire") == state
        assert store.poll_states() == {"wire": state}

    def test_every_field_comes_back_and_feeds_come_by_name(self, store: Store) -> None:
        whole = StoredPollState(
            feed="b", etag="e", last_modified="m", body_hash="h", last_ok_at=at(1),
            next_due_at=at(2), retry_after_until=at(3), failures=4, health={"z": 1, "a": [None]},
        )  # fmt: skip
        store.save_poll_states([whole, StoredPollState(feed="a"), StoredPollState(feed="c")])

        assert list(store.poll_states()) == ["a", "b", "c"]
        assert store.poll_state("b") == whole
        assert store.poll_state("a") == StoredPollState(feed="a", failures=0, health={})
        changed = replace(whole, etag=None, last_ok_at=None, failures=0, health={})
        store.save_poll_states([changed])
        store.save_poll_states([])
        assert (store.poll_state("b"), len(store.poll_states())) == (changed, 3)

    def test_a_poll_is_stored_whole_or_not_at_all(self, store: Store) -> None:
        state = StoredPollState(feed="wire", etag="1", health={"bad": float("inf")})

        with pytest.raises(DataError):
            store.record_poll(state, facts=[make_fact()], items=[make_item()])
        assert store.facts() == []
        assert store.items() == []

        good = StoredPollState(feed="wire", etag="1")
        done = store.record_poll(good, facts=[make_fact()], items=[make_item()])
        assert done == Recorded(new=2)
        assert store.poll_state("wire") == good


class TestJobRuns:
    def test_a_run_is_claimed_once(self, store: Store) -> None:
        assert store.claim("report", at(), "a", at()) is True
        assert store.claim("report", at(), "b", at()) is False
        assert store.claim("report", at(1), "b", at()) is True

    def test_a_finished_run_is_never_taken_over(self, store: Store) -> None:
        store.claim("report", at(), "a", at())
        assert store.finish("report", at(), "a", at(hours=1)) is True

        late = at(30)
        assert not store.claim(
            "report", at(), "b", late, stale_after=timedelta(0), retry_after=timedelta(0)
        )
        run = store.job_runs("report")[0]
        assert (run.status, run.owner, run.finished_at, run.attempts) == (
            "done",
            "a",
            at(hours=1),
            1,
        )

    def test_a_killed_owner_loses_its_run_after_the_grace(self, store: Store) -> None:
        store.claim("report", at(), "dead", at())
        hour = timedelta(hours=1)

        assert not store.claim("report", at(), "b", at(hours=0.9), stale_after=hour)
        assert store.claim("report", at(), "b", at(hours=1), stale_after=hour)
        assert store.finish("report", at(), "dead", at(hours=2)) is False
        assert store.finish("report", at(), "b", at(hours=2)) is True
        assert store.job_runs()[0].attempts == 2

    def test_a_failed_run_is_retried_only_when_asked_and_due(self, store: Store) -> None:
        store.claim("report", at(), "a", at())
        store.finish("report", at(), "a", at(), status="failed", detail="locked")
        wait = timedelta(minutes=5)

        assert not store.claim("report", at(), "a", at(1))
        assert not store.claim("report", at(), "a", at(seconds=299), retry_after=wait)
        assert store.claim("report", at(), "a", at(seconds=300), retry_after=wait)

    def test_a_run_tells_who_did_it_when_and_how_it_ended(self, store: Store) -> None:
        """Begun, failed, taken up again by another after its wait, and done."""
        hour = timedelta(hours=1)
        first = JobRun(
            job="report", scheduled_for=at(), status="running", started_at=at(hours=1),
            finished_at=None, owner="a", attempts=1, detail="",
        )  # fmt: skip
        store.claim("report", at(), "a", at(hours=1))
        assert store.job_runs() == [first]

        for wrong in (("other", at(), "a"), ("report", at(1), "a"), ("report", at(), "b")):
            assert store.finish(*wrong, at(hours=2), status="failed") is False
        assert store.finish("report", at(), "a", at(hours=2), status="failed", detail="why")
        failed = replace(first, status="failed", finished_at=at(hours=2), detail="why")
        assert store.job_runs() == [failed]
        assert store.finish("report", at(), "a", at(hours=2)) is False  # it runs no more

        early = at(hours=3, micros=-1)
        assert not store.claim("report", at(), "b", early, retry_after=hour)
        assert not store.claim("report", at(), "b", at(9), stale_after=hour)  # failed, not stale
        assert store.claim("report", at(), "b", at(hours=3), retry_after=hour)
        again = replace(failed, status="running", started_at=at(hours=3), finished_at=None,
                        owner="b", attempts=2)  # fmt: skip
        assert store.job_runs() == [again]
        assert not store.claim("report", at(), "c", at(9), retry_after=hour)  # it runs
        assert not store.claim("report", at(), "c", at(hours=4, micros=-1), stale_after=hour)
        assert store.claim("report", at(), "c", at(hours=4), stale_after=hour, retry_after=hour)

    def test_runs_come_newest_first_of_one_job_or_of_all(self, store: Store) -> None:
        for job, day in (("b", 1), ("a", 1), ("a", 2), ("b", 0)):
            store.claim(job, at(day), "me", at(day))

        def listed(**asked: Any) -> list[tuple[str, datetime]]:
            return [(run.job, run.scheduled_for) for run in store.job_runs(**asked)]

        assert listed() == [("a", at(2)), ("a", at(1)), ("b", at(1)), ("b", at(0))]
        assert listed(limit=2) == [("a", at(2)), ("a", at(1))]
        assert listed(job="b", limit=1) == [("b", at(1))]
        for day in range(100):
            store.claim("c", at(day + 10), "me", at(day))
        assert len(store.job_runs()) == 100


class TestTrials:
    def test_the_same_trial_counts_once(self, store: Store) -> None:
        trials = [_trial(n) for n in range(10)]

        assert store.add_trials(trials) == 10
        assert store.add_trials([*trials, _trial(99), _trial(99)]) == 1
        assert store.add_trials([]) == 0
        assert len(store.trials()) == 11
        assert len(store.trials(data_hash="d", strategy="s")) == 11
        assert store.trials(data_hash="other") == []

    def test_an_idea_is_counted_by_the_sessions_it_met(self, store: Store) -> None:
        """Whatever the record knew: by overlap of windows, each rule and first session once."""

        def idea(rule: str, first: str, last: str, sharpe: float, data: str) -> Trial:
            params = {"rule": rule, "from": first, "to": last}
            return replace(_trial(1, sharpe=sharpe), params=params, data_hash=data)

        store.add_trials(
            [
                idea("a", "2024-01-02", "2024-06-28", 0.1, "monday"),
                replace(idea("a", "2024-01-02", "2024-07-01", 0.2, "tuesday"), made_at=at(hours=1)),
                idea("b", "2024-06-28", "2024-12-31", 0.3, "monday"),
                idea("c", "2025-01-02", "2025-06-30", 0.4, "monday"),
            ]
        )
        met = store.tried_on(date(2024, 1, 2), date(2024, 6, 28))
        later = store.tried_on(date(2025, 1, 2), date(2025, 2, 3))

        assert sorted((t.rule, t.sharpe) for t in met) == [("a", 0.2), ("b", 0.3)]
        assert [t.rule for t in later] == ["c"]

    def test_an_idea_is_met_by_a_day_in_common_and_by_its_last_run(self, store: Store) -> None:
        """A window touches by one day, at either end; what names none may overlap; without a
        rule each set of parameters is an idea of its own."""

        def told(number: int, **params: str) -> Trial:
            return replace(_trial(1, sharpe=number / 10, made_at=at(number)), params=params)

        store.add_trials(
            [
                told(3, rule="a", to="2024-06-03"),
                replace(told(1, rule="a", to="2024-06-03"), data_hash="earlier"),
                told(2, rule="b", **{"from": "2024-06-05"}),
                told(4, **{"from": "2024-06-04", "to": "2024-06-04"}),
                told(5),
            ]
        )
        nameless = [row.params_hash for row in _rows(store) if "rule" not in row.params]

        def met(first: date, last: date) -> list[tuple[str, str, float | None]]:
            return [(t.rule, t.since, t.sharpe) for t in store.tried_on(first, last)]

        a, b = ("a", "", 0.3), ("b", "2024-06-05", 0.2)
        one, any_day = met(date(2024, 6, 4), date(2024, 6, 4))
        assert {one[0], any_day[0]} == set(nameless)
        assert (one[1:], any_day[1:]) == (("2024-06-04", 0.4), ("", 0.5))
        assert met(date(2024, 6, 3), date(2024, 6, 3)) == [a, any_day]
        assert met(date(2024, 6, 5), date(2024, 6, 5)) == [b, any_day]
        assert met(date(2024, 6, 3), date(2024, 6, 5)) == [a, b, one, any_day]

    def test_trials_are_listed_by_data_strategy_and_parameters(self, store: Store) -> None:
        given = [
            replace(_trial(n), data_hash=data, strategy=strategy)
            for data, strategy, n in (("b", "s", 1), ("a", "t", 1), ("a", "s", 2), ("a", "s", 1))
        ]
        store.add_trials(given)

        ends = sorted(given[2:], key=lambda t: content.digest(content.canonical_json(t.params)))
        assert store.trials() == [*ends, given[1], given[0]]
        assert store.trials(data_hash="a", strategy="t") == [given[1]]
        assert store.trials(strategy="s") == [*ends, given[0]]

    def test_trials_come_back_with_undefined_as_none(self, store: Store) -> None:
        """What is no number or has no end; each figure by itself."""
        nan, inf = float("nan"), float("inf")
        given = [
            _trial(1, sharpe=nan, skewness=inf, kurtosis=-inf),
            _trial(2, sharpe=None, skewness=None, kurtosis=None),
            _trial(3, sharpe=-1.5, skewness=0.0, kurtosis=2.0),
        ]
        store.add_trials(given)

        undefined = {"sharpe": None, "skewness": None, "kurtosis": None}
        found = sorted(store.trials(), key=lambda trial: trial.params["window"])
        assert found == [_trial(1, **undefined), _trial(2, **undefined), given[2]]


def _rows(store: Store) -> list[Any]:
    with store._reading() as connection:
        return list(connection.execute(sa.select(schema.trial)))


def _trial(number: int, **changes: object) -> Trial:
    fields: dict[str, object] = {
        "data_hash": "d",
        "strategy": "s",
        "params": {"window": number},
        "n_obs": 250,
        "sharpe": 0.05,
        "skewness": -0.3,
        "kurtosis": 4.0,
        "made_at": at(),
    }
    return Trial(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_delivery_is_marked_once_and_can_be_forgotten(store: Store) -> None:
    assert store.sent_at("2025-01-06:mail") is None
    assert store.mark_sent("2025-01-06:mail", at()) is True
    assert store.mark_sent("2025-01-06:mail", at(1)) is False
    assert store.sent_at("2025-01-06:mail") == at()

    store.unmark_sent("2025-01-06:mail")

    assert store.mark_sent("2025-01-06:mail", at(2)) is True


def test_deliveries_come_by_their_last_change_and_a_later_word_replaces_the_earlier(
    store: Store,
) -> None:
    def told(channel: str, key: str, recipient: str, day: float, **more: Any) -> Delivery:
        return Delivery(channel=channel, key=key, recipient=recipient, state="offered",
                        changed_at=at(day), **more)  # fmt: skip

    late, early = told("mail", "a", "me", 2), told("mail", "b", "me", 1)
    tied = [told("mail", "b", "you", 1), told("push", "a", "", 1, repeats=3, why="busy")]
    store.save_deliveries([late, early, *tied])

    assert store.deliveries() == (tied[1], early, tied[0], late)
    assert store.deliveries("push") == (tied[1],)
    assert store.deliveries(keys=["b", "c"]) == (early, tied[0])
    assert store.deliveries("mail", keys=["a"]) == (late,)
    assert store.deliveries(keys=[]) == ()
    assert (late.repeats, late.why) == (0, "")

    taken = replace(early, state="taken", changed_at=at(3), repeats=1, why="250 ok")
    store.save_deliveries([taken])
    assert store.deliveries() == (tied[1], tied[0], late, taken)


def test_the_files_are_the_owners_only(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/new/record.db") as store:
        store.record([make_fact()])
        modes = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "new").iterdir()}

    assert modes["record.db"] == 0o600
    assert set(modes.values()) == {0o600}


def test_sqlite_runs_with_the_settings_of_the_house(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store, store._reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in (
                "journal_mode", "synchronous", "busy_timeout", "foreign_keys", "mmap_size",
                "cache_size", "wal_autocheckpoint",
            )
        }  # fmt: skip

    assert settings.pop("mmap_size") in (0, None)
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 1,
        "busy_timeout": 5000,
        "foreign_keys": 1,
        "cache_size": -32_768,  # KiB: 32 MB
        "wal_autocheckpoint": 4_000,  # pages of 4 kB: 16 MB
    }


def test_a_store_in_memory_works_like_one_on_disk() -> None:
    with Store.open("sqlite://") as store:
        assert store.record([make_fact()]) == Recorded(new=1)
        assert store.facts() == [make_fact()]


def test_instants_are_stored_as_utc_microseconds(store: Store) -> None:
    store.record([make_fact(known_at=datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))])

    with store._reading() as connection:
        raw = connection.execute(
            sa.select(sa.type_coerce(schema.fact.c.known_at, sa.BigInteger))
        ).scalar()

    assert raw == 1_000_005
