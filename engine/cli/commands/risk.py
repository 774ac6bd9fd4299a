"""``nvsignal risk``: how good the forecast of falls has been, walk-forward."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import ConfigDir, Db, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker

_WINDOW = ("2020-03-01", "2025-09-30")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def risk(
        panel: Annotated[
            Path | None,
            typer.Option(help="Folder with SYMBOL.csv and VIX.csv: other stocks, scored as well."),
        ] = None,
        symbols: Annotated[str, typer.Option(help="Which of them.")] = "AMD,AVGO,MU,TSM",
        first: Annotated[str, typer.Option("--from", help="First session scored.")] = _WINDOW[0],
        last: Annotated[str, typer.Option("--to", help="Last session scored.")] = _WINDOW[1],
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Chances of a fall against how often it came, and how often the 90 % interval held."""
        from config.settings import config_folder
        from engine.cli.said.risk import text_of
        from engine.clock import NEW_YORK, instant_of, now
        from engine.service import risks, wiring
        from engine.service.bind import load

        loaded = load(config_folder(config))
        with wiring.open_record(loaded, db) as store:
            start, end = instant_of(first, now()), wiring.instant_at(store, last, now())
            days_scored = start.astimezone(NEW_YORK).date(), end.astimezone(NEW_YORK).date()
            world = wiring.world_at(store, loaded, end)
            features = wiring.assess(world, loaded, ratings=()).features
        warm_on = world.warm.sessions_on if world.warm is not None else ()
        days, history = risks.nvda_history(features, warm_on)
        found = [risks.score_stock("NVDA", days, history, *days_scored)]
        if panel is not None:
            for symbol in filter(None, (s.strip() for s in symbols.split(","))):
                told = risks.history_of_file(panel / f"{symbol}.csv", panel / "VIX.csv")
                found.append(risks.score_stock(symbol, *told, *days_scored))
        said = to_json({"stocks": found}) if json else text_of(found, speaker(lang, config))
        write_out(said)
