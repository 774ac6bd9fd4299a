"""``nvsignal worlds``: how often the verdict claims an edge that is not there, or misses one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import ConfigDir, Db, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.progress import counted
from engine.cli.speech import speaker
from engine.plain import to_plain

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
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
        lang: Lang = None,
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
        voice = speaker(lang, config)
        stages = {
            "without": (voice.say("worlds without an edge"), service.without_edge),
            "with": (voice.say("worlds with an edge"), service.with_edge),
        }
        for name, (said, judge) in stages.items():
            with counted(said, count) as advance:
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
            write_out(_text(found, kept, voice))
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


def _text(found: dict[str, Tally], kept: bool, voice: Speaker) -> str:
    from engine.service.worlds import LEAST_FOUND, MOST_CLAIMED, SHARPE

    _, without, edge = voice.say, found["without"], found["with"]
    kinds = ", ".join(
        _("{kind} {some} of {all}", kind=kind, some=a, all=n)
        for kind, (a, n) in without.by_kind.items()
    )
    lines = (
        _(
            "Synthetic worlds. Without edge: {claimed} of {worlds} are told to have one ({kinds}); "
            "at most {most:share0} may be.",
            claimed=without.claimed,
            worlds=without.worlds,
            kinds=kinds,
            most=MOST_CLAIMED,
        ),
        _(
            "With a planted edge, Sharpe {sharpe:sig3} a year against holding: {claimed} of "
            "{worlds} are found; at least {least:share0} must be.",
            sharpe=SHARPE,
            claimed=edge.claimed,
            worlds=edge.worlds,
            least=LEAST_FOUND,
        ),
        _("Both bounds are kept.") if kept else _("A bound is missed."),
    )
    return "\n".join(lines)
