"""How the chances came out: what was said, what came, and whether the base rate knew as much."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.report.blocks import Block, Cell, Column, Fold, Note, Table
from engine.report.labels import N_
from engine.report.section import Section

if TYPE_CHECKING:
    from engine.report.i18n import Voice
    from engine.report.inputs import Inputs
    from engine.shown import Report, ScoredChance


class Scored(Section):
    """Live and replayed apart, never added up."""

    name, order, title = "scored_chances", 82, N_("How its chances came out")

    def gather(self, inputs: Inputs) -> tuple[ScoredChance, ...]:
        """The scores as they were handed in."""
        return inputs.scored

    def blocks(self, report: Report, voice: Voice) -> Iterable[Block]:
        """One sentence, then a line for each chance of each record."""
        found: tuple[ScoredChance, ...] = report.parts.get(self.name) or ()
        if not found:
            return
        yield from _in_short(found, voice)
        title = voice.say("Each chance, said and come")
        yield Fold(title=title, blocks=tuple(_in_full(found, voice)))


def _in_full(found: tuple[ScoredChance, ...], voice: Voice) -> Iterable[Block]:
    """Every chance of each record, and how to read it."""
    _ = voice.say
    yield Note(
        text=_(
            "Brier score: the mean squared error of a chance, 0 at best. A chance that does "
            "not lie below its base rate here knew no more than how often the thing had come."
        ),
        style="quiet",
        depth="full",
    )
    heads = (_("chance of"), _("over"), _("said"), _("came"), "Brier", _("base rate"))
    yield Table(
        depth="full",
        columns=tuple(Column(head=h, number=n > 0) for n, h in enumerate(heads)),
        rows=tuple(_row(line, voice) for line in found),
    )
    if any(line.record == "replayed" for line in found):
        yield Note(
            text=_(
                "Replayed: what today's rules would have said, which were made with part of "
                "these prices in view. Live: what was said on the morning."
            ),
            style="quiet",
            depth="full",
        )


def _in_short(found: tuple[ScoredChance, ...], voice: Voice) -> Iterable[Block]:
    """For a mail: the chance asked for most, live where it can be told."""
    falls = [line for line in found if line.fall_pct == 10.0]
    told = [line for line in falls if line.brier is not None] or falls or list(found)
    line = told[0]
    if line.brier is None:
        text = voice.say("Too few of its chances are over to say how good they were.")
    else:
        text = voice.say(
            "{event} ({record}): said {said:share0}, came {came:share0}; Brier {brier:.3f}, its "
            "base rate {base:.3f}.",
            event=_event(line, voice),
            record=_record(line, voice),
            said=line.said,
            came=line.came,
            brier=line.brier,
            base=line.brier_base_rate,
        )
    yield Note(text=text, depth="short")


def _row(line: ScoredChance, voice: Voice) -> tuple[Cell, ...]:
    number = voice.number
    few = line.brier is None
    return (
        Cell(text=_event(line, voice), note=_record(line, voice)),
        Cell(text=number(line.n, "int"), note=voice.say("too few for a rate") if few else ""),
        Cell(text="" if few else number(line.said, "share0")),
        Cell(text="" if few else number(line.came, "share0"), style="strong"),
        Cell(text="" if few else number(line.brier, ".3f")),
        Cell(text="" if few else number(line.brier_base_rate, ".3f"), style="quiet"),
    )


def _record(line: ScoredChance, voice: Voice) -> str:
    return voice.say("live") if line.record == "live" else voice.say("replayed")


def _event(line: ScoredChance, voice: Voice) -> str:
    if line.event == "fall":
        return voice.say(
            "a fall of {fall:pct0} within {n:int} sessions",
            fall=line.fall_pct,
            n=line.within_sessions,
        )
    return voice.say("the same said {n:int} sessions later", n=line.within_sessions)
