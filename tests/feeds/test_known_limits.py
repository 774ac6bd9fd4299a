"""Known answers at the edges: waits, budgets, addresses, cadences, what counts as news."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from config.feeds import FeedConfig, HostLimit
from engine.errors import ConfigError
from engine.shown import FeedState
from feeds.base import (
    Harvest,
    Parsed,
    PollState,
    falls_due,
    joined,
    looks_like_html,
    market_known_at,
    newest_stamps,
)
from feeds.charsets import to_utf8
from feeds.collect import (
    FeedResult,
    Lanes,
    RoundSummary,
    after_failure,
    after_success,
    from_stored,
    not_due,
    to_stored,
)
from feeds.facts import confidence_of, end_of_utc_day
from feeds.fetch import (
    TokenBucket,
    _Hosts,
    _next_url,
    _reason,
    fresh_seconds,
    inflated,
    rate_limit_seconds,
    retry_after_seconds,
)
from feeds.guard import checked_addresses, literal_address, refusal
from feeds.health import assess, frozen_after, median_gap, stale_after
from feeds.model_card import _percent, indexed_scores
from feeds.model_prices import _instant, _usd
from feeds.wire import FetchFailedError, redact, user_agent
from tests.builders import make_fact, make_item

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


def feed(**changes: Any) -> FeedConfig:
    given = {"name": "wire", "kind": "feeds.rss:RssCollector", "url": "https://e.org/rss"}
    return FeedConfig.model_validate({**given, **changes})


# --- waits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("60", 60.0), ("59", 60.0), ("61.5", 61.5), ("86400", 86_400.0), ("86401", 86_400.0),
        ("-5", 60.0), ("+90", 90.0), ("", None), ("soon", None), ("1e3", None),
        ("Fri, 22 Aug 2025 12:32:00 GMT", 120.0), ("Fri, 22 Aug 2025 12:00:00 GMT", 60.0),
        ("Sun, 24 Aug 2025 12:30:00 GMT", 86_400.0), ("Fri, 22 Aug 2025 12:32:00", None),
    ],
)  # fmt: skip
def test_a_wait_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "70", "ratelimit": '"a";r=0;t=500'}, 70.0),
        ({"ratelimit": '"a";r=0;t=243'}, 243.0),
        ({"ratelimit": '"a";r=1;t=243'}, None),
        ({"ratelimit": '"a";r=0;t=100, "b";r=0;t=300, "c";r=5;t=900'}, 300.0),
        ({"ratelimit": '"a";r=0'}, None),
        ({}, None),
    ],
)
def test_of_several_policies_the_longest_with_nothing_left_counts(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert rate_limit_seconds(httpx.Headers(headers), NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache-control": "public, max-age=90"}, 90.0),
        ({"cache-control": "max-age=90", "expires": "Fri, 22 Aug 2025 13:30:00 GMT"}, 90.0),
        ({"cache-control": "max-age=99999999"}, 86_400.0),
        ({"expires": "Fri, 22 Aug 2025 12:31:00 GMT"}, 60.0),
        ({"expires": "Fri, 22 Aug 2025 12:00:00 GMT"}, 0.0),
        ({"expires": "0"}, None),
        ({}, None),
    ],
)
def test_freshness_is_held_between_nothing_and_a_day(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert fresh_seconds(httpx.Headers(headers), NOW) == seconds


def test_a_bucket_gives_its_burst_and_refills_by_the_second() -> None:
    """Two at once, one every four seconds; never more than two saved."""
    clock = [100.0]
    bucket = TokenBucket(HostLimit(per_second=0.25, burst=2.0), lambda: clock[0])
    assert [bucket.reserve() for _ in range(3)] == [(True, 0.0), (True, 0.0), (False, 4.0)]
    clock[0] += 1.0
    assert bucket.reserve(2.9) == (False, 3.0)
    assert bucket.reserve(3.0) == (True, 3.0)
    assert bucket.reserve(6.9) == (False, 7.0)
    clock[0] += 1_000.0
    assert [bucket.reserve()[0] for _ in range(3)] == [True, True, False]


def test_hosts_share_the_limit_of_their_nearest_name() -> None:
    clock = [0.0]
    limits = {"sec.gov": HostLimit(per_second=1.0), "data.sec.gov": HostLimit(per_second=1.0)}
    hosts = _Hosts(limits, HostLimit(per_second=1.0, burst=1.0), lambda: clock[0])

    def granted(host: str, *, private: bool = False) -> bool:
        return hosts.reserve(host, private=private, max_wait=0.0)[0]

    assert granted("www.sec.gov")
    assert not granted("sec.gov")
    assert granted("x.data.sec.gov")
    assert not granted("data.sec.gov")
    assert granted("notsec.gov")  # the name must end at a point
    assert not granted("notsec.gov")
    assert all(granted("intranet", private=True) for _ in range(5))
    hosts.pause("sec.gov", 90.0)
    hosts.pause("sec.gov", 30.0)  # a shorter word does not lift a longer one
    clock[0] += 89.0
    assert hosts.reserve("www.sec.gov", private=False, max_wait=5.0) == (False, 1.0)
    clock[0] += 1.0
    assert granted("www.sec.gov")


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "forbidden"), (403, "forbidden"), (404, "not_found"), (410, "gone"),
     (429, "rate_limited"), (451, "forbidden"), (500, "unavailable"), (599, "unavailable"),
     (600, "bad_reply"), (499, "bad_reply"), (204, "bad_reply")],
)  # fmt: skip
def test_a_status_has_its_reason(status: int, reason: str) -> None:
    assert _reason(status) == reason


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ('<https://e.org/a?page=2>; rel="next"', "https://e.org/a?page=2"),
        ("</a?page=2>; rel=next", "https://e.org/a?page=2"),
        ('<https://e.org/a?page=1>; rel="prev", <?page=3>; rel="next"', "https://e.org/a?page=3"),
        ('<https://other.org/a?page=2>; rel="next"', ""),
        ('<http://e.org/a?page=2>; rel="next"', ""),
        ('<https://e.org/b?page=2>; rel="next"', ""),
        ('<https://e.org/a?page=2>; rel="last"', ""),
        ("", ""),
    ],
)
def test_a_next_page_lies_at_the_same_place(link: str, url: str) -> None:
    assert _next_url(httpx.Headers({"link": link}), httpx.URL("https://e.org/a?page=1")) == url


def test_deflate_with_and_without_its_header_and_in_two_members() -> None:
    text = b"word " * 30_000
    plain = zlib.compressobj(wbits=-15)
    bare = plain.compress(text) + plain.flush()
    assert b"".join(inflated([zlib.compress(text)], "deflate")) == text
    assert b"".join(inflated([bare], "deflate")) == text
    packed = zlib.compressobj(wbits=31)
    member = packed.compress(text) + packed.flush()
    assert b"".join(inflated([member, member], "gzip")) == 2 * text
    assert b"".join(inflated([member + b"\0" * 9], "X-GZIP")) == text
    assert max(len(p) for p in inflated([member], "gzip")) == 65_536
    assert list(inflated([b"a", b"b"], "identity, utf-8")) == [b"a", b"b"]
    for encoding, data in (
        ("br", b"x"), ("gzip, gzip", member), ("gzip", member[:-9]), ("gzip", b"\xff" * 9),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"content encoding|compress"):
            list(inflated([data], encoding))


def test_who_asks_is_said_and_secrets_are_not() -> None:
    assert user_agent("1.2") == "nvsignal/1.2"
    assert user_agent("1.2", "me@e.org") == "nvsignal/1.2 (+me@e.org)"
    for contact in ("ab", "a\r\nb: c", "x" * 201):
        with pytest.raises(ConfigError):
            user_agent("1.2", contact)
    assert user_agent("1", "x" * 200).endswith("x)")
    assert (
        redact("https://me:pw@e.org/?a=1&api_key=abc&b=2") == "https://e.org/?a=1&api_key=***&b=2"
    )
    assert len(redact("https://e.org/" + "x" * 400)) == 300


# --- addresses ------------------------------------------------------------------------------------

NEVER = (
    "0.1.2.3 169.254.169.254 192.0.0.9 192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.7 "
    "203.0.113.7 224.0.0.1 240.0.0.1 255.255.255.255 fe80::1 fec0::1 ff02::1 100::1 2001:db8::1 "
    "64:ff9b:1::1 fd00:ec2::254 100.100.100.200 :: ::ffff:169.254.1.1 64:ff9b::a9fe:101 "
    "2002:a9fe:101::1"
).split()
PRIVATE = "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 100.64.0.1 ::1 fd12::1 ::ffff:10.0.0.1".split()
PUBLIC = "8.8.8.8 198.17.255.255 198.20.0.1 2606:4700::1 64:ff9b::808:808 2002:808:808::1".split()


def test_addresses_that_are_never_asked_private_ones_and_the_rest() -> None:
    for address in NEVER:
        assert refusal(address, allow_private=True), address
    for address in PRIVATE:
        assert refusal(address), address
        assert refusal(address, allow_private=True) is None, address
    for address in PUBLIC:
        assert refusal(address) is None, address
    assert "is not an address" in str(refusal("e.org"))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("2130706433", "127.0.0.1"), ("0x7f.1", "127.0.0.1"), ("0177.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"), ("fe80::1%eth0", "fe80::1"), ("8.8.8.8.", "8.8.8.8"),
        ("e.org", None), ("1.2.3.4.5", None), ("face", None),
    ],
)  # fmt: skip
def test_a_host_that_spells_out_an_address(host: str, address: str | None) -> None:
    assert literal_address(host) == address


def test_one_bad_address_refuses_the_host_and_four_are_tried() -> None:
    many = [f"8.8.8.{n}" for n in range(9)]
    asked: list[tuple[str, int]] = []

    def answers(*found: str) -> Any:
        def resolve(host: str, port: int) -> tuple[str, ...]:
            asked.append((host, port))
            return found

        return resolve

    assert checked_addresses("e.org", 443, answers(*many, *many)) == tuple(many[:4])
    assert asked == [("e.org", 443)]
    with pytest.raises(httpx.ConnectError):
        checked_addresses("e.org", 443, answers(*many, "10.0.0.1"))
    assert checked_addresses("e.org", 443, answers("10.0.0.1"), allow_private=True) == ("10.0.0.1",)
    with pytest.raises(OSError, match="no address"):
        checked_addresses("e.org", 443, answers())
    for host in ("metadata.google.internal.", "Metadata.Goog", "instance-data"):
        with pytest.raises(httpx.ConnectError):
            checked_addresses(host, 80, answers("8.8.8.8"), allow_private=True)
    assert checked_addresses("8.8.4.4", 80, answers("10.0.0.1")) == ("8.8.4.4",)


# --- health ---------------------------------------------------------------------------------------

WELL = PollState(url="https://e.org/rss", last_poll_at=NOW, last_ok_at=NOW, health=FeedState.OK)


def test_a_source_is_stale_after_three_intervals_and_a_day_at_least() -> None:
    assert stale_after(feed(cadence_minutes=30.0)) == DAY
    assert stale_after(feed(cadence_minutes=480.0)) == DAY
    assert stale_after(feed(cadence_minutes=600.0)) == timedelta(minutes=1_800)
    old = replace(WELL, last_ok_at=NOW - DAY)
    assert assess(feed(), old, NOW).state is FeedState.OK
    assert assess(feed(), old, NOW + SECOND).state is FeedState.STALE
    assert "no answer for 24 h" in assess(feed(), old, NOW + SECOND).note
    two = replace(WELL, last_ok_at=NOW - 2 * DAY)
    assert "no answer for 2 days" in assess(feed(), two, NOW).note


def test_a_cadence_is_learnt_from_three_gaps() -> None:
    stamps = [NOW - HOUR * h for h in (0, 1, 3)]
    assert median_gap(stamps) is None
    assert median_gap([*stamps, NOW - 7 * HOUR, NOW]) == 2 * HOUR
    assert frozen_after(feed(silence_days=4.0), stamps) == timedelta(days=40)
    learnt = [NOW - DAY * d for d in (0, 2, 4, 6)]
    assert frozen_after(feed(silence_days=4.0), learnt) == timedelta(days=6)
    assert frozen_after(feed(silence_days=7.0), learnt) == timedelta(days=7)


def test_silence_is_counted_to_the_last_answer() -> None:
    silent = replace(WELL, stamps=(NOW - timedelta(days=40),))
    assert assess(feed(silence_days=4.0), silent, NOW).state is FeedState.OK
    frozen = replace(WELL, stamps=(NOW - timedelta(days=40) - SECOND,))
    told = assess(feed(silence_days=4.0), frozen, NOW)
    assert (told.state, told.note) == (
        FeedState.FROZEN,
        "answers, but nothing new for 40 days",
    )


@pytest.mark.parametrize(
    ("state", "health", "note"),
    [
        (replace(WELL, gone=True, failures=3), FeedState.ERROR, "gone for good (410)"),
        (replace(WELL, last_poll_at=None), FeedState.NEVER, "never asked"),
        (PollState(), FeedState.NEVER, "never asked"),
        (replace(WELL, failures=1, health=FeedState.BLOCKED, why="no"), FeedState.BLOCKED, "no"),
        (replace(WELL, failures=2, health=FeedState.ERROR, why="no"), FeedState.ERROR,
         "no (2 times in a row)"),
        (replace(WELL, health=FeedState.EMPTY, why="none"), FeedState.EMPTY, "none"),
        (replace(WELL, last_ok_at=None), FeedState.NEVER, "never answered"),
        (replace(WELL, moved_to="n.org"), FeedState.OK, "moved for good to n.org"),
        (replace(WELL, why="a line"), FeedState.OK, "a line"),
    ],
)  # fmt: skip
def test_each_state_has_its_name(state: PollState, health: FeedState, note: str) -> None:
    told = assess(feed(), state, NOW)
    assert (told.state, told.note) == (health, note)


def test_a_source_may_be_empty_or_mute() -> None:
    empty = replace(WELL, health=FeedState.EMPTY)
    assert assess(feed(may_be_empty=True), empty, NOW).state is FeedState.OK
    for needs, contact, enabled, mute in (
        (True, False, True, True),
        (True, True, True, False),
        (False, False, True, False),
        (True, False, False, False),
    ):
        told = assess(feed(needs_contact=needs, enabled=enabled), WELL, NOW, contact=contact)
        assert told.mute is mute


# --- when the next poll is ------------------------------------------------------------------------


@pytest.mark.parametrize(("jitter", "minutes"), [(0.0, 27.0), (0.5, 30.0), (1.0, 33.0)])
def test_a_poll_comes_after_its_interval_give_or_take_a_tenth(
    jitter: float, minutes: float
) -> None:
    after = after_success(feed(), PollState(), Harvest(parsed=Parsed()), NOW, jitter)
    assert after.next_due_at == NOW + timedelta(minutes=minutes)
    failed = after_failure(feed(), PollState(), FetchFailedError("wire", "no", reason="network"),
                           NOW, jitter)  # fmt: skip
    assert failed.next_due_at == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, 30), (1, 60), (2, 120), (5, 960), (6, 1_440), (40, 1_440)]
)
def test_failures_double_the_interval_to_a_day(failures: int, minutes: int) -> None:
    error = FetchFailedError("wire", "no", reason="network")
    before = replace(WELL, failures=failures, moved_to="https://n.org", moved_seen=3)
    after = after_failure(feed(), before, error, NOW, 0.5)
    assert after.next_due_at == NOW + timedelta(minutes=minutes)
    assert (after.failures, after.health, after.gone) == (failures + 1, FeedState.ERROR, False)
    assert (after.moved_to, after.moved_seen, after.last_ok_at) == ("", 0, NOW)
    assert after.why == "no"


def test_a_host_that_asks_for_silence_gets_it() -> None:
    error = FetchFailedError("wire", "no", reason="rate_limited", wait_seconds=7_200.0)
    after = after_failure(feed(), WELL, error, NOW, 0.5)
    assert after.retry_after_until == after.next_due_at == NOW + 2 * HOUR
    short = FetchFailedError("wire", "no", reason="rate_limited", wait_seconds=60.0)
    after = after_failure(feed(), WELL, short, NOW, 0.5)
    assert (after.retry_after_until, after.next_due_at) == (NOW + 60 * SECOND, NOW + HOUR / 2)
    gone = after_failure(feed(), WELL, FetchFailedError("wire", "x", reason="gone"), NOW, 0.5)
    assert gone.gone
    turn = FetchFailedError("wire", "x", reason="deferred", wait_seconds=20.0)
    waiting = after_failure(feed(), WELL, turn, NOW, 0.5)
    assert (waiting.failures, waiting.next_due_at) == (0, NOW + 20 * SECOND)
    unsaid = FetchFailedError("wire", "x", reason="deferred")
    assert after_failure(feed(), WELL, unsaid, NOW, 0.5).next_due_at == NOW + 60 * SECOND


def test_something_put_off_is_read_again_and_what_moved_is_followed_after_three() -> None:
    answer = Harvest(parsed=Parsed(put_off=1), etag="e", last_modified="l", body_hash="h")
    after = after_success(feed(), WELL, answer, NOW, 0.5)
    assert (after.etag, after.last_modified, after.body_hash) == ("", "", "")
    settled = after_success(feed(), WELL, replace(answer, parsed=None), NOW, 0.5)
    assert (settled.etag, settled.last_modified, settled.body_hash) == ("e", "l", "h")
    state, seen = WELL, []
    for where in ("n", "n", "m", "m", "m", ""):
        state = after_success(feed(), state, Harvest(parsed=None, moved_to=where), NOW, 0.5)
        seen.append((state.moved_to, state.moved_seen))
    assert seen == [("n", 1), ("n", 2), ("m", 1), ("m", 2), ("m", 3), ("m", 3)]
    early = after_success(feed(), replace(WELL, moved_to="n", moved_seen=2), Harvest(parsed=None),
                          NOW, 0.5)  # fmt: skip
    assert (early.moved_to, early.moved_seen) == ("", 0)


def test_an_unchanged_answer_heals_only_what_was_ill() -> None:
    for was, now in ((FeedState.EMPTY, FeedState.EMPTY), (FeedState.UNDATED, FeedState.UNDATED),
                     (FeedState.BLOCKED, FeedState.OK), (FeedState.ERROR, FeedState.OK),
                     ):  # fmt: skip
        ill = replace(WELL, health=was, why="w", failures=2)
        after = after_success(feed(), ill, Harvest(parsed=None), NOW, 0.5)
        assert (after.health, after.failures) == (now, 0)
        assert after.why == ("w" if now is was else "")


@pytest.mark.parametrize(
    ("fresh", "minutes"), [(60.0, 30.0), (2_700.0, 45.0), (10_800.0, 120.0), (1e9, 120.0)]
)
def test_freshness_lengthens_to_four_times_the_interval(fresh: float, minutes: float) -> None:
    after = after_success(feed(), WELL, Harvest(parsed=None, fresh_seconds=fresh), NOW, 0.5)
    assert after.next_due_at == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("changes", "force", "status"),
    [
        ({}, False, None),
        ({"next_due_at": NOW}, False, None),
        ({"next_due_at": NOW + SECOND}, False, "not_due"),
        ({"next_due_at": NOW + SECOND}, True, None),
        ({"next_due_at": NOW + DAY}, False, "not_due"),
        ({"next_due_at": NOW + DAY + SECOND}, False, None),  # no rule waits so long
        ({"retry_after_until": NOW + SECOND}, True, "deferred"),
        ({"retry_after_until": NOW}, False, None),
        ({"retry_after_until": NOW + DAY}, False, "deferred"),
        ({"retry_after_until": NOW + DAY + SECOND}, False, None),
        ({"gone": True}, True, "gone"),
    ],
)
def test_when_a_feed_is_asked(changes: dict[str, Any], force: bool, status: str | None) -> None:
    found = not_due(feed(), replace(WELL, **changes), NOW, force=force)
    assert (found and found.status) == status
    assert not_due(feed(enabled=False), WELL, NOW, force=True) is not None


def test_a_state_survives_its_columns() -> None:
    state = replace(
        WELL, etag="e", last_modified="l", body_hash="h", next_due_at=NOW + HOUR, failures=4,
        retry_after_until=NOW + DAY, why="w", n_entries=7, stamps=(NOW, NOW - HOUR), moved_to="m",
        moved_seen=2, gone=True, memo={"a": "b"},
    )  # fmt: skip
    assert from_stored(to_stored("wire", state)) == state
    bare = to_stored("wire", PollState())
    assert (bare.etag, bare.last_modified, bare.body_hash) == (None, None, None)


def test_a_round_is_summed_over_its_feeds() -> None:
    results = tuple(
        FeedResult(feed=n, status=s, state=FeedState.OK, new=a, changed=b)  # type: ignore[arg-type]
        for n, s, a, b in (("a", "new", 3, 1), ("b", "failed", 0, 0), ("c", "new", 2, 5))
    )
    whole = RoundSummary(results=results, now=NOW, seconds=1.0)
    assert (whole.new, whole.changed, whole.count("new"), whole.count("failed", "new")) == (
        5,
        6,
        2,
        3,
    )
    assert (Lanes().lanes, Lanes().threads, Lanes().patience_seconds) == (32, 128, 0.25)


# --- documents ------------------------------------------------------------------------------------


def test_history_and_news_part_after_five_days() -> None:
    public = NOW - timedelta(days=5)
    assert market_known_at(public, NOW) == (NOW, False)
    assert market_known_at(public - SECOND, NOW) == (public - SECOND, True)


def test_what_lies_ahead_is_waited_for_sixty_days() -> None:
    assert falls_due(NOW + timedelta(days=60), NOW)
    assert not falls_due(NOW + timedelta(days=60, seconds=1), NOW)
    assert not falls_due(NOW - DAY, NOW)


def test_stamps_are_the_twenty_newest_distinct() -> None:
    many = [NOW - HOUR * h for h in range(30)]
    assert newest_stamps([*reversed(many), *many]) == tuple(many[:20])


def test_two_pages_are_one_document() -> None:
    one = Parsed(facts=(make_fact(),), problems=("a",) * 15, stamps=(NOW,), put_off=1)
    two = Parsed(items=(make_item(),), problems=("b",) * 15, stamps=(NOW + HOUR, NOW), put_off=2)
    both = joined(one, two)
    assert (both.n_entries, both.put_off, len(both.problems)) == (2, 3, 20)
    assert (both.stamps, both.newest_at) == ((NOW + HOUR, NOW), NOW + HOUR)
    assert both.problems[14:16] == ("a", "b")
    assert Parsed().state is FeedState.EMPTY
    assert Parsed(undated=(make_item(),)).state is FeedState.UNDATED
    assert (one.state, two.state) == (FeedState.OK, FeedState.OK)
    assert Parsed().newest_at is None


@pytest.mark.parametrize(
    ("body", "html"),
    [
        (b"<!DOCTYPE html><html>", True), (b"\xef\xbb\xbf \n<HTML>", True),
        (b"<!-- a --><?xml version='1.0'?><html>", True), (b"<rss>", False), (b"a,b\n1,2", False),
        (b"<?xml version='1.0'?><rss><html>", False), (b"", False),
    ],
)  # fmt: skip
def test_a_web_page_is_known_by_its_beginning(body: bytes, html: bool) -> None:
    assert looks_like_html(body) is html


@pytest.mark.parametrize(
    ("body", "header", "text"),
    [
        ("é".encode(), "", "é"),
        ("é".encode("cp1252"), "", "é"),
        (b"\xef\xbb\xbf\xc3\xa9", "", "é"),
        ("<a>é".encode("utf-16"), "", "<a>é"),
        ("<?xml version='1.0'?>é".encode("utf-16-le"), "", "<?xml version='1.0'?>é"),
        ("<?xml version='1.0'?>é".encode("utf-16-be"), "", "<?xml version='1.0'?>é"),
        ("<rss>é".encode("utf-16-be"), "", "<rss>é"),
        ("<?xml version='1.0' encoding='gb2312'?>朱镕基".encode("gb18030"), "",
         "<?xml version='1.0'?>朱镕基"),
        ("<?xml version='1.0' encoding='iso-8859-1'?>é".encode(), "", "<?xml version='1.0'?>é"),
        ("“é”".encode("cp1252"), "text/xml; charset=ISO-8859-1", "“é”"),
        ("привет".encode("koi8-r"), "text/xml; charset=koi8-r", "привет"),
        ("é".encode("cp1252"), "text/xml; charset=utf-7", "é"),
        ("ééé é ü".encode() + "é".encode("cp1252"), "", "ééé é üé"),
    ],
)  # fmt: skip
def test_bytes_say_what_they_are(body: bytes, header: str, text: str) -> None:
    assert to_utf8(body, header).decode() == text


@pytest.mark.parametrize(
    ("cell", "value"),
    [("85.0", 85.0), ("85 %", 85.0), ("**85.5**", 85.5), ("100", 100.0), ("100.1", None),
     ("0", None), ("0.1", 0.1), ("-", None), ("85/90", None), ("[71.5](https://e.org)", 71.5)],
)  # fmt: skip
def test_a_score_is_one_figure_to_a_hundred(cell: str, value: float | None) -> None:
    assert _percent(cell) == value


def test_shares_in_an_index_become_per_cents() -> None:
    def entry(value: float, name: str) -> dict[str, Any]:
        return {"results": [{"dataset": {"name": name}, "metrics": [{"value": value}]}]}

    found = indexed_scores([entry(0.85, "GPQA Diamond"), entry(71.5, "MMLU-Pro")])
    assert found == {"gpqa_diamond": 85.0, "mmlu_pro": 71.5}
    assert indexed_scores([entry(1.0, "MMLU-Pro")]) == {"mmlu_pro": 100.0}
    first = indexed_scores([entry(50.0, "MMLU-Pro"), entry(60.0, "MMLU-Pro")])
    assert first == {"mmlu_pro": 50.0}


def test_prices_and_instants_of_lists() -> None:
    assert _usd("0.00000055", 1e6) == 0.55
    assert _usd(1.23456789, 1.0) == 1.23457
    assert _usd(None, 1.0) is None
    assert _usd(True, 1.0) is None
    assert _usd("x", 1.0) != _usd("x", 1.0)  # not a number
    assert _instant(1_755_866_000) == datetime(2025, 8, 22, 12, 33, 20, tzinfo=UTC)
    for created in (10**9, 10**11, "1", None):
        assert _instant(created) is None


@pytest.mark.parametrize(
    ("word", "value"),
    [("high", 0.9), ("medium", 0.7), ("low", 0.4), ("none", 0.1), ("A", 0.9), ("B", 0.75),
     ("C", 0.5), ("D", 0.25), ("high (odds), medium (prices)", 0.7), ("", None), ("a", None)],
)  # fmt: skip
def test_words_of_confidence_are_numbers(word: str, value: float | None) -> None:
    assert confidence_of(word) == value
    assert end_of_utc_day(date(2025, 8, 22)) == datetime(2025, 8, 23, tzinfo=UTC)
