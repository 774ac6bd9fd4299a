"""Risk: what may happen in the coming weeks, what the words allow, what being wrong costs.

Every chance here is of something that will be seen, and stands beside how often it has come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block, Cell, Column, Details, Line, Lines, Note, Table
from engine.report.labels import N_
from engine.report.section import Section

if TYPE_CHECKING:
    from engine.decision.options import OptionOutlook
    from engine.report.i18n import Speaker
    from engine.report.inputs import Inputs
    from engine.shown import Report
    from engine.values import FallSkill, RiskView, StatedChance


FALL_TOLD = 10.0
"""The fall whose chance stands for all, %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What stands beside the forecast. skill: None with too little scored; options: may be ()."""

    skill: FallSkill | None
    options: tuple[OptionOutlook, ...]


class Risk(Section):
    """The forecast, the words, the cost of being wrong: after the verdict, before its reasons."""

    name, order, title = "risk", 5, N_("Risk")

    def gather(self, inputs: Inputs) -> Beside:
        """The forecast's own record, and what option chains on record say."""
        return Beside(skill=inputs.fall_skill, options=inputs.standing.options)

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """What the words allow, then chances, then the distribution."""
        risk = report.decision.risk
        if risk is None or report.stale:
            yield Note(
                text=voice.say("No current price is known: nothing is said of the weeks ahead.")
            )
            return
        yield Note(text=_allowed(risk, voice), style="lead")
        yield Details(
            title=voice.say("Chances of a fall, and what being wrong costs"),
            blocks=tuple(_figures(report, risk, voice)),
        )

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """The view, the chances, their record, and what options say."""
        beside: Beside | None = report.parts.get(self.name)
        return {
            "risk": report.decision.risk,
            "chances": report.decision.chances,
            "fall_skill": beside.skill if beside else None,
            "options": beside.options if beside else (),
        }


def _figures(report: Report, risk: RiskView, voice: Speaker) -> Iterable[Block]:
    falls = [c for c in report.decision.chances if c.event == "fall"]
    if falls:
        yield _chances(falls, voice)
    beside: Beside | None = report.parts.get(Risk.name)
    if beside is not None and beside.skill is not None:
        yield Note(text=_record(beside.skill, voice), style="quiet")
    if beside is not None and beside.options:
        yield _priced(beside.options, voice)
    yield _distribution(risk, voice)
    yield from _wrong(risk, voice)
    if risk.tax_rate_pct == 0:
        yield Note(
            text=voice.say(
                "No tax is counted in the share to keep: it is yours to enter (tax_rate_pct under "
                "[risk] in the rules)."
            ),
            style="quiet",
        )
    yield from _half(report, falls, risk, voice)


def _allowed(risk: RiskView, voice: Speaker) -> str:
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


def _chances(falls: list[StatedChance], voice: Speaker) -> Table:
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


def _record(found: FallSkill, voice: Speaker) -> str:
    """What the forecast has proved against the base rate, in words that follow the interval."""
    _ = voice.say
    told = {
        "fall": found.fall_pct,
        "n": found.scored,
        "skill": voice.number(found.skill, "+.3f"),
        "low": voice.number(found.low, "+.3f"),
        "high": voice.number(found.high, "+.3f"),
    }
    if found.low > 0.0:
        return _(
            "On {n:int} days scored, the chance of a fall of {fall:pct0} was better than the base "
            "rate: Brier skill {skill}, nine times in ten {low} to {high}.",
            **told,
        )
    if found.high < 0.0:
        return _(
            "On {n:int} days scored, the chance of a fall of {fall:pct0} was worse than the base "
            "rate: Brier skill {skill}, nine times in ten {low} to {high}.",
            **told,
        )
    return _(
        "On {n:int} days scored, the chance of a fall of {fall:pct0} was hardly better than the "
        "base rate: Brier skill {skill}, nine times in ten {low} to {high}, which holds zero.",
        **told,
    )


def _priced(options: tuple[OptionOutlook, ...], voice: Speaker) -> Table:
    """One row a chain: what the market pays for, beside our own chances; not our forecast."""
    _ = voice.say
    falls = [f.fall_pct for f in options[0].falls]
    heads = (
        *(_("priced chance of {fall:pct0} lower", fall=fall) for fall in falls),
        _("move expected by then"),
        _("put, a month"),
        _("collar, a month"),
    )

    def cells(told: OptionOutlook) -> Iterable[Cell]:
        yield Cell(text=told.symbol, note=voice.on(told.expires_on))
        for fall in told.falls:
            yield Cell(text=voice.number(fall.chance, "share0"), style="strong")
        yield Cell(text=voice.number(told.expected_move_pct, "pct1"))
        for cost in (told.put_cost_pct, told.collar_cost_pct):
            yield Cell(text=voice.number(cost, "pct2"), style="quiet")

    return Table(
        title=_("As options price it, on the day of expiry"),
        columns=(Column(head=_("expiry")), *(Column(head=h, number=True) for h in heads)),
        rows=tuple(tuple(cells(told)) for told in options),
    )


def _distribution(risk: RiskView, voice: Speaker) -> Lines:
    _ = voice.say
    own = (risk.within_sessions, risk.low_pct, risk.high_pct)
    spans = sorted([own, *((s.within_sessions, s.low_pct, s.high_pct) for s in risk.spans)])
    return Lines(
        depth="full",
        lines=(
            Line(
                label=_("Volatility expected, a year"),
                value=voice.number(risk.volatility_pct, "pct0"),
            ),
            *(
                Line(
                    label=_("Nine times in ten, in {n:int} sessions", n=n),
                    value=_("{low:+pct1} to {high:+pct1}", low=low, high=high),
                )
                for n, low, high in spans
            ),
            Line(
                label=_("Mean of the worst twentieth"),
                value=voice.number(risk.shortfall_pct, "+pct1"),
            ),
        ),
    )


def _wrong(risk: RiskView, voice: Speaker) -> Iterable[Note]:
    """Both ways of being wrong, for a share."""
    _ = voice.say
    usd = risk.last_close_usd
    if usd is None:
        return
    yield Note(
        text=_(
            "SELL and wrong: where it rises, half of the outcomes miss more than {up:pct1}, "
            "{gain:usd2} a share. HOLD and wrong: where it falls, half lose more than {down:pct1}, "
            "{loss:usd2} a share; the worst twentieth lose {worst:pct1} on average.",
            up=risk.up_pct,
            gain=usd * risk.up_pct / 100.0,
            down=abs(risk.down_pct),
            loss=-usd * risk.down_pct / 100.0,
            worst=abs(risk.shortfall_pct),
        )
    )


def _half(
    report: Report, falls: list[StatedChance], risk: RiskView, voice: Speaker
) -> Iterable[Note]:
    """What half would do to risk and to money: a loss of the holding asks for twice the fall."""
    chances = {fall.fall_pct: fall.chance for fall in falls}
    whole, half = chances.get(FALL_TOLD), chances.get(2 * FALL_TOLD)
    if report.decision.target_weight <= 0.5 or whole is None or half is None:
        return
    told = {"loss": FALL_TOLD, "whole": whole, "half": half, "up": risk.up_pct / 2}
    does = voice.say(
        "Why not half: it would take the chance of losing {loss:pct0} of the holding from "
        "{whole:share0} to {half:share0}, and give up half of any rise, {up:pct1} in the middle "
        "of those.",
        **told,
    )
    allowed = risk.allowed_share
    why = (
        voice.say("No limit asks for it.")
        if allowed is None
        else voice.say("Your words on risk allow {share:share0}.", share=allowed)
    )
    yield Note(text=f"{does} {why}")
