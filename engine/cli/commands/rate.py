"""``nvsignal rate``: how much each Chinese release puts at risk, and why."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json
from engine.cli.output import to_json, write_out
from engine.errors import InputError, UnknownNameError
from engine.files import write_file
from engine.plain import safe_text, to_plain

if TYPE_CHECKING:
    from datetime import datetime

    from engine.threat.parameters import ThreatParameters
    from engine.threat.world import World
    from engine.values import Evidence, ModelRelease, ThreatRating

WIDTH = 80
SHOWN = 20
_CHANNEL = {
    "substitution": "substitution",
    "efficiency": "efficiency",
    "price_pressure": "price",
    "setbacks": "setbacks",
}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(rate)


def rate(
    model: Annotated[str | None, typer.Argument(help="One release, in detail.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every release, not the top only.")] = False,
    as_of: AsOf = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with the picture here.")] = None,
    lang: Annotated[str, typer.Option(help="Language of the page: en or fr.")] = "en",
    db: Db = None,
    config: ConfigDir = None,
    json: Json = False,
) -> None:
    """Rate releases by the Nvidia revenue they put at risk, each as known on its own day."""
    from engine.clock import now, parse_as_of
    from engine.service.wiring import rating_world

    if model is not None and (every or html is not None):
        raise InputError("MODEL cannot be combined with --all or --html", remedy="drop one of them")
    instant = now() if as_of is None else parse_as_of(as_of)
    world, params = rating_world(instant, db, config)
    if model is not None:
        release = find_release(model, world)
        rating = _rate_one(release, world, params)
        write_out(to_json(plain(release, rating)) if json else detail_text(release, rating))
        return
    league = league_of(world, params)
    if html is not None:
        _write_page(html, league, instant, lang)
    if json:
        ratings = [plain(release, rating) for release, rating in league]
        write_out(to_json({"as_of": instant, "ratings": ratings}))
    elif html is None:
        write_out(league_text(league, instant, None if every else SHOWN))


def league_of(world: World, params: ThreatParameters) -> list[tuple[ModelRelease, ThreatRating]]:
    """Chinese releases with their ratings, the highest score first, then the older."""
    from engine.threat.catalogue import first_versions
    from engine.threat.rating import rate_all

    chinese = {r.model: r for r in first_versions(world.releases) if not r.is_comparison}
    found = [
        (chinese[rating.model], rating) for rating in rate_all(chinese.values(), world, params)
    ]
    return sorted(found, key=lambda pair: (-pair[1].score, pair[1].rated_at, pair[1].model))


def find_release(name: str, world: World) -> ModelRelease:
    """The release called ``name``, case ignored, as it was on its day.

    Only the whole name counts: before R1 was out, "DeepSeek-R1" must not find its preview. Raises
    ``UnknownNameError`` with the nearest name known by then.
    """
    from engine.threat.catalogue import first_versions

    known = {r.model.lower(): r for r in first_versions(world.releases)}
    found = known.get(name.strip().lower())
    if found is None:
        raise UnknownNameError("release", name, [r.model for r in known.values()])
    return found


def _rate_one(release: ModelRelease, world: World, params: ThreatParameters) -> ThreatRating:
    from engine.threat import rating

    return rating.rate(release, rating.at_instant(world, release.known_at), params)


def plain(release: ModelRelease, rating: ThreatRating) -> dict[str, Any]:
    """One rating as JSON-ready data: the keys of ``ThreatRating`` after who and when."""
    who = {"lab": release.lab, "country": release.country, "released_on": release.released_on}
    return {**to_plain(who), **to_plain(rating)}


# --- text ---


def league_text(
    league: Sequence[tuple[ModelRelease, ThreatRating]], as_of: datetime, most: int | None
) -> str:
    """The league table, 80 columns."""
    from engine.clock import NEW_YORK

    shown = league if most is None else league[:most]
    head = f"{'#':>3} {'release':<24}{'day':<11}{'score':>6}{'5-95%':>8}{'net':>7}{'P>5%':>6}"
    lines = [
        f"Threat to Nvidia's data-centre revenue, known by {as_of.astimezone(NEW_YORK):%Y-%m-%d}",
        "Each release as of its own day. Score 0-100 from the expected loss; net: mean",
        "change of a year's revenue; P>5%: probability of losing more than 5 % of it.",
        "",
        f"{head}  mainly",
        "-" * WIDTH,
        *(_league_line(n, *pair) for n, pair in enumerate(shown, start=1)),
    ]
    if len(shown) < len(league):
        lines += ["", f"{len(league) - len(shown)} more with lower scores; --all shows them."]
    if not league:
        lines.append("No release is known by then.")
    return "\n".join(lines)


def _league_line(place: int, release: ModelRelease, rating: ThreatRating) -> str:
    name = safe_text(release.model, limit=23)
    band = f"{rating.score_low:.0f}-{rating.score_high:.0f}"
    return (
        f"{place:>3} {name:<24}{release.released_on.isoformat():<11}{rating.score:>6.1f}{band:>8}"
        f"{100 * rating.net_mean_share:>+z6.1f}%{100 * rating.p_loss_over_5pct:>5.0f}%"
        f"  {main_channel(rating)}"
    ).rstrip()


def main_channel(rating: ThreatRating) -> str:
    """The channel with the largest part; nothing below half a point."""
    if rating.score < 0.5:
        return "-"
    return _CHANNEL[max(rating.channels, key=lambda name: rating.channels[name])]


def detail_text(release: ModelRelease, rating: ThreatRating) -> str:
    """One rating with channels, evidence and sensitivity, 80 columns."""
    title = f"{release.model} ({release.lab}, {release.released_on.isoformat()})"
    closest = rating.closest_earlier or "none known"
    lines = [
        safe_text(title, limit=WIDTH),
        "=" * min(WIDTH, len(title)),
        f"Score {rating.score:.1f} of 100 ({rating.score_low:.0f} to {rating.score_high:.0f}), "
        f"net {100 * rating.net_mean_share:+z.1f} %, P(loss > 5 %) "
        f"{100 * rating.p_loss_over_5pct:.0f} %",
        f"Novelty {rating.novelty:.2f}, confidence {rating.confidence or 0:.2f}, "
        f"closest earlier: {safe_text(closest, limit=30)}",
        "",
        *_wrapped(rating.reasons),
        "",
        f"{'channel':<20}{'points':>8}{'mean, bn USD':>15}",
        *(
            f"{_CHANNEL[name]:<20}{part:>8.1f}{rating.channel_usd_bn[name]:>15.2f}"
            for name, part in rating.channels.items()
        ),
        f"{'together':<20}{rating.score:>8.1f}{sum(rating.channel_usd_bn.values()):>15.2f}",
        "",
        "Evidence",
        *_evidence_lines(rating.evidence),
        "",
        "What it hangs on (rank correlation with the loss)",
        *(f"{value:>+7.2f}  {name}" for name, value in rating.sensitivity),
    ]
    return "\n".join(line.rstrip() for line in lines)


def _evidence_lines(evidence: Iterable[Evidence]) -> list[str]:
    lines = []
    for item in evidence:
        trust = "not observed" if item.confidence is None else f"trust {item.confidence:.1f}"
        lines += _wrapped(f"{item.text} [{trust}]", first="- ", rest="  ")
    return lines


def _wrapped(text: str, *, first: str = "", rest: str = "") -> list[str]:
    clean = safe_text(text).replace("\n", " ")
    return textwrap.wrap(clean, WIDTH, initial_indent=first, subsequent_indent=rest)


# --- page ---


def _write_page(
    path: Path, league: Sequence[tuple[ModelRelease, ThreatRating]], as_of: datetime, lang: str
) -> None:
    from engine.report.league import render

    write_file(path, render(league, as_of, lang))
    sys.stderr.write(f"wrote {path}\n")
