"""``nvsignal status``: what the record holds, how old it is, what ran and what runs next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from engine.cli.options import ConfigDir, Db, Json
from engine.cli.output import to_json, write_out
from engine.plain import safe_text

if TYPE_CHECKING:
    from datetime import datetime

    from config.settings import Config
    from engine.record.store import Store


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def status(db: Db = None, config: ConfigDir = None, json: Json = False) -> None:
        """Facts by kind with the age of the newest, ledger, last and next runs, leader, feeds."""
        from config.settings import config_folder
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
        write_out(_text(found))


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


def _text(found: dict[str, Any]) -> str:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=80, color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(f"record    {safe_text(str(found['record']))}", soft_wrap=True)
        console.print(f"strategy  {safe_text(str(found['strategy']))}")
        console.print(f"ledger    {found['ledger_entries']} decisions")
        console.print(f"news      {found['items']} items")
        console.print(f"leader    {safe_text(found['led_by'] or 'nobody runs the mornings')}\n")
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column("facts")
        for name in ("count", "newest known (UTC)", "days ago"):
            table.add_column(name, justify="right")
        for row in found["facts"]:
            table.add_row(
                str(row["kind"]),
                f"{row['facts']:,}",
                f"{row['newest_known_at']:%Y-%m-%d %H:%M}",
                f"{row['age_days']:.1f}",
            )
        console.print(table)
    return "\n".join([capture.get(), *_runs_text(found), *_feeds_text(found)])


def _runs_text(found: dict[str, Any]) -> list[str]:
    from engine.clock import NEW_YORK

    lines = []
    for run in found["last_runs"]:
        at = run.scheduled_for.astimezone(NEW_YORK)
        detail = safe_text(run.detail, limit=100)
        lines.append(f"last {run.job:8} {at:%Y-%m-%d %H:%M}  {run.status}  {detail}".rstrip())
    for job, at in found["next_runs"].items():
        lines.append(f"next {job:8} {at.astimezone(NEW_YORK):%Y-%m-%d %H:%M}  New York")
    return lines


def _feeds_text(found: dict[str, Any]) -> list[str]:
    lines = ["", f"feeds     {found['feeds_asked']} of {found['feeds']} were asked so far"]
    for source in found["stale_feeds"]:
        note = safe_text(source.note, limit=50)
        lines.append(f"  {safe_text(source.name):20} {source.state.value}  {note}".rstrip())
    return lines
