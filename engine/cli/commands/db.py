"""``nvsignal db upgrade|backup|drill|restore|export``: housekeeping of the record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import ConfigDir, Db, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker

Force = Annotated[bool, typer.Option("--force", help="Replace what is there already.")]


def register(app: typer.Typer) -> None:
    """Add the command group to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="Upgrade, back up, restore, export the record.")
    app.add_typer(group, name="db")

    @group.command()
    def upgrade(
        lang: Lang = None, db: Db = None, config: ConfigDir = None, json: Json = False
    ) -> None:
        """Bring the record to the schema of this version; safe to repeat."""
        from engine.record.connect import parse_url, shown
        from engine.record.migrations import upgrade as run

        url = record_url(db, config)
        revision = run(url)
        found = {"database": shown(parse_url(url)), "revision": revision}
        told = speaker(lang, config).say(
            "{database}: schema {revision}", database=found["database"], revision=revision
        )
        write_out(to_json(found) if json else told)

    @group.command()
    def backup(
        file: Annotated[Path, typer.Argument(help="Where to put the copy.")],
        lang: Lang = None,
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
        if json:
            write_out(to_json(found))
            return
        voice = speaker(lang, config)
        told = voice.say("{path}: {size:int} bytes, checked", path=str(path), size=size)
        if head:
            told = voice.say("{checked}; its ledger ends with {head}", checked=told, head=head)
        write_out(told)

    @group.command()
    def drill(
        file: Annotated[Path | None, typer.Argument(help="A backup; default the last one.")] = None,
        lang: Lang = None,
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
            voice = speaker(lang, config)
            verdict = voice.say("the same") if done.same else voice.say("NOT the same")
            write_out(
                voice.say(
                    "{path}: the report for {day:date}, made from it and from the record, is "
                    "{verdict} ({size:int} bytes)",
                    path=str(done.path),
                    day=done.acts_on,
                    verdict=verdict,
                    size=done.n_bytes,
                )
            )
        if not done.same:
            raise typer.Exit(1)

    @group.command()
    def restore(
        file: Annotated[Path, typer.Argument(help="The copy to put back.")],
        lang: Lang = None,
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
        _ = speaker(lang, config).say
        write_out(_("{path}: restored from {file}", path=str(done.path), file=str(file)))
        if done.kept:
            write_out(
                _(
                    "ledger entries written since stay: {n}, for {sessions}",
                    n=len(done.kept),
                    sessions=", ".join(done.kept),
                )
            )

    @group.command()
    def export(
        file: Annotated[Path, typer.Argument(help="Where to write.")],
        table: Annotated[str, typer.Option(help="fact, item or ledger.")] = "fact",
        form: Annotated[
            str | None, typer.Option("--format", help="csv or parquet; default from the file name.")
        ] = None,
        lang: Lang = None,
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
        told = speaker(lang, config).say(
            "{file}: {rows:int} rows of {table} as {form}",
            file=str(file),
            rows=rows,
            table=table,
            form=chosen,
        )
        write_out(to_json(found) if json else told)


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
