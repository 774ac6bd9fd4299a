"""A push service that never ends its answer holds nobody and takes no memory."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import requests

from engine.report import courier, web_line
from engine.report.ways import Channel, DeliveryError, Message
from tests.engine.report.test_mail_line import server

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
MESSAGE = Message(subject="NVDA", text="x", html=None, push="x")


def floods(connection: socket.socket) -> None:
    connection.recv(9_999)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65_536)


def drips(connection: socket.socket) -> None:
    connection.recv(9_999)
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 10_000:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def well(connection: socket.socket) -> None:
    connection.recv(9_999)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def sent_to(talk: Callable[[socket.socket], None]) -> courier.TestSlip:
    slip = courier.TestSlip(pending=("",))
    with server(talk) as port:
        channel = Channel(name="p", address=f"json://127.0.0.1:{port}/", kinds=frozenset())
        courier.send(channel, MESSAGE, "key", NOW, slip)
    return slip


def test_a_service_that_answers_has_it() -> None:
    before = requests.Session.send

    assert sent_to(well).reached == [""]
    assert requests.Session.send is before


def test_an_answer_without_end_is_a_failure_and_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(DeliveryError, match="did not take it"):
        sent_to(floods)
    monkeypatch.setattr(web_line, "LINE_SECONDS", 0.3)
    with pytest.raises(DeliveryError, match="no end of its answer"):
        sent_to(drips)


def test_what_goes_wrong_inside_comes_out() -> None:
    def wrong() -> bool:
        raise KeyError("x")

    with pytest.raises(KeyError):
        web_line.ended_within(wrong)
