"""Ahead: what is scheduled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block, Cell, Column, Table
from engine.report.labels import N_
from engine.report.section import Section

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import Report

NAMED = frozenset({"fomc", "earnings"})
"""Kinds of entries whose words say what they are."""


class Ahead(Section):
    """The calendar."""

    name, order, title = "upcoming", 70, N_("Ahead")

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """One table, by day."""
        entries = sorted(report.upcoming, key=lambda u: (u.on, u.kind, u.what))
        if not entries:
            return ()
        rows = tuple(
            (
                Cell(text=voice.on(entry.on), style="quiet"),
                Cell(
                    text=voice.tell(entry.what),
                    note="" if entry.kind in NAMED else voice.label(entry.kind),
                ),
            )
            for entry in entries
        )
        return (Table(columns=(Column(whole=True), Column()), rows=rows),)

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """Entries with their days."""
        return {"upcoming": report.upcoming}
