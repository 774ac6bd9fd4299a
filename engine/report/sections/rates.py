"""Rates: what is priced for the next Fed meetings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block, Cell, Column, Details, Note, Table
from engine.report.charts import AxisSpan
from engine.report.i18n import Said
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.words import stance_word

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.report.inputs import Inputs
    from engine.shown import MeetingScore, Report
    from engine.values import RateExpectation, RateOutcome

UNKNOWN = frozenset({"unknown", "none"})
"""Rungs of the ladder that name no source."""


class Rates(Section):
    """One table for each meeting that has odds, one sentence for a path without them."""

    name, order, title = "rates", 40, N_("Rates")

    def gather(self, inputs: Inputs) -> Any:
        """What the next meeting does to the score."""
        return inputs.meeting or None

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """Meetings in order."""
        told = [tuple(_meeting(rate, voice)) for rate in report.rates]
        yield from chain.from_iterable(told[:1])
        yield from _then(report.parts.get(self.name) or (), voice)
        later = tuple(chain.from_iterable(told[1:]))
        if later:
            yield Details(title=voice.say("The meetings after it"), blocks=later)

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """Meetings with their outcomes."""
        return {"rates": report.rates, "next_meeting": report.parts.get(self.name) or ()}


def _then(outcomes: Sequence[MeetingScore], voice: Speaker) -> Iterable[Note]:
    """One line: what the two likeliest outcomes make of score and verdict."""
    if len(outcomes) != 2:
        return
    first, other = (
        voice.say(
            "after {change} the score is {score:+.2f} ({verdict})",
            change=voice.say("{bps:+bps}", bps=o.change_bps)
            if o.change_bps
            else voice.say("an unchanged rate"),
            score=o.score,
            verdict=Said(stance_word(o.after, voice)),
        )
        for o in outcomes
    )
    yield Note(text=voice.say("All else unchanged, {first}, {other}.", first=first, other=other))


def _change_told(bps: float, voice: Speaker) -> str:
    return voice.say("{bps:+bps}", bps=bps) if bps else voice.say("no change")


def _meeting(rate: RateExpectation, voice: Speaker) -> Iterable[Block]:
    _ = voice.say
    title = (
        _("Path of the policy rate")
        if rate.meeting_on is None
        else _("Fed meeting of {on:date}", on=rate.meeting_on)
    )
    expected = (
        _("expected change not observed")
        if rate.expected_change_bps is None
        else _("expected change {bps:+bps}", bps=rate.expected_change_bps)
    )
    said = f"{title} · {expected}"
    if rate.rung not in UNKNOWN:
        said = f"{said} ({voice.label(rate.rung)})"
    if rate.outcomes:
        likeliest = max(o.probability for o in rate.outcomes)
        yield Table(
            title=said,
            columns=(
                Column(head=_("change")),
                Column(bar=True),
                Column(head=_("probability"), number=True),
            ),
            rows=tuple(_odds(o, likeliest, voice) for o in rate.outcomes),
        )
    else:
        yield Note(text=said)
    if rate.note:
        yield Note(text=voice.tell(rate.note), style="quiet")


def _odds(outcome: RateOutcome, likeliest: float, voice: Speaker) -> tuple[Cell, ...]:
    _ = voice.say
    change = outcome.change_bps
    low, high = (bps / 100 for bps in outcome.range_bps)
    weight = "strong" if outcome.probability == likeliest else ""
    return (
        Cell(
            text=_change_told(change, voice),
            note=_("{low:.2f}–{high:pct2}", low=low, high=high),
            style=weight,  # type: ignore[arg-type]
        ),
        Cell(span=AxisSpan(left=0, width=round(100 * outcome.probability, 3))),
        Cell(text=voice.number(outcome.probability, "share1"), style=weight),  # type: ignore[arg-type]
    )
