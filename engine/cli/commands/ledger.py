"""``nvsignal ledger`` and ``ledger verify``: the track record, and proof that nobody touched it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.commands.db import record_url
from engine.cli.options import ConfigDir, Db, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker
from engine.plain import safe_text

if TYPE_CHECKING:
    from engine.record.chain import LedgerEntry
    from engine.report.i18n import Speaker


def register(app: typer.Typer) -> None:
    """Add the command group to ``app``."""
    group = typer.Typer(help="List the recorded decisions; verify that none was changed.")
    app.add_typer(group, name="ledger")

    @group.callback(invoke_without_command=True)
    def listing(
        context: typer.Context,
        strategy: Annotated[str | None, typer.Option(help="Only this strategy.")] = None,
        limit: Annotated[int, typer.Option(min=1, help="Only the newest so many.")] = 20,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """List the recorded decisions, oldest first."""
        if context.invoked_subcommand is not None:
            return
        from engine.record import ledger
        from engine.record.store import Store

        with Store.open(record_url(db, config), create=False) as store:
            entries = ledger.entries(store, strategy=strategy)[-limit:]
        write_out(
            to_json([_plain(e) for e in entries])
            if json
            else _table(entries, speaker(lang, config))
        )

    @group.command()
    def verify(
        files: Annotated[
            list[Path] | None,
            typer.Argument(
                metavar="[FILE]...",
                help="Reports and mails kept elsewhere (.html, .eml, .mbox, .json), or folders.",
            ),
        ] = None,
        head: Annotated[
            str | None, typer.Option(help="Entry hash noted earlier; it must still be there.")
        ] = None,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Check the hash chain, and every entry that a report, a mail or a time stamp names."""
        from config.settings import config_folder
        from engine.record import ledger
        from engine.record.store import Store
        from engine.service import anchors, stamps
        from engine.service.bind import load
        from engine.service.runner import report_folder

        loaded = load(config_folder(config), None)
        folder = report_folder(loaded)
        with Store.open(record_url(db, config), create=False) as store:
            found = ledger.verify(store, head=head)
            reports = anchors.hold(store, folder, files or ())
            stamped = stamps.verify(store, loaded.settings.timestamp, stamps.folder())
        if json:
            plain = {"ok": True, "entries": found.n_entries, "head": found.entry_hash}
            write_out(to_json({**plain, "reports": reports, "time_stamps": stamped}))
        else:
            voice = speaker(lang, config)
            held = [voice.count("{n} entry holds", "{n} entries hold", n=found.n_entries)]
            if reports:
                held.append(
                    voice.count(
                        "and the {n} report that names one",
                        "and the {n} reports that name one",
                        n=reports,
                    )
                )
            if stamped:
                held.append(voice.count("and {n} time stamp", "and {n} time stamps", n=stamped))
            what = ", ".join(held)
            write_out(voice.say("{what}; head {head}", what=what, head=found.entry_hash))


def _plain(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "acts_on": entry.acts_on,
        "strategy": entry.strategy,
        "revision": entry.revision,
        "stands": entry.stands,
        "made_at": entry.made_at,
        "entry_hash": entry.entry_hash,
        "payload": entry.payload,
    }


def _table(entries: list[LedgerEntry], voice: Speaker) -> str:
    """Eighty columns: what was decided, for which session, when, and the hash to note down."""
    from engine.report.words import stance_word

    _ = voice.say
    if not entries:
        return _("no decisions recorded yet")
    heads = ("#", _("session"), _("decision"), _("score"), _("rules"), _("hash"))
    wide = max(9, len(heads[2]))
    lines = [
        f"{heads[0]:>5}  {heads[1]:<10}  {heads[2]:<{wide}}  {heads[3]:>6}  {heads[4]:<16}  "
        f"{heads[5]}"
    ]
    for entry in entries:
        payload = entry.payload
        verdict = str(payload.get("decision", ""))
        known = verdict in ("HOLD", "REDUCE", "SELL")
        decision = stance_word(verdict, voice) if known else safe_text(verdict, limit=8)
        score = payload.get("score")
        shown = voice.number(score, "+.2f") if isinstance(score, int | float) else ""
        name = safe_text(entry.strategy, limit=16)
        later = "" if entry.stands else "  " + _("revision {n}", n=entry.revision)
        lines.append(
            f"{entry.seq:>5}  {entry.acts_on}  {decision:<{wide}}  {shown:>6}  {name:<16}  "
            f"{entry.entry_hash[:12]}{later}"
        )
    return "\n".join(lines)
