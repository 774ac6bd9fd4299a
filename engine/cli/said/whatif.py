"""``nvsignal whatif`` in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cli.said import told
from engine.report.blocks import Note
from engine.report.typography import clean
from engine.report.words import stance_word

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.service.wiring import Assessment
    from engine.values import ThreatRating


def text_of(before: Assessment, after: Assessment, rating: ThreatRating, voice: Speaker) -> str:
    """What the release is rated, and the decision without and with it; 80 columns."""
    _, a, b = voice.say, before.decision, after.decision
    head = _(
        "HYPOTHETICAL: {model} as if told on {day:date}",
        model=clean(rating.model, limit=120),
        day=before.world.as_of,
    )
    rated = _(
        "threat {score:int} of 100, 90% interval {low:int} to {high:int}; {share:share1} of a "
        "year's data-centre revenue at risk and {value:usdbn1} of three years' gross profit",
        score=rating.score,
        low=rating.score_low,
        high=rating.score_high,
        share=rating.loss_share,
        value=rating.value_loss_usd_bn,
    )
    without = _(
        "decision without it: {verdict}, score {score:+.3f}",
        verdict=stance_word(a.verdict, voice),
        score=a.score,
    )
    with_it = _(
        "decision with it: {verdict}, score {score:+.3f} (SELL below {line:+.2f})",
        verdict=stance_word(b.verdict, voice),
        score=b.score,
        line=b.exit_below,
    )
    alone = _(
        "Only the release is assumed: no fall of the price and no other news. nvsignal stress lays "
        "these over a morning too."
    )
    lines = (head, rated, "", voice.tell(rating.reasons), "", without, with_it, alone)
    return told(voice, ("", [Note(text=line) for line in lines]))
