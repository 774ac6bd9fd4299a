"""``nvsignal register`` and ``heldback``: say beforehand, and run what nobody had seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import ConfigDir, Db, Json
from engine.cli.output import to_json, write_out
from engine.errors import DataError, InputError
from engine.phrases import phrase

if TYPE_CHECKING:
    from engine.service.heldback import Run

PRESETS = "balanced,cautious,conviction"
Presets = Annotated[str, typer.Option(help="Presets, separated by commas.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    _register(app)
    _heldback(app)


def _register(app: typer.Typer) -> None:
    @app.command("register")
    def statement(
        first: Annotated[
            str | None, typer.Option("--from", metavar="DATE", help="First session judged.")
        ] = None,
        until: Annotated[
            str | None, typer.Option(metavar="DATE", help="Last session judged.")
        ] = None,
        strategy: Presets = PRESETS,
        held_back: Annotated[
            bool, typer.Option("--held-back", help="The months have begun: held back, not forward.")
        ] = False,
        out: Annotated[
            Path | None, typer.Option(help="Also write the statements to this file.")
        ] = None,
        verify: Annotated[
            Path | None,
            typer.Option(help="Instead: does this version still make the decisions sealed here?"),
        ] = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Seal rules, code, record and decisions before the months they will be judged on."""
        if verify is not None:
            _verify(verify, db, config, json=json)
            return
        if first is None or until is None:
            raise InputError(
                phrase("a period is needed"), remedy=phrase("--from 2026-12-01 --until 2027-11-30")
            )
        from engine.clock import now
        from engine.files import write_file
        from engine.service import registering
        from engine.service.history import parse_day

        told, head, instant = [], "", now()
        begins, ends = parse_day(first, "--from"), parse_day(until, "--until")
        assert begins is not None
        assert ends is not None
        for store, loaded in _each(strategy, db, config):
            said = registering.statement(
                store, loaded, first=begins, until=ends, now=instant, held_back=held_back
            )
            head = registering.register(store, said, instant).entry_hash
            told.append(said)
        if out is not None:
            write_file(out, registering.statement_text(told), make_folder=True)
        if json:
            write_out(to_json({"entry_hash": head, "statements": told}))
        else:
            write_out("\n".join(map(_line, told)) + f"\nledger head {head}")


def _line(told: dict[str, Any]) -> str:
    return (
        f"{told['preset']}: registered {told['from']} to {told['until']} ({told['label']}),\n"
        f"  {told['decisions']} decisions sealed as {told['decisions_hash'][:16]}, prices seen "
        f"until {told['prices_seen_until']}"
    )


def _each(names: str, db: str | None, config: str | None) -> Any:
    """(record, configuration) of each preset named, one record open at a time."""
    from config.settings import config_folder
    from engine.service import wiring
    from engine.service.bind import load

    for name in dict.fromkeys(n.strip() for n in names.split(",") if n.strip()):
        loaded = load(config_folder(config), name)
        with wiring.open_record(loaded, db) as store:
            yield store, loaded


def _verify(path: Path, db: str | None, config: str | None, *, json: bool) -> None:
    from engine.service import registering

    found: dict[str, Any] = {}
    for told in registering.read_statements(path):
        for store, loaded in _each(told["preset"], db, config):
            found[told["preset"]] = registering.differences(told, store, loaded)
    moved = [name for name, gone in found.items() if registering.breaks(gone)]
    if json:
        write_out(to_json({"reproduced": not moved, "differences": found}))
    else:
        for name, gone in found.items():
            word = "NOT reproduced" if name in moved else "decisions reproduced"
            write_out(f"{name}: {word}" + (f"; moved: {', '.join(gone)}" if gone else ""))
    if moved:
        raise DataError(
            phrase(
                "{moved}: what was sealed is not what this version decides", moved=", ".join(moved)
            ),
            remedy=phrase("register the new rules anew, for months that have not begun"),
        )


def _heldback(app: typer.Typer) -> None:
    @app.command()
    def heldback(
        strategy: Presets = PRESETS,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Run the registered presets once over the months whose prices nobody had seen."""
        from engine.clock import now
        from engine.service import heldback as months

        instant, runs = now(), []
        for store, loaded in _each(strategy, db, config):
            found = months.run(store, loaded, now=instant)
            runs.append((found, *months.keep(store, found, instant)))
        if json:
            write_out(
                to_json(
                    [
                        {**r.plain(), "first_run": first, "same_as_first": same}
                        for r, first, same in runs
                    ]
                )
            )
            return
        write_out(text_of([r for r, _, _ in runs]))
        for found, first, same in runs:
            if not first:
                word = "the same figures" if same else "OTHER FIGURES, which do not replace it"
                write_out(f"{found.preset}: had been run before; {word}")


def text_of(runs: list[Run]) -> str:
    """The table of presets and benchmarks; 80 columns."""
    one = runs[0]
    lines = [
        f"HELD BACK, NOT FORWARD: {one.first_on} to {one.last_on}, {one.sessions} sessions",
        "Prices unseen, releases seen. Costs of 5 bp a fill, cash at the effective rate.",
    ]
    for run in runs:
        stood = "before" if run.registered["before_the_prices"] else "AFTER"
        lines += [
            "",
            f"{run.preset}, registered {run.registered['registered_at'][:10]} {stood} the prices "
            f"were here ({run.registered['entry_hash'][:12]})",
            f"{'':17s}{'a year':>7s}{'fall':>7s}{'Sharpe':>7s}{'switch':>7s}{'in':>5s}"
            "  the rule above it, a year",
        ]
        f = run.figures
        own = (f["growth_pct"], f["fall_pct"], f["sharpe"], f["switches"])
        lines.append(_row(run.preset, *own, f["exposure_pct"], ""))
        for name, y in run.yardsticks.items():
            switches = max(0, y["n_trades"] - 1)
            figures = (y["cagr_pct"], y["max_drawdown_pct"], y["sharpe"], switches)
            lines.append(_row(name, *figures, y["exposure_pct"], _excess(y)))
        for name, s in run.skills.items():
            lines.append(f"  chance {name}: {_skill(s)}")
        asked = " and ".join(str(look.sessions) for look in run.looks) or "too few"
        ended = "; ".join(run.withdrawn) or "not met"
        lines.append(f"  withdrawal rule, asked after {asked} sessions: {ended}")
    return "\n".join(lines)


def _row(
    name: str, growth: Any, fall: Any, sharpe: Any, switches: Any, share: Any, more: str
) -> str:
    def shown(value: Any, form: str) -> str:
        return "-" if value is None else format(value, form)

    return (
        f"{name:17s}{shown(growth, '+.1f'):>7s}{shown(fall, '.1f'):>7s}{shown(sharpe, '.2f'):>7s}"
        f"{shown(switches, '.0f'):>7s}{shown(share, '.0f'):>5s}  {more}".rstrip()
    )


def _excess(y: dict[str, Any]) -> str:
    if y["rule_excess_cagr_pct"] is None:
        return ""
    span = y["rule_excess_cagr_interval_pct"]
    said = f"{y['rule_excess_cagr_pct']:+.1f}"
    return said if span is None else f"{said} ({span[0]:+.1f} to {span[1]:+.1f})"


def _skill(s: dict[str, Any]) -> str:
    span = s["skill_interval"]
    inside = "" if span is None else f" ({span[0]:+.2f} to {span[1]:+.2f})"
    return (
        f"Brier {s['brier']:.3f}, base {s['brier_base_rate']:.3f}, skill "
        f"{s['skill']:+.2f}{inside}, n {s['n']}, void {s['void']}"
    )
