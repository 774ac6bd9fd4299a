"""Known answers of the page without a server: who may ask, how long, how much, in what form."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest
from starlette.requests import Request
from starlette.responses import Response

from engine.decision.scenarios import StressRow
from engine.errors import ConfigError, DataError, InputError, UnknownNameError
from engine.record.chain import LedgerEntry
from engine.report.i18n import voice
from engine.service.stressing import StressTable
from engine.shown import FeedState, SourceHealth
from engine.values import Evidence, Observed
from engine.web import guard, jobs, pages, presets, views, wire
from engine.web.api import Api
from engine.web.desk import Kept
from engine.web.guard import Admission, BrowserSessions, host_name, is_loopback, need_token
from engine.web.jobs import Job, Jobs, free_bytes, held_bytes
from engine.web.presets import Preset
from tests.engine.report.sample_report import rating, sample_report, v31
from tests.web.site import asked

EN = voice("en")
NOW = datetime(2025, 8, 22, 12, 31, tzinfo=UTC)


# --- the door -------------------------------------------------------------------------------------


def test_the_bounds_of_the_door_are_as_promised() -> None:
    assert (guard.MAX_BODY_BYTES, guard.MAX_FIELDS, guard.MIN_TOKEN_CHARS) == (400_000, 20, 16)
    assert (guard.SESSION_SECONDS, guard.MAX_SESSIONS) == (43_200, 32)
    assert guard.WRONG_TOKENS_A_MINUTE == 10


def test_what_only_this_machine_can_reach() -> None:
    for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1"):
        assert is_loopback(host)
    for host in ("0.0.0.0", "192.168.1.1", "e.org", "::"):
        assert not is_loopback(host)


@pytest.mark.parametrize(
    ("host", "token", "found"),
    [
        ("127.0.0.1", None, None),
        ("127.0.0.1", "", None),
        ("127.0.0.1", "t" * 16, "t" * 16),
        ("0.0.0.0", "t" * 16, "t" * 16),
    ],
)
def test_a_token_is_asked_for_where_others_reach_us(
    host: str, token: str | None, found: str | None
) -> None:
    assert need_token(host, token) == found
    for other, wrong in (("0.0.0.0", None), ("0.0.0.0", "t" * 15), ("127.0.0.1", "t" * 15)):
        with pytest.raises(InputError):
            need_token(other, wrong)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("LocalHost:8377", "localhost"), ("localhost.", "localhost"), ("[::1]:80", "::1"),
        ("127.0.0.1", "127.0.0.1"), ("", None), ("a@b", None), ("a/b", None), ("a?b", None),
        ("a#b", None), ("a\\b", None), ("a b", None), ("a,b", None), ("a:x", None),
        ("a:99999", None),
    ],
)  # fmt: skip
def test_the_name_in_a_host_header(header: str, name: str | None) -> None:
    assert host_name(header) == name


def test_our_names_and_bare_addresses_are_known() -> None:
    ours = Admission(names=frozenset({"localhost"}))
    others = replace(ours, token="t" * 16)
    asking = ("localhost:1", "127.0.0.1", "[::1]", "192.168.1.5", "x")
    assert [ours.knows_host(h) for h in asking] == [True, True, True, False, False]
    assert others.knows_host("192.168.1.5:80")
    assert not others.knows_host("x")


def test_a_session_ends_after_twelve_hours_and_the_oldest_makes_room() -> None:
    clock = [0.0]
    sessions = BrowserSessions("secret", lambda: clock[0])
    first = sessions.sign_in("secret")
    assert first is not None
    clock[0] = 43_199.9
    assert sessions.holds(first)
    clock[0] = 43_200.0
    assert not sessions.holds(first)
    clock[0] = 0.0
    held = [sessions.sign_in("secret") or "" for _ in range(31)]
    assert sessions.holds(first)
    held.append(sessions.sign_in("secret") or "")
    assert not sessions.holds(first)
    assert all(map(sessions.holds, held))
    sessions.sign_out(held[0])
    assert not sessions.holds(held[0])


def test_ten_wrong_tokens_in_a_minute_are_too_many() -> None:
    clock = [0.0]
    sessions = BrowserSessions("secret", lambda: clock[0])
    for _ in range(9):
        assert sessions.sign_in("guess") is None
    assert not sessions.weary
    clock[0] = 30.0
    sessions.sign_in("guess")
    assert sessions.weary
    clock[0] = 59.9
    assert sessions.weary
    clock[0] = 60.0  # the nine of the first instant no longer count
    assert not sessions.weary


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"origin": "http://localhost"}, True),
        ({"origin": "https://LOCALHOST"}, True),
        ({"origin": "http://localhost", "sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "same-origin"}, True),
        ({}, False),
        ({"origin": "http://e.org"}, False),
        ({"origin": "null"}, False),
        ({"origin": "ftp://localhost"}, False),
        ({"origin": "http://localhost://x"}, False),
        ({"origin": "http://localhost", "sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site"}, False),
    ],
)
def test_a_form_comes_from_our_own_page(headers: dict[str, str], ours: bool) -> None:
    if ours:
        guard._need_own_origin(asked(**headers))
        return
    with pytest.raises(guard.RefusedError) as error:
        guard._need_own_origin(asked(**headers))
    assert error.value.status == 403


URLENCODED = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (URLENCODED, b"a=1&b=", None),
        (URLENCODED.upper() + "; charset=utf-8", b"a=1&b=", None),
        ("text/plain", b"a=1", 415),
        ("", b"a=1", 415),
        (URLENCODED, b"a=1&a=2", 400),
        (URLENCODED, b"a=%ff", 400),
        (URLENCODED, b"a=\xff", 400),
        (URLENCODED, b"&".join(b"f%d=" % n for n in range(20)), None),
        (URLENCODED, b"&".join(b"f%d=" % n for n in range(21)), 400),
    ],
)
def test_a_form_is_small_and_plain(kind: str, body: bytes, status: int | None) -> None:
    request = asked(content_type=kind)
    if status is None:
        found = guard._form(request, body)
        assert len(found) == len(body.split(b"&"))
        return
    with pytest.raises(guard.RefusedError) as error:
        guard._form(request, body)
    assert error.value.status == status


@pytest.mark.parametrize(
    ("length", "claimed", "status"),
    [
        (400_000, None, None), (400_001, None, 413), (5, "400000", None), (5, "400001", 413),
        (5, "five", 400), (5, "-5", 400),
    ],
)  # fmt: skip
def test_a_body_is_bounded_by_claim_and_by_count(
    length: int, claimed: str | None, status: int | None
) -> None:
    headers = {} if claimed is None else {"content_length": claimed}
    request = asked(method="POST", body=b"x" * length, **headers)
    if status is None:
        assert len(asyncio.run(guard._bounded_body(request))) == length
        return
    with pytest.raises(guard.RefusedError) as error:
        asyncio.run(guard._bounded_body(request))
    assert error.value.status == status


def test_cookies_are_for_us_alone() -> None:
    assert guard.cookie("a", "b", secure=False) == "a=b; Path=/; HttpOnly; SameSite=Strict"
    told = guard.cookie("a", "b", secure=True, seconds=5)
    assert told == "a=b; Path=/; HttpOnly; SameSite=Strict; Max-Age=5; Secure"
    for value, sound in (("v" * 16, True), ("v" * 15, False), ("v" * 64, True), ("v" * 65, False),
                         ("v" * 15 + "é", False), ("v" * 15 + ";", False)):  # fmt: skip
        assert guard._sound_visit(value) is sound
    paths = ("/login", "/static/a.css", "/", "/login/x", "/staticx")
    assert [guard._is_open(p) for p in paths] == [True, True, False, False, False]


class Doorman:
    """A guard before a page that answers with the state it is given."""

    def __init__(self, token: str | None = None, refused: Any = None) -> None:
        admission = Admission(names=frozenset({"localhost"}), token=token)
        self.seen: list[dict[str, Any]] = []
        self.sent: list[Any] = []
        self.guard = guard.Guard(self.page, admission, refused=refused, secret=b"s" * 32)

    async def page(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    def ask(self, request: Request, **scope: Any) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer."""
        self.sent.clear()
        asyncio.run(self.guard(request.scope | scope, request.receive, self.send))
        start, body = self.sent
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return start["status"], headers, body["body"]


VISIT = "v" * 32


def test_a_visitor_is_let_in_with_a_policy_and_a_cookie_of_his_own() -> None:
    door = Doorman()
    status, headers, body = door.ask(asked())
    (scope,) = door.seen
    assert (status, body) == (200, b"in")
    assert {name: headers[name] for name in guard._HEADERS} == guard._HEADERS
    name, value, *rest = headers["set-cookie"].replace("=", "; ", 1).split("; ")
    assert (name, len(value), rest) == (
        "nvsignal_visit", 32, ["Path=/", "HttpOnly", "SameSite=Strict"],
    )  # fmt: skip
    assert scope["state"] == {
        "form": {}, "csrf": door.guard.csrf(value), "sessions": None, "signed_in": True,
    }  # fmt: skip
    _, headers, _ = door.ask(asked(cookie=f"nvsignal_visit={VISIT}"))
    assert "set-cookie" not in headers
    assert door.seen[1]["state"]["csrf"] == door.guard.csrf(VISIT) != door.guard.csrf("w")
    assert door.ask(asked(), scheme="https")[1]["set-cookie"].endswith("; Secure")
    assert len(guard.Guard(door.page, door.guard.admission)._secret) == 32


def test_a_form_reaches_the_page_with_the_visitors_own_mark() -> None:
    door = Doorman()
    mark, kind = door.guard.csrf(VISIT), "application/x-www-form-urlencoded"
    headers = {"content_type": kind, "origin": "http://localhost"}
    own = {"cookie": f"nvsignal_visit={VISIT}", **headers}
    body = f"csrf={mark}&a=1&b=".encode()
    assert door.ask(asked(method="POST", body=body, **own))[0] == 200
    assert door.seen[-1]["state"]["form"] == {"csrf": mark, "a": "1", "b": ""}
    old = (403, b"the form is too old; load the page again\n")
    for given, sent in ((own, b"a=1"), (own, b"csrf=x"), (headers, body)):
        status, _, said = door.ask(asked(method="POST", body=sent, **given))
        assert (status, said) == old
    assert len(door.seen) == 1


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        (asked(host="evil.example"), 421, b"this host name is not served here\n"),
        (asked(method="PUT"), 405, b"only GET and POST\n"),
        (asked(method="HEAD"), 200, b"in"),
    ],
)
def test_a_stranger_is_told_why(request_: Request, status: int, said: bytes) -> None:
    told = Doorman().ask(request_)
    assert (told[0], told[2]) == (status, said)
    assert told[1]["content-security-policy"] == guard.CSP


def test_a_page_says_why_only_to_a_browser_that_knows_our_name() -> None:
    calls: list[tuple[int, str]] = []

    def refused(request: Request, status: int, line: str) -> Response:
        calls.append((status, line))
        return Response("a page", status)

    door, html = Doorman(refused=refused), {"accept": "text/html"}
    assert door.ask(asked(method="PUT", **html))[::2] == (405, b"a page")
    assert calls == [(405, "only GET and POST")]
    assert door.ask(asked(method="PUT"))[2] == b"only GET and POST\n"
    assert door.ask(asked(host="e.org", **html))[2] == b"this host name is not served here\n"
    assert len(calls) == 1


def test_before_signing_in_a_reader_is_led_to_the_form_and_a_program_is_told() -> None:
    door = Doorman("t" * 16)
    assert door.guard.sessions is not None
    for path, method, status in (
        ("/", "GET", 303), ("/feeds", "GET", 303), ("/api/report", "GET", 401),
        ("/", "HEAD", 401), ("/login", "GET", 200), ("/static/style.css", "GET", 200),
    ):  # fmt: skip
        told = door.ask(asked(path, method=method))
        assert (told[0], told[1].get("location")) == (status, "/login" if status == 303 else None)
    assert [s["state"]["signed_in"] for s in door.seen] == [False, False]
    cookie = door.guard.sessions.sign_in("t" * 16)
    assert cookie is not None
    assert len(cookie) == 43  # 32 bytes, base 64
    assert door.ask(asked(cookie=f"nvsignal_session={cookie}"))[0] == 200
    assert door.seen[-1]["state"]["signed_in"] is True
    assert door.seen[-1]["state"]["sessions"] is door.guard.sessions


def test_only_requests_and_the_servers_own_life_pass() -> None:
    door = Doorman()
    asyncio.run(door.guard({"type": "websocket"}, asked().receive, door.send))
    assert door.sent == [{"type": "websocket.close", "code": 1008}]  # policy violation, RFC 6455
    assert door.seen == []
    asyncio.run(door.guard({"type": "lifespan"}, asked().receive, door.send))
    assert door.seen == [{"type": "lifespan"}]

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    door.sent.clear()
    left = Request(asked(method="POST").scope, gone)
    asyncio.run(door.guard(left.scope, gone, door.send))
    assert (len(door.seen), door.sent) == (1, [])


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (None, "--host 0.0.0.0 can be reached by others and NVSIGNAL_WEB_TOKEN is not set (set "
               "NVSIGNAL_WEB_TOKEN to 16 random characters or more, or keep 127.0.0.1)"),
        ("t" * 15, "NVSIGNAL_WEB_TOKEN has 15 characters (16 random characters or more)"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_token_is_told(token: str | None, said: str) -> None:
    with pytest.raises(InputError) as error:
        need_token("0.0.0.0", token)
    assert str(error.value) == said


# --- connections ----------------------------------------------------------------------------------


def test_the_bounds_of_a_connection_are_as_promised() -> None:
    assert (wire.HEADER_SECONDS, wire.BODY_SECONDS, wire.READ_SECONDS) == (5.0, 10.0, 20.0)
    assert (wire.MOST_PER_ADDRESS, wire.MOST_OPEN, wire.GRACE_SECONDS) == (32, 256, 0.25)


class Line(wire.Connection):
    """A connection without a socket."""

    def __init__(self, host: str, since: float, others: set[Any], cycle: Any = None) -> None:
        self.client, self._since, self.cycle = (host, 1), since, cycle
        self.connections = others
        self.was_cut = False
        others.add(self)

    def cut(self) -> None:
        self.connections.discard(self)
        self.was_cut = True


def test_room_is_made_by_those_that_wait_longest() -> None:
    open_now: set[Any] = set()
    busy = Thing(response_complete=False, more_body=False)
    answered = Thing(response_complete=True, more_body=False)
    lines = [Line("a", float(n), open_now) for n in range(31)]
    served = Line("a", -9.0, open_now, answered)
    working = Line("a", -8.0, open_now, busy)
    other = Line("b", -7.0, open_now)
    assert len(open_now) == 34
    served._make_room()  # 33 of one address: one too many
    assert [line.was_cut for line in lines[:3]] == [True, False, False]
    assert not served.was_cut
    assert not working.was_cut
    assert not other.was_cut
    served._make_room()
    assert sum(line.was_cut for line in lines) == 1
    assert [served.waits, working.waits, other.waits] == [True, False, True]
    working.cycle = Thing(response_complete=False, more_body=True)
    assert working.waits


def test_beyond_all_bounds_the_largest_holder_makes_room() -> None:
    open_now: set[Any] = set()
    for host in range(9):
        for n in range(28 if host else 32):
            Line(f"h{host}", float(n), open_now)
    assert len(open_now) == 256
    any_line = next(iter(open_now))
    any_line._make_room()
    assert len(open_now) == 256
    one_more = Line("h9", 99.0, open_now)
    one_more._make_room()
    assert len(open_now) == 256
    assert sum(c.host == "h0" for c in open_now) == 31


class Clock:
    """A loop whose time stands still; ``set`` holds what is to be called, and when."""

    def __init__(self) -> None:
        self.set: list[tuple[float, str]] = []

    def call_later(self, seconds: float, call: Any) -> Any:
        one = (seconds, call.__name__)
        self.set.append(one)
        return Thing(cancel=lambda: self.set.remove(one))


def timed(monkeypatch: pytest.MonkeyPatch, others: int = 0) -> tuple[wire.Connection, Clock]:
    """A connection beside ``others``, with a clock for a loop and nothing of uvicorn's own."""
    for name in ("connection_made", "data_received", "connection_lost"):
        monkeypatch.setattr(wire.H11Protocol, name, lambda self, given: None)
    monkeypatch.setattr(wire.H11Protocol, "__init__", lambda self: None)
    monkeypatch.setattr(wire.H11Protocol, "loop", Thing(time=lambda: 5.0), raising=False)
    line, clock = wire.Connection(), Clock()
    assert (line._since, line._deadline, line._awaited, line._reading) == (5.0, None, "", None)
    line.loop, line.cycle, line.client = clock, None, ("a", 1)  # type: ignore[assignment]
    line.connections = {line, *range(others)}  # type: ignore[arg-type]
    return line, clock


def test_each_part_of_a_request_has_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    line, clock = timed(monkeypatch)
    line.connection_made(None)
    assert clock.set == [(0.25, "_make_room"), (5.0, "cut")]
    clock.set.pop(0)
    line.data_received(b"x")  # a byte more of the headers does not extend them
    assert clock.set == [(5.0, "cut")]
    line.cycle = Thing(response_complete=False, more_body=True)  # type: ignore[assignment]
    line.data_received(b"x")
    assert clock.set == [(10.0, "cut")]
    line.cycle = Thing(response_complete=False, more_body=False)  # type: ignore[assignment]
    line.data_received(b"x")
    assert clock.set == []
    line.cycle = Thing(response_complete=True, more_body=False)  # type: ignore[assignment]
    line.data_received(b"x")
    assert clock.set == [(5.0, "cut")]
    line.connection_lost(None)
    assert clock.set == []


def test_an_answer_that_is_not_taken_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    line, clock = timed(monkeypatch)
    told: list[str] = []
    line.flow = Thing(  # type: ignore[assignment]
        pause_writing=lambda: told.append("wait"), resume_writing=lambda: told.append("on")
    )
    line.resume_writing()
    line.pause_writing()
    line.pause_writing()
    assert clock.set == [(20.0, "cut")]
    line.resume_writing()
    assert clock.set == []
    line.pause_writing()
    assert clock.set == [(20.0, "cut")]
    line.connection_lost(None)
    assert clock.set == []
    assert told == ["on", "wait", "wait", "on", "wait"]
    line.transport = Thing(abort=lambda: told.append("gone"))  # type: ignore[assignment]
    line.cut()
    assert told[-1] == "gone"
    assert line.connections == set()
    assert line.host == "a"
    line.client = None
    assert line.host == ""


@pytest.mark.parametrize(("others", "rooms"), [(255, 0), (256, 1)])
def test_room_is_made_at_once_beyond_all_bounds(
    monkeypatch: pytest.MonkeyPatch, others: int, rooms: int
) -> None:
    """With itself they are 256, and 257."""
    line, _clock = timed(monkeypatch, others)
    made: list[int] = []

    def _make_room() -> None:
        made.append(1)

    line._make_room = _make_room  # type: ignore[method-assign]
    line.connection_made(None)
    assert len(made) == rooms


# --- work in the background -----------------------------------------------------------------------


def test_the_bounds_of_the_queue_are_as_promised() -> None:
    assert (jobs.KEPT, jobs.KEPT_BYTES, jobs.MOST_WAITING) == (8, 16_000_000, 8)
    assert (jobs.NEEDED_BYTES, jobs.MEMORY_SECONDS) == (300_000_000, 30.0)


def job(state: Any = "done", n_bytes: int = 0, name: str = "j") -> Job:
    made = Job(job_id=name, title=name)
    made.state, made.n_bytes = state, n_bytes
    return made


def test_a_share_is_held_between_nothing_and_all() -> None:
    one = job("running")
    found = []
    for share in (-1.0, 0.0, 0.4, 1.0, 2.0):
        one.step("s", share)
        found.append(one.share)
    assert found == [0.0, 0.0, 0.4, 1.0, 1.0]
    assert [job(s).over for s in ("waiting", "running", "done", "failed", "cancelled")] == [
        False, False, True, True, True,
    ]  # fmt: skip
    one.stop.set()
    with pytest.raises(jobs.CancelledError):
        one.step("s", 0.5)


def forgotten(*sizes: int) -> list[str]:
    """The names left of ended jobs of these sizes, oldest first."""
    queue = Jobs(lambda: None)
    queue._jobs = {f"j{n}": job(n_bytes=size, name=f"j{n}") for n, size in enumerate(sizes)}
    queue._forget()
    return list(queue._jobs)


def test_results_are_kept_by_number_and_by_bytes() -> None:
    assert forgotten(*[1] * 8) == [f"j{n}" for n in range(8)]
    assert forgotten(*[1] * 10) == [f"j{n}" for n in range(2, 10)]
    assert forgotten(8_000_000, 8_000_000) == ["j0", "j1"]
    assert forgotten(8_000_001, 8_000_000) == ["j1"]
    assert forgotten(1, 99_000_000) == ["j1"]  # the newest stays whatever its size


def test_those_who_wait_know_how_many_come_before_them() -> None:
    queue = Jobs(lambda: None)
    waiting = [job("waiting", name=f"w{n}") for n in range(3)]
    queue._jobs = {j.job_id: j for j in [job("running", name="r"), *waiting]}
    queue._waiting = [(j, lambda j: None) for j in waiting]
    queue._count()
    assert [j.ahead for j in waiting] == [1, 2, 3]
    queue.cancel(waiting[1])
    assert (waiting[1].state, waiting[2].ahead) == ("cancelled", 2)
    assert queue.running() is queue.get("r")
    assert queue.get("x") is None


def test_a_piece_begins_with_room_and_not_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MEMORY_SECONDS", -1.0)
    for left, fine in ((None, True), (300_000_000, True), (299_999_999, False)):
        one = job("running")
        jobs._run(one, lambda j: "made", lambda left=left: left)  # type: ignore[misc]
        assert one.result == ("made" if fine else None)
        assert one.state == ("done" if fine else "failed")
    assert "only 300 MB" in str(one.failure) or "300 MB are needed" in str(one.failure)


def test_a_piece_waits_for_room_and_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks twice a second, up to thirty seconds and not beyond."""
    now, waits = [100.0], list[float]()
    one = job("running")

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        now[0] += seconds
        return now[0] >= 120.0 and one.title == "stopped"

    monkeypatch.setattr(jobs, "monotonic", lambda: now[0])
    one.stop = Thing(wait=wait)  # type: ignore[assignment]
    with pytest.raises(InputError) as error:
        jobs._need_memory(one, lambda: 299_000_000)
    assert str(error.value) == (
        "only 299 MB of memory are free, 300 MB are needed (close something, and run it again)"
    )
    assert waits == [0.5] * 61  # at 30.0 s it looks once more
    now[0], one.title = 100.0, "stopped"
    with pytest.raises(jobs.CancelledError):
        jobs._need_memory(one, lambda: 0)
    assert now == [120.0]


def test_how_long_a_piece_took_and_how_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(jobs, "monotonic", lambda: now[0])

    def ran(error: BaseException | None) -> tuple[Any, ...]:
        one = job("running")

        def work(_: Job) -> str:
            now[0] += 2.5
            if error is not None:
                raise error
            return "made"

        if isinstance(error, ValueError):
            with pytest.raises(ValueError, match="secret"):
                jobs._run(one, work, lambda: None)
        else:
            jobs._run(one, work, lambda: None)
        return one.seconds, one.state, one.result, one.n_bytes, one.failure and str(one.failure)

    assert ran(None) == (2.5, "done", "made", sys.getsizeof("made"), None)
    assert ran(jobs.CancelledError()) == (2.5, "cancelled", None, 0, None)
    assert ran(InputError("no")) == (2.5, "failed", None, 0, "no")
    assert ran(MemoryError()) == (
        2.5, "failed", None, 0,
        "there is not enough memory for this (choose a shorter window)",
    )  # fmt: skip
    assert ran(ValueError("secret")) == (
        2.5, "failed", None, 0, "the work failed unexpectedly (ValueError)",
    )  # fmt: skip


def test_a_piece_begins_with_nothing_done() -> None:
    one = Job(job_id="a", title="b")
    assert (one.state, one.ahead, one.stage, one.share, one.n_bytes, one.seconds) == (
        "waiting", 0, "", 0.0, 0, 0.0,
    )  # fmt: skip
    queue = Jobs(lambda: None)
    inside: list[Any] = []
    made = queue.start("t", lambda j: inside.append((j.state, threading.current_thread().daemon)))
    until = time.monotonic() + 20
    while queue._at_work:
        assert time.monotonic() < until
    assert inside == [("running", True)]
    assert (made.title, made.state, len(made.job_id)) == ("t", "done", 12)  # nine bytes, base 64


def test_those_who_are_not_counted_by_the_caller_are_looked_for() -> None:
    queue = Jobs(lambda: None)
    first, second = job("waiting", name="w0"), job("waiting", name="w1")
    queue._jobs = {j.job_id: j for j in (job("done"), first, second)}
    queue._waiting = [(j, lambda j: None) for j in (first, second)]
    queue._count()
    assert (first.ahead, second.ahead) == (0, 1)
    queue._count(running=1)
    assert (first.ahead, second.ahead) == (1, 2)
    assert queue.running() is first
    queue.cancel(queue._jobs["j"])  # one that is over stays as it is
    assert (queue._jobs["j"].state, len(queue._waiting)) == ("done", 2)


def test_free_memory_is_the_least_of_what_is_told(tmp_path: Path) -> None:
    info, group = tmp_path / "meminfo", tmp_path / "group"
    assert free_bytes(info, group) is None
    info.write_text("MemTotal: 9 kB\nMemAvailable:   1000 kB\n")
    assert free_bytes(info, group) == 1_024_000
    group.mkdir()
    (group / "memory.max").write_text("900000\n")
    (group / "memory.current").write_text("600000\n")
    assert free_bytes(info, group) == 300_000
    (group / "memory.stat").write_text("active_file 5\ninactive_file 50000\n")
    assert free_bytes(info, group) == 350_000
    (group / "memory.max").write_text("max\n")
    assert free_bytes(info, group) == 1_024_000


def test_what_a_value_holds_is_counted_once() -> None:
    assert held_bytes("abc") == sys.getsizeof("abc")
    pair = ("abc", "abc", 5.5)  # the text is one object
    assert held_bytes(pair) == sum(map(sys.getsizeof, (pair, "abc", 5.5)))
    told = Preset(name="a", description="b", ours=True)
    assert held_bytes(told) == sum(map(sys.getsizeof, (told, "a", "b", True)))
    assert held_bytes({1.5: "x"}) == sum(map(sys.getsizeof, ({1.5: "x"}, 1.5, "x")))
    assert held_bytes({2.5}) == sum(map(sys.getsizeof, ({2.5}, 2.5)))
    assert held_bytes(Thing(inside="x" * 9_999)) < 200  # what else it refers to is not counted
    array = np.zeros(10_000)
    assert 80_000 <= held_bytes(array) < 81_000
    assert held_bytes([array, array]) < 82_000
    assert held_bytes({"a": array}) > 80_000
    assert held_bytes({("a", 1): [np.zeros(10_000), np.zeros(10_000)]}) > 160_000


# --- the desk, programs ---------------------------------------------------------------------------


def test_the_last_few_results_are_kept() -> None:
    made: list[str] = []
    kept: Kept[str] = Kept(2)

    def get(key: str) -> str:
        return kept.get(key, lambda: made.append(key) or key)  # type: ignore[func-returns-value]

    for key in ("a", "b", "a", "c", "a", "b"):
        assert get(key) == key
    assert made == ["a", "b", "c", "b"]  # "a" was asked for last, so "b" made room


def test_a_program_asks_with_five_short_options() -> None:
    told: list[tuple[str, dict[str, str]]] = []

    def answers(question: str, given: Any) -> str:
        told.append((question, dict(given)))
        if question == "bad":
            raise InputError("no\x07 such\nthing" + "x" * 2_000)
        if question == "down":
            raise DataError("là-bas")
        return '{"a": 1}'

    def ask(question: str, query: str) -> tuple[int, bytes]:
        request = asked(query=query)
        request.scope["path_params"] = {"question": question}
        answer = asyncio.run(Api(answers).answer(request))
        return answer.status_code, bytes(answer.body)

    many = "&".join(f"k{n}=v" for n in range(7)) + f"&{'k' * 60}=1"
    assert ask("q" * 50, many) == (200, b'{"a": 1}')
    assert told[-1] == ("q" * 40, {f"k{n}": "v" for n in range(5)})
    ask("report", f"{'k' * 60}={'v' * 300}")
    assert told[-1] == ("report", {"k" * 40: "v" * 250})
    status, body = ask("bad", "")
    assert status == 400
    assert json.loads(body) == {"error": ("no such thing" + "x" * 2_000)[:999] + "…"}
    assert ask("down", "") == (503, '{"error": "là-bas"}\n'.encode())


def test_programs_are_answered_one_at_a_time() -> None:
    inside, most = [0], [0]

    def answers(question: str, given: Any) -> str:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.02)
        inside[0] -= 1
        return "{}"

    async def both() -> list[str]:
        api = Api(answers)
        requests = [asked() for _ in range(3)]
        for request in requests:
            request.scope["path_params"] = {"question": "q"}
        found = await asyncio.gather(*(api.answer(request) for request in requests))
        return [answer.headers["content-type"] for answer in found]

    assert asyncio.run(both()) == ["application/json"] * 3
    assert most == [1]


# --- what is shown --------------------------------------------------------------------------------


def test_a_row_of_the_league() -> None:
    release, told = v31(), rating()
    told = replace(told, evidence=(
        Evidence(text="sure", confidence=0.9), Evidence(text="weak", confidence=0.1),
        Evidence(text="blind", observed=Observed.NOT_OBSERVED),
    ))  # fmt: skip
    first, second = views.league_rows(
        [(release, told), (release, replace(told, rateable=False))], EN
    )
    assert (first.place, second.place) == (1, 2)
    assert first.score == str(round(told.score))
    assert second.score == "?"
    assert first.band == f"{told.score_low:.0f} to {told.score_high:.0f}"
    assert [line.tag.lower() for line in first.proofs] == ["", "low confidence", "not observed"]
    bad = [p for p in first.parts if p.shown.startswith("+")]
    assert all(p.tone == -1 for p in bad)
    assert all(p.tone == 1 for p in first.parts if p.shown.startswith("-"))
    assert bad


def entry(**changes: Any) -> LedgerEntry:
    given: dict[str, Any] = {
        "seq": 7, "acts_on": date(2025, 8, 25), "revision": 0, "strategy": "balanced",
        "made_at": NOW, "previous_hash": "", "entry_hash": "a" * 64,
        "payload": {"decision": "SELL", "score": -0.25, "target_weight": 0.1},
    }  # fmt: skip
    told = given | changes
    return LedgerEntry(payload_text=json.dumps(told.pop("payload")), **told)


def test_an_entry_of_the_ledger_as_a_row() -> None:
    row = views.noted(entry(), ["balanced"], EN)
    assert (row.number, row.verdict, row.code, row.score, row.target) == (
        7, "SELL", "SELL", "-0.25", "10%",
    )  # fmt: skip
    assert row.link == "/archive?as_of=2025-08-22T12%3A31%3A00Z&preset=balanced"
    assert views.noted(entry(), [], EN).link == "/archive?as_of=2025-08-22T12%3A31%3A00Z"
    bare = views.noted(entry(payload={"decision": "WAIT\x1b", "score": True}), [], EN)
    assert (bare.verdict, bare.code, bare.score, bare.target) == (
        "WAIT", "", "not observed", "not observed",
    )  # fmt: skip


def source(name: str, state: FeedState, tier: int = 1) -> SourceHealth:
    return SourceHealth(
        name=name, state=state, last_ok_at=None, newest_at=None, n_facts=1_234, tier=tier, note=""
    )


def test_sources_that_need_attention_come_first() -> None:
    given = [
        source("d", FeedState.OK), source("c", FeedState.NEVER, 2), source("b", FeedState.STALE, 1),
        source("a", FeedState.ERROR, 2),
    ]  # fmt: skip
    rows = views.feed_rows(given, EN)
    assert [r.name for r in rows] == ["b", "a", "c", "d"]
    assert [r.ok for r in rows] == [False, False, False, True]
    assert [r.idle for r in rows] == [False, False, True, False]
    assert (rows[0].last_ok, rows[0].newest, rows[0].entries) == ("never", "none", "1,234")
    well = views.feed_rows([replace(given[0], last_ok_at=NOW, newest_at=NOW)], EN)[0]
    assert (well.last_ok, well.newest) == ("Aug 22, 2025, 08:31 (New York)", "Aug 22, 2025")


def test_two_decisions_are_drawn_on_one_axis() -> None:
    one = sample_report()
    parts = tuple(replace(c, contribution=c.contribution / 2) for c in one.decision.contributions)
    half = replace(one.decision, contributions=parts, score=one.decision.score / 2)
    first, second = views.briefs([("a", one), ("b", replace(one, decision=half))], EN)
    assert first.zero == second.zero
    for whole, part in zip(first.parts, second.parts, strict=True):
        assert part.span.width == pytest.approx(whole.span.width / 2, abs=2e-3)
        assert part.tone == whole.tone
    seen = [(p.observed, c.value is not None) for p, c in zip(
        first.parts, one.decision.contributions, strict=True)]  # fmt: skip
    assert all(a == b for a, b in seen)
    assert first.thresholds == (
        f"SELL below {one.decision.exit_below:+.2f}, "
        f"HOLD again above {EN.number(one.decision.enter_above, '+.2f')}"
    )


def test_a_scenario_in_words() -> None:
    from tests.engine.report.sample_report import stress_rows

    row: StressRow = stress_rows()[0]
    other = "SELL" if row.before != "SELL" else "HOLD"
    row = replace(row, target_after=0.25, share_of_known_days=0.5, share_reduced=None)
    rows = (replace(row, after=row.before), replace(row, after=other))
    table = StressTable(as_of=NOW, rows=rows, lines=())
    same, turned = views.stress_rows(table, EN)
    assert (same.turned, turned.turned) == (False, True)
    assert (same.kept, same.sells_on, same.less_on) == ("25%", "50%", "–")


# --- rules ----------------------------------------------------------------------------------------


def test_a_preset_is_renamed_at_its_head_only() -> None:
    text = 'description = "x"\nname = "old"\n\n[decision]\nname = "inner"\n'
    assert presets.renamed(text, "new") == (
        'description = "x"\nname = "new"\n\n[decision]\nname = "inner"\n'
    )
    bare = '[decision]\nname = "inner"\n'
    assert presets.renamed("a = 1\n" + bare, "new").startswith('name = "new"\na = 1\n[decision]')
    assert presets.same_text("a\r\nb\n", " a\nb")
    assert not presets.same_text("a\nb", "a\n\nb")


def test_presets_are_those_with_plain_names(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "a.toml").write_text('description = "first"\n', encoding="utf-8")
    (folder / "b.toml").write_text(f"{presets.SAVED_MARK}\nbroken = =", encoding="utf-8")
    (folder / "c.toml").write_text(f"{presets.SAVED_MARK}\nx = 1\n", encoding="utf-8")
    (folder / "Not plain.toml").write_text("", encoding="utf-8")
    found = presets.presets(tmp_path)
    assert [(p.name, p.description, p.ours) for p in found] == [
        ("a", "first", False), ("b", "", False), ("c", "", True),
    ]  # fmt: skip
    assert presets.preset_text(tmp_path, "c") == "x = 1\n"
    for name in ("Not plain", "../a", "d"):
        with pytest.raises(UnknownNameError):
            presets.preset_path(tmp_path, name)


def test_two_hundred_presets_are_listed_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    for n in reversed(range(201)):
        (folder / f"p{n:03}.toml").write_text("")
    (folder / "a-folder.toml").mkdir()
    assert [p.name for p in presets.presets(tmp_path)] == [f"p{n:03}" for n in range(199)]
    assert presets.MAX_PRESETS == 200  # the folder is one of them


def test_installed_strategies_are_shipped_or_named_on_disk(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    assert "strategies.trend:Trend" in presets.installed(tmp_path)
    assert "strategies.base:Strategy" not in presets.installed(tmp_path)
    shipped = presets.installed(tmp_path)
    (folder / "mine.toml").write_text(
        'x = 1\n[[strategy]]\nuse = "my.own:Rule"\n[[strategy]]\nweight = 1.0\n'
        "[[strategy]]\nuse = 5\n"
    )
    (folder / "no-rows.toml").write_text("strategy = 5\n")
    (folder / "odd-rows.toml").write_text('strategy = ["my.other:Rule"]\n')
    (folder / "broken.toml").write_text("= =")
    assert presets.installed(tmp_path) - shipped == {"my.own:Rule"}


@pytest.mark.parametrize(
    ("content", "replace_", "said"),
    [
        (None, False, None), (None, True, None),
        ("x = 1\n", True, "'mine' was not saved from this page (choose another name)"),
        (f"{presets.SAVED_MARK}\n", False,
         "there is a preset 'mine' already (choose another name, or ask to replace it)"),
        (f"{presets.SAVED_MARK}\n", True, None),
    ],
)  # fmt: skip
def test_a_preset_is_replaced_where_it_was_saved_here_and_one_asks(
    tmp_path: Path, content: str | None, replace_: bool, said: str | None
) -> None:
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_text(content)
    if said is None:
        presets._need_replaceable(path, replace=replace_)
        return
    with pytest.raises(InputError) as error:
        presets._need_replaceable(path, replace=replace_)
    assert str(error.value) == said


def test_what_is_saved_is_marked_named_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "strategies").mkdir()
    checks: list[str] = []
    monkeypatch.setattr(presets, "checked", lambda folder, text: checks.append(text))
    path = presets.save(tmp_path, "mine", "name = \"a\"\r\nx = '''\nname = \"b\"\n'''")
    assert path == tmp_path / "strategies" / "mine.toml"
    assert checks == ["name = \"mine\"\nx = '''\nname = \"b\"\n'''\n"]  # its first line alone
    assert path.read_text() == f"{presets.SAVED_MARK}\n{checks[0]}"
    with pytest.raises(InputError, match="already"):
        presets.save(tmp_path, "mine", "")
    shut = tmp_path / "none" / "mine.toml"
    with pytest.raises(InputError, match="use a configuration folder of your own: NVSIGNAL_CONFIG"):
        presets._write(shut, "x")
    with pytest.raises(InputError, match=r"^'[X]{60}' is not a name for a preset \(a letter, then"):
        presets.save(tmp_path, "X" * 61, "")


def test_rules_are_read_as_a_file_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[tuple[Path, str, str]] = []

    def load(folder: Path, file: str) -> str:
        loaded.append((folder, Path(file).name, Path(file).read_text()))
        return "bound"

    monkeypatch.setattr("engine.service.bind.load", load)
    assert presets.checked(tmp_path, "a = 1\r\n[b]") == "bound"
    assert presets.checked(tmp_path, "not = = toml") == "bound"  # the loader says where
    assert loaded == [
        (tmp_path, "edited.toml", "a = 1\n[b]\n"), (tmp_path, "edited.toml", "not = = toml\n"),
    ]  # fmt: skip
    with pytest.raises(UnknownNameError, match="unknown strategy 'os:abort'"):
        presets.checked(tmp_path, '[[strategy]]\nuse = "os:abort"')
    with pytest.raises(ConfigError, match=r"^edited\.toml: is not UTF-8 text$"):
        presets.checked(tmp_path, "\ud800")


def test_rules_are_at_most_a_hundred_kilobytes() -> None:
    assert presets.MAX_TOML_BYTES == 100_000
    assert presets._bounded("a\r\nb") == "a\nb\n"
    assert len(presets._bounded("é" * 50_000)) == 50_001
    with pytest.raises(InputError, match=r"100,001 bytes long \(at most 100,000\)"):
        presets._bounded("é" * 50_000 + "x")


# --- what was asked -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("fr", "fr"), ("de,fr;q=0.5", "fr"), ("fr;q=0.4,en;q=0.5", "en"), ("en;q=0", ""),
        ("fr-CA,en;q=0.9", "fr"), ("", ""), ("de", ""), ("en,fr", "en"), ("fr;q=x,en;q=0.9", "fr"),
        ("en;q=0.5,fr;q=0.5", "en"), ("en;q=1,fr", "en"), ("de," * 66 + "fr", "fr"),
        ("de," * 66 + ",fr", ""),  # two hundred characters are read
    ],
)  # fmt: skip
def test_the_language_a_browser_likes_best(header: str, lang: str) -> None:
    assert pages._liked(asked(accept_language=header)) == lang


def test_the_other_languages_of_a_page_keep_what_was_asked() -> None:
    found = pages._other(asked("/archive", "as_of=2025-08-22&lang=en"), "en")
    assert found == {"fr": "/archive?as_of=2025-08-22&lang=fr"}
    assert pages._other(asked("/rules/save", method="POST"), "fr") == {"en": "/?lang=en"}
    many = "&".join(f"k{n}={'v' * 300}" for n in range(12))
    told = pages._other(asked("/", many), "en")["fr"]
    assert told.count("=") == 11
    assert "v" * 200 in told
    assert "v" * 201 not in told


def test_the_inside_of_a_page() -> None:
    page = '<body><main id="m" class="sell x">a</main>b</main></body>'
    assert pages.inside('<main class="sell">a<b>c</b></main>') == (
        '<div class="report sell">a<b>c</b></div>'
    )
    assert pages.inside(page).endswith(">a</main>b</div>")
    assert pages.inside("<main>a</main>") == '<div class="report ">a</div>'


@pytest.mark.parametrize(
    ("text", "spread"), [("", 10.0), (" 7,5 ", 7.5), ("0", 0.0), ("1000", 1000.0)]
)
def test_a_spread_of_the_form(text: str, spread: float) -> None:
    assert pages._spread({"spread_bps": text}) == spread
    for wrong in ("x", "-1", "1000.1", "nan", "inf"):
        with pytest.raises(InputError):
            pages._spread({"spread_bps": wrong})
    assert pages._day({"first": " 2025-08-22 "}, "first") == date(2025, 8, 22)
    assert pages._day({}, "first") is None


def test_the_progress_of_a_piece_of_work() -> None:
    one = job("running", name="n")
    one.step("Reading", 0.256)
    shown = pages.Pages._progress(one, EN)
    assert (shown["percent"], shown["stage"], shown["over"], shown["stopping"]) == (
        26, "Reading", False, False,
    )  # fmt: skip
    one.stop.set()
    assert pages.Pages._progress(one, EN)["stopping"] is True
    one.state = "cancelled"
    assert pages.Pages._progress(one, EN)["stopping"] is False
    waiting = job("waiting")
    waiting.ahead = 3
    assert pages.Pages._progress(waiting, EN)["stage"] == "Waiting; jobs before it: 3"
    failed = job("failed")
    failed.failure, failed.seconds = InputError("no", remedy="do"), 1.26
    shown = pages.Pages._progress(failed, EN)
    assert shown == {
        "id": "j", "title": "j", "state": "failed", "stage": "", "over": True, "percent": 0,
        "stopping": False, "failure": "no (do)", "seconds": "1.3",
    }  # fmt: skip


def test_a_lock_of_its_own_keeps_results_apart() -> None:
    """Two askers of one thing at once make it once."""
    kept: Kept[int] = Kept(2)
    made: list[int] = []
    gate = threading.Event()

    def slow() -> int:
        made.append(1)
        gate.wait(5)
        return 7

    threads = [threading.Thread(target=lambda: kept.get("k", slow)) for _ in range(3)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join(5)
    assert kept.get("k", lambda: 9) == 7
    assert len(made) == 1
