"""``nvsignal audit``: does any decision of the past rest on what was only known later?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, Lang, StrategyFile
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker
from engine.errors import OutOfRangeError
from engine.phrases import phrase
from engine.plain import to_plain

if TYPE_CHECKING:
    from datetime import datetime

    from backtests.audit import AuditResult, Progress
    from backtests.trace import Run, Trace
    from engine.record.history import History
    from engine.report.i18n import Speaker
    from engine.service.bind import Bound


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def audit(
        strategy: StrategyFile = None,
        dates: Annotated[
            str, typer.Option(metavar="N|all", help="Decision dates to audit, drawn by --seed.")
        ] = "50",
        seed: Annotated[int, typer.Option(help="Which dates are drawn.")] = 20250822,
        experiments: Annotated[
            bool, typer.Option(help="Also delay the news and leave out each kind of fact.")
        ] = True,
        as_of: AsOf = None,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Cut, poison and thin the record to find decisions that knew the future; exit 1 if so."""
        from backtests.audit import DELAYS
        from backtests.audit import audit as audit_run
        from backtests.fresh import Fresh
        from config.settings import config_folder
        from engine.bare import bare_environment
        from engine.cli.said.audit import text_of
        from engine.clock import now
        from engine.service import wiring
        from engine.service.bind import load
        from engine.service.classifier import load_classifier
        from engine.service.folders import data_folder
        from engine.service.histories import histories

        chosen, voice = _dates(dates), speaker(lang, config)
        loaded = load(config_folder(config), strategy)
        with wiring.open_record(loaded, db) as store:
            instant = wiring.instant_at(store, as_of, now())
            world = wiring.world_at(store, loaded, instant)
        with bare_environment(), _progress(voice) as told:
            result = audit_run(
                world.history,
                instant,
                run_of(loaded),
                strategy=loaded.strategy.name,
                dates=chosen,
                seed=seed,
                delays=DELAYS if experiments else (),
                without=None if experiments else (),
                place=Fresh(PRELOADED),
                progress=told,
            )
        apart = histories(world, loaded, load_classifier(data_folder(), loaded.folder, voice))
        if json:
            write_out(to_json({**plain(result), "histories": to_plain(apart)}))
        else:
            write_out(text_of(result, apart, voice))
        if not result.clean:
            raise typer.Exit(1)


def _dates(text: str) -> int | Literal["all"]:
    if text.strip().lower() == "all":
        return "all"
    if not text.strip().isdecimal() or int(text) < 1:
        raise OutOfRangeError("--dates", text[:40], phrase("1 or more, or all"))
    return int(text)


PRELOADED = tuple(
    "pandas exchange_calendars engine.decision.outlook engine.service.wiring "
    "engine.service.bind engine.record.store engine.decision.features "
    "engine.decision.ratings engine.decision.explain engine.cli.commands.audit".split()
)
"""Imported in the process from which those of the audited runs are forked."""


@dataclass(frozen=True, slots=True)
class _Deciding:
    """The live decision as the audit wants it: the same ``assess``, all it computed kept."""

    config: Bound

    def __call__(self, history: History, as_of: datetime) -> Trace:
        from backtests.trace import trace_of
        from engine.decision.events import known_events
        from engine.decision.ratings import rate_all
        from engine.service import wiring

        world = wiring.world_of(history, self.config, as_of)
        events = known_events(world.history, world.as_of)
        reference = wiring.reference_of(self.config)
        ratings = rate_all(world.history, world.grid, events, reference)
        found = wiring.assess(world, self.config, ratings=ratings, version="audited")
        return trace_of(
            found.features,
            found.evaluation,
            [voice.strategy.name for voice in self.config.blend.voices],
            events=found.events,
            ratings=[(r.row, r.rating) for r in found.ratings],
            told=_teller(found),
        )


def run_of(config: Bound) -> Run:
    """The run of a configuration, fit to be sent to another process."""
    return _Deciding(config)


def _teller(found: Any) -> Callable[[int], str]:
    """A session's decision in words and numbers, without the receipt that names the record."""
    from dataclasses import replace

    def told(row: int) -> str:
        decision = replace(found.decision_at(row), data_hash="")
        return repr(replace(decision, decided_at=found.world.sessions.decide_at(decision.acts_on)))

    return told


@contextmanager
def _progress(voice: Speaker) -> Iterator[Progress | None]:
    """A bar on a terminal; nothing in a pipe or a log."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<32}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, what: bar.update(
            task, completed=done, total=total, description=voice.tell(what)
        )


# --- output ------------------------------------------------------------------------------------


def plain(result: AuditResult) -> dict[str, Any]:
    """The result as JSON-ready data; stable keys."""
    return {"clean": result.clean, "canary": result.canary, **to_plain(result)}
