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
        from engine.service import judging, morning, tracking, wiring
        from engine.service.bind import load

        loaded = load(config_folder(config), strategy)
        with wiring.open_record(loaded, db) as store:
            instant = wiring.instant_at(store, as_of, now())
            assessment = wiring.assess(wiring.world_at(store, loaded, instant), loaded)
            past = morning.past_decisions(store, loaded, instant)
            judged = judging.all_judged(store, assessment, past)
        found = {
            "as_of": instant,
            "strategy": loaded.strategy.name,
            **tracking.track(assessment, past),
            "registered": judged,
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
            f"10 % fall {day['chance_of_fall']:.0%}"
        )
    for told in found["registered"]:
        lines += ["", *_statement(told)]
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


def _statement(told: dict[str, Any]) -> list[str]:
    """A statement registered beforehand, what came so far, and whether its rule ended it."""
    head = (
        f"REGISTERED {told['registered_at'][:10]}: {told['from']} to {told['until']} "
        f"({told['label']}), {told['entry_hash'][:12]}"
    )
    if told["state"] == "changed":
        return [head, "  the rule has been changed since; what is sealed there is not judged here"]
    so_far, rule = told["so_far"], told["withdrawal"]
    if so_far is None:
        return [head, f"  not begun; {_ending(rule)}"]
    mix, holding = (so_far["yardsticks"][rule[k]] for k in ("excess_over", "fall_deeper_than"))
    own, live = so_far["figures"], told["said_otherwise"]
    fall = so_far["skills"].get("fall_10", {})
    ended = "; ".join(so_far["withdrawn"])
    return [
        head,
        f"  {so_far['sessions']} sessions to {so_far['last_on']}: {own['total_pct']:+.1f} %, "
        f"constant mix {100 * (mix['final_equity'] - 1):+.1f} %, holding "
        f"{100 * (holding['final_equity'] - 1):+.1f} %",
        f"  a year above its constant mix {_excess(mix)}",
        f"  deepest fall {own['fall_pct']:.1f} %, of holding {holding['max_drawdown_pct']:.1f} %; "
        f"skill of its 10 % fall {_skill(fall)}",
        f"  live mornings {live['live']}, of another verdict than this replay {live['otherwise']}",
        *wrap(
            f"WITHDRAWN by the rule written before: {ended}" if ended else _ending(rule, so_far),
            78,
            initial_indent="  ",
            subsequent_indent="  ",
        ),
    ]


def _ending(rule: dict[str, Any], so_far: dict[str, Any] | None = None) -> str:
    """What ends the preset, and since when that is asked."""
    asked = f"asked from session {rule['sessions']} on"
    if so_far is not None and so_far["sessions"] >= rule["sessions"]:
        asked = "not met"
    return (
        f"withdrawal rule {asked}: growth surely below its {rule['excess_over'].replace('_', ' ')},"
        f" a fall deeper than of {rule['fall_deeper_than']}, or chances of a fall surely worse "
        "than the base rate"
    )


def _excess(mix: dict[str, Any]) -> str:
    span = mix["rule_excess_cagr_interval_pct"]
    if span is None:
        return "too few sessions"
    return f"{mix['rule_excess_cagr_pct']:+.1f} ({span[0]:+.1f} to {span[1]:+.1f}) points"


def _skill(fall: dict[str, Any]) -> str:
    if fall.get("skill") is None:
        return "too few outcomes"
    span = fall["skill_interval"]
    inside = "" if span is None else f" ({span[0]:+.2f} to {span[1]:+.2f})"
    return f"{fall['skill']:+.2f}{inside}"
