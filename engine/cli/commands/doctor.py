"""``nvsignal doctor``: what could keep tomorrow's report from coming, and what to do about it."""

from __future__ import annotations

import typer

from engine.cli.options import ConfigDir, Db, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def doctor(
        lang: Lang = None, db: Db = None, config: ConfigDir = None, json: Json = False
    ) -> None:
        """Check clock, disk, database, feeds, runs and channels; exit code 1 on an error.

        Asks no feed, sends nothing and writes nothing.
        """
        from config.settings import config_folder
        from engine.cli.said.doctor import text_of
        from engine.clock import now
        from engine.service.doctor import examine, worst

        findings = examine(config_folder(config), db, now())
        level = worst(findings)
        if json:
            write_out(to_json({"worst": level, "findings": findings}))
        else:
            write_out(text_of(findings, speaker(lang, config)))
        if level == "error":
            raise typer.Exit(1)
