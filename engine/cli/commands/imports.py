"""``nvsignal import``: the user's own prices, rates, corporate actions and events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.options import ConfigDir, Db, Json, Lang
from engine.cli.output import fail, to_json, write_out
from engine.cli.speech import speaker

if TYPE_CHECKING:
    from datetime import datetime

    from engine.record.store import Store
    from engine.service.importing import Imported

File = Annotated[Path, typer.Argument(help="CSV file.")]
Symbol = Annotated[
    str, typer.Option(help="Whose they are; decisions read NVDA, QQQ and ^VIX, others are kept.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="Bring your own data into the record.", no_args_is_help=True)

    @group.callback()
    def _group() -> None:
        """Bring your own data into the record."""

    @group.command()
    def bars(
        file: Annotated[
            Path,
            typer.Argument(
                help="Daily prices as Yahoo, yfinance, Stooq, Nasdaq.com, Investing.com, "
                "Boursorama, ABC Bourse or a spreadsheet writes them."
            ),
        ],
        symbol: Symbol = "NVDA",
        allow_gaps: Annotated[
            bool, typer.Option("--allow-gaps", help="Accept sessions without a bar.")
        ] = False,
        allow_jumps: Annotated[
            bool, typer.Option("--allow-jumps", help="Vouch for closes that look impossible.")
        ] = False,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Check a file of daily prices and record it, all or nothing."""
        from engine.service.derived import exchange_sessions
        from engine.service.importing import import_bars

        _run(
            lambda store, now: import_bars(
                store, file, symbol, now, sessions=exchange_sessions,
                allow_gaps=allow_gaps, vouched=allow_jumps,
            ),
            "bars", db, config, lang, json=json,
        )  # fmt: skip

    @group.command()
    def rates(
        file: File,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Rates: date,series,value, or a file of FRED."""
        from engine.service.importing import import_rates

        _run(
            lambda store, now: import_rates(store, file, now),
            "figures",
            db,
            config,
            lang,
            json=json,
        )

    @group.command()
    def actions(
        file: File,
        symbol: Symbol = "NVDA",
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Splits and dividends: ex_date,kind,split_ratio,amount_usd_as_paid."""
        from engine.service.importing import import_actions

        _run(
            lambda store, now: import_actions(store, file, symbol, now),
            "actions", db, config, lang, json=json,
        )  # fmt: skip

    @group.command()
    def events(
        file: File,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Dated events: date,event_type,headline (and time, actor, source, confidence)."""
        from engine.service.importing import import_events

        _run(
            lambda store, now: import_events(store, file, now),
            "events",
            db,
            config,
            lang,
            json=json,
        )

    app.add_typer(group, name="import")


def _run(
    bring: Callable[[Store, datetime], Imported],
    rows: str,
    db: str | None,
    config: str | None,
    lang: str | None,
    *,
    json: bool,
) -> None:
    from config.settings import config_folder
    from engine.cli.said.imports import text_of
    from engine.clock import now
    from engine.service import wiring
    from engine.service.bind import load

    with wiring.open_record(load(config_folder(config)), db) as store:
        done = bring(store, now())
    if json:
        result = {
            "what": done.what, "from": done.first_on, "to": done.last_on, "new": done.new,
            "changed": done.changed, "unchanged": done.unchanged, "notes": done.notes,
        }  # fmt: skip
        write_out(to_json(result))
        return
    voice = speaker(lang, config)
    write_out(text_of(done, rows, voice))
    for note in done.notes:
        fail(voice.tell(note))
