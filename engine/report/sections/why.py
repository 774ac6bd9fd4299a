"""Why: each voice's part of the score, with its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block, Note, Waterfall, WaterfallStep
from engine.report.charts import waterfall
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.words import other_word, reason
from engine.values import Observed

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import Report
    from engine.values import Contribution, Decision

WORTH_SAYING = 0.0005
"""Half a point of the third decimal, which is what is shown."""


class Why(Section):
    """The waterfall."""

    name, order, title = "why", 10, N_("Why")

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """The bars, the decision's own notes; ``view`` says what weighs most before them."""
        yield steps_of(report.decision, voice)
        if report.decision.worth_pct is not None:
            yield Note(text=_worth(report.decision.worth_pct, voice), style="quiet")
        for note in report.decision.notes:
            yield Note(text=voice.tell(note))

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """Nothing of its own: the decision carries its contributions."""
        return {}


def _worth(worth_pct: float, voice: Speaker) -> str:
    """The slope of the score, shrunk by its own uncertainty, times today's score."""
    return voice.say(
        "What the evidence has proved to be worth in return so far: {worth:+pct1} over 21 "
        "sessions.",
        worth=worth_pct,
    )


def steps_of(decision: Decision, voice: Speaker) -> Waterfall:
    """The parts of the score from the strongest to the weakest, those not observed last."""
    _ = voice.say
    parts = sorted(
        decision.contributions, key=lambda c: (c.value is None, -abs(c.contribution), c.name)
    )
    line = decision.exit_below if decision.verdict == "HOLD" else decision.enter_above
    shape = waterfall(parts, also=(line,))
    bars = tuple(
        WaterfallStep(
            label=voice.label(part.name),
            value=part.contribution,
            shown=_contribution(part, voice),
            working=_working(part, voice),
            observed=part.value is not None,
            span=span,
            reasons=tuple(reason(e, voice) for e in part.evidence if part.value is not None),
        )
        for part, span in zip(parts, shape.steps, strict=True)
    )
    total = WaterfallStep(
        label=_("Score"),
        value=decision.score,
        shown=voice.number(decision.score, "+.3f"),
        working="",
        observed=True,
        span=shape.total,
    )
    return Waterfall(
        bars=bars,
        zero=shape.zero,
        limit=shape.axis.at(line),
        limit_label=_(
            "{other} line {line:+.2f}", other=other_word(decision.verdict, voice), line=line
        ),
        total=total,
        heads=(_("input"), _("contribution"), _("working"), _("evidence")),
        key=(_("for holding"), _("for selling"), _("not observed")),
    )


def _contribution(part: Contribution, voice: Speaker) -> str:
    if part.value is None:
        return voice.label(Observed.NOT_OBSERVED.value)
    return voice.number(part.contribution, "+.3f")


def _working(part: Contribution, voice: Speaker) -> str:
    if part.value is None:
        return voice.say("not observed; up to {weight:.2f} either way", weight=part.weight)
    moved = None if part.previous is None else part.contribution - part.previous
    if moved is None or abs(moved) < WORTH_SAYING:
        return voice.say(
            "weight {weight:share0} × {value:+.2f}", weight=part.weight, value=part.value
        )
    return voice.say(
        "weight {weight:share0} × {value:+.2f}; {moved:+.3f} since the session before",
        weight=part.weight,
        value=part.value,
        moved=moved,
    )
