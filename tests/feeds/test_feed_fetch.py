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
from feeds.guard import RefusedAddressError, RefusedByProxyError
from feeds.proxies import BadProxyError
from feeds.wire import Fetched, FetchFailedError, FetchSettings, Request, redact, user_agent

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


# --- what is sent and what comes back, without a network ------------------------------------------

URL = "https://example.com/feed"


class Sent:
    """A server that answers from a list, the last answer for ever; keeps what it was sent."""

    def __init__(self, *answers: httpx.Response):
        self.answers, self.requests = list(answers), []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return httpx.Response(given.status_code, headers=given.headers, content=given.content)


@pytest.fixture
def sent(make_fetcher):
    """``sent(answers)(url, …)``: a fetch against ``Sent``; keywords are settings of the fetcher."""

    def make(*answers: httpx.Response, **settings: object):
        server = Sent(*answers)
        fetcher = make_fetcher(transport=httpx.MockTransport(server), **settings)

        def get(url: str = URL, **changes: object):
            return fetcher.get(Request(feed="f", url=url, **changes), NOW)

        return get, server

    return make


def failed(get, *args: object, **changes: object) -> FetchFailedError:
    with pytest.raises(FetchFailedError) as failure:
        get(*args, **changes)
    return failure.value


def test_a_request_says_who_asks_and_what_for(sent):
    """Nothing but what was given; every phase of the connection has its bound."""
    get, server = sent(httpx.Response(200), monotonic=lambda: 100.0, deadline_seconds=5.0)
    plain = {"user-agent": "nvsignal/0 (+you@example.org)", "accept-encoding": "gzip, deflate"}

    get()
    get(
        etag='"a"',
        last_modified="then",
        accept="text/csv",
        referer="https://e.org/",
        key=("K", "v"),
    )

    bare, full = (dict(request.headers) for request in server.requests)
    assert bare == plain | {"accept": "*/*", "host": "example.com"}
    assert full == plain | {
        "accept": "text/csv", "host": "example.com", "if-none-match": '"a"',
        "if-modified-since": "then", "referer": "https://e.org/", "k": "v",
    }  # fmt: skip
    assert {request.method for request in server.requests} == {"GET"}
    assert server.requests[0].extensions == {
        "deadline": 105.0,
        "timeout": {"connect": 10.0, "read": 15.0, "write": 10.0, "pool": 30.0},
    }


@pytest.mark.parametrize(
    ("url", "private", "target", "key", "referer"),
    [
        (URL, False, "https://example.com/b", True, True),
        (URL, False, "https://other.org/b", False, False),
        ("http://example.com/a", False, "http://example.com/b", False, True),
        ("http://example.com/a", True, "http://example.com/b", True, True),
        ("http://example.com/a", True, "http://other.org/b", False, False),
        ("http://example.com/a", False, "https://example.com/b", True, True),
    ],
)
def test_a_key_goes_to_the_asked_host_over_https_and_a_referer_to_that_host(
    sent, url, private, target, key, referer
):
    """Behind a redirect as before it; in plain text inside one's own network alone."""
    get, server = sent(httpx.Response(302, headers={"location": target}), httpx.Response(200))

    get(url, key=("X-Key", "v"), referer="https://e.org/", allow_private=private)

    headers = server.requests[1].headers
    assert (headers.get("x-key") == "v", "referer" in headers) == (key, referer)
    first = url.startswith("https") or private
    assert ("x-key" in server.requests[0].headers) is first


@pytest.mark.parametrize(
    ("target", "authorised"),
    [("https://e.org/b", True), ("https://e.org:8443/b", False), ("https://x.e.org/b", False)],
)
def test_a_password_goes_to_its_host_and_port_alone(sent, target, authorised):
    get, server = sent(httpx.Response(302, headers={"location": target}), httpx.Response(200))

    get("https://me:pw@e.org/a")

    basic = "Basic " + base64.b64encode(b"me:pw").decode()
    assert server.requests[0].headers["authorization"] == basic
    assert server.requests[1].headers.get("authorization") == (basic if authorised else None)


def test_every_word_of_an_answer_is_kept(sent):
    """Freshness by the clock of the poll; the next page of the same list; no odd header."""
    headers = {
        "ETag": ' "a" ', "Last-Modified": "then", "Content-Type": "text/csv",
        "Expires": "Fri, 22 Aug 2025 12:32:00 GMT", "Link": "<?page=2>; rel=next",
    }  # fmt: skip
    get, _ = sent(httpx.Response(203, headers=headers, content=b"body"))

    assert get() == Fetched(
        url=URL, body=b"body", etag='"a"', last_modified="then", content_type="text/csv",
        fresh_seconds=120.0, next_url=f"{URL}?page=2",
    )  # fmt: skip
    for value, kept in (("x" * 512, "x" * 512), ("x" * 513, ""), ("é", ""), ("a\tb", "")):
        get, _ = sent(httpx.Response(200, headers=[(b"ETag", value.encode("latin-1"))]))
        assert get().etag == kept
        assert get(etag="before").etag == kept


def test_a_304_may_bring_new_validators_and_freshness(sent):
    headers = {"ETag": '"b"', "Cache-Control": "max-age=90"}
    get, _ = sent(httpx.Response(304, headers=headers))

    found = get(last_modified="then")

    assert found == Fetched(
        url=URL, not_modified=True, etag='"b"', last_modified="then", fresh_seconds=90.0
    )
    assert get(etag='"a"') == Fetched(url=URL, not_modified=True, etag='"b"', fresh_seconds=90.0)


@pytest.mark.parametrize(
    ("content", "declared", "fits"),
    [(b"x" * 10, "10", True), (b"x" * 11, "11", False), (b"x" * 10, "11", False),
     (b"x" * 10, "9" * 30, False), (b"x" * 10, "-1", True), (b"x" * 10, "\u00b2", True),
     (b"x" * 11, "3", False)],
)  # fmt: skip
def test_a_document_may_have_exactly_its_bound(sent, content, declared, fits):
    """By what it declares, where that is a number, and by what it holds."""
    headers = [(b"Content-Length", declared.encode("latin-1"))]
    get, _ = sent(httpx.Response(200, headers=headers, content=content), max_bytes=10)

    if fits:
        assert get().body == content
        return
    failure = failed(get)
    assert failure.reason == "too_large"
    assert str(failure).startswith("f: example.com sent more than 0 MiB")


@pytest.mark.parametrize(
    ("status", "headers", "wait", "silent"),
    [
        (429, {}, 60.0, True),
        (429, {"Retry-After": "90"}, 90.0, True),
        (503, {"Retry-After": "90"}, 90.0, True),
        (503, {}, None, False),
        (500, {"Retry-After": "90"}, None, False),
        (403, {"Retry-After": "90"}, None, False),
    ],
)
def test_only_429_and_503_silence_a_host(sent, status, headers, wait, silent):
    get, server = sent(httpx.Response(status, headers=headers), monotonic=lambda: 0.0)

    failure = failed(get)

    assert failure.wait_seconds == wait
    assert len(server.requests) == (3 if status >= 500 and wait is None else 1)
    later = failed(get)
    assert later.reason == ("deferred" if silent else failure.reason)
    if silent:
        assert later.wait_seconds == wait
        assert str(later) == f"f: example.com is not due for {wait:.0f} s"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "f: example.com answered 400"),
        (403, "f: example.com answered 403 (the source refuses this client; a mail address under "
         "[contact] may be what it asks for)"),
        (410, "f: example.com answered 410 (the feed is gone for good; remove its stanza or give "
         "it a new url)"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_may_help(sent, status, said):
    get, _ = sent(httpx.Response(status))
    assert str(failed(get)) == said


@pytest.mark.parametrize(
    ("status", "followed", "permanent"),
    [(301, True, True), (302, True, False), (303, True, False), (307, True, False),
     (308, True, True), (300, False, False), (304, False, False), (309, False, False)],
)  # fmt: skip
def test_which_answers_lead_on(sent, status, followed, permanent):
    """A move is remembered where it is for good."""
    get, server = sent(
        httpx.Response(status, headers={"location": " /b "}), httpx.Response(200, content=b"b")
    )
    if not followed:
        assert failed(get).reason == "bad_reply"
        return
    found = get()
    assert (found.url, found.body) == ("https://example.com/b", b"b")
    assert found.moved_to == ("https://example.com/b" if permanent else "")
    assert len(server.requests) == 2


@pytest.mark.parametrize(("most", "ok"), [(2, True), (1, False), (0, False)])
def test_so_many_redirects_and_no_more(sent, most, ok):
    answers = [httpx.Response(302, headers={"location": f"/{n}"}) for n in range(2)]
    get, server = sent(*answers, httpx.Response(200), max_redirects=most)
    if ok:
        assert get().url == "https://example.com/1"
        return
    assert str(failed(get)) == f"f: more than {most} redirects from {URL}"
    assert len(server.requests) == most + 1


def test_a_turn_is_waited_for_up_to_ten_seconds_beside_the_deadline(make_fetcher):
    """One request in ten seconds: the second waits for ten, which its five seconds do not hold."""
    for rate, granted in ((0.1, True), (0.0999, False)):
        clock, slept = [0.0], []

        def sleep(seconds, clock=clock, slept=slept):
            slept.append(seconds)
            clock[0] += seconds

        fetcher = make_fetcher(
            transport=httpx.MockTransport(Sent(httpx.Response(200, content=b"ok"))), sleep=sleep,
            monotonic=lambda clock=clock: clock[0],
            host_limits={"example.com": HostLimit(per_second=rate, burst=1)},
        )  # fmt: skip
        get = fetcher.get
        get(Request(feed="f", url=URL), NOW)
        if granted:
            assert get(Request(feed="f", url=URL), NOW).body == b"ok"
            assert slept == [10.0]
        else:
            assert failed(get, Request(feed="f", url=URL), NOW).reason == "deferred"
            assert slept == []


@pytest.mark.parametrize(
    ("rate", "jitter", "deadline", "slept", "asked"),
    [
        (1e6, 0.0, 5.0, [0.5, 1.0], 3),
        (1e6, 1.0, 5.0, [1.0, 2.0], 3),
        (1e6, 1.0, 1.0, [], 1),  # a pause that would end at the deadline is none
        (1e6, 1.0, 1.01, [1.0], 2),
        (0.5, 1.0, 9.0, [1.0, 1.0, 2.0], 3),  # a turn one second off is waited for
        (0.49, 1.0, 9.0, [1.0], 1),
    ],
)
def test_how_a_failure_is_tried_again(make_fetcher, rate, jitter, deadline, slept, asked):
    """Half a second doubled at each try, half of it by chance; a retry queues for a second."""
    clock, pauses, server = [0.0], [], Sent(httpx.Response(500))

    def sleep(seconds):
        pauses.append(seconds)
        clock[0] += seconds

    fetcher = make_fetcher(
        transport=httpx.MockTransport(server), sleep=sleep, monotonic=lambda: clock[0],
        jitter=lambda: jitter, deadline_seconds=deadline,
        host_limits={"example.com": HostLimit(per_second=rate, burst=1)},
    )  # fmt: skip
    assert failed(fetcher.get, Request(feed="f", url=URL), NOW).reason == "unavailable"
    assert pauses == pytest.approx(slept, abs=1e-4)
    assert len(server.requests) == asked


@pytest.mark.parametrize(
    ("error", "reason", "said"),
    [
        (httpx.ConnectError("no way"), "network", "f: example.com: no way"),
        (httpx.ReadTimeout(""), "timeout", "f: example.com: ReadTimeout"),
        (httpx.ReadError("https://me:pw@e.org/?key=k"), "network",
         "f: example.com: https://e.org/?key=***"),
        (RefusedAddressError("e.org: private"), "refused_address",
         "f: e.org: private (allow_private = true in its stanza permits a source in your own "
         "network)"),
        (RefusedByProxyError("the proxy answered 403", 403), "proxy",
         "f: example.com: the proxy answered 403 (the proxy does not let this host through: ask "
         "who runs it)"),
        (RefusedByProxyError("the proxy answered 407", 407), "proxy",
         "f: example.com: the proxy answered 407 (the proxy wants a name: "
         "http://user:password@host:port in HTTPS_PROXY)"),
        (RefusedByProxyError("the proxy answered 502", 502), "network",
         "f: example.com: the proxy answered 502"),
        (BadProxyError("ALL_PROXY names no proxy"), "proxy", "f: ALL_PROXY names no proxy"),
    ],
)  # fmt: skip
def test_a_broken_way_is_told_by_its_kind(make_fetcher, error, reason, said):
    """Only what may pass by itself is tried again."""
    tries = []

    def answer(request):
        tries.append(request)
        raise error

    failure = failed(
        make_fetcher(transport=httpx.MockTransport(answer)).get, Request(feed="f", url=URL), NOW
    )
    assert (failure.reason, str(failure)) == (reason, said)
    assert len(tries) == (3 if reason == "network" else 1)


@pytest.mark.parametrize(
    ("url", "ok"),
    [("https://e.org", True), ("http://e.org:81/x", True), ("https://[2606:4700::1]/", True),
     (f"https://{'a' * 60}.org/", True), ("ftp://e.org/", False), ("https:///x", False),
     ("https://e org/", False), ("https://me:pw@/x", False)],
)  # fmt: skip
def test_an_address_is_http_with_a_plain_host(sent, url, ok):
    get, server = sent(httpx.Response(200))
    if ok:
        assert get(url).not_modified is False
        return
    failure = failed(get, url)
    assert failure.reason == "refused_address"
    assert "is not an http(s) address" in str(failure)
    assert "pw" not in str(failure)
    assert server.requests == []


def test_closing_a_fetcher_closes_what_it_was_given_and_what_it_made(make_fetcher):
    closed = []

    class Way(httpx.BaseTransport):
        def close(self):
            closed.append(self)

    given, made = Way(), Way()
    with make_fetcher(transport=given) as fetcher:
        fetcher._transports[True] = made
    assert closed == [given, made]
    assert fetcher._transports == {}
    own = make_fetcher()
    assert own._transport(True) is own._transport(True)
    assert own._transport(True) is not own._transport(False)
