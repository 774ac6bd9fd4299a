"""``nvsignal worlds``: how often the verdict claims an edge that is not there, or misses one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import ConfigDir, Db, Json
from engine.cli.output import to_json, write_out
from engine.cli.progress import counted
from engine.plain import to_plain

if TYPE_CHECKING:
    from engine.service.worlds import Tally

FROZEN = "2025-09-30"
"""The last day anything in the presets was set from."""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def worlds(
        count: Annotated[
            int, typer.Option("--worlds", help="Simulated records of each sort.")
        ] = 200,
        seed: Annotated[int, typer.Option(help="Of the worlds.")] = 20251001,
        last: Annotated[
            str, typer.Option("--to", metavar="DATE", help="Last day of the record used.")
        ] = FROZEN,
        workers: Annotated[int, typer.Option(help="Processes on this machine.")] = 1,
        cluster: Annotated[
            str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler, tcp://host:8786.")
        ] = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Judge rules in worlds without edge and with one; exit 1 where a bound is missed."""
        from engine.clock import now
        from engine.service import wiring
        from engine.service import worlds as service

        configs = service.presets(config)
        with wiring.open_record(configs[0], db) as store:
            instant = wiring.instant_at(store, last, now())
            history = store.history(known_by=instant)
        given = service.given_at(history, instant, configs, seed)
        found: dict[str, Tally] = {}
        for name, judge in (("without", service.without_edge), ("with", service.with_edge)):
            with counted(f"worlds {name} an edge", count) as advance:
                found[name] = service.tally(
                    judge,
                    given,
                    count,
                    workers=workers,
                    cluster=cluster,
                    on_world=lambda _: advance(1),
                )
        kept = service.kept(found["without"], found["with"])
        if json:
            write_out(to_json({"kept": kept, **{k: _plain(t) for k, t in found.items()}}))
        else:
            write_out(_text(found, kept))
        if not kept:
            raise typer.Exit(1)


def _plain(tally: Tally) -> dict[str, Any]:
    claims = [one for one in tally.judged if one.claimed]
    return {
        "worlds": tally.worlds,
        "claimed": tally.claimed,
        "by_kind": {k: list(v) for k, v in tally.by_kind.items()},
        "claims": to_plain(claims),
    }


def _text(found: dict[str, Tally], kept: bool) -> str:
    from engine.service.worlds import LEAST_FOUND, MOST_CLAIMED, SHARPE

    without, edge = found["without"], found["with"]
    kinds = ", ".join(f"{kind} {a} of {n}" for kind, (a, n) in without.by_kind.items())
    return (
        f"Synthetic worlds. Without edge: {without.claimed} of {without.worlds} are told to have "
        f"one ({kinds}); at most {MOST_CLAIMED:.0%} may be.\n"
        f"With a planted edge, Sharpe {SHARPE:g} a year against holding: {edge.claimed} of "
        f"{edge.worlds} are found; at least {LEAST_FOUND:.0%} must be.\n"
        f"{'Both bounds are kept.' if kept else 'A bound is missed.'}"
    )
