"""``nvsignal events``: which headlines came lately, and what each of them moved."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, Lang, StrategyFile
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def events(
        days: Annotated[int, typer.Option(min=1, max=366, help="How many days back.")] = 7,
        as_of: AsOf = None,
        strategy: StrategyFile = None,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Headlines of the last days, how each was read, and what it moved."""
        from config.settings import config_folder
        from engine.cli.said.events import Moved, text_of
        from engine.clock import now
        from engine.report.sections.events import newest_first
        from engine.service import morning, wiring
        from engine.service.bind import load

        loaded = load(config_folder(config), strategy)
        with wiring.open_record(loaded, db) as store:
            instant = wiring.instant_at(store, as_of, now())
            made = wiring.assessment_at(store, loaded, instant)
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
            else text_of(found, instant, days, speaker(lang, config))
        )
