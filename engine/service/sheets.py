"""Tear sheets of what the history commands replayed, written as files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.files import write_file

if TYPE_CHECKING:
    from backtests.overfitting import RuleEvidence
    from backtests.replay import Replay
    from backtests.tearsheet import Heat, Sheet, SheetEvent
    from engine.decision.evidence import Blend
    from engine.record.store import Store
    from engine.service.history import Window
    from engine.values import FloatArray


def sheet_for(
    store: Store,
    window: Window,
    run: Replay,
    target: FloatArray,
    result: dict[str, Any],
    *,
    evidence: RuleEvidence,
    blend: Blend | None,
    heat: Heat | None = None,
    told: bool = True,
) -> Sheet:
    """The sheet of one replay; blend None: given positions, which have no score to show.

    told: with the events of the time, which are read from the record once more.
    """
    from backtests.benchmarks import after_tax, yardsticks
    from backtests.reliability import score_falls
    from backtests.replay import buy_and_hold
    from backtests.tearsheet import sheet_of
    from engine.decision.decide import evaluate
    from engine.service.basis import notes

    voices = () if blend is None else blend.voices
    thresholds = (
        {}
        if blend is None
        else {"exit_below": blend.rule.exit_below, "enter_above": blend.rule.enter_above}
    )
    return sheet_of(
        window.market,
        run,
        buy_and_hold(window.market, capital=run.capital),
        target,
        strategy=result["strategy"],
        verdict=result["verdict"],
        evaluation=None if blend is None else evaluate(blend, window.features),
        names=[v.strategy.name for v in voices],
        rows=window.rows,
        events=_events(store, window) if told else (),
        heat=heat,
        evidence=evidence,
        yardsticks=yardsticks(window.market, run, window.earlier),
        after_tax=after_tax(window.market, target, capital=run.capital),
        notes=notes(window),
        chances=score_falls(window.features, window.rows),
        receipt={"data_hash": result["data_hash"], "config_hash": window.config.digest},
        **thresholds,
    )


def _events(store: Store, window: Window) -> tuple[SheetEvent, ...]:
    from backtests.tearsheet import events_on
    from engine.clock import NEW_YORK, end_of_day
    from engine.decision.events import known_events
    from engine.macro.sessions import load_sessions
    from engine.service import wiring

    sessions = load_sessions(window.first - timedelta(days=7), window.last + timedelta(days=14))
    world = wiring.world_at(store, window.config, end_of_day(window.last))
    events = [
        e
        for e in known_events(world.history, world.as_of)
        if sessions.first <= e.known_at.astimezone(NEW_YORK).date() <= window.last
    ]
    return events_on(events, window.market.sessions_on, sessions.acts_on)


def write_sheet(sheet: Sheet, *, html: Path | None, ledger: Path | None, lang: str) -> list[Path]:
    """Write what was asked for; returns the files written."""
    from backtests.sheet_page import render
    from backtests.tearsheet import ledger_csv

    written = []
    if html is not None:
        write_file(html, render(sheet, lang=lang))
        written.append(html)
    if ledger is not None:
        write_file(ledger, ledger_csv(sheet))
        written.append(ledger)
    return written
