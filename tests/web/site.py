"""A page over the reference record, on a fixed evening, with a configuration of its own."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request

from engine.record.store import Store
from engine.service import wiring
from engine.service.bind import load
from engine.web.app import create_app, listen, server
from engine.web.guard import Admission
from tests.reference import frozen_config

NOW = datetime(2025, 8, 22, 22, 0, tzinfo=UTC)
TOKEN = "a-token-nobody-would-guess-0001"
ORIGIN = "http://localhost"


@dataclass(frozen=True, kw_only=True)
class Site:
    """A configuration folder and an open record, shared by the tests of a file."""

    folder: Path
    store: Store

    def app(self, token: str | None = None) -> Starlette:
        """A fresh application over both."""
        admission = Admission(names=frozenset({"localhost"}), token=token)
        return create_app(self.store, self.folder, admission=admission, clock=lambda: NOW)


def make_site(place: Path) -> Site:
    """The reference facts to the frozen day in a database of their own, and the configuration."""
    folder = frozen_config(place / "config")
    settings = folder / "nvsignal.toml"
    text = settings.read_text(encoding="utf-8")
    reports = f'folder = "{(place / "reports").as_posix()}"'
    settings.write_text(text.replace('folder = ""', reports), encoding="utf-8")
    store = wiring.open_record(load(folder), f"sqlite:///{place / 'record.sqlite3'}")
    return Site(folder=folder, store=store)


@contextmanager
def served(app: Starlette) -> Iterator[int]:
    """The port of a real server for ``app`` on loopback, in a thread."""
    with listen("127.0.0.1", 0) as listener:
        running = server(app)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            until = time.monotonic() + 30
            while not running.started:
                assert time.monotonic() < until, "the server did not start"
                time.sleep(0.005)
            yield listener.getsockname()[1]
        finally:
            running.should_exit = True
            thread.join(30)


class Visitor(httpx.Client):
    """A client with cookies that names our host and follows nothing by itself."""

    def __init__(self, app: Starlette, port: int) -> None:
        super().__init__(
            base_url=f"http://127.0.0.1:{port}",
            headers={"host": "localhost"},
            follow_redirects=False,
            trust_env=False,
            timeout=60,
        )
        self.app = app
        self.token = ""


@contextmanager
def browser(app: Starlette) -> Iterator[Visitor]:
    """A visitor of a server that runs ``app``."""
    with served(app) as port, Visitor(app, port) as visitor:
        yield visitor


def csrf_of(page: str) -> str:
    """The token of the first form on ``page``."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found is not None, "no form on this page"
    return found[1]


def token_of(client: Visitor) -> str:
    """A token for this client's forms, asked for once."""
    client.token = client.token or csrf_of(client.get("/backtest").text)
    return client.token


def asked(
    path: str = "/", query: str = "", method: str = "GET", body: bytes = b"", **headers: str
) -> Request:
    """A request as the server would make it."""
    sent = {"host": "localhost", **{k.replace("_", "-"): v for k, v in headers.items()}}
    scope = {
        "type": "http", "method": method, "path": path, "query_string": query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in sent.items()], "scheme": "http",
        "server": ("localhost", 80), "state": {},
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)
