"""Words that several sections share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.report.blocks import ListItem
from engine.report.typography import clean
from engine.values import Evidence, Observed, Verdict

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import Report

LOW_CONFIDENCE, HIGH_CONFIDENCE = 0.5, 0.75
"""Where confidence starts to be called moderate and high: a convention."""


def verdict_word(verdict: Verdict, voice: Speaker) -> str:
    """HOLD and SELL as the reader says them."""
    if verdict == "SELL":
        return voice.pgettext("verdict", "SELL")
    return voice.pgettext("verdict", "HOLD")


def stance_word(stance: str, voice: Speaker) -> str:
    """HOLD, REDUCE or SELL as the reader says them."""
    if stance == "REDUCE":
        return voice.pgettext("verdict", "REDUCE")
    return verdict_word("SELL" if stance == "SELL" else "HOLD", voice)


def other_word(verdict: Verdict, voice: Speaker) -> str:
    """The verdict that was not given."""
    return verdict_word("HOLD" if verdict == "SELL" else "SELL", voice)


def confidence_word(confidence: float | None, voice: Speaker) -> str:
    """How sure, in words."""
    _ = voice.say
    if confidence is None:
        return _("confidence not stated")
    if confidence >= HIGH_CONFIDENCE:
        return _("high confidence")
    return _("moderate confidence") if confidence >= LOW_CONFIDENCE else _("low confidence")


def by_unit(value: float | None, unit: str, voice: Speaker) -> str:
    """A number with the unit that the engine names."""
    kinds = {"%": "pct1", "pct": "pct1", "bp": "+bps", "bps": "+bps", "": ".2f"}
    kinds |= {"USD": "usd2", "USD tn": "usdtn2", "USD bn": "usdbn1"}
    if unit in kinds:
        return voice.number(value, kinds[unit])
    return f"{voice.number(value, 'sig3')} {clean(unit, limit=24)}"


def reason(evidence: Evidence, voice: Speaker, *, claim: bool = False) -> ListItem:
    """One sentence of evidence, tagged when it is weak or not observed."""
    _ = voice.say
    tag = ""
    if evidence.observed is not Observed.PRESENT:
        tag = voice.label(evidence.observed.value)
    elif claim:
        tag = _("claim, low confidence")
    elif evidence.confidence is not None and evidence.confidence < LOW_CONFIDENCE:
        tag = _("low confidence")
    return ListItem(
        text=ended(voice.tell(evidence.text)), tag=tag, source=clean(evidence.source, limit=120)
    )


def ended(sentence: str) -> str:
    """``sentence`` with a full stop unless it has its own end."""
    return sentence if not sentence or sentence[-1] in ".!?…:;" else sentence + "."


MOST_HEADLINE = 300
UNSOURCED = "general knowledge"
"""What the curated tables write where nobody is on record."""


def quoted(headline: str, voice: Speaker) -> str:
    """A headline as its paper wrote it; in a report of another language between quotation marks."""
    return voice.quote(headline, limit=MOST_HEADLINE)


def actors(names: str, voice: Speaker) -> str:
    """Who acted, " / " between several; names stay, descriptions are translated."""
    return " / ".join(voice.tell(name, limit=80) for name in names.split(" / "))


def source_of(source: str, voice: Speaker, *, limit: int) -> str:
    """Who told it; what nobody is on record for says so."""
    told = clean(source, limit=limit)
    if not told.startswith(UNSOURCED):
        return told
    return voice.say("no source on record") + told.removeprefix(UNSOURCED)


def verdict_code(report: Report) -> str:
    """HOLD or SELL, UNKNOWN where the evidence cannot say, PAST where it decides nothing today."""
    if not report.for_today:
        return "PAST"
    return report.decision.verdict if report.decision.known else "UNKNOWN"
