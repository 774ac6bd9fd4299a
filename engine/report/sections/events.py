"""Events: what happened lately, newest first, numbered as in the price chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block, Details, ItemList, ListItem, Note
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.typography import host_of, safe_url
from engine.report.words import actors, quoted, source_of

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import Report
    from engine.values import Event
FIRST = 2
"""Events shown before the others are folded."""


class Events(Section):
    """The list of stories."""

    name, order, title = "events", 60, N_("Events")

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """The stories, or that there was none."""
        if not report.events:
            yield Note(text=voice.say("No event of these days is on record."), style="quiet")
        numbered = enumerate(newest_first(report.events), start=1)
        items = tuple(_item(number, event, voice) for number, event in numbered)
        yield from folded(items, FIRST, voice)

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """Fields of each event; a link that is not plain http(s) is left out."""
        return {"events": [replace(event, url=safe_url(event.url)) for event in report.events]}


def folded(items: Sequence[ListItem], first: int, voice: Speaker, most: int = 8) -> Iterable[Block]:
    """``first`` of ``items``, the others behind their number; ``most``: of all, in a short form."""
    yield ItemList(items=tuple(items[:first]), most=most)
    rest = tuple(items[first:])
    if rest:
        title = voice.count("{n} more", "{n} more", n=len(rest))
        yield Details(title=title, blocks=(ItemList(items=rest, most=max(0, most - first)),))


def newest_first(events: Sequence[Event]) -> list[Event]:
    """By the instant they were known, latest first; ties by identity."""
    return sorted(events, key=lambda e: (-e.known_at.timestamp(), e.event_id))


def _item(number: int, event: Event, voice: Speaker) -> ListItem:
    _ = voice.say
    stage = voice.label(event.stage.value)
    about = (actors(event.actor, voice), stage, sense(event.direction, voice))
    detail = (
        voice.at(event.known_at),
        voice.count("{n} source", "{n} sources", n=event.n_sources),
        _("{share:share0} sure of the type", share=event.confidence),
        host_of(event.url) or source_of(event.source, voice, limit=60),
    )
    return ListItem(
        number=number,
        title=voice.label(event.event_type),
        about=", ".join(x for x in about if x),
        text=quoted(event.headline, voice),
        quoted=True,
        url=safe_url(event.url),
        detail=" · ".join(x for x in detail if x),
        tone=event.direction,
    )


def sense(direction: int, voice: Speaker) -> str:
    """What a direction means for NVDA."""
    _ = voice.say
    return {1: _("good for NVDA"), -1: _("bad for NVDA"), 0: _("neutral for NVDA")}[direction]
