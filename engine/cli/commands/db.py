"""``nvsignal db upgrade|backup|drill|restore|export``: housekeeping of the record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import ConfigDir, Db, Json
from engine.cli.output import to_json, write_out

Force = Annotated[bool, typer.Option("--force", help="Replace what is there already.")]


def register(app: typer.Typer) -> None:
    """Add the command group to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="Upgrade, back up, restore, export the record.")
    app.add_typer(group, name="db")

    @group.command()
    def upgrade(db: Db = None, config: ConfigDir = None, json: Json = False) -> None:
        """Bring the record to the schema of this version; safe to repeat."""
        from engine.record.connect import parse_url, shown
        from engine.record.migrations import upgrade as run

        url = record_url(db, config)
        revision = run(url)
        found = {"database": shown(parse_url(url)), "revision": revision}
        write_out(to_json(found) if json else f"{found['database']}: schema {revision}")

    @group.command()
    def backup(
        file: Annotated[Path, typer.Argument(help="Where to put the copy.")],
        db: Db = None,
        config: ConfigDir = None,
        force: Force = False,
        json: Json = False,
    ) -> None:
        """Copy the record while it is in use, and check the copy."""
        from engine.record.backup import backup as run
        from engine.service.copies import note_backup

        url = record_url(db, config)
        path = run(url, file, overwrite=force)
        size, head = path.stat().st_size, note_backup(path, url).ledger_head
        found = {"file": str(path), "bytes": size, "ledger_head": head}
        ends = f"; its ledger ends with {head}" if head else ""
        write_out(to_json(found) if json else f"{path}: {size:,} bytes, checked{ends}")

    @group.command()
    def drill(
        file: Annotated[Path | None, typer.Argument(help="A backup; default the last one.")] = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Restore the last backup into a fresh place and compare the report made from it."""
        from config.settings import config_folder
        from engine.service.bind import load
        from engine.service.copies import drill as run

        done = run(load(config_folder(config)), record_url(db, config), file)
        if json:
            found = {"file": str(done.path), "acts_on": done.acts_on, "bytes": done.n_bytes}
            write_out(to_json({**found, "same": done.same}))
        else:
            verdict = "the same" if done.same else "NOT the same"
            write_out(
                f"{done.path}: the report for {done.acts_on}, made from it and from the record, is "
                f"{verdict} ({done.n_bytes:,} bytes)"
            )
        if not done.same:
            raise typer.Exit(1)

    @group.command()
    def restore(
        file: Annotated[Path, typer.Argument(help="The copy to put back.")],
        db: Db = None,
        config: ConfigDir = None,
        force: Force = False,
        json: Json = False,
    ) -> None:
        """Check a copy and put it in the place of the record; newer ledger entries stay."""
        from engine.record.backup import restore as run

        done = run(file, record_url(db, config), overwrite=force)
        if json:
            write_out(to_json({"database": str(done.path), "kept_entries": done.kept}))
            return
        write_out(f"{done.path}: restored from {file}")
        if done.kept:
            write_out(
                f"ledger entries written since stay: {len(done.kept)}, for {', '.join(done.kept)}"
            )

    @group.command()
    def export(
        file: Annotated[Path, typer.Argument(help="Where to write.")],
        table: Annotated[str, typer.Option(help="fact, item or ledger.")] = "fact",
        form: Annotated[
            str | None, typer.Option("--format", help="csv or parquet; default from the file name.")
        ] = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Write a table for other programs; text in CSV cannot act as a formula."""
        from engine.record.export import export as run
        from engine.record.store import Store

        chosen = form or ("parquet" if file.suffix == ".parquet" else "csv")
        with Store.open(record_url(db, config), create=False) as store:
            rows = run(store, table, file, chosen)
        found = {"file": str(file), "table": table, "format": chosen, "rows": rows}
        write_out(to_json(found) if json else f"{file}: {rows:,} rows of {table} as {chosen}")


def record_url(db: str | None, config: str | None) -> str:
    """The record meant: the one named, else the configured one. A broken config stops nobody who
    names it.
    """
    from engine.service.wiring import default_db_url, tidy_up

    url = db
    if not url:
        from config.settings import config_folder
        from engine.service.bind import load

        url = default_db_url(load(config_folder(config), None))
    tidy_up(url)
    return url
