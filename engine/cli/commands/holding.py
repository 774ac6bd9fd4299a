"""``nvsignal holding``: what the investor's own shares are worth, and what selling brings."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker
from engine.errors import InputError
from engine.phrases import phrase

if TYPE_CHECKING:
    from datetime import datetime

    from engine.decision.holding import Position
    from engine.record.store import Store
    from engine.report.i18n import Speaker
    from engine.service.bind import Bound


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def holding(
        as_of: AsOf = None,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
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
                phrase("no holding is configured"),
                remedy=phrase(
                    "name your lots in holding.toml; 'nvsignal config init' writes one to fill"
                ),
            )
        with wiring.open_record(loaded, db) as store:
            instant = wiring.instant_at(store, as_of, now())
            kept = _kept(store, loaded, instant) if mine.done else {}
            found = position(mine, store.history(known_by=instant), instant, kept)
        if found is None:
            raise InputError(
                phrase("nothing had been bought by {instant}", instant=str(instant.date()))
            )
        write_out(to_json(found) if json else _text(found, speaker(lang, config)))


def _kept(store: Store, config: Bound, instant: datetime) -> dict[date, float]:
    """Session -> share that the rules kept: as said on its morning, else as they would have."""
    from engine.service import morning, wiring

    made = wiring.assessment_at(store, config, instant)
    days, shares = made.features.sessions_on, made.evaluation.target_weight
    past = morning.past_decisions(store, config, instant)
    told = {date.fromisoformat(str(e["acts_on"])): float(e["target_weight"]) for e in past}
    return dict(zip(days, map(float, shares), strict=True)) | told


def _text(found: Position, voice: Speaker) -> str:
    from engine.cli.said import told
    from engine.report.sections.holding import Mine, holding_blocks

    return told(voice, (voice.say(Mine.title), holding_blocks(found, voice)))
