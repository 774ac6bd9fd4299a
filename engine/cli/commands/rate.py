"""``nvsignal rate``: how much each Chinese release puts at risk, and why."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
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

    from engine.values import Evidence, ModelRelease, ThreatRating

WIDTH = 80
SHOWN = 20
SLIGHT = 0.5
"""Points of the score either way below which a release takes no line unless asked for."""
CHANNEL = {
    "substitution": "substitution",
    "efficiency": "efficiency",
    "price_pressure": "price",
    "openness": "openness",
    "residual": "unknown",
}


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
    lang: Annotated[str, typer.Option(help="Language of the page: en or fr.")] = "en",
    db: Db = None,
    config: ConfigDir = None,
    json: Json = False,
) -> None:
    """Rate releases by what they put at risk of Nvidia, each as known on its own day."""
    from engine.clock import now
    from engine.service.wiring import ratings_at

    names = models or []
    if names and (every or html is not None):
        raise InputError("MODEL cannot be combined with --all or --html", remedy="drop one of them")
    if len(names) > 2:
        raise InputError(f"{len(names)} releases given", remedy="name one, or two to compare")
    if calibrate:
        if every or len(names) > 1:
            raise InputError("--calibration takes one MODEL, or none", remedy="drop the rest")
        _calibrate(names, (as_of, now(), db, config), html, lang, json=json)
        return
    instant, history, ratings = ratings_at(as_of, now(), db, config)
    if names:
        found = [find_rated(name, ratings, history, instant) for name in names]
        _show(found, history, json=json)
        return
    league, changes = league_of(ratings, history, instant), changes_of(ratings)
    if html is not None:
        _write_page(html, league, instant, lang)
    if json:
        rated = [plain(release, rating) for release, rating in league]
        write_out(to_json({"as_of": instant, "ratings": rated, "changes": changes}))
    elif html is None:
        write_out(league_text(league, instant, None if every else SHOWN, changes))


def _calibrate(
    names: Sequence[str],
    asked: tuple[str | None, datetime, str | None, str | None],
    html: Path | None,
    lang: str,
    *,
    json: bool,
) -> None:
    """What ratings said of things seen; with a name, what that one says."""
    from engine.cli import calibration as c

    seen = c.seen_at(*asked)
    if names:
        rated = {r.rating.model: r for r in seen.ratings if r.rating.kind in c.RATED}
        one = rated[find_name(names[0], rated)]
        told = c.forecasts(seen, one)
        plainly = c.forecasts_plain(told, one)
        write_out(to_json(plainly) if json else c.forecasts_text(told, one))
        return
    scored = c.calibration(seen)
    left = c.unscored(seen, scored)
    if html is not None:
        write_file(html, c.page(scored, seen.as_of, lang))
        sys.stderr.write(f"wrote {html}\n")
    if json:
        waiting = [{"what": what, "came": n} for what, n in left]
        write_out(to_json({"as_of": seen.as_of, "observables": scored, "too_few": waiting}))
    elif html is None:
        write_out(c.calibration_text(scored, seen.as_of, left))


def _show(found: Sequence[tuple[ModelRelease, ThreatRating]], history: Any, *, json: bool) -> None:
    """One release in detail or two side by side."""
    from engine.decision.ratings import market_multiple

    if json:
        told = [plain(release, rating) for release, rating in found]
        write_out(to_json(told[0] if len(told) == 1 else {"compared": told}))
    elif len(found) == 2:
        write_out(side_by_side(*found))
    else:
        release, rating = found[0]
        multiple = market_multiple(history, rating.rated_at, rating.base_value_usd_bn)
        write_out(detail_text(release, rating, multiple))


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
    from engine.decision.ratings import of_releases

    releases = _first_told(history, at)
    found = [(releases[r.model], r) for r in of_releases(ratings) if r.model in releases]
    return sorted(found, key=lambda p: (not p[1].rateable, -p[1].score, p[1].rated_at, p[1].model))


def changes_of(ratings: Iterable[ThreatRating]) -> list[ThreatRating]:
    """What happened besides releases, newest first."""
    from engine.decision.ratings import between_releases

    return sorted(between_releases(ratings), key=lambda r: (r.rated_at, r.model), reverse=True)


def find_rated(
    name: str, ratings: Iterable[ThreatRating], history: Any, at: datetime
) -> tuple[ModelRelease, ThreatRating]:
    """The release called ``name`` or the only one that begins so, case ignored, with its rating."""
    from engine.decision.ratings import of_releases

    rated = {r.model: r for r in of_releases(ratings)}
    model = find_name(name, rated)
    return _first_told(history, at)[model], rated[model]


def find_name(name: str, known: Iterable[str]) -> str:
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
        raise InputError(f"'{name[:60]}' begins {len(begun)} names: {shown}", remedy="add to it")
    if not begun:
        raise UnknownNameError("release", name, names)
    return begun[0]


def _tails(name: str) -> list[str]:
    """What follows each hyphen or space of a name."""
    return [name[at + 1 :] for at, sign in enumerate(name) if sign in "- "]


def plain(release: ModelRelease, rating: ThreatRating) -> dict[str, Any]:
    """One rating as JSON-ready data: the keys of ``ThreatRating`` after who and when."""
    who = {"lab": release.lab, "country": release.country, "released_on": release.released_on}
    return {**to_plain(who), **to_plain(rating)}


# --- text: the league ---


def league_text(
    league: Sequence[tuple[ModelRelease, ThreatRating]],
    as_of: datetime,
    most: int | None,
    changes: Sequence[ThreatRating] = (),
) -> str:
    """The league table, 80 columns; most None: every release."""
    from engine.clock import NEW_YORK

    rated = [pair for pair in league if pair[1].rateable]
    telling = [pair for pair in rated if abs(pair[1].score) >= SLIGHT]
    shown = rated if most is None else telling[:most]
    lines = [
        f"Threat to Nvidia, known by {as_of.astimezone(NEW_YORK):%Y-%m-%d}",
        "Each release as of its own day. Score: 50 is 2 % of three years' gross profit,",
        "below 0 is a gain. Year: data-centre revenue at risk within twelve months.",
        "Value: present value of the gross profit lost, bn USD.",
        "",
        *(_heads() if shown else ()),
        *(_league_line(n, *pair) for n, pair in enumerate(shown, start=1)),
    ]
    if len(shown) < len(rated):
        lines += ["", f"{len(rated) - len(shown)} more with lower scores; --all shows them."]
    lines += _unrated([release for release, rating in league if not rating.rateable])
    lines += _changes(changes if most is None else [c for c in changes if abs(c.score) >= SLIGHT])
    if not league:
        lines.append("No release is known by then.")
    return "\n".join(lines)


def _heads() -> tuple[str, str]:
    heads = f"{'#':>3} {'release':<25}{'day':<11}{'score':>6}{'5-95%':>9}{'year':>7}{'value':>7}"
    return heads + "  mainly", "-" * WIDTH


def _league_line(place: int, release: ModelRelease, rating: ThreatRating) -> str:
    name = safe_text(release.model, limit=24)
    band = f"{rating.score_low:.0f}..{rating.score_high:.0f}"
    return (
        f"{place:>3} {name:<25}{release.released_on.isoformat():<11}{rating.score:>z6.1f}{band:>9}"
        f"{100 * rating.loss_share:>z6.2f}%{rating.value_loss_usd_bn:>z7.1f}"
        f"  {main_channel(rating)}"
    ).rstrip()


def _unrated(releases: Sequence[ModelRelease]) -> list[str]:
    if not releases:
        return []
    names = ", ".join(safe_text(r.model, limit=40) for r in releases)
    return ["", *_wrapped(f"Seen, cannot be rated yet (no price, no score): {names}.")]


def _changes(changes: Sequence[ThreatRating]) -> list[str]:
    if not changes:
        return []
    return [
        "",
        "Between releases, newest first",
        *(
            f"{c.rated_at:%Y-%m-%d}  {safe_text(c.kind, limit=27):<28}"
            f"{safe_text(c.model, limit=25):<26}{c.score:>+z6.1f}{100 * c.loss_share:>+z7.2f}%"
            for c in changes
        ),
    ]


def main_channel(rating: ThreatRating) -> str:
    """The channel with the largest part; nothing below half a point."""
    parts = {n: p for n, p in rating.channels.items() if n != "residual"}
    lead = max(parts, key=lambda name: abs(parts[name]))
    return CHANNEL[lead] if abs(parts[lead]) >= SLIGHT else "-"


# --- text: one release ---


def detail_text(release: ModelRelease, rating: ThreatRating, multiple: float | None = None) -> str:
    """One rating with channels, evidence and sensitivity, 80 columns.

    multiple: what the market pays for three years' gross profit; printed beside, never used.
    """
    title = f"{release.model} ({release.lab}, {release.released_on.isoformat()})"
    closest = rating.closest_earlier or "none known"
    lines = [
        safe_text(title, limit=WIDTH),
        "=" * min(WIDTH, len(title)),
        *(f"{name:<18}{value}" for name, value in _figures(rating)),
        *_market(rating, multiple),
        f"{'closest earlier':<18}{safe_text(closest, limit=40)}",
        "",
        *_wrapped(rating.reasons),
        "",
        f"{'channel':<20}{'points':>8}{'year, bn USD':>15}",
        *(
            f"{CHANNEL[name]:<20}{part:>z8.1f}{rating.channel_usd_bn[name]:>z15.2f}"
            for name, part in rating.channels.items()
        ),
        f"{'together':<20}{rating.score:>z8.1f}{sum(rating.channel_usd_bn.values()):>z15.2f}",
        "",
        "Evidence",
        *_evidence_lines(rating.evidence),
        "",
        "What it hangs on (rank correlation with the loss)",
        *(f"{value:>+7.2f}  {name}" for name, value in rating.sensitivity),
    ]
    return "\n".join(line.rstrip() for line in lines)


def _figures(rating: ThreatRating) -> list[tuple[str, str]]:
    """The numbers of a rating, each with its 5 to 95 % interval, as text."""
    return [
        ("score", f"{rating.score:z.1f} ({rating.score_low:.0f} to {rating.score_high:.0f})"),
        (
            "year at risk",
            f"{100 * rating.loss_share:z.2f} % ({-100 * rating.net_high_share:z.2f} to "
            f"{-100 * rating.net_low_share:z.2f}) of {rating.revenue_usd_bn:.0f} bn USD",
        ),
        (
            "value at risk",
            f"{rating.value_loss_usd_bn:z.1f} ({rating.value_low_usd_bn:z.1f} to "
            f"{rating.value_high_usd_bn:z.1f}) of {rating.base_value_usd_bn:.0f} bn USD",
        ),
        ("loss above 5 %", f"{100 * rating.p_loss_over_5pct:.0f} % likely within a year"),
        ("novelty", f"{rating.novelty:.2f}"),
        ("confidence", f"{rating.confidence or 0:.2f}"),
    ]


def _market(rating: ThreatRating, multiple: float | None) -> list[str]:
    if multiple is None:
        return []
    at_market = multiple * rating.value_loss_usd_bn
    return [f"{'market pays':<18}{multiple:.0f} times that profit: {at_market:z.0f} bn USD of it"]


def _evidence_lines(evidence: Iterable[Evidence]) -> list[str]:
    lines = []
    for item in evidence:
        trust = "not observed" if item.confidence is None else f"trust {item.confidence:.1f}"
        lines += _wrapped(f"{item.text} [{trust}]", first="- ", rest="  ")
    return lines


def _wrapped(text: str, *, first: str = "", rest: str = "") -> list[str]:
    clean = safe_text(text).replace("\n", " ")
    return textwrap.wrap(clean, WIDTH, initial_indent=first, subsequent_indent=rest)


# --- text: two releases ---

_HEAD, _COLUMN = 20, 30


def side_by_side(
    one: tuple[ModelRelease, ThreatRating], other: tuple[ModelRelease, ThreatRating]
) -> str:
    """Two releases field by field, 80 columns: what they put at risk, then what was told."""
    left, right = _column(*one), _column(*other)
    rows = [_row("", *(safe_text(r.model, limit=_COLUMN - 1) for r, _ in (one, other)))]
    rows.append("-" * WIDTH)
    rows += [_row(name, left[name], right[name]) for name in left]
    return "\n".join(row.rstrip() for row in rows)


def _row(name: str, left: str, right: str) -> str:
    cells = (safe_text(text, limit=_COLUMN - 1) for text in (left, right))
    first, second = cells
    return f"{name:<{_HEAD}}{first:<{_COLUMN}}{second}"


def _column(release: ModelRelease, rating: ThreatRating) -> dict[str, str]:
    """Field -> text, the same fields for every release."""
    parts = {f"  {CHANNEL[n]}": f"{p:+z.1f}" for n, p in rating.channels.items()}
    return {**_short(rating), **parts, **_told(release)}


def _short(rating: ThreatRating) -> dict[str, str]:
    """The numbers of a rating in the width of a column."""
    year, low = 100 * rating.loss_share, -100 * rating.net_high_share
    return {
        "score": f"{rating.score:z.1f} ({rating.score_low:.0f} to {rating.score_high:.0f})",
        "year at risk, %": f"{year:z.2f} ({low:z.2f} to {-100 * rating.net_low_share:z.2f})",
        "value, bn USD": f"{rating.value_loss_usd_bn:z.1f} ({rating.value_low_usd_bn:z.1f} to "
        f"{rating.value_high_usd_bn:z.1f})",
        "revenue, bn USD": f"{rating.revenue_usd_bn:.0f}",
        "novelty": f"{rating.novelty:.2f}",
        "confidence": f"{rating.confidence or 0:.2f}",
    }


_FIELDS: Mapping[str, str] = {
    "laboratory": "lab",
    "released": "released_on",
    "parameters, bn": "total_params_b",
    "active, bn": "active_params_b",
    "context, thousand": "context_k",
    "price in, USD": "price_input_usd_per_mtok",
    "price out, USD": "price_output_usd_per_mtok",
    "open weights": "open_weights",
    "licence": "license",
    "precision": "weight_precision",
    "GPQA Diamond": "gpqa_diamond_pct",
    "MMLU-Pro": "mmlu_pro_pct",
    "SWE-bench Verified": "swe_bench_verified_pct",
    "AIME": "aime_pct",
    "LMArena": "lmarena_elo",
    "trained on": "hardware_named",
    "served at home": "inference_domestic",
}


def _told(release: ModelRelease) -> dict[str, str]:
    return {name: _word(getattr(release, field)) for name, field in _FIELDS.items()}


def _word(value: object) -> str:
    if value is None:
        return "not disclosed"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


# --- page ---


def _write_page(
    path: Path, league: Sequence[tuple[ModelRelease, ThreatRating]], as_of: datetime, lang: str
) -> None:
    from engine.report.league import render

    write_file(path, render(league, as_of, lang))
    sys.stderr.write(f"wrote {path}\n")
