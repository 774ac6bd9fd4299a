"""A loopback web server that misbehaves on request, and small builders for feeds."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from feeds.base import FeedConfig, Poll, PollState
from feeds.fetch import Fetcher, HostLimit
from feeds.wire import Fetched, FetchFailedError, FetchSettings, Request

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)


@dataclass
class Exchange:
    """One request as the server saw it, and the socket to answer on."""

    path: str
    headers: dict[str, str]
    conn: socket.socket

    def send(self, data: bytes) -> None:
        self.conn.sendall(data)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


Handler = Callable[[Exchange], None]


@dataclass
class Server:
    """Routes by path; a handler may do anything to the socket. Keeps what it was asked."""

    routes: dict[str, Handler] = field(default_factory=dict)
    asked: list[Exchange] = field(default_factory=list)
    port: int = 0
    connections: int = 0
    names: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def route(self, path: str, handler: Handler | bytes) -> str:
        body = handler
        self.routes[path] = (lambda x: x.reply(200, body)) if isinstance(body, bytes) else body
        return self.url + path

    def paths(self) -> list[str]:
        return [exchange.path for exchange in self.asked]

    def serve(self, conn: socket.socket) -> None:
        with conn, contextlib.suppress(OSError, ValueError):
            reader = conn.makefile("rb")
            while line := reader.readline():
                path = line.split()[1].decode()
                headers: dict[str, str] = {}
                while (line := reader.readline()).strip():
                    name, _, value = line.decode().partition(":")
                    headers[name.lower()] = value.strip()
                exchange = Exchange(path, headers, conn)
                self.asked.append(exchange)
                self.routes.get(path.split("?")[0], lambda x: x.reply(404))(exchange)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    made.port = listener.getsockname()[1]

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                conn, _ = listener.accept()
                made.connections += 1
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=lambda c=conn: made.serve(c), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield made
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


MakeFetcher = Callable[..., Fetcher]


@pytest.fixture
def make_fetcher() -> Iterator[MakeFetcher]:
    """A fetcher with short bounds and no politeness pauses; keywords change its settings."""
    made: list[Fetcher] = []

    def make(**changes: object) -> Fetcher:
        keys = ("transport", "resolve", "monotonic", "sleep", "jitter")
        parts = {key: changes.pop(key) for key in keys if key in changes}
        settings: dict[str, object] = {
            "agent": "nvsignal/0 (+you@example.org)",
            "contact": "you@example.org",
            "deadline_seconds": 5.0,
            "default_limit": HostLimit(per_second=1e6, burst=1e6),
        }
        parts.setdefault("sleep", lambda seconds: None)
        fetcher = Fetcher(FetchSettings(**{**settings, **changes}), **parts)  # type: ignore[arg-type]
        made.append(fetcher)
        return fetcher

    yield make
    for fetcher in made:
        fetcher.close()


@pytest.fixture
def ask(make_fetcher: MakeFetcher) -> Callable[..., Fetched]:
    """Fetch one loopback address: ``ask(url, etag=…)``."""
    fetcher = make_fetcher()

    def get(url: str, *, fetcher: Fetcher = fetcher, **changes: object) -> Fetched:
        parts: dict[str, object] = {"feed": "f", "url": url, "allow_private": True, **changes}
        return fetcher.get(Request(**parts), NOW)  # type: ignore[arg-type]

    return get


def make_feed(name: str = "f", **changes: object) -> FeedConfig:
    parts: dict[str, object] = {
        "kind": "feeds.rss:RssCollector",
        "url": "https://example.com/feed",
        "allow_private": True,
        **changes,
    }
    return FeedConfig(name=name, **parts)  # type: ignore[arg-type]


@pytest.fixture
def feed() -> Callable[..., FeedConfig]:
    return make_feed


class CannedFetcher:
    """Answers by address from a table; what is not there is a 404."""

    def __init__(self, answers: dict[str, bytes | FetchFailedError]):
        self.answers, self.asked = answers, list[str]()

    def get(self, request: Request, now: datetime) -> Fetched:
        self.asked.append(request.url)
        answer = self.answers.get(request.url)
        if answer is None:
            raise FetchFailedError(request.feed, "answered 404", reason="not_found")
        if isinstance(answer, FetchFailedError):
            raise answer
        return Fetched(url=request.url, body=answer)


@pytest.fixture
def poll_of() -> Callable[..., Poll]:
    """A poll at ``NOW`` of a feed answered from a table of addresses."""

    def make(
        feed: FeedConfig,
        answers: dict[str, bytes | FetchFailedError] | None = None,
        state: PollState | None = None,
        now: datetime = NOW,
    ) -> Poll:
        fetcher = CannedFetcher(answers or {})
        return Poll(feed=feed, state=state or PollState(), fetcher=fetcher, now=now)

    return make


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for feeds.test, signed by itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl program to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=feeds.test", "-addext", "subjectAltName=DNS:feeds.test", "-keyout", str(key),
         "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


@pytest.fixture
def secure(server, certificate):
    """The misbehaving server behind TLS; keeps the server names it was asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.names = []
    context.sni_callback = lambda sock, name, ctx: server.names.append(name)
    plain = server.serve

    def serve(conn):
        try:
            plain(context.wrap_socket(conn, server_side=True))
        except OSError:  # the client refused the certificate
            conn.close()

    server.serve = serve
    return server
