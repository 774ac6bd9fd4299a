"""Model releases: what each one is, what serving it costs, and what it puts at risk."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from engine.phrases import sentences
from engine.report.blocks import (
    Block,
    Card,
    Cell,
    Column,
    Details,
    ItemList,
    Line,
    Lines,
    ListItem,
    Note,
    Table,
)
from engine.report.charts import Axis, AxisSpan
from engine.report.i18n import Said
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.typography import clean
from engine.report.words import confidence_word, reason
from engine.values import Observed

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import ReleaseCard, Report
    from engine.values import Interval, ModelRelease, ThreatRating

WHOLE = " (system)"
"""What our table adds to a chip's name where the row is of the rack; a reader sees the name."""
SLIGHT = 1.0
"""A score under one point of 100 gets a line, not a card."""


class Releases(Section):
    """One card for each release that matters, one line for each that does not."""

    name, order, title = "ratings", 30, N_("Model releases")

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """Cards, then the slight ones."""
        heavy = [card for card in report.releases if card.rating.score >= SLIGHT]
        for card in heavy:
            yield _card(card, voice, why_open=card is heavy[0])
        slight = [card for card in report.releases if card.rating.score < SLIGHT]
        lines = tuple(_slight(card, voice) for card in slight)
        yield ItemList(items=lines, title=voice.say("Other releases") if heavy else "")

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """One entry for each release: the rating's figures, its facts, its cost, the claims."""
        return {"ratings": [_data(card) for card in report.releases]}


def _data(card: ReleaseCard) -> dict[str, Any]:
    cost = {
        "nvidia_chip": card.nvidia_chip,
        "usd_per_mtok_nvidia": card.usd_per_mtok_nvidia,
        "domestic_chip": card.domestic_chip,
        "usd_per_mtok_domestic": card.usd_per_mtok_domestic,
    }
    rating = {f.name: getattr(card.rating, f.name) for f in fields(card.rating)}
    return {**rating, "release": card.release, "cost": cost, "claims": card.claims}


def _lab(release: ModelRelease, voice: Speaker) -> str:
    return voice.say(
        "{lab}, {on:date}", lab=Said(clean(release.lab, limit=80)), on=release.released_on
    )


def _slight(card: ReleaseCard, voice: Speaker) -> ListItem:
    return ListItem(
        text=" · ".join(
            (
                clean(card.release.model, limit=80),
                _lab(card.release, voice),
                _score(card.rating, voice),
                confidence_word(card.rating.confidence, voice),
            )
        )
    )


def _card(card: ReleaseCard, voice: Speaker, *, why_open: bool) -> Card:
    _ = voice.say
    rating = card.rating
    told = [voice.tell(text, limit=1_200) for text in sentences(rating.reasons)]
    first = told[:1] if why_open else []
    rest = " ".join(told[len(first) :])
    found: list[Block] = [
        Note(text=_score(rating, voice), style="lead"),
        *(Note(text=text) for text in first),
        Details(
            title=_("Facts, costs and evidence"),
            blocks=(*([Note(text=rest)] if rest else []), *_details(card, voice)),
        ),
    ]
    return Card(
        title=clean(card.release.model, limit=80),
        note=f"{_lab(card.release, voice)} · {confidence_word(rating.confidence, voice)}",
        blocks=tuple(found),
    )


def _details(card: ReleaseCard, voice: Speaker) -> list[Block]:
    rating = card.rating
    return [
        Lines(lines=_facts(card, voice)),
        Lines(lines=_risk(rating, voice)),
        _channels(rating, voice),
        _costs(card, voice),
        Note(text=_cost_note(card, voice)),
        ItemList(items=tuple(reason(e, voice) for e in rating.evidence), depth="full"),
        ItemList(
            items=tuple(reason(c, voice, claim=True) for c in card.claims),
            title=voice.say("Claims, beside the estimate"),
            boxed=True,
        ),
        Note(text=_closest(rating, voice) + ".", style="quiet"),
    ]


def _score(rating: ThreatRating, voice: Speaker) -> str:
    _ = voice.say
    if not rating.rateable:
        return _("Seen, cannot be rated yet: neither price nor scores are known")
    score = voice.number(rating.score, "int")
    band = _(
        "5–95% interval: {low:int} to {high:int}", low=rating.score_low, high=rating.score_high
    )
    threat = _("Threat {score} of 100", score=score)
    return f"{threat} ({band})"


def _facts(card: ReleaseCard, voice: Speaker) -> tuple[Line, ...]:
    r, _ = card.release, voice.say
    undisclosed = _("not disclosed")

    def text(value: str | None) -> str:
        return undisclosed if not value else voice.tell(value, limit=160)

    def number(value: float | None, template: str) -> str:
        return undisclosed if value is None else voice.say(template, x=value)

    thousands = None if r.context_k is None else 1000 * r.context_k
    return (
        Line(label=_("Parameters"), value=number(r.total_params_b, N_("{x:sig3} billion"))),
        Line(label=_("Active"), value=number(r.active_params_b, N_("{x:sig3} billion"))),
        Line(label=_("Precision"), value=text(r.weight_precision)),
        Line(label=_("Scale format"), value=text(r.scale_format)),
        Line(label=_("Hardware named"), value=_hardware(r, undisclosed, voice)),
        Line(label=_("Context"), value=number(thousands, N_("{x:int} tokens"))),
        Line(
            label=_("Price per million tokens, in / out"), value=_prices(card, undisclosed, voice)
        ),
        Line(label=_("Weights"), value=_weights(r, undisclosed, voice)),
    )


PROSE_WORDS = 6
"""What is told of hardware in more words is a sentence of its source, not a name (judgement)."""


def _hardware(r: ModelRelease, undisclosed: str, voice: Speaker) -> str:
    """As the source names it: a sentence of another language between quotation marks."""
    if not r.hardware_named:
        return undisclosed
    told = voice.tell(r.hardware_named, limit=160)
    return voice.quote(told) if len(told.split()) > PROSE_WORDS else told


def _prices(card: ReleaseCard, undisclosed: str, voice: Speaker) -> str:
    """Today's list price, the one that was rated where it has changed since, and other lists'."""
    now = _list_price(card.release, undisclosed, voice)
    then = _list_price(card.rated or card.release, undisclosed, voice)
    told = now if now == then else voice.say("{now}; {then} when rated", now=now, then=then)
    others = [_elsewhere(text, voice) for text in (card.release.price_elsewhere or "").split("; ")]
    return "; ".join((told, *filter(None, others)))


_FIGURE = r"\d{1,5}(?:\.\d{1,6})?(?:e-?\d\d?)?"


def _elsewhere(text: str, voice: Speaker) -> str:
    """One other list's price, ``LIST 0.1 / 0.3``, in the reader's figures."""
    found = re.fullmatch(rf"(.{{1,60}}) ({_FIGURE}) / ({_FIGURE})", text)
    if found is None:
        return ""
    source, a, b = clean(found[1], limit=60), float(found[2]), float(found[3])
    return voice.say("{source} asks {a:usd2} / {b:usd2}", source=Said(source), a=a, b=b)


def _list_price(r: ModelRelease, undisclosed: str, voice: Speaker) -> str:
    if r.price_input_usd_per_mtok is None and r.price_output_usd_per_mtok is None:
        return undisclosed
    return voice.say(
        "{a:usd2} / {b:usd2}",
        a=r.price_input_usd_per_mtok,
        b=r.price_output_usd_per_mtok,
    )


def _weights(r: ModelRelease, undisclosed: str, voice: Speaker) -> str:
    _ = voice.say
    licence = clean(r.license or "", limit=60)
    if r.open_weights is None:
        return licence or undisclosed
    if not r.open_weights:
        return _("closed")
    return (
        _("open, {licence}", licence=Said(licence))
        if licence
        else voice.pgettext("weights", "open")
    )


# --- cost ---------------------------------------------------------------------------------------


def _costs(card: ReleaseCard, voice: Speaker) -> Table:
    """The two modelled costs on one scale, so that their bars can be compared."""
    _ = voice.say
    pairs = (
        (_("Nvidia"), card.nvidia_chip, card.usd_per_mtok_nvidia),
        (_("Domestic"), card.domestic_chip, card.usd_per_mtok_domestic),
    )
    most = max((i.mid for _w, _c, i in pairs if i is not None), default=0.0)
    return Table(
        title=_("Modelled cost of a million tokens"),
        columns=(Column(), Column(bar=True), Column(number=True)),
        rows=tuple(_cost(who, chip, cost, most, voice) for who, chip, cost in pairs),
    )


def _cost(
    who: str, chip: str | None, cost: Interval | None, most: float, voice: Speaker
) -> tuple[Cell, ...]:
    name = Cell(text=who, note=clean((chip or "").removesuffix(WHOLE), limit=60))
    if cost is None:
        missing = voice.label(Observed.NOT_OBSERVED.value)
        return (name, Cell(observed=False), Cell(text=missing, style="quiet"))
    width = round(100 * cost.mid / most, 3) if most > 0 else 0.0
    band = voice.say("{low:usd2} to {high:usd2}", low=cost.low, high=cost.high)
    shown = Cell(text=voice.number(cost.mid, "usd2"), note=band, style="strong")
    return (name, Cell(span=AxisSpan(left=0, width=width)), shown)


def _cost_note(card: ReleaseCard, voice: Speaker) -> str:
    _ = voice.say
    ours, theirs = card.usd_per_mtok_nvidia, card.usd_per_mtok_domestic
    if ours is None or theirs is None or ours.mid <= 0:
        return _("Without both costs there is no comparison.")
    ratio = theirs.mid / ours.mid
    if ratio >= 1:
        return _("Serving on the domestic chip costs {ratio:.2f} times as much.", ratio=ratio)
    return _("Serving on the domestic chip costs {less:share0} less.", less=1 - ratio)


# --- rating -------------------------------------------------------------------------------------


def _risk(rating: ThreatRating, voice: Speaker) -> tuple[Line, ...]:
    _ = voice.say
    return (
        Line(
            label=_("At risk within a year"),
            value=voice.number(rating.loss_share, "share1"),
            note=_(
                "of data-centre revenue ({usd:usdbn0}); change, 5–95%: {low:+share1} to "
                "{high:+share1}",
                usd=rating.revenue_usd_bn,
                low=rating.net_low_share,
                high=rating.net_high_share,
            ),
        ),
        Line(
            label=_("Value at risk"),
            value=voice.number(rating.value_loss_usd_bn, "usdbn1"),
            note=_(
                "present value of three years' gross profit, 5–95%: {low:usdbn1} to {high:usdbn1}",
                low=rating.value_low_usd_bn,
                high=rating.value_high_usd_bn,
            ),
        ),
        Line(
            label=_("Chance of losing over 5%"),
            value=voice.number(rating.p_loss_over_5pct, "share0"),
        ),
    )


def _channels(rating: ThreatRating, voice: Speaker) -> Table:
    """Parts of the score in their given order; more threat is bad for Nvidia."""
    _ = voice.say
    values = [0.0, *rating.channels.values()]
    axis = Axis(low=min(values), high=max(max(values), min(values) + 1e-9))
    score = voice.number(rating.score, "int")
    return Table(
        title=_("Where the {score} points come from", score=score),
        columns=(
            Column(head=_("channel")),
            Column(bar=True),
            Column(head=_("part of the score"), number=True),
        ),
        rows=tuple(
            (
                Cell(text=voice.label(name)),
                Cell(span=axis.span(0, part), tone=(part < 0) - (part > 0)),
                Cell(
                    text=voice.number(part, "+.1f"),
                    note=voice.number(rating.channel_usd_bn.get(name), "+usdbn1"),
                    style="strong",
                ),
            )
            for name, part in rating.channels.items()
        ),
    )


def _closest(rating: ThreatRating, voice: Speaker) -> str:
    if not rating.closest_earlier:
        return voice.say("No comparable earlier release on record")
    return voice.say(
        "Closest earlier release: {model}", model=Said(clean(rating.closest_earlier, limit=80))
    )
