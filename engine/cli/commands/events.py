"""``nvsignal events``: which headlines came lately, and what each of them moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, StrategyFile
from engine.cli.output import to_json, write_out
from engine.plain import safe_text

if TYPE_CHECKING:
    from datetime import datetime

    from engine.values import Event

SENSE = {1: "good", -1: "bad", 0: "neutral"}


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


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def events(
        days: Annotated[int, typer.Option(min=1, max=366, help="How many days back.")] = 7,
        as_of: AsOf = None,
        strategy: StrategyFile = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Headlines of the last days, how each was read, and what it moved."""
        from config.settings import config_folder
        from engine.clock import now
        from engine.report.sections.events import newest_first
        from engine.service import morning, wiring
        from engine.service.bind import load

        loaded = load(config_folder(config), strategy)
        with wiring.open_record(loaded, db) as store:
            instant = wiring.instant_at(store, as_of, now())
            made = wiring.assess(wiring.world_at(store, loaded, instant), loaded)
        steps = {step.event.event_id: step for step in morning.weighed_news(made)}
        since = instant - timedelta(days=days)
        found = []
        for event in newest_first(made.events):
            if event.known_at < since:
                continue
            step = steps.get(event.event_id)
            found.append(
                Moved(
                    event=event,
                    voice=step.voice if step else None,
                    told_pct=step.told_pct if step else None,
                    left_pct=step.left_pct if step else None,
                    alone=step.alone if step else None,
                )
            )
        write_out(
            to_json({"as_of": instant, "days": days, "events": found})
            if json
            else text_of(found, instant, days)
        )


def text_of(found: list[Moved], as_of: datetime, days: int) -> str:
    """Two lines a story, 80 columns."""
    lines = [f"Headlines of the {days} days before {as_of:%Y-%m-%d %H:%M} UTC, newest first"]
    if not found:
        lines.append("No event was recorded.")
    for row in found:
        event = row.event
        lines += [
            "",
            f"{event.known_at:%Y-%m-%d}  {safe_text(event.headline, limit=68)}",
            f"            {event.event_type}, {SENSE[event.direction]} for NVDA; {_moved(row)}",
        ]
    return "\n".join(lines)


def _moved(row: Moved) -> str:
    if row.told_pct is None or row.left_pct is None:
        return "ended: " + safe_text(row.event.ended, limit=40) if row.event.ended else "no step"
    alone = ", rests on one source" if row.alone else ""
    return f"moved {row.told_pct:+.2f} %, {row.left_pct:+.2f} % left{alone}"
