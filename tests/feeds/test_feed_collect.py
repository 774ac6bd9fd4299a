"""Polling many feeds: nothing is lost, nothing is asked too often, nobody waits for the dead."""

from __future__ import annotations

import dataclasses
import threading
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DataError, FeedError, StoreError
from engine.record.store import Store
from engine.shown import FeedState
from engine.values import Fact
from feeds.bars import bar_fact
from feeds.base import Collector, FeedConfig, Harvest, Parsed, PollState
from feeds.collect import (
    MOST_HELD,
    FeedResult,
    Lanes,
    MemorySink,
    StoreSink,
    Written,
    _Round,
    after_failure,
    after_success,
    collect,
    from_stored,
    not_due,
    to_stored,
)
from feeds.wire import FetchFailedError
from tests.builders import make_bar

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rss(*numbers: int) -> bytes:
    items = "".join(
        f"<item><title>Headline {n}</title><link>https://example.com/{n}</link>"
        f"<pubDate>Fri, 22 Aug 2025 10:00:00 GMT</pubDate></item>"
        for n in numbers
    )
    return f'<rss version="2.0"><channel><title>F</title>{items}</channel></rss>'.encode()


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as opened:
        yield opened


def statuses(summary) -> dict[str, str]:
    return {result.feed: result.status for result in summary.results}


def test_each_kind_of_failure_stays_with_its_feed(server, make_fetcher, store, feed):
    """Thirteen broken feeds and two good ones: the good ones are read, each failure is named."""
    routes = {
        "good": rss(1, 2),
        "also-good": rss(3),
        "html": b"<html>Just a moment...</html>",
        "damaged": b"<rss",
        "empty": rss(),
        "bomb": lambda x: x.reply(200, b"x" * (16 * 2**20)),
        "loop": lambda x: x.reply(302, Location="/loop"),
        "gone": lambda x: x.reply(410),
        "missing": lambda x: x.reply(404),
        "down": lambda x: x.reply(500),
        "reset": lambda x: x.conn.shutdown(2),
        "silent": lambda x: time.sleep(2),
    }
    feeds = [feed(name, url=server.route(f"/{name}", body)) for name, body in routes.items()]
    feeds += [
        feed("private", url=server.url + "/good", allow_private=False),
        feed("no-such-kind", kind="feeds.nowhere:Nothing"),
        feed("off", url=server.url + "/off", enabled=False),
    ]
    sink = StoreSink(store)

    summary = collect(feeds, make_fetcher(deadline_seconds=0.8), sink, NOW)

    found = statuses(summary)
    assert {name for name, status in found.items() if status == "new"} == {"good", "also-good"}
    assert (found["gone"], found["empty"]) == ("gone", "unchanged")
    assert summary.count("failed") == len(feeds) - 5
    assert all(result.why for result in summary.results if result.status == "failed")
    assert {i.title for i in store.items()} == {"Headline 1", "Headline 2", "Headline 3"}
    states = sink.states()
    assert states["html"].health is FeedState.BLOCKED
    assert states["empty"].health is FeedState.EMPTY
    assert states["good"].health is FeedState.OK
    assert "/off" not in server.paths()


def test_an_unchanged_feed_costs_no_parse_and_no_write(server, make_fetcher, store, feed):
    """The same body, or a 304, moves ``last_ok_at`` and nothing else."""
    etag = {"ETag": '"1"'}
    server.route(
        "/a",
        lambda x: x.reply(
            304 if "if-none-match" in x.headers else 200,
            b"" if "if-none-match" in x.headers else rss(1),
            **etag,
        ),
    )
    server.route("/b", rss(2))
    feeds = [feed("a", url=server.url + "/a"), feed("b", url=server.url + "/b")]
    sink, fetcher = StoreSink(store), make_fetcher()

    first = collect(feeds, fetcher, sink, NOW)
    second = collect(feeds, fetcher, sink, NOW + HOUR)

    assert statuses(first) == {"a": "new", "b": "new"}
    assert statuses(second) == {"a": "unchanged", "b": "unchanged"}
    assert second.new == second.changed == 0
    assert store.item_count() == 2
    assert sink.states()["a"].last_ok_at == sink.states()["b"].last_ok_at == NOW + HOUR


def test_ten_deliveries_leave_one_version_and_an_edit_leaves_two(server, make_fetcher, store, feed):
    """Reordered documents store nothing new; an edited title is a new version of the same item."""
    import random

    numbers = list(range(50))
    feeds, sink, fetcher = [feed("a", url=server.url + "/a")], StoreSink(store), make_fetcher()
    for n in range(10):
        random.Random(n).shuffle(numbers)
        server.route("/a", rss(*numbers))
        collect(feeds, fetcher, sink, NOW + n * HOUR)
    assert store.item_count() == 50

    server.route("/a", rss(*numbers).replace(b"Headline 7<", b"Headline 7, corrected<"))
    summary = collect(feeds, fetcher, sink, NOW + 10 * HOUR)

    assert (summary.new, summary.changed) == (0, 1)
    assert "Headline 7, corrected" not in {i.title for i in store.items(known_by=NOW + 9 * HOUR)}


def test_feeds_are_asked_when_due_and_not_before(server, make_fetcher, feed):
    """The cadence with a tenth of jitter; ``force`` asks all the same."""
    feeds, sink = [feed("a", url=server.route("/a", rss(1)), cadence_minutes=60)], MemorySink()
    fetcher = make_fetcher()

    def ask(after: timedelta, **how: bool) -> str:
        return statuses(collect(feeds, fetcher, sink, NOW + after, jitter=lambda: 1.0, **how))["a"]

    assert ask(timedelta()) == "new"
    assert ask(timedelta(minutes=65)) == "not_due"
    assert ask(timedelta(minutes=65), force=True) == "unchanged"
    assert ask(timedelta(minutes=65 + 66)) == "unchanged"
    assert len(server.asked) == 3


def test_a_host_that_asked_for_silence_gets_it_even_when_forced(server, make_fetcher, feed):
    """``Retry-After`` outlives the process: it is in the poll state."""
    url = server.route("/a", lambda x: x.reply(429, Retry_After="7200"))
    feeds, sink = [feed("a", url=url)], MemorySink()

    assert statuses(collect(feeds, make_fetcher(), sink, NOW)) == {"a": "failed"}
    late = collect(feeds, make_fetcher(), sink, NOW + HOUR, force=True)
    assert statuses(late) == {"a": "deferred"}
    assert "2025-08-22 14:30" in late.results[0].why
    collect(feeds, make_fetcher(), sink, NOW + 2 * HOUR, force=True)
    assert len(server.asked) == 2


def test_a_gone_feed_is_never_asked_again_until_its_url_changes(server, make_fetcher, feed):
    """410 disables at once and says so; a new address in the stanza starts afresh."""
    old, sink = feed("a", url=server.route("/old", lambda x: x.reply(410))), MemorySink()
    new = feed("a", url=server.route("/new", rss(1)))

    collect([old], make_fetcher(), sink, NOW)
    again = collect([old], make_fetcher(), sink, NOW + 999 * HOUR, force=True)

    assert statuses(again) == {"a": "gone"}
    assert "url" in again.results[0].why
    assert server.paths() == ["/old"]
    assert statuses(collect([new], make_fetcher(), sink, NOW + 999 * HOUR)) == {"a": "new"}


def test_a_permanent_move_is_followed_after_three_sightings(server, make_fetcher, feed):
    """Three times it is asked at the old address, from then on at the new one."""
    server.route("/old", lambda x: x.reply(301, Location="/new"))
    feeds, sink = [feed("a", url=server.url + "/old")], MemorySink()
    server.route("/new", rss(1))

    for n in range(5):
        collect(feeds, make_fetcher(), sink, NOW + n * HOUR)

    assert server.paths() == ["/old", "/new"] * 3 + ["/new"] * 2
    assert sink.kept["a"].moved_to == server.url + "/new"


class Stuck(Collector):
    """A collector that waits, and one that answers at once."""

    def __init__(self, slow: set[str], seconds: float):
        self.slow, self.seconds, self.release = slow, seconds, threading.Event()

    def poll(self, poll):
        if poll.feed.name in self.slow:
            self.release.wait(self.seconds)
            raise FetchFailedError(poll.feed.name, "too slow", reason="timeout")
        time.sleep(0.005)
        fact = Fact(kind="k", key=poll.feed.name, occurred_at=NOW, known_at=NOW, source="s",
                    payload={})  # fmt: skip
        return Harvest(parsed=Parsed(facts=(fact,), stamps=(NOW,)))


def finish_of_good(n_stuck: int, lanes: Lanes, failures: int = 0) -> float:
    """Seconds until the last of 90 good feeds is in, with the stuck ones first in the list."""
    names = [f"s{n}" for n in range(n_stuck)] + [f"g{n}" for n in range(90)]
    feeds = [FeedConfig(name=name, kind="x:Y") for name in names]
    sink = MemorySink({f"s{n}": PollState(failures=failures) for n in range(n_stuck)})
    stuck = Stuck({f"s{n}" for n in range(n_stuck)}, seconds=9.0)
    ends: list[float] = []
    began = time.monotonic()

    def progress(done, total, result):
        if result.status == "new":
            ends.append(time.monotonic() - began)
            if len(ends) == 90:
                stuck.release.set()

    collect(feeds, None, sink, NOW, lanes=lanes, collectors=lambda kind: stuck,
            progress=progress)  # fmt: skip
    assert len(ends) == 90
    return ends[-1]


def test_stuck_feeds_take_threads_not_time():
    """Ten feeds of a hundred hang for nine seconds: the other ninety do not wait for them."""
    lanes = Lanes(lanes=4, threads=64, patience_seconds=0.02)

    assert finish_of_good(10, lanes) < 4.0


def test_feeds_known_to_fail_go_last():
    """Stuck feeds that failed before cost the good ones nothing at all: they start after them."""
    names = ["s0", "g0", "s1", "g1"]
    feeds = [FeedConfig(name=name, kind="x:Y") for name in names]
    sink = MemorySink({name: PollState(failures=name.startswith("s")) for name in names})
    order: list[str] = []

    class Noting(Collector):
        def poll(self, poll):
            order.append(poll.feed.name)
            raise FeedError(poll.feed.name, "no")

    collect(feeds, None, sink, NOW, lanes=Lanes(lanes=1, threads=1), collectors=lambda k: Noting())

    assert order == ["g0", "g1", "s0", "s1"]


def test_a_faulty_collector_is_a_failed_feed():
    """A bug in one collector is said in one line and stops nobody."""

    class Faulty(Collector):
        def poll(self, poll):
            return 1 / 0

    sink = MemorySink()
    summary = collect([FeedConfig(name="a", kind="x:Y")], None, sink, NOW,
                      collectors=lambda kind: Faulty())  # fmt: skip

    assert statuses(summary) == {"a": "failed"}
    assert "ZeroDivisionError" in summary.results[0].why


def test_a_broken_database_stops_the_round():
    """Without a place to write there is nothing to collect for: the error goes to the user."""

    class Full(MemorySink):
        def write(self, feed, state, parsed):
            raise StoreError("disk full")

    with pytest.raises(StoreError, match="disk full"):
        collect([FeedConfig(name="a", kind="x:Y")], None, Full(), NOW,
                collectors=lambda kind: Stuck(set(), 0))  # fmt: skip


def test_states_of_the_unchanged_wait_and_a_failure_is_kept_at_once(tmp_path):
    """One transaction for a quiet round; a wish for silence is on disk before anything else."""
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store:
        sink, other = StoreSink(store), StoreSink(store)
        sink.write(FEED, PollState(etag="1"), None)
        waiting = dict(other.states())
        sink.write(replace_name(FEED, "b"), PollState(failures=1), None)
        kept = set(other.states())
        sink.write(replace_name(FEED, "c"), PollState(), None)
        for n in range(MOST_HELD):
            sink.write(replace_name(FEED, f"d{n}"), PollState(), None)
        many = len(other.states())
        sink.flush()
        sink.flush()

    assert (waiting, kept, many) == ({}, {"a", "b"}, 2 + MOST_HELD)


def test_a_round_keeps_every_state_before_it_ends(tmp_path):
    """Also those that waited: another reader of the record sees them."""

    class Same(Collector):
        def poll(self, poll):
            return Harvest(parsed=None, etag="kept")

    feeds = [replace_name(FEED, f"n{n}") for n in range(3)]
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store:
        collect(feeds, None, StoreSink(store), NOW, collectors=lambda kind: Same())
        found = StoreSink(store).states()

    assert {(name, state.etag) for name, state in found.items()} == {
        (f"n{n}", "kept") for n in range(3)
    }


def replace_name(feed: FeedConfig, name: str) -> FeedConfig:
    return feed.model_copy(update={"name": name})


def test_progress_counts_every_feed_once():
    """(done, total, result) for each feed that was asked."""
    calls = []
    feeds = [FeedConfig(name=f"g{n}", kind="x:Y") for n in range(5)]

    collect(feeds, None, MemorySink(), NOW, collectors=lambda kind: Stuck(set(), 0),
            progress=lambda *call: calls.append(call))  # fmt: skip

    assert [(done, total) for done, total, _ in calls] == [(n, 5) for n in range(1, 6)]


# --- rules of the poll state ----------------------------------------------------------------

FEED = FeedConfig(name="a", kind="x:Y", cadence_minutes=30)


def failure(reason="network", wait=None):
    return FetchFailedError("a", "no", reason=reason, wait_seconds=wait)


def test_failures_move_the_next_poll_away_to_a_day_at_most():
    """30 minutes, then twice as long each time; success starts again."""
    state, waits = PollState(), []
    for _ in range(10):
        state = after_failure(FEED, state, failure("not_found"), NOW, 0.5)
        waits.append((state.next_due_at - NOW) / timedelta(minutes=1))

    assert waits == [30, 60, 120, 240, 480, 960, 1440, 1440, 1440, 1440]
    assert after_success(FEED, state, Harvest(parsed=None), NOW, 0.5).failures == 0


def test_an_unchanged_answer_after_a_failure_is_healthy_again():
    """The old complaint goes with the failure; an empty feed that did not change stays empty."""
    ill = PollState(health=FeedState.ERROR, why="answered 503", failures=2)
    well = after_success(FEED, ill, Harvest(parsed=None), NOW, 0.5)

    assert (well.health, well.why, well.failures) == (FeedState.OK, "", 0)
    empty = PollState(health=FeedState.EMPTY)
    assert after_success(FEED, empty, Harvest(parsed=None), NOW, 0.5).health is FeedState.EMPTY


def test_waiting_for_a_turn_is_no_failure():
    """A deferred feed keeps its health and comes back when the host allows."""
    before = PollState(url="", health=FeedState.OK, last_ok_at=NOW)
    after = after_failure(FEED, before, failure("deferred", 300.0), NOW, 0.5)

    assert after == dataclasses.replace(before, next_due_at=NOW + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("fresh", "minutes"), [(None, 30), (60, 30), (5_400, 90), (31_536_000, 120), (10**9, 120)]
)
def test_freshness_only_lengthens_the_interval(fresh, minutes):
    """``max-age`` is obeyed up to four cadences; a short one does not make us ask more often."""
    harvest = Harvest(parsed=None, fresh_seconds=fresh)
    due = after_success(FEED, PollState(), harvest, NOW, 0.5).next_due_at

    assert due == NOW + timedelta(minutes=minutes)


def test_a_due_time_no_rule_could_set_means_a_wrong_clock():
    """After the clock was a year ahead and is right again, the feed is due at once."""
    state = PollState(
        next_due_at=NOW + timedelta(days=365), retry_after_until=NOW + 300 * 24 * HOUR
    )

    assert not_due(FEED, state, NOW) is None
    assert not_due(FEED, PollState(next_due_at=NOW + HOUR), NOW).status == "not_due"


INSTANTS = st.none() | st.datetimes(
    min_value=datetime(2000, 1, 1), max_value=datetime(2099, 1, 1)  # noqa: DTZ001
).map(lambda t: t.replace(tzinfo=UTC))  # fmt: skip


@given(
    st.builds(
        PollState,
        url=st.text(max_size=20),
        etag=st.text(max_size=20),
        last_ok_at=INSTANTS,
        next_due_at=INSTANTS,
        last_poll_at=INSTANTS,
        failures=st.integers(0, 99),
        health=st.sampled_from(list(FeedState)),
        why=st.text(max_size=40),
        stamps=st.lists(INSTANTS.filter(bool), max_size=4).map(tuple),
        moved_seen=st.integers(0, 5),
        gone=st.booleans(),
        memo=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    )
)
def test_poll_states_survive_the_record(state):
    """What is written of a poll state is what is read."""
    assert from_stored(to_stored("a", state)) == state


def test_damaged_details_are_forgotten_not_fatal():
    """A poll state from another version starts afresh where it cannot be read."""
    stored = dataclasses.replace(to_stored("a", PollState(etag="x")), health={"state": "?"})

    assert from_stored(stored) == PollState(etag="x")


# --- one round, field by field --------------------------------------------------------------------


class Told(Collector):
    """Answers by name: a harvest, or an error to raise."""

    def __init__(self, answers):
        self.answers, self.polls, self.closed = answers, [], 0

    def poll(self, poll):
        self.polls.append(poll)
        answer = self.answers[poll.feed.name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.closed += 1


def fact_of(key: str = "k", *, value: float = 1.0, kind: str = "k", known_at=NOW) -> Fact:
    return Fact(
        kind=kind, key=key, occurred_at=NOW, known_at=known_at, source="s",
        payload={"value": value},
    )  # fmt: skip


def run(answers, *, feeds=None, sink=None, **how):
    """One round by a clock that goes on by a second at each look."""
    ticks = iter(range(1_000))
    collector = Told(answers)
    summary = collect(
        feeds or [replace_name(FEED, name) for name in answers], None, sink or MemorySink(), NOW,
        collectors=lambda kind: collector, lanes=Lanes(lanes=1, threads=1),
        monotonic=lambda: float(next(ticks)), jitter=lambda: 0.5, **how,
    )  # fmt: skip
    return summary, collector


def test_a_result_says_what_was_stored_and_what_was_odd():
    """Of three facts one is known, one told anew, one new; the first problem is the reason."""
    sink = MemorySink()
    sink.write(FEED, PollState(), Parsed(facts=(fact_of("a"), fact_of("b"))))
    parsed = Parsed(
        facts=(fact_of("a"), fact_of("b", value=2.0), fact_of("c")), problems=("one", "two"),
        stamps=(NOW,),
    )  # fmt: skip
    summary, collector = run({"a": Harvest(parsed=parsed)}, sink=sink)

    seconds = summary.results[0].seconds
    assert summary.results == (
        FeedResult(
            feed="a", status="new", state=FeedState.OK, new=1, changed=1, unchanged=1, why="one",
            problems=("one", "two"), seconds=seconds,
        ),
    )  # fmt: skip
    assert seconds >= 1.0
    assert summary.seconds > seconds
    assert (summary.now, collector.closed) == (NOW, 1)
    kept = sink.kept["a"]
    assert (kept.n_entries, kept.stamps, kept.next_due_at) == (3, (NOW,), NOW + HOUR / 2)
    assert sink.documents[-1] == ("a", parsed)


@pytest.mark.parametrize(
    ("answer", "status", "state", "why"),
    [
        (Harvest(parsed=None), "unchanged", FeedState.OK, ""),
        (Harvest(parsed=Parsed()), "unchanged", FeedState.EMPTY, ""),
        (FeedError("a", "no", state="blocked", remedy="ask"), "failed", FeedState.BLOCKED,
         "no (ask)"),
        (FeedError("a", "no", state="unheard of"), "failed", FeedState.ERROR, "no"),
        (FetchFailedError("a", "x", reason="gone"), "gone", FeedState.ERROR, "x"),
        (FetchFailedError("a", "x", reason="deferred", wait_seconds=9.0), "deferred",
         FeedState.NEVER, "x"),
        (FetchFailedError("a", "x", reason="forbidden"), "failed", FeedState.BLOCKED, "x"),
        (ValueError("y" * 300), "failed", FeedState.ERROR,
         "the collector failed: ValueError: " + "y" * 160),
    ],
)  # fmt: skip
def test_each_end_of_a_poll_has_its_result(answer, status, state, why):
    summary, _ = run({"a": answer})

    (result,) = summary.results
    assert (result.feed, result.status, result.state, result.why) == ("a", status, state, why)
    assert (result.new, result.changed, result.unchanged, result.problems) == (0, 0, 0, ())
    assert result.seconds >= 1.0


def test_a_round_asks_whom_it_should_in_the_order_of_the_configuration():
    """Off: nowhere. Not due and gone: told without being asked. Bad options: a failure."""
    names = ["late", "off", "gone", "odd", "due"]
    feeds = [
        replace_name(FEED, name).model_copy(
            update={"enabled": name != "off", "options": {"x": 1} if name == "odd" else {}}
        )
        for name in names
    ]
    sink = MemorySink(
        {
            "late": PollState(next_due_at=NOW + HOUR, health=FeedState.OK),
            "gone": PollState(gone=True, health=FeedState.ERROR),
            "due": PollState(url="https://elsewhere.org", next_due_at=NOW + HOUR, failures=3),
        }
    )
    asked, told = [], []
    summary, collector = run(
        dict.fromkeys(names, Harvest(parsed=None)), feeds=feeds, sink=sink, before=asked.append,
        progress=lambda done, total, result: told.append((done, total, result.feed)),
    )  # fmt: skip

    assert [(r.feed, r.status, r.state) for r in summary.results] == [
        ("late", "not_due", FeedState.OK),
        ("gone", "gone", FeedState.ERROR),
        ("odd", "failed", FeedState.ERROR),
        ("due", "unchanged", FeedState.OK),
    ]
    assert summary.results[0].why == "due at 2025-08-22 13:30 UTC"
    assert summary.results[1].why == ("gone for good (410): remove the stanza or give it a new url")
    assert "x" in summary.results[2].why
    assert asked == [poll.feed.name for poll in collector.polls] == ["due"]
    assert collector.polls[0].state == PollState()  # another address: begun afresh
    assert collector.polls[0].now == NOW
    assert told == [(1, 2, "odd"), (2, 2, "due")]
    forced, _ = run(
        dict.fromkeys(names, Harvest(parsed=None)), feeds=feeds[:1], sink=sink, force=True
    )
    assert forced.results[0].status == "unchanged"


def test_what_is_called_before_a_poll_may_refuse_it():
    def refuse(name):
        raise FeedError(name, "not now")

    summary, collector = run({"a": Harvest(parsed=None)}, before=refuse)

    assert (summary.results[0].status, summary.results[0].why) == ("failed", "not now")
    assert collector.polls == []


def test_a_document_that_cannot_be_stored_is_a_failure_of_its_feed():
    class Picky(MemorySink):
        def write(self, feed, state, parsed):
            if parsed is not None:
                raise DataError("a key comes twice")
            return super().write(feed, state, parsed)

    sink = Picky()
    summary, _ = run({"a": Harvest(parsed=Parsed(facts=(fact_of(),)), etag="e")}, sink=sink)

    assert (summary.results[0].status, summary.results[0].why) == ("failed", "a key comes twice")
    assert (sink.kept["a"].failures, sink.kept["a"].etag) == (1, "")


def test_a_wait_that_no_rule_sets_is_longer_than_a_day_and_two_intervals():
    """A feed asked every two days may wait for four, one asked every hour for one."""
    for minutes, days in ((2_880, 4), (60, 1)):
        slow = FEED.model_copy(update={"cadence_minutes": minutes})
        for late, status in ((timedelta(), "not_due"), (timedelta(seconds=1), None)):
            at = NOW + timedelta(days=days) + late
            found = not_due(slow, PollState(next_due_at=at, health=FeedState.OK), NOW)
            assert (found and found.status) == status
            silent = not_due(slow, PollState(retry_after_until=at), NOW)
            assert (silent and silent.status) == (status and "deferred")
    silent = not_due(FEED, PollState(retry_after_until=NOW + HOUR, health=FeedState.BLOCKED), NOW)
    assert silent == FeedResult(
        feed="a", status="deferred", state=FeedState.BLOCKED,
        why="its host asked not to be asked before 2025-08-22 13:30 UTC",
    )  # fmt: skip
    off = not_due(FEED.model_copy(update={"enabled": False}), PollState(), NOW)
    assert off == FeedResult(feed="a", status="gone", state=FeedState.NEVER)


def test_a_good_answer_makes_a_whole_new_state():
    before = PollState(
        url="old", etag="1", last_modified="2", body_hash="3", failures=4, why="w",
        retry_after_until=NOW, health=FeedState.ERROR, stamps=(NOW - HOUR,), memo={"a": "b"},
    )  # fmt: skip
    parsed = Parsed(facts=(fact_of(),), stamps=(NOW,), problems=("p", "q"))
    answer = Harvest(
        parsed=parsed, etag="e", last_modified="l", body_hash="h", moved_to="n", memo={"c": "d"}
    )

    after = after_success(FEED, before, answer, NOW, 0.5)

    assert after == PollState(
        url="", etag="e", last_modified="l", body_hash="h", last_poll_at=NOW, last_ok_at=NOW,
        next_due_at=NOW + HOUR / 2, health=FeedState.OK, why="p", n_entries=1,
        stamps=(NOW, NOW - HOUR), moved_to="n", moved_seen=1, memo={"c": "d"},
    )  # fmt: skip


def test_a_failure_keeps_what_the_last_good_answer_left():
    before = PollState(
        url="old", etag="1", last_modified="2", body_hash="3", last_ok_at=NOW - HOUR, n_entries=5,
        stamps=(NOW - HOUR,), moved_to="n", moved_seen=3, memo={"a": "b"}, health=FeedState.OK,
    )  # fmt: skip

    after = after_failure(FEED, before, FeedError("a", "no", state="blocked"), NOW, 1.0)

    assert after == dataclasses.replace(
        before, url="", last_poll_at=NOW, next_due_at=NOW + timedelta(minutes=33), failures=1,
        health=FeedState.BLOCKED, why="no", moved_to="", moved_seen=0,
    )  # fmt: skip
    day = FetchFailedError("a", "no", reason="deferred", wait_seconds=1e9)
    assert after_failure(FEED, before, day, NOW, 0.0) == dataclasses.replace(
        before, url="", next_due_at=NOW + 24 * HOUR
    )


def test_a_lane_is_free_again_once_its_feed_has_waited():
    """Two lanes, three threads, a patience of two seconds; it is ten past."""
    round_ = _Round(None, MemorySink(), NOW, None, None, lambda: 10.0, None, None)
    lanes = Lanes(lanes=2, threads=3, patience_seconds=2.0)
    for began, room in (
        ((), True), ((9.0,), True), ((9.0, 9.0), False), ((9.0, 8.01), False), ((9.0, 8.0), True),
        ((9.0, 1.0), True), ((1.0, 1.0, 1.0), False), ((1.0, 1.0), True),
    ):  # fmt: skip
        assert round_._room(dict(enumerate(began)), lanes) is room


def test_prices_of_the_sink_are_of_the_kinds_and_the_hour_asked_for(store):
    """The door looks at bars, actions and sightings known by then; both sinks alike."""
    kept = [
        fact_of("a", kind="bar"), fact_of("b", kind="corporate_action"),
        fact_of("c", kind="bar", known_at=NOW + timedelta(microseconds=1)),
        fact_of("d", kind="headline"),
    ]  # fmt: skip
    for sink in (MemorySink(), StoreSink(store)):
        written = sink.write(FEED, PollState(), Parsed(facts=tuple(kept)))
        assert written == Written(new=4)
        assert sorted(f.key for f in sink.prices(NOW)) == ["a", "b"]
        again = sink.write(FEED, PollState(), Parsed(facts=(kept[0], fact_of("b", value=2.0,
                           kind="corporate_action"))))  # fmt: skip
        assert again == Written(changed=1, unchanged=1)


def test_the_newest_session_on_record_is_asked_for_once():
    reads = []

    class Counting(MemorySink):
        def prices(self, now):
            reads.append(now)
            return super().prices(now)

    sink = Counting()
    close = datetime(2025, 8, 21, 20, tzinfo=UTC)
    bars = tuple(
        bar_fact(make_bar(day, 180.0), known_at=close, source="s", backfilled=False)
        for day in (date(2025, 8, 20), date(2025, 8, 21))
    )
    sink.documents.append(("t", Parsed(facts=bars)))
    _, collector = run(dict.fromkeys("ab", Harvest(parsed=None)), sink=sink)
    asked = [poll.last_session for poll in collector.polls]
    assert [ask("NVDA") for ask in asked] == [date(2025, 8, 21)] * 2
    assert asked[0]("AMD") is None
    assert reads == [NOW]
