"""What if: the scenarios of ``config/scenarios``, laid over this morning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from engine.report.blocks import Block, Cell, Column, Details, Note, Table
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.words import stance_word

if TYPE_CHECKING:
    from engine.decision.scenarios import StressRow
    from engine.report.i18n import Speaker
    from engine.report.inputs import Inputs
    from engine.shown import Report

_NAMES = (
    N_("Nothing happens"),
    N_("One unconfirmed headline of a ban"),
    N_("The evening of 2025-08-22"),
    N_("The next meeting cuts by 25 bp"),
    N_("Hikes of 100 bp priced in within a month"),
    N_("Nvidia barred from China by both gates"),
    N_("The largest rival undercuts"),
    N_("The week of DeepSeek-R1 again"),
    N_("A fall of 35 % in six weeks"),
    N_("A frontier model on Ascend at a tenth of the price"),
    N_("A guide 20 % below consensus"),
    N_("The four largest buyers cut by 30 %"),
    N_("All severe ones at once"),
)
"""Scenarios of ``config/scenarios``, for the catalogue; a reader's own keep the name he gave."""
_FULLER = {
    "The next meeting cuts by 25 bp": N_("The next meeting cuts by 25 bp, 3/4 of it expected"),
}
"""What a name leaves out and the report needs: it also tells that cut against today's odds."""


class Stress(Section):
    """One line a scenario, mild before severe."""

    name, order, title = "stress", 15, N_("What if")
    labels: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "severity_mild": N_("mild"),
            "severity_moderate": N_("moderate"),
            "severity_severe": N_("severe"),
            "severity_extreme": N_("extreme"),
        }
    )

    def gather(self, inputs: Inputs) -> Any:
        """The rows that were asked with the decision."""
        return inputs.stress or None

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """What each scenario would make of this morning."""
        rows: tuple[StressRow, ...] | None = report.parts.get(self.name)
        if not rows:
            return
        _ = voice.say
        if not report.decision.known:
            yield Note(text=cannot_say(voice))
            return
        yield Note(text=_summary(rows, report, voice), style="lead")
        heads = (
            _("scenario"),
            _("severity"),
            _("then"),
            _("share kept"),
            voice.pgettext("column", "score"),
        )
        numbers = {3, 4}
        table = Table(
            depth="full",
            columns=tuple(Column(head=h, number=i in numbers) for i, h in enumerate(heads)),
            rows=tuple(
                (
                    Cell(text=scenario_name(row.scenario, voice)),
                    Cell(text=voice.label(f"severity_{row.severity}"), style="quiet"),
                    Cell(
                        text=stance_word(row.after, voice),
                        style="strong" if row.after != row.before else "quiet",
                        tone=-1 if row.after == "SELL" else 0,
                    ),
                    Cell(text=voice.number(row.target_after, "share0")),
                    Cell(text=voice.number(row.score_after, "+.2f"), style="quiet"),
                )
                for row in rows
            ),
        )
        yield Details(title=_("Each scenario"), blocks=(table,))

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """The rows."""
        return {"stress": report.parts.get(self.name, ())}


def cannot_say(voice: Speaker) -> str:
    """What stands for the verdicts of a morning on which the evidence cannot say."""
    return voice.say("Too little is observed to say what a turn of the world would change.")


def scenario_name(name: str, voice: Speaker) -> str:
    """A shipped scenario's name in the reader's language, any other as it was given."""
    if name not in _NAMES:
        return voice.tell(name, limit=60)
    return voice.say(_FULLER.get(name, name))


def _summary(rows: tuple[StressRow, ...], report: Report, voice: Speaker) -> str:
    sold = sum(row.after == "SELL" != row.before for row in rows)
    less = sum(row.target_after < row.target_before and row.after != "SELL" for row in rows)
    told = {"n": len(rows), "sold": sold, "less": less}
    if rows[0].before == "SELL":
        held = sum(row.after != "SELL" for row in rows)
        return voice.say(
            "It says SELL already: of {n:int} scenarios laid over that morning, {held:int} would "
            "undo it.",
            n=len(rows),
            held=held,
        )
    if not report.for_today:
        return voice.say(
            "Of {n:int} scenarios laid over that morning, {sold:int} would have made it SELL and "
            "{less:int} more would have kept less.",
            **told,
        )
    return voice.say(
        "Of {n:int} scenarios laid over this morning, {sold:int} would make it SELL and {less:int} "
        "more would keep less.",
        **told,
    )
