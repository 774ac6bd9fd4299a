"""``nvsignal rate``: how much each Chinese release puts at risk, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, Lang
from engine.cli.output import remark, to_json, write_out
from engine.cli.speech import speaker
from engine.errors import InputError, UnknownNameError
from engine.files import write_file
from engine.phrases import phrase
from engine.plain import to_plain

if TYPE_CHECKING:
    from datetime import date, datetime

    from engine.report.i18n import Speaker
    from engine.values import ModelRelease, ThreatRating

SHOWN = 20
HIGHEST, A_YEAR, NEAR_ZERO = 10, 365, 1.0
"""Releases of the league told with their reason; days for which a flagship is one; points."""
MOST_SHOWN = 8
"""Names offered where several are meant."""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(rate)


def rate(
    models: Annotated[
        list[str] | None,
        typer.Argument(help="One release in detail, or two side by side; a beginning is enough."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every release, not the top only.")] = False,
    why: Annotated[
        bool,
        typer.Option(
            "--why", help="With a line of reason for the ten highest and each flagship near zero."
        ),
    ] = False,
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
    from engine.decision.rated import of_releases
    from engine.decision.ratings import first_told
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
        standing, told = {r.model: r for r in of_releases(ratings)}, first_told(history, instant)
        found = [find_release(name, standing, told, voice) for name in names]
        _show([(r, standing[r.model]) for r in found], history, voice, json=json)
        return
    league, changes = league_of(ratings, history, instant), changes_of(ratings)
    if html is not None:
        _write_page(html, league, instant, voice.lang)
    if json:
        rated = [plain(release, rating) for release, rating in league]
        write_out(to_json({"as_of": instant, "ratings": rated, "changes": changes}))
    elif html is None:
        from engine.cli.said.rate import league_text

        told_why = explained(league, instant.date()) if why else []
        text = league_text(league, instant, None if every else SHOWN, changes, voice, told_why)
        write_out(text)


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
        one = rated[find_release(names[0], rated, seen.releases, voice).model]
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


def league_of(
    ratings: Iterable[ThreatRating], history: Any, at: datetime
) -> list[tuple[ModelRelease, ThreatRating]]:
    """Chinese releases with their ratings: the highest score first, then the older.

    Those that cannot be rated yet stand at the end.
    """
    from engine.decision.rated import of_releases
    from engine.decision.ratings import first_told

    releases = first_told(history, at)
    found = [(releases[r.model], r) for r in of_releases(ratings) if r.model in releases]
    return sorted(found, key=lambda p: (not p[1].rateable, -p[1].score, p[1].rated_at, p[1].model))


def explained(
    league: Sequence[tuple[ModelRelease, ThreatRating]], on: date
) -> list[tuple[ModelRelease, ThreatRating]]:
    """The ten highest of ``league``, then each laboratory's newest flagship that is near zero.

    A flagship is the largest release of a run's first day; those of the year before ``on`` count.
    """
    from engine.threat.evidence import family, flagship_of

    rated = [pair for pair in league if pair[1].rateable]
    runs: dict[str, list[ModelRelease]] = {}
    for release, _rating in rated:
        runs.setdefault(family(release.model), []).append(release)
    newest: dict[str, ModelRelease] = {}
    for flagship in sorted(map(flagship_of, runs.values()), key=lambda r: r.released_on):
        newest[flagship.lab] = flagship
    recent = {r.model for r in newest.values() if (on - r.released_on).days <= A_YEAR}
    highest, others = rated[:HIGHEST], rated[HIGHEST:]
    return [*highest, *(p for p in others if p[0].model in recent and abs(p[1].score) < NEAR_ZERO)]


def changes_of(ratings: Iterable[ThreatRating]) -> list[ThreatRating]:
    """What happened besides releases, newest first."""
    from engine.decision.rated import between_releases

    return sorted(between_releases(ratings), key=lambda r: (r.rated_at, r.model), reverse=True)


def find_release(
    name: str, rated: Iterable[str], told: Mapping[str, ModelRelease], voice: Speaker
) -> ModelRelease:
    """The release that ``name`` means among the names ``rated`` (``meant``).

    A remark tells what else it may mean. Raises as ``meant`` does.
    """
    from engine.report.i18n import Said
    from engine.report.typography import clean

    known = list(rated)
    found = candidates(name, known)
    release = meant(name, [told[model] for model in found], known)
    if len(found) > 1:
        others = ", ".join(sorted(model for model in found if model != release.model))
        said = voice.say(
            "'{name}' is taken for {model}; {others} begin so too",
            name=Said(clean(name, limit=60)), model=Said(release.model), others=Said(others),
        )  # fmt: skip
        remark(said)
    return release


def meant(name: str, found: Sequence[ModelRelease], known: Iterable[str]) -> ModelRelease:
    """Of the releases that ``name`` may mean: the flagship, where they are one run's.

    The flagship of a run is the largest of its first day: V4 means V4-Pro. Names of several runs
    are listed with their days, so that one of them can be copied.
    """
    from engine.threat.evidence import family, flagship_of

    if not found:
        raise UnknownNameError("release", name, known)
    if len({family(r.model) for r in found}) > 1:
        newest = sorted(found, key=lambda r: (r.released_on, r.model), reverse=True)
        raise _several(name, [f'"{r.model}" {r.released_on}' for r in newest])
    return flagship_of(found)


def find_name(name: str, known: Iterable[str], what: str) -> str:
    """The one of ``known`` that ``name`` means, case ignored.

    Raises ``UnknownNameError`` with the nearest name, ``InputError`` where several begin so.
    """
    names = list(known)
    found = candidates(name, names)
    if not found:
        raise UnknownNameError(what, name, names)
    if len(found) > 1:
        raise _several(name, [f'"{n}"' for n in sorted(found)])
    return found[0]


def candidates(name: str, known: Iterable[str]) -> list[str]:
    """What of ``known`` fits ``name``, case ignored, by the narrowest reading that anything fits.

    The whole name; its beginning, to the end of a word or within one; then the same without the
    family in front (R1, K2: what follows a hyphen or a space).
    """
    wanted, names = name.strip().lower(), list(known)
    if not wanted:
        return []
    whole = {n: (n.lower(),) for n in names}
    tails = {n: _tails(n.lower()) for n in names}
    for parts in (whole, tails):
        for fits in (str.__eq__, _begins_words, str.startswith):
            found = [n for n in names if any(fits(part, wanted) for part in parts[n])]
            if found:
                return found
    return []


def _begins_words(text: str, beginning: str) -> bool:
    return text.startswith((f"{beginning}-", f"{beginning} "))


def _tails(name: str) -> tuple[str, ...]:
    """What follows each hyphen or space of a name."""
    return tuple(name[at + 1 :] for at, sign in enumerate(name) if sign in "- ")


def _several(name: str, shown: Sequence[str]) -> InputError:
    """That ``name`` may mean several things: the first of them, ready to be copied."""
    more = len(shown) - MOST_SHOWN
    listed = ", ".join(shown[:MOST_SHOWN]) + (f" (+{more})" if more > 0 else "")
    return InputError(
        phrase(
            "'{name}' begins {begun} names: {shown}",
            name=name[:60],
            begun=str(len(shown)),
            shown=listed,
        ),
        remedy=phrase("give one of them whole"),
    )


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
