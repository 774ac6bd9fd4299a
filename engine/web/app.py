"""The Starlette application, and the server that carries it."""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import InputError, NvsignalError
from engine.phrases import phrase
from engine.web.api import Answering, Api
from engine.web.desk import Desk
from engine.web.guard import Admission, Guard
from engine.web.pages import Pages, stylesheet

if TYPE_CHECKING:
    import uvicorn

    from engine.record.store import Store

_TYPES = {"css": "text/css", "js": "text/javascript", "txt": "text/plain", "svg": "image/svg+xml"}


def create_app(
    store: Store,
    folder: Path,
    *,
    admission: Admission,
    clock: Callable[[], datetime],
    strategy: str | None = None,
    language: str = "en",
    answers: Answering | None = None,
) -> Starlette:
    """The page over ``store`` and the configuration in ``folder``.

    clock: the present instant, asked once a request. strategy: preset or file that decides; None
    for the configured one. The caller opens and closes the store. answers: what programs get under
    ``/api``, by question and options; None for nothing there.
    """
    pages = Pages(Desk(store, folder, strategy, clock), language, programs=answers is not None)
    api = [Route("/api/{question}", Api(answers).answer)] if answers else []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        pages.jobs.stop_all()
        pages.desk.jobs.stop_all()

    app = Starlette(
        routes=[*_routes(pages, static_files()), *api],
        middleware=[
            Middleware(Guard, admission=admission, refused=pages.refused),
            Middleware(LastDoor, pages=pages),
        ],
        exception_handlers={NvsignalError: pages.failed, 404: pages.missing},
        lifespan=lifespan,
    )
    app.state.pages = pages
    return app


class LastDoor:
    """Turns an error that nobody foresaw into a plain page; nothing of it reaches the reader."""

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self._app, self._pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; answer instead where that fails before it began to answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            if begun:  # half an answer cannot be taken back
                return
            response = await self._pages.broken(Request(scope, receive), error)
            await response(scope, receive, send)


def _routes(pages: Pages, files: Mapping[str, tuple[bytes, str]]) -> list[Route]:
    async def static(request: Request) -> Response:
        found = files.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("not found\n", 404)
        return Response(found[0], media_type=found[1], headers={"cache-control": "max-age=300"})

    return [
        Route("/", pages.today),
        Route("/archive", pages.archive),
        Route("/archive/file/{name}", pages.stored),
        Route("/feeds", pages.feeds),
        Route("/releases", pages.releases),
        Route("/stress", pages.stress),
        Route("/track", pages.track),
        Route("/backtest", pages.backtest),
        Route("/backtest", pages.start, methods=["POST"]),
        Route("/compare", pages.compare),
        Route("/rules", pages.rules),
        Route("/rules/check", pages.check, methods=["POST"]),
        Route("/rules/save", pages.save, methods=["POST"]),
        Route("/jobs/{job_id}", pages.job),
        Route("/jobs/{job_id}/sheet/{number:int}", pages.whole_sheet),
        Route("/jobs/{job_id}/cancel", pages.cancel, methods=["POST"]),
        Route("/login", pages.login, methods=["GET", "POST"]),
        Route("/logout", pages.logout, methods=["POST"]),
        Route("/static/{name}", static),
    ]


def static_files() -> Mapping[str, tuple[bytes, str]]:
    """Every static file by name, read once: a request can name nothing else."""
    found = {"style.css": (stylesheet(), _TYPES["css"])}
    for entry in resources.files("engine.web").joinpath("static").iterdir():
        kind = entry.name.rpartition(".")[2]
        if kind in _TYPES and entry.name != "page.css":
            found[entry.name] = (entry.read_bytes(), _TYPES[kind])
    return found


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; a port that is taken is an ``InputError`` with a remedy."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from None
    return listener


def server(app: Starlette) -> uvicorn.Server:
    """The server for ``app``: quiet, no websockets; ``run(sockets=[...])`` starts it.

    ``Connection`` bounds the connections and their time.
    """
    import uvicorn

    from engine.web.wire import Connection

    config = uvicorn.Config(
        app,
        http=Connection,
        log_level="error",  # a line for each broken request would be written by whoever sends them
        access_log=False,
        server_header=False,
        ws="none",
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=3,
    )
    return uvicorn.Server(config)


def _cannot_listen(host: str, port: int, error: OSError) -> InputError:
    if error.errno == errno.EADDRINUSE:
        remedy = f"another program has it: stop it, or use --port {port + 1}"
        return InputError(
            phrase("port {port} on {host} is taken", port=str(port), host=host), remedy=remedy
        )
    if error.errno == errno.EACCES:
        return InputError(
            phrase("port {port} may not be used", port=str(port)),
            remedy=phrase("choose one above 1023"),
        )
    return InputError(
        phrase(
            "cannot listen on {host}:{port} ({why})", host=host, port=str(port), why=error.strerror
        )
    )
