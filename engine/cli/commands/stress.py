"""``nvsignal stress``: scenarios laid over a morning and over the known days, for each preset."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.progress import staged
from engine.cli.speech import speaker


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def stress(
        as_of: AsOf = None,
        preset: Annotated[
            list[str] | None, typer.Option("--preset", help="A preset; give it again for more.")
        ] = None,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """What each scenario would make of a morning, and on what share of known days it sells."""
        from config.settings import config_folder
        from engine.cli.said.stress import text_of
        from engine.clock import now
        from engine.service import wiring
        from engine.service.bind import load
        from engine.service.stressing import PRESETS, stress_table

        folder = config_folder(config)
        with wiring.open_record(load(folder), db) as store:
            instant = wiring.instant_at(store, as_of or wiring.LAST, now())
            with staged("") as step:
                table = stress_table(store, folder, instant, tuple(preset or PRESETS), step=step)
        write_out(to_json(table) if json else text_of(table, speaker(lang, config)))
