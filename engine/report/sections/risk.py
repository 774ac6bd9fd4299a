"""Risk: what may happen in the coming weeks, what the words allow, what being wrong costs.

Every chance here is of something that will be seen, and stands beside how often it has come.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block, Cell, Column, Fold, Line, Lines, Note, Table
from engine.report.labels import N_
from engine.report.section import Section

if TYPE_CHECKING:
    from engine.report.i18n import Voice
    from engine.shown import Report
    from engine.values import RiskView, StatedChance


class Risk(Section):
    """The forecast, the words, the cost of being wrong."""

    name, order, title = "risk", 12, N_("Risk")

    def blocks(self, report: Report, voice: Voice) -> Iterable[Block]:
        """What the words allow, then chances, then the distribution."""
        risk = report.decision.risk
        if risk is None or report.stale:
            yield Note(
                text=voice.say("No current price is known: nothing is said of the weeks ahead.")
            )
            return
        yield Note(text=_allowed(risk, voice), style="lead")
        yield Fold(
            title=voice.say("Chances of a fall, and what being wrong costs"),
            blocks=tuple(_figures(report, risk, voice)),
        )

    def data(self, report: Report, voice: Voice) -> dict[str, Any]:
        """The view and the chances."""
        return {"risk": report.decision.risk, "chances": report.decision.chances}


def _figures(report: Report, risk: RiskView, voice: Voice) -> Iterable[Block]:
    falls = [c for c in report.decision.chances if c.event == "fall"]
    if falls:
        yield _chances(falls, voice)
    yield _distribution(risk, voice)
    yield from _wrong(risk, voice)


def _allowed(risk: RiskView, voice: Voice) -> str:
    _ = voice.say
    if risk.bear_fall_pct is None or risk.allowed_share is None:
        return _("No limit is set: the whole holding is kept whatever prices do.")
    words = {
        "fall": risk.bear_fall_pct,
        "chance": risk.with_chance_pct,
        "n": risk.bear_within_sessions,
        "share": risk.allowed_share,
    }
    if risk.sells:
        return _(
            "Your words (a fall of {fall:pct0} of the holding within {n:int} sessions, with a "
            "chance of {chance:pct0}) allow {share:share0} of it: less than you asked to stay for.",
            **words,
        )
    return _(
        "Your words (a fall of {fall:pct0} of the holding within {n:int} sessions, with a chance "
        "of {chance:pct0}) allow {share:share0} of it.",
        **words,
    )


def _chances(falls: list[StatedChance], voice: Voice) -> Table:
    _ = voice.say
    n = falls[0].within_sessions
    return Table(
        columns=(
            Column(head=_("Fall within {n:int} sessions", n=n)),
            Column(head=_("chance"), number=True),
            Column(head=_("so far"), number=True),
            Column(head=_("weight of the forecast"), number=True),
        ),
        rows=tuple(
            (
                Cell(text=voice.number(fall.fall_pct, "pct0")),
                Cell(text=voice.number(fall.chance, "share0"), style="strong"),
                Cell(text=voice.number(fall.base, "share0"), style="quiet"),
                Cell(text=voice.number(fall.weight, "share0"), style="quiet"),
            )
            for fall in falls
        ),
    )


def _distribution(risk: RiskView, voice: Voice) -> Lines:
    _ = voice.say
    span = _(
        "{low:+pct1} to {high:+pct1}",
        low=risk.low_pct,
        high=risk.high_pct,
    )
    return Lines(
        depth="full",
        lines=(
            Line(
                label=_("Volatility expected, a year"),
                value=voice.number(risk.volatility_pct, "pct0"),
            ),
            Line(
                label=_("Nine times in ten, in {n:int} sessions", n=risk.within_sessions),
                value=span,
            ),
            Line(
                label=_("Mean of the worst twentieth"),
                value=voice.number(risk.shortfall_pct, "+pct1"),
            ),
        ),
    )


def _wrong(risk: RiskView, voice: Voice) -> Iterable[Note]:
    """Both ways of being wrong, for a share."""
    _ = voice.say
    usd = risk.last_close_usd
    if usd is None:
        return
    yield Note(
        text=_(
            "SELL and wrong: where it rises, half of the outcomes miss more than {up:+pct1}, "
            "{gain:usd2} a share. HOLD and wrong: where it falls, half lose more than {down:pct1}, "
            "{loss:usd2} a share; the worst twentieth {worst:pct1} on average.",
            up=risk.up_pct,
            gain=usd * risk.up_pct / 100.0,
            down=risk.down_pct,
            loss=-usd * risk.down_pct / 100.0,
            worst=risk.shortfall_pct,
        )
    )
