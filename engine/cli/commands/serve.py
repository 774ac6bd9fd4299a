"""``nvsignal serve``: the report, the archive and backtests as a page in the browser."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from engine.cli.answers import Answers
from engine.cli.options import ConfigDir, Db, Json, Lang, StrategyFile
from engine.cli.output import fail, to_json, write_out
from engine.cli.speech import speaker
from engine.errors import InputError, OutOfRangeError
from engine.phrases import phrase

DEFAULT_PORT = 8377
NEEDED = ("starlette", "uvicorn")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def serve(
        ctx: typer.Context,
        port: Annotated[int, typer.Option(help="Port to listen on.")] = DEFAULT_PORT,
        host: Annotated[
            str, typer.Option(help="Address to listen on; beyond this machine a token is needed.")
        ] = "127.0.0.1",
        name: Annotated[
            list[str] | None,
            typer.Option(help="Further host name the page is reached by; may be repeated."),
        ] = None,
        strategy: StrategyFile = None,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Show today's report, the archive and backtests on a local page."""
        if not 1 <= port <= 65_535:
            raise OutOfRangeError("port", port, phrase("{low} to {high}", low="1", high="65535"))
        need_web()
        answers = Answers(root=ctx.find_root().command, db=db, config=config, strategy=strategy)
        _serve(host, port, tuple(name or ()), answers, lang, json=json)


def need_web() -> None:
    """Say how to install what the page needs, when it is not there."""
    from importlib.util import find_spec

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise InputError(
            phrase("the page needs {missing}", missing=" and ".join(missing)),
            remedy=phrase("pip install '.[web]' in nvsignal's folder"),
        )


def _serve(
    host: str,
    port: int,
    names: tuple[str, ...],
    answers: Answers,
    lang: str | None,
    *,
    json: bool,
) -> None:
    import socket

    from config.settings import config_folder
    from engine.clock import now
    from engine.service import wiring
    from engine.service.bind import load
    from engine.web.app import create_app, listen, server
    from engine.web.guard import TOKEN_VARIABLE, Admission, is_loopback, need_token

    token = need_token(host, os.environ.get(TOKEN_VARIABLE))
    voice = speaker(lang, answers.config)
    loaded = load(config_folder(answers.config), answers.strategy)
    known = {"localhost", host.strip("[]").lower(), *(n.lower() for n in names)}
    if token is not None:
        known.add(socket.gethostname().lower())
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    with listen(host, port) as listener, wiring.open_record(loaded, answers.db) as store:
        app = create_app(
            store,
            loaded.folder,
            admission=Admission(names=frozenset(known), token=token),
            clock=now,
            strategy=answers.strategy,
            language=loaded.settings.report.language,
            answers=answers,
        )
        if not json:
            sys.stderr.write("working out the first report\n")
        app.state.pages.warm()  # the port is ours, but nobody gets in yet
        if json:
            write_out(to_json({"address": address, "token_needed": token is not None}))
            sys.stdout.flush()
        else:
            said = voice.say("serving {address} (stop with Ctrl-C)", address=address)
            sys.stderr.write(f"{said}\n")
        if not is_loopback(host):
            fail(
                voice.say("warning: plain http beyond this machine; put a TLS proxy in front of it")
            )
        with suppress(KeyboardInterrupt):  # Ctrl-C is how this command ends
            server(app).run(sockets=[listener])
