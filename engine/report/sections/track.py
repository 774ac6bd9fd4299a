"""Track record: past decisions and what followed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block, Cell, Column, Details, Note, Table
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.words import verdict_word

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import Report, TrackedCall

MAX_CALLS = 20


class Track(Section):
    """How often it was right, and the latest calls."""

    name, order, title = "track_record", 80, N_("Track record")

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """The share with its interval, then the calls."""
        _ = voice.say
        calls = report.track_record
        yield Note(text=_summary(calls, voice), style="lead")
        latest = sorted(calls, key=lambda c: c.acts_on, reverse=True)[:MAX_CALLS]
        heads = (_("from"), _("decision"), _("until"), "NVDA", _("result"))
        table = Table(
            depth="full",
            columns=tuple(Column(head=h, number=h == "NVDA") for h in heads),
            rows=tuple(_call(call, voice) for call in latest),
        )
        yield Details(title=_("The latest decisions"), blocks=(table,))

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """Calls with their returns."""
        return {"track_record": report.track_record}


def was_right(call: TrackedCall) -> bool | None:
    """HOLD is right when NVDA rose, SELL when it fell; None while open or without a move."""
    if call.nvda_return_pct is None or call.nvda_return_pct == 0:
        return None
    return (call.nvda_return_pct > 0) == (call.verdict == "HOLD")


def _call(call: TrackedCall, voice: Speaker) -> tuple[Cell, ...]:
    _ = voice.say
    right = was_right(call)
    words = {
        True: "✓ " + _("right"),
        False: "✗ " + _("wrong"),
        None: voice.pgettext("call", "open"),
    }
    return (
        Cell(text=voice.on(call.acts_on)),
        Cell(text=verdict_word(call.verdict, voice), style="strong"),
        Cell(text="" if call.until_on is None else voice.on(call.until_on)),
        Cell(text="" if right is None else voice.number(call.nvda_return_pct, "+pct1")),
        Cell(text=words[right], tone={True: 1, False: -1, None: 0}[right]),
    )


def _summary(calls: Sequence[TrackedCall], voice: Speaker) -> str:
    judged = [right for right in map(was_right, calls) if right is not None]
    if not judged:
        return voice.say("No decision has run its course yet.")
    low, high = wilson(sum(judged), len(judged))
    return voice.count(
        "{hits} of {n} closed decision was right (95% interval {low:share0} to {high:share0}).",
        "{hits} of {n} closed decisions were right (95% interval {low:share0} to {high:share0}).",
        n=len(judged),
        hits=sum(judged),
        low=low,
        high=high,
    )


def wilson(hits: int, n: int, *, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's 95 % score interval for a share (Wilson 1927, JASA 22): two fractions of one."""
    share = hits / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return (centre - half) / scale, (centre + half) / scale
