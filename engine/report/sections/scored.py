"""How the chances came out: what was said, what came, and whether the base rate knew as much."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.report.blocks import (
    Block,
    Cell,
    Chart,
    Column,
    Curve,
    Details,
    Note,
    Table,
    Tick,
)
from engine.report.charts import line_through
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.words import stance_word
from engine.shown import Outcomes

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.report.inputs import Inputs
    from engine.shown import Report, ScoredChance, WorstDay


class ScoredChances(Section):
    """Live and replayed apart, never added up."""

    name, order, title = "scored_chances", 82, N_("How its chances came out")

    def gather(self, inputs: Inputs) -> Outcomes | None:
        """The outcomes as they were handed in."""
        return inputs.outcomes

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """One sentence, then a line for each chance of each record."""
        found: Outcomes = report.parts.get(self.name) or Outcomes()
        if not found.chances:
            return
        yield from _in_short(found.chances, voice)
        title = voice.say("Each chance, said and come")
        blocks = (*_in_full(found.chances, voice), *_worst(found.worst, voice))
        yield Details(title=title, blocks=blocks)

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """Both, under names of their own."""
        found: Outcomes = report.parts.get(self.name) or Outcomes()
        return {self.name: found.chances, "worst_days": found.worst}


def _in_full(found: tuple[ScoredChance, ...], voice: Speaker) -> Iterable[Block]:
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
    pictured = next((line for line in _falls_first(found) if line.reliability), None)
    if pictured is not None:
        yield _picture(pictured, voice)
    if any(line.record == "replayed" for line in found):
        yield Note(
            text=_(
                "Replayed: what today's rules would have said, which were made with part of "
                "these prices in view. Live: what was said on the morning."
            ),
            style="quiet",
            depth="full",
        )


def _worst(days: tuple[WorstDay, ...], voice: Speaker) -> Iterable[Block]:
    """The worst sessions with what today's rules say of their mornings."""
    if not days:
        return
    _ = voice.say
    heads = (
        "", "NVDA", _("decision"), _("share kept"), voice.pgettext("column", "score"),
        _("chance of a fall of 10%"),
    )  # fmt: skip
    yield Table(
        depth="full",
        title=_("The {n:int} worst sessions, and what was said that morning", n=len(days)),
        columns=tuple(
            Column(head=h, number=n not in (0, 2), whole=n == 0) for n, h in enumerate(heads)
        ),
        rows=tuple(
            (
                Cell(text=voice.on(day.session_on)),
                Cell(text=voice.number(day.return_pct, "+pct1"), tone=-1),
                Cell(text=stance_word(day.decision, voice), style="strong"),
                Cell(text=voice.number(day.target_weight, "share0")),
                Cell(text=voice.number(day.score, "+.2f")),
                Cell(text=voice.number(day.chance_of_fall, "share0")),
            )
            for day in days
        ),
    )


def _falls_first(found: tuple[ScoredChance, ...]) -> tuple[ScoredChance, ...]:
    """The chance asked for most, live before replayed; all of them where it is not among them."""
    return tuple(line for line in found if line.fall_pct == 10.0) or found


def _in_short(found: tuple[ScoredChance, ...], voice: Speaker) -> Iterable[Block]:
    """For a mail: the chance asked for most, live where it can be told."""
    falls = _falls_first(found)
    line = next((line for line in falls if line.brier is not None), falls[0])
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


def _picture(line: ScoredChance, voice: Speaker) -> Chart:
    """What came over what was said; on the diagonal where the chances were right."""
    _ = voice.say
    spots = tuple((said, came) for said, came, _n in line.reliability)
    each = voice.say("; ").join(
        voice.count(
            "said {said:share0}, came {came:share0} ({n} time)",
            "said {said:share0}, came {came:share0} ({n} times)",
            n=n,
            said=said,
            came=came,
        )
        for said, came, n in line.reliability
    )
    words = {"event": _event(line, voice), "record": _record(line, voice), "each": each}
    ends = (0.0, 0.5, 1.0)
    return Chart(
        depth="full",
        title=_("What came of what was said"),
        summary=_("{event} ({record}): {each}.", **words),
        curves=(
            Curve(path=line_through([(0.0, 0.0), (1.0, 1.0)]), style="bench"),
            Curve(path=line_through(spots), style="own"),
        ),
        levels=tuple(Tick(at=100 - 100 * x, label=voice.number(x, "share0")) for x in ends),
        times=tuple(Tick(at=100 * x, label=voice.number(x, "share0")) for x in (0.05, 0.5, 0.9)),
        key=(("own", _("share that came")), ("bench", _("honest"))),
        spark=tuple(came for _said, came in spots),
        low=True,
    )


def _row(line: ScoredChance, voice: Speaker) -> tuple[Cell, ...]:
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


def _record(line: ScoredChance, voice: Speaker) -> str:
    return voice.say("live") if line.record == "live" else voice.say("replayed")


def _event(line: ScoredChance, voice: Speaker) -> str:
    return chance_of(line.event, line.fall_pct, line.within_sessions, voice)


def chance_of(event: str, fall_pct: float | None, within_sessions: int, voice: Speaker) -> str:
    """What a printed chance is a chance of; ``fall_pct`` for a fall only."""
    if event == "fall":
        return voice.say(
            "a fall of {fall:pct0} within {n:int} sessions", fall=fall_pct, n=within_sessions
        )
    return voice.say("the same said {n:int} sessions later", n=within_sessions)
