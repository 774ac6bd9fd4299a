"""Ingest: 100 local feeds of 100 entries into SQLite, ours beside feedparser and ``reader``.

Every contender fetches the same documents over loopback from one server process and keeps the
entries in an SQLite file of its own. Entries per second of processor time (the figure a shared
machine does not spoil); the wall-clock figure of the same run is in the note.
"""

from __future__ import annotations

import importlib
import logging
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

N_FEEDS, N_ENTRIES = 100, 100
N_PEER_FEEDS = 10  # the peers are slow: a tenth of the case is enough to know their rate
NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
_WORDS = (
    "Nvidia DeepSeek export licence Blackwell shipments quarter guidance data centre revenue "
    "memory bandwidth accelerator foundry capacity regulators"
).split()


def document(feed: int, entries: int = N_ENTRIES) -> bytes:
    """An RSS document with escaped markup in its texts, about 600 characters each."""
    items = []
    for n in range(entries):
        words = " ".join(_WORDS[(feed * 7 + n * 3 + k) % len(_WORDS)] for k in range(60))
        when = (NOW - timedelta(minutes=30 * n + feed)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        items.append(
            f"<item><title>{words[:70]} {feed}-{n}</title><pubDate>{when}</pubDate>"
            f"<link>https://example.com/{feed}/{n}?utm_source=rss</link><guid>{feed}-{n}</guid>"
            f"<description>&lt;p&gt;{words}&amp;amp;&lt;/p&gt;</description></item>"
        )
    head = '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>F</title>'
    return f"{head}{''.join(items)}</channel></rss>".encode()


def serve() -> None:
    """The server process: prints its port, then answers ``/7`` with feed 7 until it is killed."""
    documents = [document(n) for n in range(N_FEEDS)]
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def answer(conn: socket.socket) -> None:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = conn.makefile("rb")
        while line := reader.readline():
            while reader.readline().strip():
                pass
            body = documents[int(line.split()[1][1:])]
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}"
            conn.sendall(head.encode() + b"\r\n\r\n" + body)

    print(listener.getsockname()[1], flush=True)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=answer, args=(conn,), daemon=True).start()


@contextmanager
def feed_server() -> Iterator[str]:
    """The address of a server in a process of its own; it is up when this returns."""
    command = [sys.executable, __file__, "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


class Rate(NamedTuple):
    """Entries a second of processor time, and of wall time."""

    cpu: float
    wall: float


def _rate(entries: int, run: Callable[[], object]) -> Rate:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return Rate(entries / (time.process_time() - cpu), entries / (time.perf_counter() - wall))


def ours(base: str, folder: Path) -> tuple[Rate, Rate]:
    """(first pass, unchanged second pass) through fetcher, parser, collect and record."""
    from engine.record.store import Store
    from feeds.base import FeedConfig
    from feeds.collect import StoreSink, collect
    from feeds.fetch import Fetcher
    from feeds.wire import FetchSettings

    feeds = [
        FeedConfig(
            name=f"feed-{n}",
            kind="feeds.rss:RssCollector",
            url=f"{base}/{n}",
            allow_private=True,
            cadence_minutes=1,
        )
        for n in range(N_FEEDS)
    ]
    with (
        Store.open(f"sqlite:///{folder / 'ours.db'}") as store,
        Fetcher(FetchSettings(agent="nvsignal/bench")) as fetcher,
    ):
        sink = StoreSink(store)

        def round_(number: int, expected: int) -> None:
            summary = collect(feeds, fetcher, sink, NOW + timedelta(hours=number))
            assert summary.count("failed") == 0, summary.results[0]
            assert summary.new == expected, summary.new

        total = N_FEEDS * N_ENTRIES
        first = _rate(total, lambda: round_(0, total))
        second = max(_rate(total, lambda n=n: round_(n, 0)) for n in (1, 2, 3))  # type: ignore[misc]
    return first, second


def feedparser_loop(base: str, folder: Path) -> Rate:
    """The least anybody would write: httpx, feedparser, an upsert; entries a second."""
    import feedparser
    import httpx

    connection = sqlite3.connect(folder / "loop.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE e (id TEXT PRIMARY KEY, title, link, published, summary)")

    def run() -> None:
        with httpx.Client() as client:
            for n in range(N_PEER_FEEDS):
                parsed = feedparser.parse(client.get(f"{base}/{n}").content)
                rows = [(e.id, e.title, e.link, e.published, e.summary) for e in parsed.entries]
                with connection:
                    connection.executemany("INSERT OR REPLACE INTO e VALUES (?,?,?,?,?)", rows)

    rate = _rate(N_PEER_FEEDS * N_ENTRIES, run)
    connection.close()
    return rate


def reader_library(base: str, folder: Path) -> tuple[Rate, Rate]:
    """lemon24/reader with one worker: (first pass, second pass), entries a second."""
    sys.modules.setdefault(
        "sgmllib", importlib.import_module("feedparser_sgmllib")
    )  # reader's old name for it
    from reader import make_reader

    logging.getLogger("reader").setLevel(logging.CRITICAL)
    made: Any = make_reader(str(folder / "reader.db"))
    for n in range(N_PEER_FEEDS):
        made.add_feed(f"{base}/{n}")
    total = N_PEER_FEEDS * N_ENTRIES
    first = _rate(total, made.update_feeds)
    second = _rate(total, lambda: made.update_feeds(scheduled=False))
    assert made.get_entry_counts().total == total
    made.close()
    return first, second


def rows() -> list[dict[str, object]]:
    """The rows of ``make bench``."""
    with tempfile.TemporaryDirectory() as name, feed_server() as base:
        folder = Path(name)
        first, second = ours(base, folder)
        loop = feedparser_loop(base, folder)
        peer_first, peer_second = reader_library(base, folder)
    case = f"{N_FEEDS} feeds x {N_ENTRIES} entries over loopback into SQLite"

    def row(what: str, ours: Rate, theirs: Rate, target: str, note: str) -> dict[str, object]:
        return {
            "what": what,
            "ours": f"{ours.cpu:,.0f} entries/cpu s",
            "theirs": f"{theirs.cpu:,.0f} entries/cpu s",
            "ratio": f"{ours.cpu / theirs.cpu:.1f}x",
            "target": target,
            "note": f"{note}; wall {ours.wall:,.0f}/s against {theirs.wall:,.0f}/s",
        }

    return [
        row("ingest, first pass", first, loop, ">= 5,000/s", f"feedparser loop; {case}"),
        row("ingest, first pass", first, peer_first, ">= 5,000/s, 6x", "reader, one worker"),
        row("ingest, unchanged", second, peer_second, ">= 50,000/s, 60x", "reader, second pass"),
    ]


if __name__ == "__main__" and sys.argv[1:] == ["serve"]:
    serve()
