"""Our view: three sentences in words, built from the numbers of the decision and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block, Note
from engine.report.i18n import Said
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.sections.risk import FALL_TOLD
from engine.report.words import verdict_word

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import Report
    from engine.values import Contribution, Decision

BALANCED, SLIGHT, PLAIN = 0.02, 0.10, 0.30
"""Scores up to which the evidence is called balanced, slight and plain: a convention. Presets sell
between -0.15 and -0.35."""
TOLD = 0.005
"""A part below this is shown as 0.00 and is no argument."""
NEAR = 0.03
"""Chances so close are called about the same: the forecast's own error is of this size."""


class View(Section):
    """After the verdict: why, what may happen, what is done about it."""

    name, order, title = "view", 2, N_("Our view")

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """One paragraph of three sentences."""
        yield Note(text=" ".join(sentences(report, voice)))

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """The sentences."""
        return {self.name: [str(text) for text in sentences(report, voice)]}


def sentences(report: Report, voice: Speaker) -> tuple[str, str, str]:
    """The evidence, the risk, and what follows from both."""
    d = report.decision
    return _evidence(d, voice), _risk(report, voice), _so(d, voice)


def _evidence(d: Decision, voice: Speaker) -> str:
    _ = voice.say
    if not d.known:
        return _(
            "Only {share:share0} of what weighs is observed: the evidence cannot say.",
            share=d.coverage,
        )
    lean = _lean(d.score, voice)
    heard = [c for c in d.contributions if abs(c.contribution) >= TOLD]
    pro = max(heard, key=lambda c: c.contribution, default=None)
    con = min(heard, key=lambda c: c.contribution, default=None)
    names = {"lean": lean, "pro": _name(pro, voice), "con": _name(con, voice)}
    for_it = pro is not None and pro.contribution > 0
    against = con is not None and con.contribution < 0
    if for_it and against:
        return _("{lean}: {con} weighs most against it, {pro} most for it.", **names)
    if against:
        return _("{lean}: {con} weighs most against it, and nothing for it.", **names)
    if for_it:
        return _("{lean}: {pro} weighs most for it, and nothing against it.", **names)
    return _("{lean}: no voice weighs.", lean=lean)


def _name(part: Contribution | None, voice: Speaker) -> str:
    return "" if part is None else voice.label(part.name)


def _lean(score: float, voice: Speaker) -> str:
    """Which way the score points, in words, the score with it."""
    _ = voice.say
    told = {"score": score}
    size = abs(score)
    if size < BALANCED:
        return _("The evidence on NVDA is balanced (score {score:+.2f})", **told)
    if score > 0:
        if size < SLIGHT:
            return _("The evidence speaks slightly for NVDA (score {score:+.2f})", **told)
        if size < PLAIN:
            return _("The evidence speaks for NVDA (score {score:+.2f})", **told)
        return _("The evidence speaks strongly for NVDA (score {score:+.2f})", **told)
    if size < SLIGHT:
        return _("The evidence speaks slightly against NVDA (score {score:+.2f})", **told)
    if size < PLAIN:
        return _("The evidence speaks against NVDA (score {score:+.2f})", **told)
    return _("The evidence speaks strongly against NVDA (score {score:+.2f})", **told)


def _risk(report: Report, voice: Speaker) -> str:
    _, d = voice.say, report.decision
    fall = next((c for c in d.chances if c.event == "fall" and c.fall_pct == FALL_TOLD), None)
    if fall is None or report.stale:
        return _("Without a current price nothing is said of the weeks ahead.")
    told = {
        "fall": FALL_TOLD, "n": fall.within_sessions, "chance": fall.chance, "base": fall.base,
    }  # fmt: skip
    if abs(fall.chance - fall.base) < NEAR:
        return _(
            "A fall of {fall:pct0} within {n:int} sessions is about as likely as ever: "
            "{chance:share0}.",
            **told,
        )
    if fall.chance > fall.base:
        return _(
            "A fall of {fall:pct0} within {n:int} sessions is likelier than usual: "
            "{chance:share0} against {base:share0}.",
            **told,
        )
    return _(
        "A fall of {fall:pct0} within {n:int} sessions is less likely than usual: {chance:share0} "
        "against {base:share0}.",
        **told,
    )


def _so(d: Decision, voice: Speaker) -> str:
    """What the rules make of it; says what the verdict says."""
    _ = voice.say
    told = {"share": d.target_weight, "exit": d.exit_below, "enter": d.enter_above}
    if not d.known:
        word = verdict_word(d.verdict, voice)
        return _("So the last word, {word}, stands.", word=Said(word))
    if d.verdict == "SELL":
        if d.risk is not None and d.risk.sells:
            return _("So the rules sell, on risk alone, and keep {share:share0}.", **told)
        return _(
            "So the rules sell, keep {share:share0}, and come back above {enter:+.2f}.", **told
        )
    if d.margin < 0:
        return _(
            "So the rules would sell, and still keep {share:share0}: too little time has passed "
            "since the last change.",
            **told,
        )
    if d.target_weight < 1:
        return _("So the rules keep {share:share0}, and would sell below {exit:+.2f}.", **told)
    return _("So the rules keep all of it, and would sell below {exit:+.2f}.", **told)
