"""``nvsignal status``: what the record holds, how old it is, what ran and what runs next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from engine.cli.options import ConfigDir, Db, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker

if TYPE_CHECKING:
    from datetime import datetime

    from config.settings import Config
    from engine.record.store import Store


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def status(
        lang: Lang = None, db: Db = None, config: ConfigDir = None, json: Json = False
    ) -> None:
        """Facts by kind with the age of the newest, ledger, last and next runs, leader, feeds."""
        from config.settings import config_folder
        from engine.cli.said.status import text_of
        from engine.clock import now
        from engine.service import wiring
        from engine.service.bind import load

        loaded = load(config_folder(config))
        instant = now()
        with wiring.open_record(loaded, db) as store:
            newest = store.newest_known_at()
            rows = [
                {
                    "kind": kind,
                    "facts": count,
                    "newest_known_at": newest[kind],
                    "age_days": round((instant - newest[kind]).total_seconds() / 86_400, 1),
                }
                for kind, count in store.counts().items()
            ]
            found = {
                "record": store.address,
                "strategy": loaded.strategy.name,
                "config_hash": loaded.digest,
                "facts": rows,
                "items": store.item_count(),
                "ledger_entries": len(store.ledger_entries()),
                "last_runs": _last_runs(store),
                **_mornings(store, loaded, db, instant),
            }
        if json:
            write_out(to_json(found))
            return
        write_out(text_of(found, speaker(lang, config)))


def _last_runs(store: Store) -> list[Any]:
    """The newest reports and rounds of the feeds."""
    return [*store.job_runs("report", limit=3), *store.job_runs("collect", limit=2)]


def _mornings(store: Store, config: Config, db: str | None, now: datetime) -> dict[str, Any]:
    """When the next runs are due, who leads, and which feeds are not well."""
    from engine.service import schedule, wiring
    from engine.service.collecting import health as health_of
    from engine.service.lock import leader_lock

    lock = leader_lock(db or wiring.default_db_url(config))
    try:
        holder = lock.holder()
    finally:
        lock.release()
    sessions = schedule.sessions_around(now, config)
    health = health_of(store, config, now)
    asked = [source for source in health if source.state != "never"]
    return {
        "next_runs": schedule.next_runs(now, sessions, config.settings.schedule),
        "led_by": None if holder is None else holder.name,
        "feeds_asked": len(asked),
        "feeds": len(health),
        "stale_feeds": [s for s in asked if s.state not in ("ok", "empty")],
    }
