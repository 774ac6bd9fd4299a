"""``nvsignal status``: what the record holds, how old it is, and what ran."""

from __future__ import annotations

import typer

from engine.app.options import ConfigDir, Db, Json
from engine.app.output import safe_text, to_json, write_out


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def status(db: Db = None, config: ConfigDir = None, json: Json = False) -> None:
        """Facts by kind with the age of the newest, ledger length, last runs."""
        from config.settings import config_folder, load
        from engine.app import wiring
        from engine.clock import now

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
                "last_runs": store.job_runs(limit=5),
            }
        if json:
            write_out(to_json(found))
            return
        write_out(_text(found))


def _text(found: dict[str, object]) -> str:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=80, color_system=None, highlight=False)
    rows = found["facts"]
    assert isinstance(rows, list)
    with console.capture() as capture:
        console.print(f"record    {safe_text(str(found['record']))}", soft_wrap=True)
        console.print(f"strategy  {safe_text(str(found['strategy']))}")
        console.print(f"ledger    {found['ledger_entries']} decisions")
        console.print(f"news      {found['items']} items\n")
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column("facts")
        for name in ("count", "newest known (UTC)", "days ago"):
            table.add_column(name, justify="right")
        for row in rows:
            table.add_row(
                str(row["kind"]),
                f"{row['facts']:,}",
                f"{row['newest_known_at']:%Y-%m-%d %H:%M}",
                f"{row['age_days']:.1f}",
            )
        console.print(table)
    return capture.get()
