"""Polling many feeds: nothing is lost, nothing is asked too often, nobody waits for the dead."""

from __future__ import annotations

import dataclasses
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FeedError, StoreError
from engine.record.store import Store
from engine.shown import FeedState
from engine.values import Fact
from feeds.base import Collector, FeedConfig, Harvest, Parsed, PollState
from feeds.collect import (
    MOST_HELD,
    Lanes,
    MemorySink,
    StoreSink,
    after_failure,
    after_success,
    collect,
    from_stored,
    not_due,
    to_stored,
)
from feeds.wire import FetchFailedError

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
