"""``nvsignal calendar``: Fed meetings and Nvidia reports ahead, as a table or a calendar file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker
from engine.plain import safe_text

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.service.ics import Day


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def calendar(
        as_of: AsOf = None,
        lang: Lang = None,
        out: Annotated[
            Path | None, typer.Option(help="Write an .ics file that calendar programs import.")
        ] = None,
        ics: Annotated[bool, typer.Option("--ics", help="Print the calendar file.")] = False,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """List the Fed decisions and Nvidia results of the next 75 days."""
        from engine.clock import now
        from engine.service.ics import calendar_text

        voice = speaker(lang, config)
        stamped_at = now()
        days = _days(as_of, stamped_at, voice, db, config)
        if out is not None:
            from engine.files import write_file

            write_file(out, calendar_text(days, stamped_at, name="NVDA"))
        if json:
            rows = [{"on": d.on, "what": d.summary, "kind": d.categories} for d in days]
            write_out(to_json(rows))
        elif ics:
            write_out(calendar_text(days, stamped_at, name="NVDA"))
        elif out is not None:
            write_out(
                voice.count("{n} date in {file}", "{n} dates in {file}", n=len(days), file=str(out))
            )
        else:
            lines = [f"{d.on}  {safe_text(d.summary)}" for d in days]
            write_out("\n".join(lines) or voice.say("nothing is scheduled on record"))


def _days(
    as_of: str | None, present: datetime, voice: Speaker, db: str | None, config: str | None
) -> list[Day]:
    from config.settings import config_folder
    from engine.record.history import History
    from engine.report.build import upcoming
    from engine.service import wiring
    from engine.service.bind import load
    from engine.service.ics import Day

    loaded = load(config_folder(config))
    with wiring.open_record(loaded, db) as store:
        at = wiring.instant_at(store, as_of, present)
        history = History(store.facts(kinds=("fomc_meeting", "earnings_date"), known_by=at))
    return [
        Day(
            uid=f"{event.kind}-{event.on}@nvsignal.invalid",
            on=event.on,
            summary=voice.tell(event.what),
            categories=event.kind,
        )
        for event in upcoming(history, at)
    ]
