"""Events: what happened lately, newest first, numbered as in the price chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block, Item, Items, Note
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.typography import clean, host_of, safe_url

if TYPE_CHECKING:
    from engine.report.i18n import Voice
    from engine.shown import Report
    from engine.values import Event


class Events(Section):
    """The list of stories."""

    name, order, title = "events", 60, N_("Events")

    def blocks(self, report: Report, voice: Voice) -> Iterable[Block]:
        """The stories, or that there was none."""
        if not report.events:
            yield Note(text=voice.say("No event was recorded."), style="quiet")
        numbered = enumerate(newest_first(report.events), start=1)
        yield Items(items=tuple(_item(number, event, voice) for number, event in numbered))

    def data(self, report: Report, voice: Voice) -> dict[str, Any]:
        """Fields of each event; a link that is not plain http(s) is left out."""
        return {"events": [replace(event, url=safe_url(event.url)) for event in report.events]}


def newest_first(events: Sequence[Event]) -> list[Event]:
    """By the instant they were known, latest first; ties by identity."""
    return sorted(events, key=lambda e: (-e.known_at.timestamp(), e.event_id))


def _item(number: int, event: Event, voice: Voice) -> Item:
    _ = voice.say
    senses = {1: _("good for NVDA"), -1: _("bad for NVDA"), 0: _("neutral for NVDA")}
    about = (clean(event.actor, limit=80), voice.label(event.stage.value), senses[event.direction])
    detail = (
        voice.at(event.known_at),
        voice.count("{n} source", "{n} sources", n=event.n_sources),
        _("{share:share0} sure of the type", share=event.confidence),
        host_of(event.url) or clean(event.source, limit=60),
    )
    return Item(
        number=number,
        title=voice.label(event.event_type),
        about=", ".join(x for x in about if x),
        text=clean(event.headline, limit=300),
        url=safe_url(event.url),
        detail=" · ".join(x for x in detail if x),
        tone=event.direction,
    )
