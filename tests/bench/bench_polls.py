"""A round over all shipped sources that are on, against a server on loopback.

Every source answers as its recording does (``tests/recorded``), after a tenth of a second, through
real sockets and under the shipped limits; only the names and TLS of the hosts are left out, and
Yahoo's answers come by yfinance in the same process. Each round runs as ``collect`` does, with a
fetcher of its own, and its processor time counts the parser's process too. A process of its own
measures, so that what is imported on the way is in the first round.

    python -m tests.bench polls
"""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

LATENCY_SECONDS = 0.1
N_HANGING, HANGING = 8, "https://hanging.example/"
HANGING_DEADLINE_SECONDS = 6.0
"""Instead of the product's 30, so that the bench ends; the other sources do not wait for it."""


# --- the server ------------------------------------------------------------------------------


def serve() -> None:
    """Prints its port, then answers ``GET /ADDRESS`` as the recording of that address does."""
    import httpx

    from tests.recorded.runner import World, recordings

    world = World({url: a for told in recordings() for url, a in told.answers.items()})
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def answer(conn: socket.socket) -> None:
        reader = conn.makefile("rb")
        while line := reader.readline():
            headers = {}
            while head := reader.readline().strip():
                name, _, value = head.decode("latin-1").partition(":")
                headers[name] = value.strip()
            url = unquote(line.split()[1].decode()[1:])
            if url.startswith(HANGING):
                time.sleep(3_600)
            time.sleep(LATENCY_SECONDS)
            told = world(httpx.Request("GET", url, headers=headers))
            body = b"".join(told.stream)  # type: ignore[arg-type]
            kept = "".join(f"{n}: {v}\r\n" for n, v in told.headers.items())
            start = f"HTTP/1.1 {told.status_code} X\r\nContent-Length: {len(body)}\r\n{kept}\r\n"
            conn.sendall(start.encode("latin-1") + body)

    print(listener.getsockname()[1], flush=True)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=answer, args=(conn,), daemon=True).start()


@contextmanager
def server() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bench_polls", "serve"],
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


# --- one process that measures -----------------------------------------------------------------


def measure(base: str) -> dict[str, float]:
    """Seconds and processor seconds of the rounds, by name."""
    import os

    from engine.record.store import Store
    from feeds.base import load_feeds
    from tests.recorded.runner import SHIPPED, World, read

    os.environ.setdefault("NVSIGNAL_AA_KEY", "bench-key")
    feeds = [feed for feed in load_feeds(SHIPPED).feeds if feed.enabled]
    told = [read(feed.name) for feed in feeds]
    world = World({url: a for one in told for url, a in one.answers.items()})  # yfinance's alone
    at = max(one.at for one in told)
    found: dict[str, float] = {"sources": len(feeds)}
    with tempfile.TemporaryDirectory() as folder:
        with Store.open(f"sqlite:///{Path(folder) / 'a.db'}") as store:
            found |= _named("first", _round(store, feeds, world, base, at))
            _round(store, feeds, world, base, at + timedelta(hours=6))  # the day's close is there
            found |= _named("quiet", _round(store, feeds, world, base, at + timedelta(hours=7)))
        stuck = [
            feeds[-1].model_copy(update={"name": f"stuck-{n}", "url": f"{HANGING}{n}"})
            for n in range(N_HANGING)
        ]
        for n, more in enumerate(([], stuck)):
            with Store.open(f"sqlite:///{Path(folder) / f'b{n}.db'}") as store:
                told_ = _round(store, [*more, *feeds], world, base, at)
                found[f"others_wall_{len(more)}"] = told_["others"]
    return found


def _named(name: str, figures: dict[str, float]) -> dict[str, float]:
    return {f"{name}_{key}": value for key, value in figures.items()}


def _round(store: Any, feeds: Any, world: Any, base: str, at: datetime) -> dict[str, float]:
    from feeds.base import fetch_settings, load_feeds
    from feeds.collect import StoreSink, collect
    from feeds.fetch import Fetcher
    from tests.recorded.runner import CONTACT, SHIPPED, collectors

    settings = fetch_settings(load_feeds(SHIPPED), version="bench", contact=CONTACT)
    settings = replace(settings, deadline_seconds=HANGING_DEADLINE_SECONDS)
    others = 0.0

    def noted(done: int, total: int, result: Any) -> None:
        nonlocal others
        if not result.feed.startswith("stuck-"):
            others = time.perf_counter() - wall

    cpu, wall = _cpu(), time.perf_counter()
    with Fetcher(settings, transport=_to_loopback(base)) as fetcher:
        summary = collect(
            feeds, fetcher, StoreSink(store), at, force=True, collectors=collectors(world),
            progress=noted,
        )  # fmt: skip
    bad = [r for r in summary.results if r.status not in ("new", "unchanged")]
    unexpected = [r for r in bad if not r.feed.startswith("stuck-")]
    assert not unexpected, unexpected
    return {"wall": time.perf_counter() - wall, "cpu": _cpu() - cpu, "others": others,
            "new": float(summary.new)}  # fmt: skip


def _to_loopback(base: str) -> Any:
    import httpx

    from feeds.guard import GuardedTransport

    class Loopback(httpx.BaseTransport):
        """The product's own transport, every address led to the server."""

        def __init__(self) -> None:
            self._inner = GuardedTransport(
                resolve=lambda host, port: ["127.0.0.1"], monotonic=time.monotonic,
                allow_private=True,
            )  # fmt: skip

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return self._inner.handle_request(
                httpx.Request("GET", f"{base}/{quote(str(request.url), safe='')}",
                              headers=request.headers, extensions=request.extensions)
            )  # fmt: skip

        def close(self) -> None:
            self._inner.close()

    return Loopback()


def _cpu() -> float:
    """Processor seconds of this process and of its children that have ended."""
    own, others = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


# --- the table -------------------------------------------------------------------------------


def rows() -> list[dict[str, object]]:
    """The rows of ``make bench``."""
    with server() as base:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.bench.bench_polls", "measure", base],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    figures = json.loads(done.stdout.splitlines()[-1])
    n = f"{figures['sources']:.0f} sources on loopback, {LATENCY_SECONDS:g} s each"

    def row(what: str, wall: float, cpu: float | None, target: str, note: str) -> dict[str, object]:
        shown = f"{wall:.2f} s" + ("" if cpu is None else f", {cpu:.2f} cpu s")
        return {"what": what, "ours": shown, "target": target, "note": note}

    cost = figures[f"others_wall_{N_HANGING}"] - figures["others_wall_0"]
    return [
        row("first poll", figures["first_wall"], figures["first_cpu"], "< 15 s, < 10 cpu s", n),
        row("quiet round", figures["quiet_wall"], figures["quiet_cpu"], "< 3 s, < 0.3 cpu s",
            f"{figures['quiet_new']:.0f} new"),
        row(f"{N_HANGING} hanging: cost to the others", cost, None, "0 s",
            f"{figures['others_wall_0']:.2f} s without them"),
    ]  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        print(json.dumps(measure(sys.argv[2])))
