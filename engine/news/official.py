"""Rules, notices and filings as events: what the regulator and the issuer publish themselves.

Read from the facts ``rule``, ``rule_inspection`` and ``filing`` by rule, not by the classifier,
which knows the words of newspapers. A rule of Commerce on advanced chips is a step of export policy
with its effective date; its sense is said by its title and abstract, and is 0 where they leave it
open. Proposed rules and notices of other business move nothing. A filing tells that Nvidia spoke,
not what it said: it is shown and has no sense.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType

from engine.clock import NEW_YORK
from engine.record.history import History
from engine.record.readings import FILINGS, INSPECTIONS, RULES, FederalRule, Filing
from engine.values import Direction, Event, Fact, Mood, Stage

FRESH = timedelta(days=7)
"""Older when we first saw it: a list asked for the first time, not news."""

CONFIDENCE = 0.9
"""Of the sense that a title and abstract spell out. Judgement: rules have exceptions."""

_CHIPS = re.compile(
    r"(?i:advanced computing|semiconductor|integrated circuit|supercomput|artificial intelligence|"
    r"accelerator|high[- ]bandwidth memory|\bgpus?\b|\bchips?\b)|\bAI\b|\b[34]A0?90\b"
)
_RELIEF = re.compile(
    r"\bresci(?:nd|ssion)|\brevo(?:ke|cation)\b|\brepeal|\bwithdraw(?:al|s|ing)?\b|"
    r"\bremov(?:e|al|als|es|ing)\b[^.;]{0,60}\b(?:controls?|restrictions?|requirements?|entit)|"
    r"\beas(?:e|es|ing)\b|\brelax|case[- ]by[- ]case|\bsuspen(?:d|sion)\b|"
    r"licen[sc]e exception\b[^.;]{0,40}\b(?:new|expand|add)|\bauthoriz(?:e|es|ing) exports?\b",
    re.IGNORECASE,
)
_RESTRICTION = re.compile(
    r"additional (?:export )?(?:controls?|due diligence|licen[sc])|\bcontrols? (?:on|for|of)\b|"
    r"\bimplementation of additional\b|\badditions?\b[^.;]{0,60}\bentity list|entity list\b|"
    r"\brestrict|\bprohibit|presumption of denial|direct product rule|"
    r"\bframework for artificial intelligence diffusion|licen[sc]e requirement|"
    r"\b(?:expand|tighten|strengthen|impos)(?:s|es|ed|ing)?\b",
    re.IGNORECASE,
)
_EXPORT_AGENCIES = frozenset({"industry-and-security-bureau", "commerce-department"})
_ITEMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "2.02": ("nvidia_earnings", "results of operations"),
        "2.05": ("other", "costs of exit or disposal"),
        "2.06": ("nvidia_earnings", "material impairments"),
        "1.01": ("other", "a material agreement"),
        "1.02": ("other", "end of a material agreement"),
        "7.01": ("other", "Regulation FD disclosure"),
        "8.01": ("other", "other events"),
    }
)
"""Items of form 8-K that are events, by the SEC's numbering: type and name."""
_REPORTS: Mapping[str, str] = MappingProxyType({"10-Q": "quarterly", "10-K": "annual"})


def documents(history: History, at: datetime) -> list[tuple[Fact, FederalRule | Filing]]:
    """Every version of every document known by ``at``."""
    rules, laid_out = history.told(RULES, at), history.told(INSPECTIONS, at)
    return [*rules, *laid_out, *history.told(FILINGS, at)]


def official(facts: Iterable[tuple[Fact, FederalRule | Filing]]) -> tuple[Event, ...]:
    """The events that ``documents`` tell, in their order."""
    told = (_filing(f, read) if isinstance(read, Filing) else _rule(f, read) for f, read in facts)
    return tuple(event for event in told if event is not None)


def is_ours(rule: FederalRule) -> bool:
    """Whether it is a rule of Commerce on advanced chips."""
    ours = _EXPORT_AGENCIES & frozenset(rule.agencies)
    return bool(ours and _CHIPS.search(f"{rule.title} {rule.abstract}"))


def sense_of(title: str, abstract: str) -> Direction:
    """+1 relief, -1 restriction, 0 where the words leave it open or say both.

    The title decides where it says one thing; the abstract is asked only where it does not.
    """
    for text in (title, abstract):
        eased, tightened = _RELIEF.search(text), _RESTRICTION.search(text)
        if eased and (not tightened or eased.start() < tightened.start()):
            return 1
        if tightened:
            return -1
    return 0


def _rule(fact: Fact, rule: FederalRule) -> Event | None:
    if not is_ours(rule) or rule.known_at - rule.occurred_at > FRESH:
        return None
    sense = sense_of(rule.title, rule.abstract)
    seen_on = rule.known_at.astimezone(NEW_YORK).date()
    starts = rule.effective_on
    return _event(
        fact,
        key=rule.document_number or fact.key,
        url=rule.url,
        event_type="export_relief" if sense > 0 else "export_restriction",
        actor="US government",
        direction=sense,
        stage=Stage.EFFECTIVE if starts and starts <= seen_on else Stage.ANNOUNCED,
        headline=rule.title,
        mood=Mood.PROPOSAL if "propos" in rule.type.lower() else Mood.FACT,
        about=f"{rule.title} {rule.abstract}",
    )


def _filing(fact: Fact, filing: Filing) -> Event | None:
    form = filing.form.removesuffix("/A")
    if filing.known_at - filing.occurred_at > FRESH:
        return None
    found = [_ITEMS[item] for item in filing.items if item in _ITEMS]
    if form == "8-K" and found:
        kind = next((k for k, _ in found if k != "other"), "other")
        said = ", ".join(dict.fromkeys(name for _, name in found))
        headline = f"Nvidia files form 8-K: {said}"
    elif form in _REPORTS:
        kind, headline = "nvidia_earnings", f"Nvidia files its {_REPORTS[form]} report ({form})"
    else:
        return None
    return _event(
        fact,
        key=fact.key,
        url=filing.url,
        event_type=kind,
        actor="Nvidia",
        direction=0,
        stage=Stage.ANNOUNCED,
        headline=headline,
        mood=Mood.FACT,
        about="",
    )


def _event(
    fact: Fact,
    *,
    key: str,
    url: str,
    event_type: str,
    actor: str,
    direction: Direction,
    stage: Stage,
    headline: str,
    mood: Mood,
    about: str,
) -> Event:
    from engine.news.tellings import objects, tokens  # its word lists are for news, not for rules

    return Event(
        event_id=sha256(f"official\x1f{key}".encode()).hexdigest()[:16],
        event_type=event_type,
        actor=actor,
        direction=direction,
        stage=stage,
        confidence=CONFIDENCE,
        occurred_at=fact.occurred_at,
        known_at=fact.known_at,
        headline=headline,
        source=fact.source,
        classifier="official document, by rule",
        url=url,
        owners=(fact.source,),
        grade="A",
        mood=mood,
        objects=tuple(sorted(objects(tokens(about)))),
    )
