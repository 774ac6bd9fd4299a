"""The fetcher against a server that misbehaves in every way of the fault table."""

from __future__ import annotations

import base64
import gzip
import socket
import struct
import threading
import time
import tracemalloc
import zlib
from datetime import UTC, datetime

import httpx
import pytest

from engine.errors import ConfigError
from feeds.fetch import Fetcher, HostLimit, TokenBucket, inflated, retry_after_seconds
from feeds.wire import FetchFailedError, FetchSettings, Request, redact, user_agent

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)


def reason_of(ask, url: str, **changes: object) -> str:
    with pytest.raises(FetchFailedError) as failure:
        ask(url, **changes)
    return failure.value.reason


def test_a_document_comes_with_its_validators(server, ask):
    """Body, ETag and Last-Modified are what the server sent; the agent says who asks."""
    server.route("/", lambda x: x.reply(200, b"<rss/>", ETag='"a"', Last_Modified="yesterday"))

    got = ask(server.url + "/")

    assert (got.body, got.etag, got.last_modified) == (b"<rss/>", '"a"', "yesterday")
    assert server.asked[0].headers["user-agent"] == "nvsignal/0 (+you@example.org)"


def test_a_304_keeps_the_validators(server, ask):
    """A conditional request is sent with both validators, and 304 means ours is current."""
    server.route("/", lambda x: x.reply(304))

    got = ask(server.url + "/", etag='"a"', last_modified="yesterday")

    headers = server.asked[0].headers
    assert (headers["if-none-match"], headers["if-modified-since"]) == ('"a"', "yesterday")
    assert got.not_modified
    assert (got.etag, got.last_modified) == ('"a"', "yesterday")


def test_a_304_nobody_asked_for_is_a_bad_reply(server, ask):
    """Without a validator there is nothing the answer could refer to."""
    assert reason_of(ask, server.route("/", lambda x: x.reply(304))) == "bad_reply"


@pytest.mark.parametrize(
    ("status", "reason", "requests"),
    [
        (400, "bad_reply", 1),
        (403, "forbidden", 1),
        (404, "not_found", 1),
        (410, "gone", 1),
        (429, "rate_limited", 1),
        (451, "forbidden", 1),
        (500, "unavailable", 3),
        (503, "unavailable", 3),
        (302, "bad_reply", 1),  # without a Location
        (206, "bad_reply", 1),
    ],
)
def test_each_status_has_its_reason_and_its_tries(status, reason, requests, server, ask):
    """Only what may pass by itself is tried again, three times in all."""
    url = server.route("/", lambda x: x.reply(status))

    assert reason_of(ask, url) == reason
    assert len(server.asked) == requests


def test_a_server_that_recovers_is_heard(server, ask):
    """Two errors and then a document is a document."""
    replies = iter([500, 502])
    server.route("/", lambda x: x.reply(next(replies, 200), b"ok"))

    assert ask(server.url + "/").body == b"ok"


def test_retry_after_silences_the_host_for_all_its_feeds(server, ask, make_fetcher):
    """After 429 or 503 with Retry-After nothing more is sent to that host."""
    clock = iter(range(0, 10_000, 1))
    fetcher = make_fetcher(monotonic=lambda: next(clock) / 1000)
    url = server.route("/a", lambda x: x.reply(503, Retry_After="120"))
    server.route("/b", b"ok")

    with pytest.raises(FetchFailedError) as failure:
        ask(url, fetcher=fetcher)

    assert failure.value.wait_seconds == 120
    assert reason_of(ask, server.url + "/b", fetcher=fetcher) == "deferred"
    assert server.paths() == ["/a"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("1", 60),
        ("0", 60),
        ("-5", 60),
        ("315360000", 86_400),
        ("9" * 18, 86_400),
        ("9" * 300, 86_400),
        ("9" * 301, None),
        ("Fri, 22 Aug 2025 12:40:00 GMT", 600),
        ("Thu, 21 Aug 2025 12:40:00 GMT", 60),
        ("Fri, 22 Aug 2035 12:40:00 GMT", 86_400),
        ("soon", None),
        ("", None),
        ("Fri, 99 Aug 2025 12:40:00 GMT", None),
        ("Fri, 22 Aug 2025 12:40:00 -0000", None),
    ],
)
def test_retry_after_is_held_between_a_minute_and_a_day(value, seconds):
    """Seconds and dates are read; negative and absurd values are held, nonsense ignored."""
    assert retry_after_seconds(value, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"RateLimit": '"api";r=0;t=243'}, 243),
        ({"RateLimit": '"api"; r=0; t=243'}, 243),
        ({"RateLimit": '"a";r=0;t=90, "b";r=0;t=300, "c";r=7;t=900'}, 300),
        ({"RateLimit": '"api";r=0;t=5'}, 60),
        ({"RateLimit": '"api";r=0;t=999999999'}, 86_400),
        ({"RateLimit": '"api";r=0'}, 60),
        ({"RateLimit": '"api";r=4;t=243'}, 60),
        ({"RateLimit": '"api";r=0;t=243', "Retry-After": "120"}, 120),
        ({"RateLimit": ";;;,,,t=r"}, 60),
        ({}, 60),
    ],
)
def test_a_rate_limit_says_when_to_come_back(headers, seconds, server, ask):
    """``Retry-After`` first, then the policies with nothing left, then a minute."""
    named = {name.replace("-", "_"): value for name, value in headers.items()}
    url = server.route("/", lambda x: x.reply(429, **named))

    with pytest.raises(FetchFailedError) as failure:
        ask(url)

    assert failure.value.wait_seconds == seconds


def test_a_bot_wall_is_not_answered_with_a_mail_address(server, ask):
    """What would help is said: not the contact, for which this host did not ask."""
    said = []
    for path, headers in (("/wall", {"cf_mitigated": "challenge"}), ("/no", {})):
        url = server.route(path, lambda x, h=headers: x.reply(403, **h))
        with pytest.raises(FetchFailedError) as failure:
            ask(url)
        said.append(str(failure.value))

    assert "bot wall" in said[0]
    assert "mail address" not in said[0]
    assert "mail address" in said[1]


def test_a_reset_connection_is_tried_three_times(server, ask):
    """A connection cut in mid-answer is a network failure."""

    def reset(x):
        x.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        socket.close(x.conn.detach())

    assert reason_of(ask, server.route("/", reset)) == "network"
    assert len(server.asked) == 3


def test_nobody_listening_is_a_network_failure(ask):
    """A refused connection is not confused with a refused address."""
    assert reason_of(ask, "http://127.0.0.1:9/") == "network"


def drip(data: bytes, pause: float = 0.02):
    def handler(x):
        for byte in data:
            x.send(bytes([byte]))
            time.sleep(pause)

    return handler


def test_a_slow_body_is_dropped_at_the_deadline(server, ask, make_fetcher):
    """One byte at a time never lets a read time out, so the wall clock has to."""
    fetcher = make_fetcher(deadline_seconds=0.3)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    url = server.route("/", lambda x: (x.send(head), drip(b"a" * 1000)(x)))

    began = time.monotonic()
    assert reason_of(ask, url, fetcher=fetcher) == "timeout"
    assert time.monotonic() - began < 5


def test_slow_headers_are_dropped_at_the_deadline(server, ask, make_fetcher):
    """The same holds before the first byte of the body."""
    fetcher = make_fetcher(deadline_seconds=0.3)
    url = server.route("/", drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500))

    began = time.monotonic()
    assert reason_of(ask, url, fetcher=fetcher) == "timeout"
    assert time.monotonic() - began < 5


def test_a_silent_server_is_dropped_at_the_deadline(server, ask, make_fetcher):
    """It accepts and says nothing."""
    fetcher, release = make_fetcher(deadline_seconds=0.2), threading.Event()
    url = server.route("/", lambda x: release.wait(5))

    assert reason_of(ask, url, fetcher=fetcher) == "timeout"
    release.set()


def test_a_gzip_bomb_is_stopped_while_small(server, ask):
    """200 MiB in 200 kB: read no further than 15 MiB, in memory bounded by twice that."""
    packer = zlib.compressobj(9, wbits=31)
    megabyte = bytes(2**20)
    bomb = b"".join(packer.compress(megabyte) for _ in range(200)) + packer.flush()
    url = server.route("/", lambda x: x.reply(200, bomb, Content_Encoding="gzip"))

    tracemalloc.start()
    assert reason_of(ask, url) == "too_large"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 64 * 2**20


def test_an_endless_body_is_stopped(server, ask):
    """No Content-Length and no end: 15 MiB is all we take."""

    def endless(x):
        x.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            x.send(b"10000\r\n" + b"a" * 65_536 + b"\r\n")

    assert reason_of(ask, server.route("/", endless)) == "too_large"


def test_a_declared_monster_is_not_read_at_all(server, ask):
    """A Content-Length beyond the bound ends it at the headers."""
    url = server.route(
        "/", lambda x: x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
    )

    assert reason_of(ask, url) == "too_large"


def test_compressed_documents_arrive_whole(server, ask):
    """gzip, deflate with and without its header, and gzip in several members."""
    text = b"<rss>" + bytes(range(256)) * 2_000
    raw = zlib.compressobj(wbits=-15)
    forms = {
        "gzip": gzip.compress(text),
        "x-gzip": gzip.compress(text[:100]) + gzip.compress(text[100:]),
        "deflate": zlib.compress(text),
        "Deflate": raw.compress(text) + raw.flush(),
    }
    for name, packed in forms.items():
        server.route("/", lambda x, p=packed, n=name: x.reply(200, p, Content_Encoding=n))
        assert ask(server.url + "/").body == text, name


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("none", b"<rss/>"),
        ("utf-8", b"<rss/>"),
        ("identity", b"<rss/>"),
        ("gzip, identity", gzip.compress(b"<rss/>", mtime=0)),
        ("gzip", gzip.compress(b"<rss/>", mtime=0) + bytes(100)),
        ("gzip", gzip.compress(b"<r", mtime=0) + bytes(3) + gzip.compress(b"ss/>", mtime=0)),
        ("gzip", gzip.compress(b"<rss/>", mtime=0) + b"<!-- cached -->"),
    ],
    ids=[
        "none",
        "charset",
        "identity",
        "gzip and identity",
        "padded",
        "padded between members",
        "something after it",
    ],
)
def test_encodings_that_name_nothing_and_padding_are_passed_over(encoding, packed, server, ask):
    """Seen at real servers; each arrives whole."""
    url = server.route("/", lambda x: x.reply(200, packed, Content_Encoding=encoding))

    assert ask(url).body == b"<rss/>"


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("gzip", b"not gzip at all"),
        ("gzip", gzip.compress(b"x" * 10_000)[:40]),
        ("br", b"\x00"),
        ("gzip, gzip", b"\x00"),
    ],
    ids=["no gzip", "cut short", "unknown", "twice"],  # gzip writes the time into what it packs
)
def test_damaged_compression_is_a_bad_reply(encoding, data, server, ask):
    """Truncated, false, unasked-for or nested encodings are not guessed at."""
    url = server.route("/", lambda x: x.reply(200, data, Content_Encoding=encoding))

    assert reason_of(ask, url) == "bad_reply"


def test_inflating_gives_pieces_of_bounded_size():
    """A single small chunk cannot become one huge piece."""
    pieces = list(inflated([zlib.compress(bytes(10**7))], "deflate"))

    assert max(map(len, pieces)) <= 64 * 1024
    assert sum(map(len, pieces)) == 10**7


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ('<{url}?cursor=b>; rel="next"', True),
        ('<{url}?p=1>; rel="prev", </?cursor=b>; rel="next"', True),
        ('<https://elsewhere.example/?cursor=b>; rel="next"', False),
        ('</other?cursor=b>; rel="next"', False),
        ("<http://[>; rel=next", False),
        ("", False),
    ],
)
def test_the_next_page_of_a_list_lies_where_the_list_lies(link, leads, server, ask):
    """Another host, another path or damage is no next page."""
    url = server.route("/", lambda x: x.reply(200, b"[]", Link=link.format(url=server.url + "/")))

    assert ask(url).next_url == (f"{url}?cursor=b" if leads else "")


def test_a_redirect_loop_stops_at_five(server, ask):
    """The first request and five redirects, then it is over."""
    url = server.route("/", lambda x: x.reply(302, Location="/"))

    assert reason_of(ask, url) == "redirects"
    assert len(server.asked) == 6


def test_five_redirects_are_followed(server, ask):
    """The fifth still leads to the document."""
    for hop in range(5):
        server.route(f"/{hop}", lambda x, n=hop + 1: x.reply(307, Location=f"/{n}"))
    server.route("/5", b"here")

    got = ask(server.url + "/0")

    assert (got.body, got.url, got.moved_to) == (b"here", server.url + "/5", "")


def test_a_permanent_move_is_noted_up_to_the_first_temporary_hop(server, ask):
    """301 then 308 then 302: only the permanent part may be remembered."""
    server.route("/a", lambda x: x.reply(301, Location="/b"))
    server.route("/b", lambda x: x.reply(308, Location="/c"))
    server.route("/c", lambda x: x.reply(302, Location="/d"))
    server.route("/d", b"here")

    server.route("/t", lambda x: x.reply(302, Location="/a"))

    assert ask(server.url + "/a").moved_to == server.url + "/c"
    assert ask(server.url + "/t").moved_to == ""


@pytest.mark.parametrize("target", ["http://example.com/x", "HTTP://example.com/"])
def test_https_never_becomes_http(target, make_fetcher):
    """A redirect that would give up encryption is refused before it is sent."""
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(301, headers={"location": target})

    fetcher = make_fetcher(transport=httpx.MockTransport(answer))
    with pytest.raises(FetchFailedError) as failure:
        fetcher.get(Request(feed="f", url="https://example.com/"), NOW)

    assert failure.value.reason == "downgrade"
    assert asked == ["https://example.com/"]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "javascript:alert(1)", "http://[bad"])
def test_redirects_lead_to_web_addresses_only(target, server, ask):
    """Anything else as a Location is refused."""
    url = server.route("/", lambda x: x.reply(302, Location=target))

    assert reason_of(ask, url) == "refused_address"


def test_sources_that_want_a_contact_are_not_asked_without_one(server, ask, make_fetcher):
    """SEC and Fed collectors do not start; not one request is sent."""
    url = server.route("/", b"ok")

    assert reason_of(ask, url, fetcher=make_fetcher(contact=""), needs_contact=True) == "no_contact"
    assert server.asked == []
    assert ask(url, needs_contact=True).body == b"ok"


def test_garbage_instead_of_http_is_a_network_failure(server, ask):
    """A server that speaks something else is not a document."""
    assert reason_of(ask, server.route("/", lambda x: x.send(b"\x00\xff\r\n\r\n"))) == "network"


def test_headers_without_end_are_stopped(server, ask):
    """A header section beyond 100 kB is a protocol error, not memory."""

    def endless(x):
        x.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            x.send(b"X-Filler: " + b"a" * 8_000 + b"\r\n")

    assert reason_of(ask, server.route("/", endless)) == "network"


def test_pauses_double_and_stay_under_the_deadline(server, ask, make_fetcher):
    """With full jitter the two pauses are one and two seconds."""
    slept: list[float] = []
    fetcher = make_fetcher(sleep=slept.append, jitter=lambda: 1.0, deadline_seconds=30.0)

    reason_of(ask, server.route("/", lambda x: x.reply(500)), fetcher=fetcher)

    assert slept == [1.0, 2.0]  # 0.5 s doubled once and twice


def test_a_retry_never_queues_for_its_host(server, ask, make_fetcher):
    """With one request in ten seconds allowed, a failure is reported at once, as what it is."""
    slept: list[float] = []
    limits = {"127.0.0.1": HostLimit(per_second=0.1, burst=1)}
    fetcher = make_fetcher(sleep=slept.append, host_limits=limits)

    assert reason_of(ask, server.route("/", lambda x: x.reply(500)), fetcher=fetcher) == (
        "unavailable"
    )
    assert len(server.asked) == 1
    assert sum(slept) < 3


def test_the_retry_budget_is_shared(server, ask, make_fetcher):
    """When everything is down, retries stop after the budget and every feed is asked once."""
    fetcher = make_fetcher()
    url = server.route("/", lambda x: x.reply(500))
    for _ in range(40):
        reason_of(ask, url, fetcher=fetcher)

    assert 40 + 60 <= len(server.asked) <= 40 + 62


def test_a_token_bucket_spaces_requests():
    """Two at once, then one every two seconds; further than the caller waits is refused."""
    clock = [0.0]
    bucket = TokenBucket(HostLimit(per_second=0.5, burst=2), lambda: clock[0])

    assert [bucket.reserve(3.0) for _ in range(4)] == [
        (True, 0.0),
        (True, 0.0),
        (True, 2.0),
        (False, 4.0),
    ]
    clock[0] = 10.0
    assert bucket.reserve() == (True, 0.0)


def test_subdomains_share_the_limit_of_their_host(make_fetcher):
    """data.sec.gov and www.sec.gov count together; another host does not."""
    limits = {"sec.gov": HostLimit(per_second=0.01, burst=1)}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=b"ok"))
    fetcher = make_fetcher(transport=transport, host_limits=limits)
    get = fetcher.get

    get(Request(feed="f", url="https://data.sec.gov/a"), NOW)
    with pytest.raises(FetchFailedError) as failure:
        get(Request(feed="f", url="https://www.sec.gov/b"), NOW)
    get(Request(feed="f", url="https://notsec.gov/"), NOW)

    assert failure.value.reason == "deferred"
    assert failure.value.wait_seconds == pytest.approx(100, abs=1)


def test_the_agent_is_honest_and_cannot_break_the_header():
    """Version and contact, and no line break."""
    assert user_agent("1.2", "you@example.org") == "nvsignal/1.2 (+you@example.org)"
    assert user_agent("1.2") == "nvsignal/1.2"
    with pytest.raises(ConfigError):
        user_agent("1.2", "you\r\nX: y")


def test_messages_hold_no_secret():
    """Credentials and keys in an address are blanked before anybody can log them."""
    shown = redact("https://me:pw@example.com/x?api_key=abc&q=1&access_token=def")

    assert shown == "https://example.com/x?api_key=***&q=1&access_token=***"


def test_a_fetcher_opens_nothing_before_its_first_request():
    """Making one costs no TLS context and no socket."""
    fetcher = Fetcher(FetchSettings(agent="x"))

    assert fetcher._transports == {}


def test_an_address_with_a_password_sends_it_there_and_tells_nobody(ask, server):
    """As a header to that host and port; not behind a redirect, not in an error."""
    seen = []

    def own(x):
        seen.append(x.headers.get("authorization"))
        x.reply(302, Location=server.url.replace("127.0.0.1", "localhost") + "/other")

    def other(x):
        seen.append(x.headers.get("authorization"))
        x.reply(401)

    server.route("/own", own)
    server.route("/other", other)
    with pytest.raises(FetchFailedError) as error:
        ask(server.url.replace("//", "//me:s%40crët@") + "/own")

    assert seen == ["Basic " + base64.b64encode("me:s@crët".encode()).decode(), None]
    assert "crët" not in str(error.value)
    assert "me:" not in str(error.value)
