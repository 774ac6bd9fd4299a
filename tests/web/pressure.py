"""The page beside half-open sockets: ``python -m tests.web.pressure`` prints how fast it answers.

200 connections send a byte of a header each second and never end one; a reader on the same address
asks for pages meanwhile, the first time as soon as the server listens.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

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


def slowest(client: httpx.Client, rounds: int, asked: tuple[str, ...] = ASKED) -> dict[str, float]:
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


@contextmanager
def serving(place: Path) -> Iterator[int]:
    """The port of ``nvsignal serve`` over a fresh record, a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", "engine.cli.main", "serve", "--port", str(port)]
    process = subprocess.Popen(argv, env={**os.environ, "NVSIGNAL_DATA": str(place)})
    try:
        until = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < until, "the server did not start"
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def main() -> int:
    """Measure it on a page of its own; exit code 1 when an answer took too long."""
    with (
        tempfile.TemporaryDirectory() as place,
        serving(Path(place)) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client,
    ):
        began = time.monotonic()
        with half_open(port):
            client.get("/static/icon.svg")
            opened_s = time.monotonic() - began
            first = slowest(client, 1, ("/",))["/"]
            found = slowest(client, 20)
        quiet = slowest(client, 10)
    for path, seconds in found.items():
        print(f"{path:24} {seconds:.3f} s, {quiet[path]:.3f} s without them")
    print(f"the very first report, {opened_s:.1f} s after the server began: {first:.3f} s")
    print(
        f"slowest beside {HALF_OPEN} half-open sockets: {max(*found.values(), first):.3f} s, load "
        f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    return 0 if max(*found.values(), first) < ANSWER_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
