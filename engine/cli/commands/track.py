"""``nvsignal track``: what was said and what came of it, live and replayed apart."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, StrategyFile
from engine.cli.output import to_json, write_out


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def track(
        strategy: StrategyFile = None,
        as_of: AsOf = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Verdicts and chances against what came; statements registered beforehand beside them."""
        from config.settings import config_folder
        from engine.clock import now
        from engine.service import morning, registering, tracking, wiring
        from engine.service.bind import load

        loaded = load(config_folder(config), strategy)
        with wiring.open_record(loaded, db) as store:
            instant = wiring.instant_at(store, as_of, now())
            assessment = wiring.assess(wiring.world_at(store, loaded, instant), loaded)
            past = morning.past_decisions(store, loaded, instant)
            told = registering.statements(store, loaded.strategy.name)
        found = {
            "as_of": instant,
            "strategy": loaded.strategy.name,
            **tracking.track(assessment, past),
            "registered": [s for s in told if s["registered_at"] <= instant.isoformat()],
        }
        write_out(to_json(found) if json else text_of(found))


def text_of(found: dict[str, Any]) -> str:
    """Both records, one after the other; 80 columns."""
    lines = [f"Track record of {found['strategy']}, as of {found['as_of']:%Y-%m-%d}"]
    for name in ("live", "replayed"):
        record = found[name]
        lines += ["", name.upper(), f"  verdicts after {_verdicts(record['outcomes'])}"]
        lines += [f"  {_chance(c)}" for c in record["chances"]]
    for said in found["replayed"]["foresight"]:
        lines += ["", *wrap(said, 78, initial_indent="  ", subsequent_indent="  ")]
    lines += ["", "What the rules say of the mornings of the worst ten sessions (replayed)"]
    for day in found["replayed"]["worst_days"]:
        lines.append(
            f"  {day['session_on']}  {day['return_pct']:+6.1f} %  {day['decision']:<4}  "
            f"share {day['target_weight']:.2f}  score {day['score']:+.2f}  "
            f"10 % fall {day['chance_of_fall_10']:.0%}"
        )
    for told in found["registered"]:
        lines.append(
            f"registered {told['registered_at'][:10]}: {told['from']} to {told['until']} "
            f"({told['label']}), {told['entry_hash'][:12]}"
        )
    return "\n".join(lines)


def _verdicts(o: dict[str, Any]) -> str:
    head = (
        f"{o['expires_after_sessions']} sessions: {o['n']} over, {o['open']} open, {o['void']} void"
    )
    if o["share_right"] is None:
        return f"{head}; too few for a rate"
    low, high = o["share_right_interval"]
    return (
        f"{head};\n    right {o['share_right']:.0%} ({low:.0%} to {high:.0%} if they were "
        f"independent, which they are not), always HOLD {o['share_always_hold']:.0%}"
    )


def _chance(c: dict[str, Any]) -> str:
    head = f"{c['event']} in {c['within_sessions']}: n {c['n']}, open {c['open']}, void {c['void']}"
    if c["brier"] is None:
        return f"{head}; too few for a rate"
    span = c["skill_interval"]
    inside = "" if span is None else f" ({span[0]:+.2f} to {span[1]:+.2f})"
    said = ", ".join(f"{b['said']:.0%}>{b['came']:.0%}" for b in c["reliability"])
    return (
        f"{head}; Brier {c['brier']:.3f}, base {c['brier_base_rate']:.3f},\n    skill "
        f"{c['skill']:+.2f}{inside}; said>came {said}"
    )
