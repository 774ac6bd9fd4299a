"""Nobody can hold the page shut: half requests, endless bodies, readers that do not read."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from engine.web import wire
from engine.web.guard import MAX_BODY_BYTES
from tests.web.pressure import ANSWER_SECONDS, ASKED, half_open, slowest
from tests.web.site import Site, Visitor, make_site, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = make_site(tmp_path_factory.mktemp("pressure"))
    yield made
    made.store.close()


@pytest.fixture
def port(site: Site) -> Iterator[int]:
    with served(site.app()) as number:
        yield number


def cut_after(port: int, head: bytes, drip: bytes = b"", within: float = 10.0) -> float:
    """Seconds until the server ends a connection that sends ``head`` and then drips."""
    with socket.create_connection(("127.0.0.1", port), timeout=within) as held:
        began = time.monotonic()
        held.sendall(head)
        held.settimeout(0.05)
        while time.monotonic() - began < within:
            try:
                if drip:
                    held.sendall(drip)
                if not held.recv(65_536):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        return time.monotonic() - began


def test_the_page_answers_beside_two_hundred_half_open_sockets(port: int, site: Site) -> None:
    """``python -m tests.web.pressure`` measures the report itself beside them."""
    light = tuple(path for path in ASKED if path != "/")
    with Visitor(site.app(), port) as client:
        slowest(client, 1, light)
        with half_open(port):
            found = slowest(client, 5, light)

    assert max(found.values()) < ANSWER_SECONDS, found


def test_headers_that_never_end_are_cut(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then does not extend the deadline."""
    monkeypatch.setattr(wire, "HEADER_SECONDS", 0.5)

    assert cut_after(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", drip=b"x") < 5
    assert cut_after(port, b"") < 5


def test_a_body_that_never_comes_is_cut_without_a_traceback(
    port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(wire, "BODY_SECONDS", 0.5)
    head = b"POST /rules/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n"

    with caplog.at_level(logging.WARNING):
        assert cut_after(port, head, drip=b"x") < 5
        time.sleep(0.2)

    assert "Traceback" not in caplog.text
    assert "ClientDisconnect" not in caplog.text


def test_a_body_that_is_too_long_is_refused_and_not_read_to_its_end(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "BODY_SECONDS", 0.5)
    length = MAX_BODY_BYTES + 1
    head = f"POST /rules/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as held:
        held.sendall(head.encode())
        said = held.recv(4_096)

    assert said.startswith(b"HTTP/1.1 413")
    chunked = b"POST /rules/check HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert cut_after(port, chunked, drip=b"1000\r\n" + b"x" * 4096 + b"\r\n") < 8


def test_a_reader_that_does_not_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "READ_SECONDS", 0.5)
    ended: list[bool] = []

    async def endless(_: Any) -> StreamingResponse:
        async def pieces() -> Any:
            try:
                for _ in range(4_000):
                    yield b"x" * 65_536
            finally:
                ended.append(True)

        return StreamingResponse(pieces())

    with (
        served(Starlette(routes=[Route("/", endless)])) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as held,
    ):
        held.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until = time.monotonic() + 10
        while not ended and time.monotonic() < until:
            time.sleep(0.05)

        assert ended


def test_one_address_holds_no_more_than_its_share(port: int) -> None:
    """Those that wait longest make room; none is refused at the door."""
    with half_open(port, 60) as held:
        time.sleep(wire.GRACE_SECONDS + 0.4)
        alive = 0
        for known in held:
            known.settimeout(0.02)
            try:
                alive += bool(known.recv(1))
            except TimeoutError:
                alive += 1
            except OSError:
                continue

    assert 0 < alive <= wire.MOST_PER_ADDRESS + 2
