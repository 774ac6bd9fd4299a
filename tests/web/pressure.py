"""The page beside half-open sockets: ``python -m tests.web.pressure`` prints how fast it answers.

200 connections send a byte of a header each second and never end one; a reader on the same address
asks for pages meanwhile.
"""

from __future__ import annotations

import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.web.site import Visitor, make_site, served

HALF_OPEN = 200
ANSWER_SECONDS = 2.0
ASKED = ("/static/icon.svg", "/rules?preset=balanced", "/archive", "/")


@contextmanager
def half_open(port: int, n: int = HALF_OPEN) -> Iterator[list[socket.socket]]:
    """``n`` sockets that go on sending, and come again when they are cut."""
    held: list[socket.socket] = []
    stop = threading.Event()

    def one() -> socket.socket:
        made = socket.create_connection(("127.0.0.1", port), timeout=5)
        made.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        return made

    def drip() -> None:
        while not stop.wait(1.0):
            for place, known in enumerate(held):
                try:
                    known.sendall(b"x")
                except OSError:
                    known.close()
                    with suppress(OSError):
                        held[place] = one()

    held += [one() for _ in range(n)]
    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    try:
        yield held
    finally:
        stop.set()
        dripping.join(10)
        for known in held:
            known.close()


def slowest(client: Visitor, rounds: int, asked: tuple[str, ...] = ASKED) -> dict[str, float]:
    """The longest answer of each page in seconds; every one must be 200."""
    found = dict.fromkeys(asked, 0.0)
    for _ in range(rounds):
        for path in asked:
            began = time.monotonic()
            answer = client.get(path)
            found[path] = max(found[path], time.monotonic() - began)
            assert answer.status_code == 200, (path, answer.status_code)
        time.sleep(0.2)
    return found


def main() -> int:
    """Measure it on a page of its own; exit code 1 when an answer took too long."""
    with tempfile.TemporaryDirectory() as place:
        site = make_site(Path(place))
        app = site.app()
        with served(app) as port, Visitor(app, port) as client:
            slowest(client, 1)  # the decision is worked out once
            quiet = slowest(client, 10)
            with half_open(port):
                found = slowest(client, 20)
        site.store.close()
    for path, seconds in found.items():
        print(f"{path:24} {seconds:.3f} s, {quiet[path]:.3f} s without them")
    print(f"slowest beside {HALF_OPEN} half-open sockets: {max(found.values()):.3f} s")
    return 0 if max(found.values()) < ANSWER_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
