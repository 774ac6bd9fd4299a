"""``nvsignal stress``: scenarios laid over a morning and over the known days, for each preset."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json
from engine.cli.output import to_json, write_out
from engine.cli.progress import staged
from engine.plain import safe_text

if TYPE_CHECKING:
    from engine.service.stressing import StressTable


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def stress(
        as_of: AsOf = None,
        preset: Annotated[
            list[str] | None, typer.Option("--preset", help="A preset; give it again for more.")
        ] = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """What each scenario would make of a morning, and on what share of known days it sells."""
        from config.settings import config_folder
        from engine.clock import now
        from engine.service import wiring
        from engine.service.bind import load
        from engine.service.stressing import PRESETS, stress_table

        folder = config_folder(config)
        with wiring.open_record(load(folder), db) as store:
            instant = wiring.instant_at(store, as_of or wiring.LAST, now())
            with staged("") as step:
                table = stress_table(store, folder, instant, tuple(preset or PRESETS), step=step)
        write_out(to_json(table) if json else _text(table))


def _text(table: StressTable) -> str:
    """One block a scenario, a line for each preset; then how often the lines were crossed."""
    out = [f"As of {table.as_of:%Y-%m-%d %H:%M} UTC", ""]
    told = ""
    for row in table.rows:
        if row.scenario != told:
            told = row.scenario
            out.append(f"{safe_text(row.scenario)[:64]} ({row.severity})")
        share = "-" if row.share_of_known_days is None else f"{row.share_of_known_days:.0%}"
        less = "-" if row.share_reduced is None else f"{row.share_reduced:.0%}"
        out.append(
            f"  {safe_text(row.preset)[:12]:12s} {row.before:6s} -> {row.after:6s} "
            f"{row.target_after:4.0%}  sells on {share:>4s}, keeps less on {less:>4s}"
        )
    out += ["", "Known days beyond each line:"]
    for line in table.lines:
        at = f"{line.at:g} %" if line.line == "RISK" else f"{line.at:+.2f}"
        out.append(
            f"  {safe_text(line.preset)[:12]:12s} {line.line:7s} {at:>7s}  "
            f"{line.share_beyond:6.1%} of {line.known_days}"
        )
    out += ["", "What each preset said on known days:"]
    for use in table.stances:
        out.append(
            f"  {safe_text(use.preset)[:12]:12s} SELL {use.sell:6.1%}  REDUCE {use.reduce:6.1%}  "
            f"HOLD {use.hold:6.1%}  of {use.known_days}"
        )
    out += [
        "",
        '"Sells on": of known days on which the preset held in full, that day and the',
        'one before. "Keeps less on": of known days on which it did not sell.',
    ]
    for said in table.foresight:
        out += ["", *wrap(str(said), 78)]
    return "\n".join(out)
