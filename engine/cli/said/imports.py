"""``nvsignal import`` in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.service.importing import Imported


def text_of(done: Imported, rows: str, voice: Speaker) -> str:
    """One line. rows: what the file holds: bars, figures, actions or events."""
    new = {
        "bars": voice.count("{n} new bar", "{n} new bars", n=done.new),
        "figures": voice.count("{n} new figure", "{n} new figures", n=done.new),
        "actions": voice.count("{n} new action", "{n} new actions", n=done.new),
        "events": voice.count("{n} new event", "{n} new events", n=done.new),
    }
    return voice.say(
        "{what} {first:date} to {last:date}: {new}, {changed} corrected, {unchanged} known already",
        what=done.what,
        first=done.first_on,
        last=done.last_on,
        new=new[rows],
        changed=done.changed,
        unchanged=done.unchanged,
    )
