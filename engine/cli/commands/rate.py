"""``nvsignal rate``: how much each Chinese release puts at risk, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker
from engine.errors import InputError, UnknownNameError
from engine.files import write_file
from engine.phrases import phrase
from engine.plain import to_plain

if TYPE_CHECKING:
    from datetime import datetime

    from engine.report.i18n import Speaker
    from engine.values import ModelRelease, ThreatRating

SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(rate)


def rate(
    models: Annotated[
        list[str] | None,
        typer.Argument(help="One release in detail, or two side by side; a beginning is enough."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every release, not the top only.")] = False,
    as_of: AsOf = None,
    calibrate: Annotated[
        bool,
        typer.Option("--calibration", help="What ratings said of things seen, against the past."),
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write a page with the picture here.")] = None,
    lang: Lang = None,
    db: Db = None,
    config: ConfigDir = None,
    json: Json = False,
) -> None:
    """Rate releases by what they put at risk of Nvidia, each as known on its own day."""
    from engine.clock import now
    from engine.service.wiring import ratings_at

    names, voice = models or [], speaker(lang, config)
    if names and (every or html is not None):
        raise InputError(
            phrase("MODEL cannot be combined with --all or --html"),
            remedy=phrase("drop one of them"),
        )
    if len(names) > 2:
        raise InputError(
            phrase("{names} releases given", names=str(len(names))),
            remedy=phrase("name one, or two to compare"),
        )
    if calibrate:
        if every or len(names) > 1:
            raise InputError(
                phrase("--calibration takes one MODEL, or none"), remedy=phrase("drop the rest")
            )
        _calibrate(names, (as_of, now(), db, config), html, voice, json=json)
        return
    instant, history, ratings = ratings_at(as_of, now(), db, config)
    if names:
        found = [find_rated(name, ratings, history, instant) for name in names]
        _show(found, history, voice, json=json)
        return
    league, changes = league_of(ratings, history, instant), changes_of(ratings)
    if html is not None:
        _write_page(html, league, instant, voice.lang)
    if json:
        rated = [plain(release, rating) for release, rating in league]
        write_out(to_json({"as_of": instant, "ratings": rated, "changes": changes}))
    elif html is None:
        from engine.cli.said.rate import league_text

        write_out(league_text(league, instant, None if every else SHOWN, changes, voice))


def _calibrate(
    names: Sequence[str],
    asked: tuple[str | None, datetime, str | None, str | None],
    html: Path | None,
    voice: Speaker,
    *,
    json: bool,
) -> None:
    """What ratings said of things seen; with a name, what that one says."""
    from engine.cli import calibration as c
    from engine.cli.said import calibration as said

    seen = c.seen_at(*asked)
    if names:
        rated = {r.rating.model: r for r in seen.ratings if r.rating.kind in c.RATED}
        one = rated[find_name(names[0], rated)]
        told = c.forecasts(seen, one)
        plainly = c.forecasts_plain(told, one)
        write_out(to_json(plainly) if json else said.forecasts_text(told, one, voice))
        return
    scored = c.calibration(seen)
    left = c.unscored(seen, scored)
    if html is not None:
        write_file(html, c.page(scored, seen.as_of, voice.lang))
        sys.stderr.write(f"wrote {html}\n")
    if json:
        waiting = [{"what": what, "came": n} for what, n in left]
        write_out(to_json({"as_of": seen.as_of, "observables": scored, "too_few": waiting}))
    elif html is None:
        write_out(said.calibration_text(scored, seen.as_of, left, voice))


def _show(
    found: Sequence[tuple[ModelRelease, ThreatRating]], history: Any, voice: Speaker, *, json: bool
) -> None:
    """One release in detail or two side by side."""
    from engine.cli.said.rate import detail_text, side_by_side
    from engine.decision.ratings import market_multiple

    if json:
        told = [plain(release, rating) for release, rating in found]
        write_out(to_json(told[0] if len(told) == 1 else {"compared": told}))
    elif len(found) == 2:
        write_out(side_by_side(found[0], found[1], voice))
    else:
        release, rating = found[0]
        multiple = market_multiple(history, rating.rated_at, rating.base_value_usd_bn)
        write_out(detail_text(release, rating, multiple, voice))


def _first_told(history: Any, at: datetime) -> dict[str, ModelRelease]:
    from engine.threat.catalogue import first_versions
    from engine.values import release_of

    told = first_versions(release_of(f) for f in history.known("model_release", at))
    return {r.model: r for r in told}


def league_of(
    ratings: Iterable[ThreatRating], history: Any, at: datetime
) -> list[tuple[ModelRelease, ThreatRating]]:
    """Chinese releases with their ratings: the highest score first, then the older.

    Those that cannot be rated yet stand at the end.
    """
    from engine.decision.rated import of_releases

    releases = _first_told(history, at)
    found = [(releases[r.model], r) for r in of_releases(ratings) if r.model in releases]
    return sorted(found, key=lambda p: (not p[1].rateable, -p[1].score, p[1].rated_at, p[1].model))


def changes_of(ratings: Iterable[ThreatRating]) -> list[ThreatRating]:
    """What happened besides releases, newest first."""
    from engine.decision.rated import between_releases

    return sorted(between_releases(ratings), key=lambda r: (r.rated_at, r.model), reverse=True)


def find_rated(
    name: str, ratings: Iterable[ThreatRating], history: Any, at: datetime
) -> tuple[ModelRelease, ThreatRating]:
    """The release called ``name`` or the only one that begins so, case ignored, with its rating."""
    from engine.decision.rated import of_releases

    rated = {r.model: r for r in of_releases(ratings)}
    model = find_name(name, rated)
    return _first_told(history, at)[model], rated[model]


def find_name(name: str, known: Iterable[str], what: str = "release") -> str:
    """``name`` among ``known``, case ignored: the whole name, else the only one that begins so,
    else the same without the family in front (R1, K2: what follows a hyphen or a space).

    Raises ``UnknownNameError`` with the nearest name, ``InputError`` where several begin so.
    """
    wanted, names = name.strip().lower(), list(known)
    tails = {n: [n.lower(), *_tails(n.lower())] for n in names}
    tiers = (
        [n for n in names if n.lower() == wanted],
        [n for n in names if n.lower().startswith(wanted)],
        [n for n in names if wanted in tails[n]],
        [n for n in names if any(tail.startswith(wanted) for tail in tails[n])],
    )
    begun = next((tier for tier in tiers if tier), []) if wanted else []
    if len(begun) > 1:
        shown = ", ".join(sorted(begun)[:6])
        raise InputError(
            phrase(
                "'{name}' begins {begun} names: {shown}",
                name=name[:60],
                begun=str(len(begun)),
                shown=shown,
            ),
            remedy=phrase("add to it"),
        )
    if not begun:
        raise UnknownNameError(what, name, names)
    return begun[0]


def _tails(name: str) -> list[str]:
    """What follows each hyphen or space of a name."""
    return [name[at + 1 :] for at, sign in enumerate(name) if sign in "- "]


def plain(release: ModelRelease, rating: ThreatRating) -> dict[str, Any]:
    """One rating as JSON-ready data: the keys of ``ThreatRating`` after who and when."""
    who = {"lab": release.lab, "country": release.country, "released_on": release.released_on}
    return {**to_plain(who), **to_plain(rating)}


# --- page ---


def _write_page(
    path: Path, league: Sequence[tuple[ModelRelease, ThreatRating]], as_of: datetime, lang: str
) -> None:
    from engine.report.league import render

    write_file(path, render(league, as_of, lang))
    sys.stderr.write(f"wrote {path}\n")
