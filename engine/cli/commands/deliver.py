"""``nvsignal deliver --test``: whether a message gets through, before the first report is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import ConfigDir, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker
from engine.errors import InputError
from engine.phrases import error_phrase, phrase
from engine.plain import safe_text

if TYPE_CHECKING:
    from datetime import datetime

    from engine.report.i18n import Speaker
    from engine.report.ways import Channel


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def deliver(
        test: Annotated[
            bool, typer.Option("--test", help="Send one test message on each channel now.")
        ] = False,
        lang: Lang = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Try the channels; reports themselves are sent by 'daily' and 'run'.

        Quiet hours do not hold a test back, and the record keeps no trace of it. Exit code 1 when a
        channel cannot be used or somebody did not get the message.
        """
        from config.settings import config_folder
        from engine.clock import now
        from engine.service.bind import load
        from engine.service.channels import channels_of

        if not test:
            raise InputError(
                phrase("reports are sent by 'nvsignal daily' and 'nvsignal run'"),
                remedy=phrase("use --test to try the channels"),
            )
        channels = channels_of(load(config_folder(config)))
        if not channels.usable and not channels.problems:
            raise InputError(
                phrase("no channel is configured"),
                remedy=phrase("add [[delivery.channel]] to nvsignal.toml"),
            )
        rows = [_tried(channel, now()) for channel in channels.usable]
        found = {"tried": rows, "unusable": list(channels.problems)}
        write_out(to_json(found) if json else _told(found, speaker(lang, config)))
        if channels.problems or any(row["not_reached"] or row["error"] for row in rows):
            raise typer.Exit(1)


def _tried(channel: Channel, at: datetime) -> dict[str, Any]:
    from engine.errors import NvsignalError
    from engine.report.courier import send_test

    row: dict[str, Any] = {"channel": channel.name, "reached": [], "not_reached": {}, "error": ""}
    try:
        slip = send_test(channel, at)
    except NvsignalError as error:
        return row | {"error": error_phrase(error)}
    return row | {"reached": slip.reached, "not_reached": slip.missed}


def _told(found: dict[str, Any], voice: Speaker) -> str:
    lines: list[str] = []
    for row in found["tried"]:
        _, name = voice.say, row["channel"]
        lines += [
            _("{channel}: sent to {who}", channel=name, who=who)
            if who
            else _("{channel}: sent", channel=name)
            for who in row["reached"]
        ]
        lines += [
            _("{channel}: not taken for {who}: {why}", channel=name, who=who, why=why)
            for who, why in row["not_reached"].items()
        ]
        if row["error"]:
            lines.append(_("{channel}: NOT sent: {why}", channel=name, why=row["error"]))
    lines += [voice.say("cannot be used: {why}", why=problem) for problem in found["unusable"]]
    return safe_text("\n".join(lines))
