"""``nvsignal track``: what was said and what came of it, live and replayed apart."""

from __future__ import annotations

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, Lang, StrategyFile
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def track(
        strategy: StrategyFile = None,
        as_of: AsOf = None,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Verdicts and chances against what came; statements registered beforehand beside them."""
        from config.settings import config_folder
        from engine.cli.said.track import text_of
        from engine.clock import now
        from engine.service import judging, morning, tracking, wiring
        from engine.service.bind import load

        loaded = load(config_folder(config), strategy)
        with wiring.open_record(loaded, db) as store:
            instant = wiring.instant_at(store, as_of, now())
            assessment = wiring.assessment_at(store, loaded, instant)
            past = morning.past_decisions(store, loaded, instant)
            judged = judging.all_judged(store, assessment, past)
        found = {
            "as_of": instant,
            "strategy": loaded.strategy.name,
            **tracking.track(assessment, past),
            "registered": judged,
        }
        write_out(to_json(found) if json else text_of(found, speaker(lang, config)))
