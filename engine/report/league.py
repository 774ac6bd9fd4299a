"""The league of releases as a page of blocks: scores with their intervals, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from engine.report.blocks import Cell, Column, ItemList, ListItem, Note, Page, Part, Table
from engine.report.charts import Axis
from engine.report.i18n import Said
from engine.report.typography import clean

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.values import ModelRelease, ThreatRating

SHOWN = 20
SLIGHT = 0.5
"""Points below which a release has no reason worth reading."""
_AXIS = Axis(low=-100, high=100)
"""All that a score can be: no interval is cut."""

League = Sequence[tuple["ModelRelease", "ThreatRating"]]


def render(league: League, as_of: datetime, lang: str = "en") -> str:
    """The page as one self-contained HTML file; equal input, equal bytes."""
    from engine.report.forms.html import render_html
    from engine.report.i18n import voice

    return render_html(page_of(league, as_of, voice(lang, minus="\u2212")))


def page_of(league: League, as_of: datetime, voice: Speaker) -> Page:
    """The first ``SHOWN`` of ``league`` in the order given; those that tell with their reasons."""
    _ = voice.say
    said = _(
        "A score of 50 is 2% of Nvidia's gross profit of three years, below 0 (the thin line) is "
        "a gain; the bar is the 5–95% interval. Each release as of its own day."
    )
    top = [pair for pair in league if pair[1].rateable][:SHOWN]
    waiting = [release for release, rating in league if not rating.rateable]
    rated = [pair for pair in top if pair[1].score >= SLIGHT]
    blocks = (
        Note(text=said, style="lead"),
        _table(top, voice) if top else Note(text=_("No release was known by then.")),
    )
    reasons = ItemList(items=tuple(_why(*pair, voice) for pair in rated))
    title = _("Threat of releases known by {on:date}", on=as_of)
    parts = [Part(name="league", title=title, blocks=(*blocks, *_waiting(waiting, voice)))]
    if rated:
        parts.append(Part(name="why", title=_("Why"), blocks=(reasons,)))
    return Page(lang=voice.lang, title=title, code="HOLD", parts=tuple(parts), disclaimer="")


def _waiting(releases: Sequence[ModelRelease], voice: Speaker) -> tuple[Note, ...]:
    """What is seen and cannot be rated yet, in one line."""
    if not releases:
        return ()
    names = ", ".join(clean(r.model, limit=60) for r in releases)
    said = voice.say("Seen, cannot be rated yet (no price, no score): {names}.", names=Said(names))
    return (Note(text=said, style="quiet"),)


def _table(league: League, voice: Speaker) -> Table:
    _ = voice.say
    return Table(
        columns=(
            Column(head=_("Release")),
            Column(bar=True),
            Column(head=_("Score"), number=True),
        ),
        rows=tuple(_row(*pair, voice) for pair in league),
    )


def _row(release: ModelRelease, rating: ThreatRating, voice: Speaker) -> tuple[Cell, ...]:
    band = voice.say("{low:int} to {high:int}", low=rating.score_low, high=rating.score_high)
    about = (clean(release.lab, limit=60), voice.on(release.released_on))
    return (
        Cell(text=clean(release.model, limit=60), note=" · ".join(about)),
        Cell(
            span=_AXIS.span(rating.score_low, rating.score_high),
            at=_AXIS.at(rating.score),
            zero=_AXIS.at(0.0),
            tone=-1,
        ),
        Cell(text=voice.number(rating.score, ".1f"), note=band, style="strong"),
    )


def _why(release: ModelRelease, rating: ThreatRating, voice: Speaker) -> ListItem:
    parts = (
        voice.pair(voice.label(name), voice.number(part, "+.1f"))
        for name, part in rating.channels.items()
    )
    return ListItem(
        title=clean(release.model, limit=60),
        about=voice.say("Threat {score} of 100", score=voice.number(rating.score, "int")),
        text=voice.tell(rating.reasons, limit=1_200),
        detail=" · ".join(parts),
    )
