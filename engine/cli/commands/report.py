"""``nvsignal report`` and ``explain``: the decision, why, and what would flip it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, Lang, StrategyFile
from engine.cli.output import fail, to_json, write_out
from engine.cli.speech import speaker
from engine.files import write_file
from engine.phrases import phrase

if TYPE_CHECKING:
    from datetime import datetime

    from config.settings import Config
    from engine.record.store import Store
    from engine.report.i18n import Speaker
    from engine.service.morning import Morning
    from engine.shown import SourceHealth

FORMATS = ("text", "html", "md", "json")
EXPLAINED = ("decision", "view", "risk", "why")
"""Sections of the report that ``explain`` shows."""


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""

    @app.command()
    def report(
        as_of: AsOf = None,
        lang: Lang = None,
        form: Annotated[
            str | None,
            typer.Option("--format", help="text, html, md or json; default from --out, else text."),
        ] = None,
        out: Annotated[
            Path | None, typer.Option(help="Write to this file instead of the terminal.")
        ] = None,
        save: Annotated[
            list[Path] | None,
            typer.Option(help="Also write to this file, format by its ending; may be repeated."),
        ] = None,
        offline: Annotated[
            bool, typer.Option("--offline", help="Do not try the live feeds.")
        ] = False,
        strategy: StrategyFile = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Weigh everything known and print HOLD or SELL with its reasons."""
        chosen = "json" if json else _format(form, out)
        voice = speaker(lang, config)
        morning = _morning(as_of, strategy, db, config, voice=voice, offline=offline)
        from engine.report.render import render

        width = _width()
        color = out is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
        for path in save or ():
            write_file(path, render(morning.report, _format(None, path), lang=voice.lang))
            _say(voice.say("wrote {path}", path=str(path)))
        text = render(morning.report, chosen, lang=voice.lang, width=width, color=color)
        if out is None:
            write_out(_with_record(text, chosen, morning, voice))
        else:
            write_file(out, text)
            _say(voice.say("wrote {path}", path=str(out)))
        if morning.report.stale:
            fail(voice.say("STALE: prices end before the last sessions"))
            if as_of is None:
                raise typer.Exit(3)

    @app.command()
    def explain(
        as_of: AsOf = None,
        strategy: StrategyFile = None,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Print the decision as a waterfall with its evidence and flip levels."""
        voice = speaker(lang, config)
        morning = _morning(as_of, strategy, db, config, voice=voice, offline=True, record=False)
        if json:
            write_out(to_json(morning.assessment.decision))
            return
        from engine.report.render import render
        from engine.report.section import sections

        told = [section for section in sections() if section.name in EXPLAINED]
        write_out(render(morning.report, "text", voice.lang, _width(), listed=told))


def _say(text: str) -> None:
    """A word on standard error that is no fault."""
    sys.stderr.write(f"{text}\n")


def _with_record(text: str, form: str, morning: Morning, voice: Speaker) -> str:
    """Where the record lies, on the terminal and in JSON only: it names the user's folders."""
    if form == "json":
        import json

        return to_json(json.loads(text) | {"record": morning.record_at})
    if form != "text":
        return text
    said = voice.say("Record: {place}", place=morning.record_at)
    return f"{text.rstrip()}\n  {said}\n"


def _format(form: str | None, out: Path | None) -> str:
    if form is None:
        suffix = out.suffix.lstrip(".").lower() if out else ""
        return {"htm": "html", "txt": "text"}.get(suffix, suffix) if suffix in _SUFFIXES else "text"
    if form not in FORMATS:
        from engine.errors import UnknownNameError

        raise UnknownNameError(phrase("format"), form, FORMATS)
    return form


_SUFFIXES = frozenset({"html", "htm", "md", "json", "txt"})


def _width() -> int:
    import shutil

    return max(60, min(shutil.get_terminal_size((80, 24)).columns, 120))


def _morning(
    as_of: str | None,
    strategy: str | None,
    db: str | None,
    config: str | None,
    *,
    voice: Speaker,
    offline: bool,
    record: bool | None = None,
) -> Morning:
    from config.settings import config_folder
    from engine.clock import now
    from engine.service import morning, wiring
    from engine.service.bind import load

    live = as_of is None
    loaded = load(config_folder(config), strategy)
    with wiring.open_record(loaded, db) as store:
        present = now()
        instant = wiring.instant_at(store, as_of, present)
        if live and not offline:
            _collect(store, loaded, instant, voice)
        made = morning.prepare(
            store,
            loaded,
            instant,
            record=live if record is None else record,
            polled=_feed_health(store, loaded, instant) if live else (),
            holding=loaded.holding,
            present=present,
        )
    if as_of != wiring.LAST or made.report.for_today:  # nothing newer could have come
        return made
    told = (_shown_as_of(instant), *made.report.notices)
    return replace(made, report=replace(made.report, notices=told))


def _shown_as_of(instant: datetime) -> str:
    from engine.clock import NEW_YORK
    from engine.phrases import phrase

    return phrase(
        "Shown as of {on:date}, the last evening with prices in the record; collect or import "
        "prices to bring it up to today",
        on=instant.astimezone(NEW_YORK).date(),
    )


def _collect(store: Store, config: Config, instant: datetime, voice: Speaker) -> None:
    """Ask the feeds that are due, for so long; what happened is said on standard error."""
    from engine.cli.commands.collect import OFFLINE
    from engine.service import collecting

    done = collecting.collect_and_ingest(
        store, config, instant, budget_seconds=collecting.REPORT_SECONDS
    )
    failed = done.summary.count("failed")
    if done.offline:
        fail(voice.tell(OFFLINE))
    elif failed:
        fail(
            voice.say(
                "{failed} of {all} sources failed; see 'nvsignal feeds'",
                failed=failed,
                all=len(done.summary.results),
            )
        )


def _feed_health(store: Store, config: Config, instant: datetime) -> tuple[SourceHealth, ...]:
    from engine.service import collecting

    return collecting.feed_health(store, config, instant)
