"""What ratings said of things that were seen, as a page of blocks with a picture for each.

The picture: of all outcomes, the share that fell at or below each place of its own forecast. An
honest forecaster stays near the diagonal; the soft band is where chance alone leaves one in nine of
ten times (Massart 1990, ``sqrt(ln(2 / 0.1) / 2n)``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.report.blocks import Card, Cell, Chart, Column, Curve, Note, Page, Part, Table, Tick
from engine.report.charts import line_through
from engine.report.labels import N_

if TYPE_CHECKING:
    from engine.report.i18n import Speaker

BY_CHANCE = 0.1
_KEPT_TOGETHER = "\u00a0"
_NAMES = {
    "abnormal return, 1 session": N_("NVDA's abnormal return, 1 session"),
    "abnormal return, 5 sessions": N_("NVDA's abnormal return, 5 sessions"),
    "next guide against consensus": N_("Nvidia's next guide against consensus"),
    "next China line": N_("Nvidia's next line of revenue in China"),
    "next change of a consensus": N_("Next change of a dated consensus"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Forecasts of one quantity together; fields as in ``backtests.observables.Scored``."""

    what: str
    n: int
    crps: float
    crps_of_past: float
    skill: float
    low: float
    high: float
    covered: float
    covered_by_past: float
    places: tuple[float, ...]


def render(quantities: Sequence[Quantity], as_of: datetime, lang: str = "en") -> str:
    """The page as one self-contained HTML file; equal input, equal bytes."""
    from engine.report.forms.html import render_html
    from engine.report.i18n import voice

    return render_html(page_of(quantities, as_of, voice(lang, minus="\u2212")))


def page_of(quantities: Sequence[Quantity], as_of: datetime, voice: Speaker) -> Page:
    """The table of scores, then a picture for each quantity."""
    _ = voice.say
    title = _("What ratings said of things seen, to {on:date}", on=as_of)
    lead = _(
        "Each forecast is the past of the quantity, moved by what the rating says is lost and "
        "widened by its doubt. Skill is what that takes off the error (CRPS) of the past alone; "
        "its interval is drawn in blocks, as the windows of releases overlap."
    )
    scores = Part(
        name="scores",
        title=title,
        blocks=(Note(text=lead, style="lead"), _table(quantities, voice)),
    )
    pictures = Part(
        name="pictures",
        title=_("Where outcomes fell in their forecasts"),
        blocks=tuple(
            Card(title=named(q.what, voice), blocks=(_chart(q, voice),)) for q in quantities
        ),
    )
    parts = (scores, pictures)
    return Page(lang=voice.lang, title=title, code="HOLD", parts=parts, disclaimer="")


def named(what: str, voice: Speaker) -> str:
    """A quantity in the reader's words."""
    return voice.say(_NAMES[what]) if what in _NAMES else voice.tell(what, limit=60)


def _table(quantities: Sequence[Quantity], voice: Speaker) -> Table:
    _ = voice.say
    return Table(
        columns=(
            Column(head=_("Quantity")),
            Column(head=_("CRPS, points"), number=True),
            Column(head=_("skill"), number=True),
        ),
        rows=tuple(_row(q, voice) for q in quantities),
    )


def _row(q: Quantity, voice: Speaker) -> tuple[Cell, ...]:
    _ = voice.say
    tone = (q.low > 0) - (q.high < 0)
    told = voice.count("{n} forecast", "{n} forecasts", n=q.n)
    return (
        Cell(text=named(q.what, voice), note=told.replace(" ", _KEPT_TOGETHER)),
        Cell(
            text=voice.number(q.crps, ".2f"),
            note=_("past {crps:.2f}", crps=q.crps_of_past),
        ),
        Cell(
            text=voice.number(q.skill, "+share1"),
            note=_("{low:+share1} to {high:+share1}", low=q.low, high=q.high),
            tone=tone,
            style="strong",
        ),
    )


def _chart(q: Quantity, voice: Speaker) -> Chart:
    _ = voice.say
    said = _(
        "{within:share0} of {n:int} outcomes fell inside the 90% interval, and {past:share0} "
        "inside that of the past alone; half of them should lie below the middle of their "
        "forecast, and {below:share0} did.",
        within=q.covered,
        past=q.covered_by_past,
        n=q.n,
        below=sum(place <= 0.5 for place in q.places) / q.n,
    )
    chance = math.sqrt(math.log(2 / BY_CHANCE) / (2 * q.n))
    return Chart(
        summary=said,
        curves=(
            Curve(path=_band(chance), style="around", filled=True),
            Curve(path=line_through([(0.0, 0.0), (1.0, 1.0)]), style="bench"),
            Curve(path=line_through(_steps(q.places)), style="own"),
        ),
        levels=tuple(
            Tick(at=100 - 100 * share, label=voice.number(share, "share0"))
            for share in (0.0, 0.5, 1.0)
        ),
        times=tuple(
            Tick(at=100 * place, label=voice.number(place, "share0")) for place in (0.05, 0.5, 0.95)
        ),
        key=(
            ("own", _("share of outcomes at or below a place of the forecast")),
            ("bench", _("honest")),
            ("around", _("by chance, nine times of ten")),
        ),
        spark=tuple(share for _place, share in _steps(q.places)),
    )


def _steps(places: Sequence[float]) -> list[tuple[float, float]]:
    """Corners of the share of ``places`` at or below x, from (0, 0) to (1, 1)."""
    corners = [(0.0, 0.0)]
    for number, place in enumerate(sorted(places), start=1):
        corners += [(place, corners[-1][1]), (place, number / len(places))]
    return [*corners, (1.0, 1.0)]


def _band(half: float) -> str:
    """The diagonal plus and minus ``half``, cut at the frame."""
    reach = min(half, 1.0)
    upper = [(0.0, reach), (1.0 - reach, 1.0), (1.0, 1.0)]
    lower = [(1.0, 1.0 - reach), (reach, 0.0), (0.0, 0.0)]
    return line_through([*upper, *lower]) + "Z"
