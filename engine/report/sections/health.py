"""Data health: which sources could be read, and since when not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from engine.phrases import phrase
from engine.report.blocks import Block, Cell, Column, Details, Note, Table
from engine.report.i18n import Said
from engine.report.labels import N_
from engine.report.retold import retold
from engine.report.section import Section
from engine.shown import FeedState

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import Report, SourceHealth

BACKFILLED = phrase("reference table, known_at assumed from publication")
"""The note of a table whose every row was filled in afterwards."""
NAMED = 12
"""Sources never reached that are named; the others are counted."""


class Health(Section):
    """One row for each source that was ever asked, one line for the rest."""

    name, order, title = "data_health", 90, N_("Data health")

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """The summary, then sources that need attention first; a mail names only those."""
        sources = worst_first(report.data_health)
        asked = [s for s in sources if s.state is not FeedState.NEVER]
        idle = [s for s in sources if s.state is FeedState.NEVER]
        yield Note(text=_summary(sources, voice), style="lead")
        mute = [s for s in sources if s.mute]
        if mute:
            yield Note(text=_mute(mute, voice), style="alert")
        if asked:
            table = _table(asked, voice, depth="full")
            tables = [s for s in asked if s.note == BACKFILLED]
            told = (Note(text=_tables(tables, voice), style="quiet", depth="full"),)
            yield Details(title=voice.say("Each source"), blocks=(table, *(told if tables else ())))
        yield _table([s for s in asked if not s.state.sees], voice, depth="short")
        if idle and asked:
            yield Note(text=_idle(idle, voice), style="quiet")

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """Fields of each source."""
        return {"data_health": report.data_health}


def worst_first(sources: Iterable[SourceHealth]) -> list[SourceHealth]:
    """Sources that need attention before those in order, important ones before others."""
    return sorted(sources, key=lambda s: (s.state.sees, s.tier, s.name))


def _table(sources: Sequence[SourceHealth], voice: Speaker, **depth: Any) -> Table:
    _ = voice.say
    heads = (_("source"), _("state"), _("last reached"), _("facts"))
    return Table(
        columns=tuple(Column(head=h, number=i == 3) for i, h in enumerate(heads)),
        rows=tuple(_row(source, voice) for source in sources),
        **depth,
    )


def _row(source: SourceHealth, voice: Speaker) -> tuple[Cell, ...]:
    sees, last = source.state.sees, source.last_ok_at
    state = ("✓ " if sees else "✗ ") + voice.label(source.state.value)
    table = source.note == BACKFILLED
    told = voice.on if table else voice.at
    return (
        Cell(text=voice.tell(source.name, limit=60)),
        Cell(text=state, note="" if table else retold(source.note, voice), tone=0 if sees else -1),
        Cell(text=voice.say("never") if last is None else told(last), style="quiet"),
        Cell(text=voice.number(source.n_facts, "int"), style="quiet"),
    )


def _tables(tables: Sequence[SourceHealth], voice: Speaker) -> str:
    """What is no feed: said once, and not in every row."""
    names = ", ".join(voice.tell(s.name, limit=60) for s in tables)
    return voice.say(
        "Tables that came with the program, each row taken as known from the day it was "
        "published: {names}.",
        names=Said(names),
    )


def _summary(sources: Sequence[SourceHealth], voice: Speaker) -> str:
    return voice.count(
        "{good} of {n} source up to date.",
        "{good} of {n} sources up to date.",
        n=len(sources),
        good=sum(s.state.sees for s in sources),
    )


def _mute(mute: Sequence[SourceHealth], voice: Speaker) -> str:
    names = ", ".join(voice.tell(s.name, limit=60) for s in mute[:NAMED])
    return voice.say(
        "Not asked, because no contact address is set (mail under [contact]): {names}.",
        names=Said(names),
    )


def _idle(idle: Sequence[SourceHealth], voice: Speaker) -> str:
    names = ", ".join(voice.tell(s.name, limit=60) for s in idle[:NAMED])
    if len(idle) > NAMED:
        names += ", …"
    return voice.count(
        "{n} source was never reached: {names}.",
        "{n} sources were never reached: {names}.",
        n=len(idle),
        names=Said(names),
    )
