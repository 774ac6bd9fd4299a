"""``nvsignal events`` in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.cli.said import told
from engine.report.blocks import ItemList, ListItem, Note
from engine.report.sections.events import sense
from engine.report.typography import clean
from engine.report.words import quoted

if TYPE_CHECKING:
    from datetime import datetime

    from engine.report.i18n import Speaker
    from engine.values import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A story of the last days, and the step that it moved most of; None where it moved none.

    told_pct, left_pct: what the step was and what is left of it, signed, % of the share price
    (policy) or of data-centre revenue (home-grown chips, demand). alone: it rests on one
    unconfirmed owner.
    """

    event: Event
    voice: str | None
    told_pct: float | None
    left_pct: float | None
    alone: bool | None


def text_of(found: Sequence[Moved], as_of: datetime, days: int, voice: Speaker) -> str:
    """A story each, newest first; 80 columns."""
    head = voice.count(
        "Headlines of the {n} day before {at}, newest first",
        "Headlines of the {n} days before {at}, newest first",
        n=days,
        at=voice.at(as_of),
    )
    blocks = [Note(text=head, style="lead")]
    if not found:
        blocks.append(Note(text=voice.say("No event of these days is on record.")))
    return told(voice, ("", [*blocks, ItemList(items=tuple(_item(row, voice) for row in found))]))


def _item(row: Moved, voice: Speaker) -> ListItem:
    event = row.event
    return ListItem(
        title=voice.on(event.known_at),
        about=", ".join((voice.label(event.event_type), sense(event.direction, voice))),
        text=quoted(event.headline, voice),
        quoted=True,
        detail=_moved(row, voice),
        tone=event.direction,
    )


def _moved(row: Moved, voice: Speaker) -> str:
    _ = voice.say
    if row.told_pct is None or row.left_pct is None:
        why = clean(row.event.ended, limit=40)
        return _("ended: {why}", why=voice.tell(why)) if why else _("no step")
    moved = _("moved {told:+pct2}, {left:+pct2} left", told=row.told_pct, left=row.left_pct)
    return ", ".join((moved, _("rests on one source"))) if row.alone else moved
