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
        from engine.clock import now
        from engine.report.forms.text import render_text
        from engine.report.record_page import page_of
        from engine.service import judging, morning, wiring
        from engine.service.bind import load

        loaded = load(config_folder(config), strategy)
        with wiring.open_record(loaded, db) as store:
            instant = wiring.instant_at(store, as_of, now())
            assessment = wiring.assessment_at(store, loaded, instant)
            past = morning.past_decisions(store, loaded, instant)
            found = judging.whole_record(store, assessment, past, instant)
        if json:
            write_out(to_json(found))
            return
        write_out(render_text(page_of(found, speaker(lang, config))))
