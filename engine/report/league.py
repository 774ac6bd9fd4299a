"""The league of releases as a page of blocks: scores with their intervals, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from engine.report.blocks import Cell, Column, Item, Items, Note, Page, Part, Table
from engine.report.charts import Axis
from engine.report.typography import clean

if TYPE_CHECKING:
    from engine.report.i18n import Voice
    from engine.values import ModelRelease, ThreatRating

SHOWN = 20
_AXIS = Axis(low=0, high=100)

League = Sequence[tuple["ModelRelease", "ThreatRating"]]


def render(league: League, as_of: datetime, lang: str = "en") -> str:
    """The page as one self-contained HTML file; equal input, equal bytes."""
    from engine.report.forms.html import render_html
    from engine.report.i18n import voice

    return render_html(page_of(league, as_of, voice(lang, minus="\u2212")))


def page_of(league: League, as_of: datetime, voice: Voice) -> Page:
    """The first ``SHOWN`` of ``league`` in the order given; those above zero with their reasons."""
    _ = voice.say
    said = _(
        "0 to 100, from the expected loss of Nvidia's data-centre revenue over twelve months; the "
        "bar is the 5–95% interval. Each release as of its own day."
    )
    top = league[:SHOWN]
    rated = [pair for pair in top if pair[1].score > 0]
    blocks = (
        Note(text=said, style="lead"),
        _table(top, voice) if top else Note(text=_("No release was known by then.")),
    )
    reasons = Items(items=tuple(_why(*pair, voice) for pair in rated))
    title = _("Threat of releases known by {on:date}", on=as_of)
    parts = [Part(name="league", title=title, blocks=blocks)]
    if rated:
        parts.append(Part(name="why", title=_("Why"), blocks=(reasons,)))
    return Page(lang=voice.lang, title=title, code="HOLD", parts=tuple(parts), disclaimer="")


def _table(league: League, voice: Voice) -> Table:
    _ = voice.say
    return Table(
        columns=(
            Column(head=_("Release")),
            Column(head=_("Day")),
            Column(bar=True),
            Column(head=_("score"), number=True),
        ),
        rows=tuple(_row(*pair, voice) for pair in league),
    )


def _row(release: ModelRelease, rating: ThreatRating, voice: Voice) -> tuple[Cell, ...]:
    band = voice.say("{low:int} to {high:int}", low=rating.score_low, high=rating.score_high)
    return (
        Cell(text=clean(release.model, limit=60), note=clean(release.lab, limit=60)),
        Cell(text=voice.on(release.released_on), style="quiet"),
        Cell(
            span=_AXIS.span(rating.score_low, rating.score_high),
            at=_AXIS.at(rating.score),
            tone=-1,
        ),
        Cell(text=voice.number(rating.score, ".1f"), note=band, style="strong"),
    )


def _why(release: ModelRelease, rating: ThreatRating, voice: Voice) -> Item:
    parts = (
        voice.pair(voice.label(name), voice.number(part, "+.1f"))
        for name, part in rating.channels.items()
    )
    return Item(
        title=clean(release.model, limit=60),
        about=voice.say("Threat {score} of 100", score=voice.number(rating.score, "int")),
        text=voice.tell(rating.reasons, limit=1_200),
        detail=" · ".join(parts),
    )
