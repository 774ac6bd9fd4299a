"""A mail server that never ends its answer holds nobody and takes no memory."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage

import pytest

from engine.report import courier, mail_line
from engine.report.mail_line import BoundedSmtp, SecureLine
from engine.report.smtp import submit
from engine.report.ways import Channel, DeliveryError


def goes_on(connection: socket.socket) -> None:
    """Another line of the same answer, and another."""
    connection.sendall(b"220 hi\r\n")
    connection.recv(999)
    while True:
        connection.sendall(b"250-x\r\n")
        time.sleep(0.02)


def floods(connection: socket.socket) -> None:
    connection.sendall(b"220 hi\r\n")
    connection.recv(999)
    while True:
        connection.sendall(b"250-" + b"x" * 4_000 + b"\r\n")


def drips(connection: socket.socket) -> None:
    """A byte of its greeting now and then."""
    for byte in b"220 " + b"y" * 10_000:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


@contextmanager
def server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as door:

        def loop() -> None:
            with suppress(OSError):
                connection, _ = door.accept()
                with connection, suppress(OSError):
                    talk(connection)

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        yield door.getsockname()[1]
        thread.join(10)


@pytest.mark.parametrize(("talk", "seconds"), [(goes_on, 0.5), (floods, 20.0), (drips, 0.5)])
def test_an_answer_that_never_ends_is_a_server_that_hung_up(
    talk: Callable[[socket.socket], None], seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flood ends by its bytes, long before the time is over."""
    monkeypatch.setattr(mail_line, "LINE_SECONDS", seconds)
    slip = courier.TestSlip(pending=("b@example.org",))
    with server(talk) as port:
        address = f"mailto://127.0.0.1:{port}?from=a@example.org&to=b@example.org"
        channel = Channel(name="m", address=address, kinds=frozenset())
        plugin = courier.open_address(channel)  # loads much the first time
        began = time.monotonic()
        with pytest.raises(DeliveryError, match="did not take the mail"):
            submit(plugin, EmailMessage(), slip)
        took_s = time.monotonic() - began

    assert took_s < 10
    assert slip.reached == []


def test_the_private_line_has_the_same_bounds() -> None:
    assert SecureLine.getreply is BoundedSmtp.getreply
    assert SecureLine._get_socket is BoundedSmtp._get_socket
    assert SecureLine.__mro__.index(BoundedSmtp) < SecureLine.__mro__.index(
        __import__("smtplib").SMTP_SSL
    )


def test_a_line_that_was_closed_leaves_no_clock_behind() -> None:
    def well(connection: socket.socket) -> None:
        connection.sendall(b"220 hi\r\n")
        connection.recv(999)

    with server(well) as port:
        line = BoundedSmtp("127.0.0.1", port, timeout=5)
        watch = line._watch
        line.close()

    assert watch is not None
    watch.join(5)
    assert not watch.is_alive()
