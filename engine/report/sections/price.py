"""Price: a year of NVDA, the sessions out of the position, and where the events fell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from engine.clock import NEW_YORK
from engine.report.blocks import Block, Chart, Curve, Mark, Tick
from engine.report.charts import price_chart
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.sections.events import newest_first

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import PricePoint, Report


class Price(Section):
    """The chart of closes."""

    name, order, title = "prices", 20, N_("Price")

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """The chart, when there are two closes or more."""
        _ = voice.say
        events = [
            (number, event.occurred_at.astimezone(NEW_YORK).date(), event.direction)
            for number, event in enumerate(newest_first(report.events), start=1)
        ]
        silent = (
            ((report.present_on or report.on) - report.prices[-1].session_on).days
            if (report.prices)
            else 0
        )
        drawn = price_chart(report.prices, events, silent)
        if drawn is None:
            return
        last = voice.number(report.prices[-1].close, "usd2")
        key = [("out", _("out of the position"))] if drawn.bands else []
        if drawn.marks:
            key.append(("", _("Numbers are the events listed below.")))
        if drawn.gap is not None:
            key.append(("gap", _("no price known to this day, {n:int} days", n=silent)))
        yield Chart(
            curves=(
                Curve(path=drawn.area, style="under", filled=True),
                *([Curve(path=drawn.leaders, style="lead")] if drawn.marks else []),
                Curve(path=drawn.line),
            ),
            gap=drawn.gap,
            end=Mark(at=drawn.end[0], height=drawn.end[1], label=last),
            clear=drawn.clear,
            summary=_summary(report.prices, voice),
            levels=tuple(
                Tick(at=t.at, label=voice.number(float(t.value), "usd0"))  # type: ignore[arg-type]
                for t in drawn.prices
            ),
            times=tuple(Tick(at=t.at, label=voice.month(t.value)) for t in drawn.months),  # type: ignore[arg-type]
            bands=drawn.bands,
            marks=tuple(
                Mark(at=m.at, height=m.height, label=str(m.number), tone=m.direction)
                for m in drawn.marks
            ),
            key=tuple(key),
            spark=tuple(p.close for p in report.prices),
        )

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """The closes shown."""
        return {"prices": report.prices}


def _summary(points: Sequence[PricePoint], voice: Speaker) -> str:
    first, last = points[0], points[-1]
    return voice.say(
        "From {start:usd2} on {start_on:date} to {end:usd2} on {end_on:date}: {move:+pct1}.",
        start=first.close,
        start_on=first.session_on,
        end=last.close,
        end_on=last.session_on,
        move=100 * (last.close / first.close - 1),
    )
