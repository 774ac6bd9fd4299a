"""``nvsignal holding``: what the investor's own shares are worth, and what selling brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json
from engine.cli.output import to_json, write_out
from engine.errors import InputError

if TYPE_CHECKING:
    from engine.decision.holding import Position


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def holding(
        as_of: AsOf = None, db: Db = None, config: ConfigDir = None, json: Json = False
    ) -> None:
        """Value your shares in euro, and say what selling brings after tax."""
        from config.settings import config_folder
        from engine.clock import now
        from engine.decision.holding import position
        from engine.service import wiring
        from engine.service.bind import load

        loaded = load(config_folder(config))
        mine = loaded.holding
        if mine is None or not mine.lots:
            raise InputError(
                "no holding is configured",
                remedy="name your lots in holding.toml; 'nvsignal config init' writes one to fill",
            )
        with wiring.open_record(loaded, db) as store:
            instant = wiring.instant_at(store, as_of, now())
            found = position(mine, store.history(known_by=instant), instant)
        if found is None:
            raise InputError(f"nothing had been bought by {instant.date()}")
        write_out(to_json(found) if json else _text(found, loaded.settings.report.language))


def _text(found: Position, language: str) -> str:
    from engine.report.blocks import Page, Part
    from engine.report.forms.text import render_text
    from engine.report.i18n import voice
    from engine.report.sections.holding import Mine, holding_blocks

    speaker = voice(language)
    part: Any = Part(
        name=Mine.name,
        title=speaker.say(Mine.title),
        blocks=tuple(holding_blocks(found, speaker)),
    )
    return render_text(
        Page(lang=language, title=part.title, code="HOLD", parts=(part,), disclaimer="")
    )
