"""``nvsignal study``: what NVDA did around events of one kind, beyond what the market did."""

from __future__ import annotations

import re
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json
from engine.cli.output import to_json, write_out
from engine.errors import InputError, UnknownNameError
from engine.plain import safe_text, to_plain

if TYPE_CHECKING:
    from backtests.event_study import Occurrence, Returns, StudyResult
    from config.settings import Config
    from engine.macro.sessions import Sessions
    from engine.service.wiring import World

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
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Event study: market model, CARs, six tests and a calendar bootstrap per event type."""
        from config.settings import config_folder
        from engine.clock import now, parse_as_of
        from engine.service import wiring
        from engine.service.bind import load

        windows = _windows(window)
        loaded = load(config_folder(config))
        instant = now() if as_of is None else parse_as_of(as_of)
        with wiring.open_record(loaded, db) as store:
            world = wiring.world_at(store, loaded, instant)
        results = studies(
            world, loaded, _types(types), windows, benchmark.upper(), estimation, country.upper()
        )
        if html is not None:
            _write_page(html, results)
        if json:
            write_out(to_json({"as_of": instant, "studies": [plain(r) for r in results]}))
        elif html is None or sys.stdout.isatty():
            write_out("\n\n".join(text_of(r) for r in results))


def _types(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(t.strip() for t in text.split(",") if t.strip()))
    if not names:
        raise InputError("--types names no event type", remedy="for example --types model_release")
    return names


def _windows(given: list[str] | None) -> tuple[tuple[int, int], ...]:
    found = []
    for text in given or ["0,0", "0,1", "0,5"]:
        match = _WINDOW.match(text)
        if match is None:
            raise InputError(
                f"--window '{text[:40]}' is not two whole numbers", remedy="for example 0,5"
            )
        found.append((int(match[1]), int(match[2])))
    return tuple(found)


def studies(
    world: World,
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


def returns_of(world: World, benchmark: str) -> Returns:
    """Daily returns from the record's bars as known at the world's instant."""
    from backtests.event_study import returns_from_facts

    bars = [f.payload for f in world.history.known("bar", world.as_of)]
    actions = [f.payload for f in world.history.known("corporate_action", world.as_of)]
    return returns_from_facts(bars, actions, benchmark=benchmark)


def _sessions(series: Returns) -> Sessions:
    from engine.macro.sessions import load_sessions

    last = series.sessions_on[-1] + timedelta(days=14)
    return load_sessions(series.sessions_on[0], last)


def occasions(
    world: World, config: Config, sessions: Sessions, kind: str, country: str
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
    world: World, config: Config, country: str
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
        raise UnknownNameError("country", country, sorted({r.country for r in every} | {"ALL"}))
    events = known_events(world.history, world.as_of)
    scores = {r.rating.model: r.rating.score for r in rate_releases(world, config, events)}
    return [
        # By day, because few hours are known: midnight of New York is before that day's session.
        (datetime.combine(r.released_on, time(0), tzinfo=NEW_YORK), r.model, scores.get(r.model))
        for r in chosen
    ]


def _events(world: World, kind: str) -> list[tuple[datetime, str, float | None]]:
    """Classified and curated events of one type: (instant, headline, None)."""
    from engine.decision.events import known_events

    every = known_events(world.history, world.as_of)
    chosen = [e for e in every if e.event_type == kind]
    if not chosen:
        known = sorted({e.event_type for e in every} | {RELEASES})
        error = UnknownNameError("event type", kind, known)
        raise InputError(
            f"no event of type '{safe_text(kind, limit=60)}'",
            remedy=(f"did you mean '{error.suggestion}'? " if error.suggestion else "")
            + "known: "
            + ", ".join(known),
        )
    return [(e.occurred_at, e.headline, None) for e in chosen]


def _in_words(kind: str, country: str) -> str:
    from engine.phrases import phrase

    if kind == RELEASES:
        if country == "CN":
            return phrase("Chinese releases")
        if country == "ALL":
            return phrase("Model releases")
        return phrase("Model releases of {country}", country=country)
    return phrase("Events of type {kind}", kind=kind)


# --- output ------------------------------------------------------------------------------------


def _write_page(path: Path, results: tuple[StudyResult, ...]) -> None:
    from backtests.tearsheet import render_studies
    from engine.files import write_file

    write_file(path, render_studies(results))
    sys.stderr.write(f"wrote {path}\n")


def plain(result: StudyResult) -> dict[str, Any]:
    """One study as JSON-ready data; stable keys."""
    return {"verdict": str(result.verdict), **to_plain(result)}


def text_of(result: StudyResult) -> str:
    """One study: the verdict, windows, tests, base rate; 80 columns."""
    from rich.console import Console

    console = Console(width=80, color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(_heading(result), markup=False)
        console.print(result.verdict, markup=False)
        console.print()
        console.print(_windows_table(result))
        console.print(_tests_table(result))
        console.print(_base_table(result))
        for line in _notes(result):
            console.print(line, markup=False)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def _heading(r: StudyResult) -> str:
    return (
        f"{r.what}: {r.firm} against {r.benchmark}, {r.first_on} to {r.last_on}\n"
        f"{r.n_events} events in the record, {r.n_occurrences} sessions studied, estimation "
        f"{r.estimation} sessions\n"
    )


def _windows_table(r: StudyResult) -> Any:
    table = _table(
        "window", "n", "mean CAR", "95 % interval", "below 0", "p", "usual", "beyond usual"
    )
    for w in r.windows:
        table.add_row(
            _name(w.window),
            str(w.n),
            f"{w.mean_car_pct:+.2f}%",
            f"{w.low_pct:+.2f} to {w.high_pct:+.2f}%",
            f"{100 * w.negative_share:.0f}%",
            f"{w.p_bootstrap:.3f}",
            f"{w.usual_car_pct:+.2f}%",
            f"{w.excess_low_pct:+.2f} to {w.excess_high_pct:+.2f}%",
        )
    return table


def _tests_table(r: StudyResult) -> Any:
    table = _table("test (p)", *(_name(w.window) for w in r.windows))
    for place, test in enumerate(r.windows[0].tests):
        table.add_row(test.name, *(_said(w.tests[place]) for w in r.windows))
    return table


def _said(test: Any) -> str:
    if test.statistic is None:
        return "-"
    return f"{test.statistic:+.2f} ({test.p_value:.3f})"


def _base_table(r: StudyResult) -> Any:
    table = _table("close to close", "n", "mean", "median", "sd", "below -2%")
    for name, b in (("event sessions", r.base), ("all sessions", r.all_sessions)):
        table.add_row(
            name,
            str(b.n),
            f"{b.mean_pct:+.2f}%",
            f"{b.median_pct:+.2f}%",
            f"{b.sd_pct:.2f}%",
            f"{100 * b.large_fall_share:.0f}%",
        )
    return table


def _notes(r: StudyResult) -> list[str]:
    lines = [f"left out, {reason}: {n}" for reason, n in r.left_out.items()]
    if r.rank is not None:
        lines.append(
            f"Threat score against CAR {_name(r.windows[-1].window)}: Spearman "
            f"{r.rank.rho:+.2f} ({r.rank.low:+.2f} to {r.rank.high:+.2f}), n = {r.rank.n}"
        )
    return lines


def _name(window: tuple[int, int]) -> str:
    return f"{window[0]}..{window[1]}"


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column(columns[0])
    for name in columns[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    return table
