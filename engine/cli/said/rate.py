"""``nvsignal rate`` in words: the league, one release, two side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.cli.said import told
from engine.report.blocks import Block, ItemList, Line, Lines, ListItem, Note, plain_table
from engine.report.i18n import Said
from engine.report.labels import N_
from engine.report.sections.changes import Changes
from engine.report.typography import clean
from engine.report.words import reason

if TYPE_CHECKING:
    from datetime import datetime

    from engine.report.i18n import Speaker
    from engine.values import ModelRelease, ThreatRating

SLIGHT = 0.5
"""Points of the score either way below which a release takes no line unless asked for."""
MOST_NAME = 40
PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "elasticity": N_("how demand answers price"),
        "capex_response": N_("how spending answers efficiency"),
        "buyer_funding_share": N_("share of buyers who pay from revenue"),
        "residual": N_("what no channel knows"),
        "adoption_open": N_("adoption of open weights"),
        "comparability": N_("how comparable the scores are"),
        "novelty_life": N_("how long news stays new"),
        "openness": N_("how open the weights are"),
    }
)
"""What a rating hangs on most often, in words; others keep the name that ``threat.toml`` gives."""


# --- the league ---


def league_text(
    league: Sequence[tuple[ModelRelease, ThreatRating]],
    as_of: datetime,
    most: int | None,
    changes: Sequence[ThreatRating],
    voice: Speaker,
    explained: Sequence[tuple[ModelRelease, ThreatRating]] = (),
) -> str:
    """The league table, 80 columns; most None: every release. explained: told with a reason."""
    _ = voice.say
    rated = [pair for pair in league if pair[1].rateable]
    shown = rated if most is None else [p for p in rated if abs(p[1].score) >= SLIGHT][:most]
    how = _(
        "Each release as of its own day. Score: 50 is 2% of three years' gross profit, below 0 is "
        "a gain. Year: data-centre revenue at risk within twelve months. Value: present value of "
        "the gross profit lost, billions of USD."
    )
    blocks: list[Block] = [Note(text=how, style="quiet")]
    blocks += [_league(shown, voice)] if shown else []
    if len(shown) < len(rated):
        more = len(rated) - len(shown)
        blocks.append(Note(text=_("{n:int} more with lower scores; --all shows them.", n=more)))
    blocks += _unrated([release for release, rating in league if not rating.rateable], voice)
    if not league:
        blocks.append(Note(text=_("No release is known by then.")))
    told_changes = [c for c in changes if most is None or abs(c.score) >= SLIGHT]
    title = _("Threat to Nvidia, known by {on:date}", on=as_of)
    between = [_changes(told_changes, voice)] if told_changes else []
    return told(
        voice,
        (title, blocks),
        (_("Why"), _reasons(explained, voice)),
        (_("Between releases, newest first"), between),
    )


def _reasons(explained: Sequence[tuple[ModelRelease, ThreatRating]], voice: Speaker) -> list[Block]:
    """A line of reason for each, the highest score first."""
    lines = tuple(
        ListItem(
            text=voice.say(
                "{model}, {on:date}, {score:.1f}: {why}",
                model=Said(clean(release.model, limit=MOST_NAME)), on=release.released_on,
                score=rating.score, why=voice.tell(rating.in_short),
            )
        )
        for release, rating in explained
    )  # fmt: skip
    return [ItemList(items=lines)] if lines else []


def _league(league: Sequence[tuple[ModelRelease, ThreatRating]], voice: Speaker) -> Block:
    _ = voice.say
    heads = (
        _("release"), _("day"), voice.pgettext("column", "score"), _("5–95%"), _("year"),
        _("value"), _("mainly"),
    )  # fmt: skip
    rows = []
    for release, rating in league:
        name = clean(release.model, limit=24)
        band = f"{voice.number(rating.score_low, 'int')}…{voice.number(rating.score_high, 'int')}"
        day = Said(release.released_on.isoformat())
        numbers = (
            voice.number(rating.score, ".1f"),
            band,
            voice.number(rating.loss_share, "share2"),
            voice.number(rating.value_loss_usd_bn, ".1f"),
        )
        rows.append([name, day, *numbers, main_channel(rating, voice)])
    return plain_table(heads, rows, words=2)


def main_channel(rating: ThreatRating, voice: Speaker) -> str:
    """The channel with the largest part; nothing below half a point."""
    parts = {n: p for n, p in rating.channels.items() if n != "residual"}
    lead = max(parts, key=lambda name: abs(parts[name]))
    return channel(lead, voice) if abs(parts[lead]) >= SLIGHT else "–"


def channel(name: str, voice: Speaker) -> str:
    """A channel in one word."""
    short = {
        "substitution": voice.pgettext("channel", "substitution"),
        "efficiency": voice.pgettext("channel", "efficiency"),
        "price_pressure": voice.pgettext("channel", "price"),
        "openness": voice.pgettext("channel", "openness"),
        "residual": voice.pgettext("channel", "unknown"),
    }
    return short[name]


def _unrated(releases: Sequence[ModelRelease], voice: Speaker) -> list[Block]:
    if not releases:
        return []
    names = ", ".join(clean(r.model, limit=MOST_NAME) for r in releases)
    said = voice.say("Seen, cannot be rated yet (no price, no score): {names}.", names=Said(names))
    return [Note(text=said, style="quiet")]


def _changes(changes: Sequence[ThreatRating], voice: Speaker) -> Block:
    _ = voice.say
    named, score = Changes().voice(voice), voice.pgettext("column", "score")
    rows = (
        [
            c.rated_at.date().isoformat(),
            named.label(c.kind),
            clean(c.model, limit=26),
            voice.number(c.score, "+.1f"),
            voice.number(c.loss_share, "+share2"),
        ]
        for c in changes
    )
    heads = (_("day"), _("change"), _("release"), score, _("year"))
    return plain_table(heads, rows, words=3)


# --- one release ---


def detail_text(
    release: ModelRelease, rating: ThreatRating, multiple: float | None, voice: Speaker
) -> str:
    """One rating with channels, evidence and sensitivity, 80 columns.

    multiple: what the market pays for three years' gross profit; printed beside, never used.
    """
    _ = voice.say
    title = _(
        "{model} ({lab}, {on:date})",
        model=Said(clean(release.model, limit=MOST_NAME)),
        lab=Said(clean(release.lab, limit=MOST_NAME)),
        on=release.released_on,
    )
    evidence = ItemList(items=tuple(reason(item, voice) for item in rating.evidence))
    hangs = Lines(
        lines=tuple(
            Line(label=parameter(name, voice), value=voice.number(value, "+.2f"))
            for name, value in rating.sensitivity
        )
    )
    return told(
        voice,
        (title, [Lines(lines=tuple(_figures(rating, multiple, voice)))]),
        (_("Why"), [Note(text=voice.tell(rating.reasons, limit=1_200)), _parts(rating, voice)]),
        (_("Evidence"), [evidence]),
        (_("What it hangs on (rank correlation with the loss)"), [hangs]),
    )


def _figures(rating: ThreatRating, multiple: float | None, voice: Speaker) -> Iterator[Line]:
    """The numbers of a rating, each with its 5 to 95 % interval."""
    _ = voice.say
    year = _(
        "{share:share2} ({low:share2} to {high:share2}) of {revenue:usdbn0}",
        share=rating.loss_share, low=-rating.net_high_share, high=-rating.net_low_share,
        revenue=rating.revenue_usd_bn,
    )  # fmt: skip
    value = _(
        "{lost:usdbn1} ({low:usdbn1} to {high:usdbn1}) of {base:usdbn0}",
        lost=rating.value_loss_usd_bn, low=rating.value_low_usd_bn,
        high=rating.value_high_usd_bn, base=rating.base_value_usd_bn,
    )  # fmt: skip
    large = _("{share:share0} likely within a year", share=rating.p_loss_over_5pct)
    yield Line(label=voice.pgettext("column", "score"), value=_score(rating, voice))
    yield Line(label=_("year at risk"), value=year)
    yield Line(label=_("value at risk"), value=value)
    yield Line(label=_("loss above 5%"), value=large)
    yield Line(label=_("novelty"), value=voice.number(rating.novelty, ".2f"))
    yield Line(label=_("confidence"), value=voice.number(rating.confidence or 0, ".2f"))
    if multiple is not None:
        paid = _(
            "{x:.0f} times that profit: {at:usdbn0} of it",
            x=multiple,
            at=multiple * rating.value_loss_usd_bn,
        )
        yield Line(label=_("the market pays"), value=paid)
    closest = clean(rating.closest_earlier or "", limit=MOST_NAME) or _("none known")
    yield Line(label=_("closest earlier"), value=closest)


def _score(rating: ThreatRating, voice: Speaker) -> str:
    return voice.say(
        "{score:.1f} ({low:int} to {high:int})",
        score=rating.score, low=rating.score_low, high=rating.score_high,
    )  # fmt: skip


def _parts(rating: ThreatRating, voice: Speaker) -> Block:
    _ = voice.say
    points, year = dict(rating.channels), dict(rating.channel_usd_bn)
    rows = [
        [channel(name, voice), voice.number(points[name], ".1f"), voice.number(year[name], ".2f")]
        for name in points
    ]
    both = (voice.number(rating.score, ".1f"), voice.number(sum(year.values()), ".2f"))
    heads = (_("channel"), _("points"), _("year, billions of USD"))
    return plain_table(heads, [*rows, [_("together"), *both]])


def parameter(name: str, voice: Speaker) -> str:
    """An uncertain parameter in words, else as ``threat.toml`` calls it."""
    return voice.say(PARAMETERS[name]) if name in PARAMETERS else clean(name, limit=MOST_NAME)


# --- two releases ---

_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        N_("laboratory"): "lab",
        N_("released"): "released_on",
        N_("parameters, billions"): "total_params_b",
        N_("active, billions"): "active_params_b",
        N_("context, thousands"): "context_k",
        N_("price in, USD"): "price_input_usd_per_mtok",
        N_("price out, USD"): "price_output_usd_per_mtok",
        N_("open weights"): "open_weights",
        N_("licence"): "license",
        N_("precision"): "weight_precision",
        "GPQA Diamond": "gpqa_diamond_pct",
        "MMLU-Pro": "mmlu_pro_pct",
        "SWE-bench Verified": "swe_bench_verified_pct",
        "AIME": "aime_pct",
        "LMArena": "lmarena_elo",
        N_("trained on"): "hardware_named",
        N_("served at home"): "inference_domestic",
    }
)


def side_by_side(
    one: tuple[ModelRelease, ThreatRating], other: tuple[ModelRelease, ThreatRating], voice: Speaker
) -> str:
    """Two releases field by field, 80 columns: what they put at risk, then what was told."""
    left, right = _column(*one, voice), _column(*other, voice)
    names = [clean(release.model, limit=28) for release, _rating in (one, other)]
    rows = ([name, left[name], right[name]] for name in left)
    return told(voice, ("", [plain_table(("", *names), rows, words=3)]))


def _column(release: ModelRelease, rating: ThreatRating, voice: Speaker) -> dict[str, str]:
    """Field -> text, the same fields for every release."""
    parts = {channel(n, voice): voice.number(p, "+.1f") for n, p in rating.channels.items()}
    fields: dict[str, str] = {
        voice.say(name): _word(getattr(release, field), voice) for name, field in _FIELDS.items()
    }
    return {**_short(rating, voice), **parts, **fields}


def _short(rating: ThreatRating, voice: Speaker) -> dict[str, str]:
    """The numbers of a rating in the width of a column."""
    _ = voice.say
    year = _(
        "{share:share2} ({low:share2} to {high:share2})",
        share=rating.loss_share, low=-rating.net_high_share, high=-rating.net_low_share,
    )  # fmt: skip
    value = _(
        "{lost:usdbn1} ({low:usdbn1} to {high:usdbn1})",
        lost=rating.value_loss_usd_bn, low=rating.value_low_usd_bn, high=rating.value_high_usd_bn,
    )  # fmt: skip
    found: dict[str, str] = {
        voice.pgettext("column", "score"): _score(rating, voice),
        _("year at risk"): year,
        _("value at risk"): value,
        _("revenue"): voice.number(rating.revenue_usd_bn, "usdbn0"),
        _("novelty"): voice.number(rating.novelty, ".2f"),
        _("confidence"): voice.number(rating.confidence or 0, ".2f"),
    }
    return found


def _word(value: object, voice: Speaker) -> str:
    _ = voice.say
    if value is None:
        return _("not disclosed")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return voice.on(value)
    return voice.number(value, "sig6") if isinstance(value, int | float) else clean(str(value))
