"""``nvsignal study``: what NVDA did around events of one kind, beyond what the market did."""

from __future__ import annotations

import re
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import language
from engine.errors import InputError, UnknownNameError
from engine.phrases import phrase
from engine.plain import safe_text, to_plain

if TYPE_CHECKING:
    from backtests.event_study import Occurrence, Returns, StudyResult
    from config.settings import Config
    from engine.macro.sessions import Sessions
    from engine.phrases import Phrase
    from engine.service.wiring import KnownWorld

RELEASES = "model_release"
_WINDOW = re.compile(r"\s*(-?\d{1,3})\s*,\s*(-?\d{1,3})\s*\Z")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def study(
        types: Annotated[str, typer.Option(help="Event types, separated by commas.")] = RELEASES,
        window: Annotated[
            list[str] | None,
            typer.Option(metavar="FROM,TO", help="Sessions around the event; may be repeated."),
        ] = None,
        benchmark: Annotated[str, typer.Option(help="What NVDA is measured against.")] = "QQQ",
        estimation: Annotated[
            int, typer.Option(help="Sessions of the estimation before each event.")
        ] = 120,
        country: Annotated[str, typer.Option(help="Of model releases: CN, US, … or all.")] = "CN",
        html: Annotated[Path | None, typer.Option(help="Write a page with the picture.")] = None,
        as_of: AsOf = None,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Event study: market model, CARs, six tests and a calendar bootstrap per event type."""
        from config.settings import config_folder
        from engine.clock import now
        from engine.service import wiring
        from engine.service.bind import load

        windows = _windows(window)
        loaded = load(config_folder(config))
        with wiring.open_record(loaded, db) as store:
            instant = wiring.instant_at(store, as_of, now())
            world = wiring.world_at(store, loaded, instant)
        results = studies(
            world, loaded, _types(types), windows, benchmark.upper(), estimation, country.upper()
        )
        notes = seen_beforehand(results)
        if html is not None:
            _write_page(html, results, notes, language(lang, config))
        if json:
            told = [plain(r) for r in results]
            write_out(to_json({"as_of": instant, "studies": told, "foresight": notes}))
        elif html is None or sys.stdout.isatty():
            from backtests.study_page import text_of

            said = text_of(results, lang=language(lang, config), notes=notes)
            write_out(said.rstrip("\n"))


def _types(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(t.strip() for t in text.split(",") if t.strip()))
    if not names:
        raise InputError(
            phrase("--types names no event type"),
            remedy=phrase("for example --types model_release"),
        )
    return names


def _windows(given: list[str] | None) -> tuple[tuple[int, int], ...]:
    found = []
    for text in given or ["0,0", "0,1", "0,5"]:
        match = _WINDOW.match(text)
        if match is None:
            raise InputError(
                phrase("--window '{text}' is not two whole numbers", text=text[:40]),
                remedy=phrase("for example 0,5"),
            )
        found.append((int(match[1]), int(match[2])))
    return tuple(found)


def studies(
    world: KnownWorld,
    config: Config,
    types: tuple[str, ...],
    windows: tuple[tuple[int, int], ...],
    benchmark: str,
    estimation: int,
    country: str,
) -> tuple[StudyResult, ...]:
    """One study a type over everything known in ``world``."""
    from backtests.event_study import GAP, check_design, study

    series = returns_of(world, benchmark)
    check_design(series, windows, estimation, GAP)
    sessions = _sessions(series)
    results = []
    for kind in types:
        events, told = occasions(world, config, sessions, kind, country)
        results.append(
            study(
                series,
                events,
                kind=kind,
                what=_in_words(kind, country),
                windows=windows,
                estimation=estimation,
                n_events=told,
            )
        )
    return tuple(results)


def returns_of(world: KnownWorld, benchmark: str) -> Returns:
    """Daily returns from the record's bars as known at the world's instant."""
    from backtests.event_study import returns_at

    return returns_at(world.history, world.as_of, benchmark=benchmark)


def _sessions(series: Returns) -> Sessions:
    from engine.macro.sessions import load_sessions

    last = series.sessions_on[-1] + timedelta(days=14)
    return load_sessions(series.sessions_on[0], last)


def occasions(
    world: KnownWorld, config: Config, sessions: Sessions, kind: str, country: str
) -> tuple[tuple[Occurrence, ...], int]:
    """Occurrences of ``kind`` by the session in which the market could react; number of events."""
    from backtests.event_study import occurrences

    told = _releases(world, config, country) if kind == RELEASES else _events(world, kind)
    dated = [(_reacts_on(sessions, at), name, rating) for at, name, rating in told]
    return occurrences(dated), len(dated)


def _reacts_on(sessions: Sessions, at: datetime) -> date:
    """The session of the reaction; the day itself where that lies outside the prices."""
    from engine.clock import NEW_YORK

    day = at.astimezone(NEW_YORK).date()
    inside = sessions.first <= day and at < _end(sessions)
    return sessions.trades_on(at) if inside else day


def _end(sessions: Sessions) -> datetime:
    from engine.clock import from_micros

    return from_micros(int(sessions.close_at_us[-1]))


def _releases(
    world: KnownWorld, config: Config, country: str
) -> list[tuple[datetime, str, float | None]]:
    """First versions of the releases of ``country``: (day, model, threat score)."""
    from engine.clock import NEW_YORK
    from engine.decision.events import known_events
    from engine.service.wiring import rate_releases
    from engine.threat.catalogue import first_versions
    from engine.values import release_of

    facts = world.history.known("model_release", world.as_of)
    every = first_versions(release_of(f) for f in facts)
    chosen = [r for r in every if country == "ALL" or r.country == country]
    if not chosen:
        raise UnknownNameError(
            phrase("country"), country, sorted({r.country for r in every} | {"ALL"})
        )
    events = known_events(world.history, world.as_of)
    scores = {r.rating.model: r.rating.score for r in rate_releases(world, config, events)}
    return [
        # By day, because few hours are known: midnight of New York is before that day's session.
        (datetime.combine(r.released_on, time(0), tzinfo=NEW_YORK), r.model, scores.get(r.model))
        for r in chosen
    ]


def _events(world: KnownWorld, kind: str) -> list[tuple[datetime, str, float | None]]:
    """Classified and curated events of one type: (instant, headline, None)."""
    from engine.decision.events import known_events

    every = known_events(world.history, world.as_of)
    chosen = [e for e in every if e.event_type == kind]
    if not chosen:
        known = sorted({e.event_type for e in every} | {RELEASES})
        near = UnknownNameError(phrase("event type"), kind, known).suggestion
        listed = ", ".join(f"'{name}'" for name in known)
        raise InputError(
            phrase("no event of type '{kind}'", kind=safe_text(kind, limit=60)),
            remedy=phrase("did you mean '{near}'?", near=near)
            if near
            else phrase("known: {names}", names=listed),
        )
    return [(e.occurred_at, e.headline, None) for e in chosen]


def _in_words(kind: str, country: str) -> str:

    if kind == RELEASES:
        if country == "CN":
            return phrase("Chinese releases")
        if country == "ALL":
            return phrase("Model releases")
        return phrase("Model releases of {country}", country=country)
    return phrase("Events of type {kind}", kind=kind)


# --- output ------------------------------------------------------------------------------------


def seen_beforehand(results: tuple[StudyResult, ...]) -> tuple[Phrase, ...]:
    """What was known of the sessions studied when rules, events and priors were set."""
    from engine.service.basis import foresight

    return foresight(min(r.first_on for r in results), max(r.last_on for r in results))


def _write_page(
    path: Path, results: tuple[StudyResult, ...], notes: tuple[Phrase, ...], lang: str
) -> None:
    from backtests.study_page import render
    from engine.files import write_file

    write_file(path, render(results, lang=lang, notes=notes))
    sys.stderr.write(f"wrote {path}\n")


def plain(result: StudyResult) -> dict[str, Any]:
    """One study as JSON-ready data; stable keys."""
    return {"verdict": str(result.verdict), **to_plain(result)}
