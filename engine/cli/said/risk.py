"""``nvsignal risk`` in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.cli.said import told
from engine.report.blocks import Block, Note, plain_table
from engine.report.typography import clean
from engine.service.basis import foresight

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.service.risks import RiskScore


def text_of(found: Sequence[RiskScore], voice: Speaker) -> str:
    """Chances of falls, then how often the interval held; 80 columns."""
    _ = voice.say
    first = found[0]
    scored = _(
        "Scored walk-forward, {first:date} to {last:date}.",
        first=first.first_on, last=first.last_on,
    )  # fmt: skip
    held = [d.coverage for stock in found for _horizon, d in stock.distributions]
    pooled = _(
        "Pooled: the 90% interval held {share:share1} of the time.", share=sum(held) / len(held)
    )
    none = _("A skill whose interval holds zero is not told from the base rate.")
    falls = _("Chance of a fall within 21 sessions against the expanding base rate")
    seen = foresight(first.first_on, first.last_on)
    notes = [Note(text=voice.tell(note), style="quiet") for note in seen]
    return told(
        voice,
        ("", [Note(text=scored, style="lead")]),
        (falls, [_falls(found, voice), Note(text=none, style="quiet")]),
        (_("What came of what was said of {stock}", stock=first.symbol), [_bins(first, voice)]),
        (_("The 90% interval"), [_spread(found, voice), Note(text=pooled), *notes]),
    )


def _falls(found: Sequence[RiskScore], voice: Speaker) -> Block:
    _ = voice.say
    heads = (
        _("stock"), _("fall"), _("came"), _("said"), _("skill"), _("90% interval"),
        _("model"), _("weight, mean"), _("now"),
    )  # fmt: skip
    rows = []
    for stock in found:
        for fall in stock.falls:
            s = fall.score
            span = (
                "–"
                if s.low is None or s.high is None
                else _("{low:+.3f} to {high:+.3f}", low=s.low, high=s.high)
            )
            shares = (voice.number(x, "share1") for x in (s.rate, s.said))
            skills = (voice.number(s.skill, "+.3f"), span, voice.number(s.of_model, "+.3f"))
            weights = (voice.number(x, ".2f") for x in (s.weight, s.weight_now))
            size = voice.number(fall.fall_pct, "pct0")
            rows.append([clean(stock.symbol, limit=8), size, *shares, *skills, *weights])
    return plain_table(heads, rows)


def _bins(stock: RiskScore, voice: Speaker) -> Block:
    """A reliability table: the mean chance said, the share that came, on how many sessions."""
    _ = voice.say
    rows = [
        [
            voice.number(fall.fall_pct, "pct0"),
            *(voice.number(x, "share1") for x in (told.said, told.came)),
            voice.number(told.n, "int"),
        ]
        for fall in stock.falls
        for told in fall.score.table
    ]
    return plain_table((_("fall"), _("said"), _("came"), _("sessions")), rows)


def _spread(found: Sequence[RiskScore], voice: Speaker) -> Block:
    _ = voice.say
    heads = (
        _("stock"), _("sessions"), _("held"), _("below"), _("above"), "CRPS", _("of the past"),
        _("skill"),
    )  # fmt: skip
    rows = [
        [
            clean(stock.symbol, limit=8),
            voice.number(horizon, "int"),
            *(voice.number(x, "share1") for x in (d.coverage, d.below, d.above)),
            *(voice.number(x, ".4f") for x in (d.crps, d.crps_of_base)),
            voice.number(d.skill, "+.3f"),
        ]
        for stock in found
        for horizon, d in stock.distributions
    ]
    return plain_table(heads, rows)
