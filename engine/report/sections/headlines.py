"""Headlines that weigh: which step of news moves the score, by how much, and on whose word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from engine.decision.events import CURATED
from engine.report.blocks import Block, ListItem, Note
from engine.report.i18n import Said
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.sections.events import folded
from engine.report.typography import safe_url
from engine.report.words import UNSOURCED, actors, quoted, source_of

if TYPE_CHECKING:
    from engine.decision.news_impulses import Weighed
    from engine.report.i18n import Speaker
    from engine.report.inputs import Inputs
    from engine.shown import Report

MOST_SHOWN = 12
FIRST = 1
"""Steps shown before the others are folded."""
POLICY = "policy_impulse_pct"
VOICES = {
    POLICY: "export_policy",
    "domestic_impulse_pct": "fp8_threat",
    "demand_impulse_pct": "demand",
}
"""Impulse -> the strategy that hears it."""


class Headlines(Section):
    """The steps of news behind the voices, the heaviest first."""

    name, order, title = "headlines", 55, N_("Headlines that weigh")
    labels: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "grade_A": N_("told by the source itself"),
            "grade_B": N_("edited press"),
            "grade_C": N_("trade press or site"),
            "grade_hand": N_("checked by hand"),
            "fact": N_("fact"),
        }
    )

    def gather(self, inputs: Inputs) -> tuple[Weighed, ...]:
        """The steps that weigh today."""
        return inputs.weighed

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """One entry a step, or that no news weighs."""
        known: tuple[Weighed, ...] = report.parts.get(self.name, ())
        silent = _silent(report)
        steps = [step for step in known if VOICES.get(step.voice) not in silent]
        unheard = [name for name in dict.fromkeys(VOICES[s.voice] for s in known) if name in silent]
        if unheard:
            names = ", ".join(voice.label(name) for name in unheard)
            text = voice.count(
                "{n} step of news has not faded and weighs nothing now, because it is not observed "
                "what came after it: {names}.",
                "{n} steps of news have not faded and weigh nothing now, because it is not "
                "observed what came after them: {names}.",
                n=len(known) - len(steps),
                names=Said(names),
            )
            yield Note(text=text, style="quiet")
        elif not steps:
            yield Note(text=voice.say("No news weighs in the score."), style="quiet")
            return
        items = tuple(_item(step, voice) for step in steps[:MOST_SHOWN])
        yield from folded(items, FIRST, voice, most=4)

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """What each step moved, what is left of it, and who told it."""
        steps: tuple[Weighed, ...] = report.parts.get(self.name, ())
        return {self.name: [_row(step) for step in steps]}


def _silent(report: Report) -> set[str]:
    """Strategies that were not observed: what they would hear weighs nothing."""
    return {c.name for c in report.decision.contributions if c.value is None}


def _item(step: Weighed, voice: Speaker) -> ListItem:
    event, _ = step.event, voice.say
    by_hand = step.owners == (CURATED,)
    tier = voice.label("grade_hand" if by_hand else f"grade_{event.grade}")
    owners = source_of(event.source if by_hand else ", ".join(step.owners), voice, limit=120)
    about = (actors(event.actor, voice), voice.label(event.stage.value), voice.label(event.mood))
    detail = (
        voice.at(event.known_at),
        _told_by(step, owners, voice),
        tier,
        voice.count("{n} more story", "{n} more stories", n=step.others) if step.others else "",
    )
    return ListItem(
        title=_weight(step, voice),
        about=", ".join(dict.fromkeys(x for x in about if x)),
        text=quoted(event.headline, voice),
        quoted=True,
        url=safe_url(event.url),
        detail=" · ".join(x for x in detail if x),
        tone=event.direction,
    )


def _told_by(step: Weighed, owners: str, voice: Speaker) -> str:
    """Who told it; nobody on record tells nothing."""
    if step.owners == (CURATED,) and step.event.source.startswith(UNSOURCED):
        return owners
    if step.alone:
        return voice.say("rests on one source: {who}", who=Said(owners))
    return voice.say("told by {who}", who=Said(owners))


def _weight(step: Weighed, voice: Speaker) -> str:
    figures = {"told": step.told_pct, "left": step.left_pct}
    if step.voice == POLICY:
        return voice.say("{told:+pct1} of the price when told, {left:+pct1} left", **figures)
    return voice.say("{told:+pct1} of data-centre revenue when told, {left:+pct1} left", **figures)


def _row(step: Weighed) -> dict[str, Any]:
    event = step.event
    return {
        "headline": event.headline,
        "url": safe_url(event.url),
        "event_type": event.event_type,
        "direction": event.direction,
        "stage": event.stage.value,
        "mood": event.mood,
        "grade": event.grade,
        "known_at": event.known_at,
        "voice": step.voice,
        "told_pct": step.told_pct,
        "left_pct": step.left_pct,
        "owners": list(step.owners),
        "other_stories": step.others,
        "rests_on_one_source": step.alone,
    }
