"""``nvsignal risk``: how good the forecast of falls has been, walk-forward."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.options import ConfigDir, Db, Json
from engine.cli.output import to_json, write_out
from engine.plain import safe_text

if TYPE_CHECKING:
    from engine.service.risks import RiskScore

_WINDOW = ("2020-03-01", "2025-09-30")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def risk(
        panel: Annotated[
            Path | None,
            typer.Option(help="Folder with SYMBOL.csv and VIX.csv: other stocks, scored as well."),
        ] = None,
        symbols: Annotated[str, typer.Option(help="Which of them.")] = "AMD,AVGO,MU,TSM",
        first: Annotated[str, typer.Option("--from", help="First session scored.")] = _WINDOW[0],
        last: Annotated[str, typer.Option("--to", help="Last session scored.")] = _WINDOW[1],
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Chances of a fall against how often it came, and how often the 90 % interval held."""
        from config.settings import config_folder
        from engine.clock import NEW_YORK, instant_of, now
        from engine.service import risks, wiring
        from engine.service.bind import load

        loaded = load(config_folder(config))
        with wiring.open_record(loaded, db) as store:
            start, end = instant_of(first, now()), wiring.instant_at(store, last, now())
            days_scored = start.astimezone(NEW_YORK).date(), end.astimezone(NEW_YORK).date()
            world = wiring.world_at(store, loaded, end)
            features = wiring.assess(world, loaded, ratings=()).features
        warm_on = world.warm.sessions_on if world.warm is not None else ()
        days, history = risks.nvda_history(features, warm_on)
        found = [risks.score_stock("NVDA", days, history, *days_scored)]
        if panel is not None:
            for symbol in filter(None, (s.strip() for s in symbols.split(","))):
                told = risks.history_of_file(panel / f"{symbol}.csv", panel / "VIX.csv")
                found.append(risks.score_stock(symbol, *told, *days_scored))
        write_out(to_json({"stocks": found}) if json else _text(found))


def _text(found: list[RiskScore]) -> str:
    from engine.service.basis import foresight

    out = [f"Scored walk-forward, {found[0].first_on} to {found[0].last_on}", ""]
    out.append("Chance of a fall within 21 sessions against the expanding base rate")
    out.append("stock fall    came  said  skill  90 % interval    model  weight mean/now")
    for stock in found:
        for fall in stock.falls:
            s = fall.score
            span = "-" if s.low is None or s.high is None else f"{s.low:+.3f} to {s.high:+.3f}"
            out.append(
                f"{safe_text(stock.symbol)[:5]:5s} {fall.fall_pct:3.0f} %  {s.rate:5.1%} "
                f"{s.said:5.1%} {s.skill:+.3f} {span:17s} {s.of_model:+.3f} "
                f"{s.weight:5.2f} /{s.weight_now:5.2f}"
            )
    out += ["", "stock sessions  90 % held  below  above    CRPS  of the past  skill"]
    for stock in found:
        for horizon, d in stock.distributions:
            out.append(
                f"{safe_text(stock.symbol)[:5]:5s} {horizon:8d} {d.coverage:9.1%} {d.below:6.1%} "
                f"{d.above:6.1%}  {d.crps:.4f}  {d.crps_of_base:.4f}   {d.skill:+.3f}"
            )
    held = [d.coverage for stock in found for _, d in stock.distributions]
    out += ["", f"pooled: the 90 % interval held {sum(held) / len(held):.1%} of the time"]
    out.append("A skill whose interval holds zero is not told from the base rate.")
    for note in foresight(found[0].first_on, found[0].last_on):
        out += ["", *wrap(str(note), 78)]
    return "\n".join(out)
