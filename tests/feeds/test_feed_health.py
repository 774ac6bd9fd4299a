"""Every way a feed can be ill has its name, and a quiet weekend is not one of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.shown import FeedState
from feeds.base import FeedConfig, PollState, newest_stamps
from feeds.health import assess, assess_all, frozen_after, median_gap

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)
FEED = FeedConfig(name="a", kind="x:Y", cadence_minutes=30, silence_days=3, tier=1)


def state(**changes: object) -> PollState:
    parts: dict[str, object] = {
        "health": FeedState.OK,
        "last_poll_at": NOW,
        "last_ok_at": NOW,
        "n_entries": 7,
        "stamps": tuple(NOW - n * DAY / 4 for n in range(10)),
        **changes,
    }
    return PollState(**parts)  # type: ignore[arg-type]


def weekly(newest: datetime) -> tuple[datetime, ...]:
    return tuple(newest - 7 * n * DAY for n in range(8))


CASES = [
    ("fresh", state(), "ok"),
    ("never polled", PollState(), "never"),
    ("answered, empty", state(health=FeedState.EMPTY), "empty"),
    ("answered, no dates", state(health=FeedState.UNDATED, stamps=()), "undated"),
    ("a web page", state(health=FeedState.BLOCKED, failures=1, why="a web page"), "blocked"),
    ("renamed organisation", state(health=FeedState.UNKNOWN_ORG, failures=2), "unknown_org"),
    ("down", state(health=FeedState.ERROR, failures=3, why="answered 503"), "error"),
    ("410", state(health=FeedState.ERROR, failures=1, gone=True), "error"),
    ("not collected since yesterday", state(last_ok_at=NOW - 1.1 * DAY), "stale"),
    ("quiet over a weekend", state(stamps=tuple(NOW - 2.9 * DAY - n * DAY / 4 for n in range(9))),
     "ok"),
    ("quiet longer than its floor", state(stamps=tuple(NOW - 3.1 * DAY - n * DAY / 4
                                                       for n in range(9))), "frozen"),
    ("weekly, two weeks old", state(stamps=weekly(NOW - 14 * DAY)), "ok"),
    ("weekly, just under three gaps", state(stamps=weekly(NOW - 20.9 * DAY)), "ok"),
    ("weekly, over three gaps", state(stamps=weekly(NOW - 21.1 * DAY)), "frozen"),
    ("a year at 200", state(stamps=weekly(NOW - 365 * DAY)), "frozen"),
    ("one old item, cadence unknown", state(stamps=(NOW - 29 * DAY,)), "ok"),
    ("one ancient item, cadence unknown", state(stamps=(NOW - 31 * DAY,)), "frozen"),
    ("never dated", state(stamps=()), "ok"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "remembered", "expected"), CASES, ids=[c[0] for c in CASES])
def test_each_illness_has_its_name(what, remembered, expected):
    """From what the polls left behind alone."""
    line = assess(FEED, remembered, NOW)

    assert line.state.value == expected
    assert (line.name, line.tier, line.n_facts) == ("a", 1, remembered.n_entries)
    assert line.newest_at == remembered.newest_at


def test_a_frozen_feed_says_for_how_long():
    """The reader sees days, not a state word alone."""
    assert assess(FEED, state(stamps=weekly(NOW - 30 * DAY)), NOW).note == (
        "answers, but nothing new for 30 days"
    )


def test_an_empty_search_is_healthy_where_the_stanza_says_so():
    """Most days no rule is waiting for publication."""
    search = FeedConfig(name="a", kind="x:Y", may_be_empty=True)

    assert assess(search, state(health=FeedState.EMPTY), NOW).state is FeedState.OK


def test_failures_in_a_row_are_counted():
    """And the reason is the last one."""
    ill = state(health=FeedState.ERROR, failures=4, why="answered 503")

    assert assess(FEED, ill, NOW).note == "answered 503 (4 times in a row)"


def test_the_cadence_is_learnt_from_distinct_items():
    """Five items of the same minute are one; fewer than three gaps teach nothing."""
    burst = (NOW,) * 5 + (NOW - DAY, NOW - 2 * DAY, NOW - 9 * DAY)

    assert median_gap(burst) == DAY
    assert median_gap((NOW, NOW - DAY, NOW - 2 * DAY)) is None
    assert median_gap(()) is None


@given(st.lists(st.integers(0, 10**7), min_size=0, max_size=30))
def test_the_threshold_is_never_below_the_floor(seconds):
    """However dense the items, a feed may be quiet for its ``silence_days``."""
    stamps = newest_stamps(NOW - timedelta(seconds=s) for s in seconds)

    assert frozen_after(FEED, stamps) >= timedelta(days=FEED.silence_days)


def test_disabled_feeds_have_no_line():
    """The box lists what is meant to work, in the order of the configuration."""
    off = FeedConfig(name="off", kind="x:Y", enabled=False)
    lines = assess_all([FEED, off, FeedConfig(name="new", kind="x:Y")], {"a": state()}, NOW)

    assert [(line.name, line.state.value) for line in lines] == [("a", "ok"), ("new", "never")]


def test_a_source_that_wants_a_contact_is_mute_without_one():
    """Whatever its polls left; with an address it is like any other, and one that is off is not."""
    sec = FeedConfig(name="sec", kind="x:Y", tier=1, needs_contact=True)
    off = FeedConfig(name="off", kind="x:Y", needs_contact=True, enabled=False)

    (mute,) = assess_all([sec, off], {}, NOW, contact=False)
    (heard,) = assess_all([sec, off], {"sec": state()}, NOW, contact=True)

    assert (mute.mute, mute.note) == (True, "not asked: no contact address is set")
    assert not heard.mute


def test_history_that_comes_with_a_first_poll_is_back_filled_and_fresh_figures_are_not() -> None:
    """Two years of past closes were public long ago; yesterday's is known when we fetched it."""
    from datetime import UTC, datetime, timedelta

    from feeds.base import market_known_at

    fetched = datetime(2026, 11, 23, 13, tzinfo=UTC)
    old, fresh = fetched - timedelta(days=400), fetched - timedelta(days=1)

    assert market_known_at(old, fetched) == (old, True)
    assert market_known_at(fresh, fetched) == (fetched, False)
