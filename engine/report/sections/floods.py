"""Floods: a source that told ten times its usual number of events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block, Note
from engine.report.section import Section
from engine.report.typography import clean

if TYPE_CHECKING:
    from engine.news.sentinel import Flood
    from engine.report.i18n import Speaker
    from engine.report.inputs import Inputs
    from engine.shown import Report


class Floods(Section):
    """One warning a source, nothing on a usual day."""

    name, order = "floods", 57

    def gather(self, inputs: Inputs) -> tuple[Flood, ...]:
        """Sources beyond ten times their usual number."""
        return inputs.standing.floods

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """The warnings."""
        found: tuple[Flood, ...] = report.parts.get(self.name, ())
        for flood in found:
            yield Note(
                style="alert",
                text=voice.say(
                    "{source} told {told} events in a day, ten times its usual number or more: "
                    "its feed may be broken.",
                    source=clean(flood.source, limit=60),
                    told=flood.told,
                ),
            )

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """The figures behind the warnings."""
        return {self.name: list(report.parts.get(self.name, ()))}
