"""The one seam between the page and the backtests: rules in, replayed accounts out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from engine.errors import InputError
from engine.phrases import phrase
from engine.report.labels import N_

if TYPE_CHECKING:
    from backtests.metrics import Summary
    from backtests.overfitting import RuleEvidence
    from backtests.replay import Replay
    from backtests.tearsheet import Sheet
    from engine.record.store import Store
    from engine.service.bind import Bound
    from engine.service.history import Window

Step = Callable[[str, float], None]
"""Told the stage and the share done; raises to stop the work."""

MAX_RULES = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowTrial:
    """One rule over the window.

    target_weight: (T,), the share of equity asked for each morning. sheet: the whole tear sheet.
    """

    name: str
    run: Replay
    figures: Summary
    evidence: RuleEvidence
    target_weight: tuple[float, ...]
    sheet: Sheet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrialOutcome:
    """Rules over the same window, beside holding."""

    first: date
    last: date
    data_hash: str
    spread_bps: float
    trials: tuple[WindowTrial, ...]
    holding: Replay
    holding_figures: Summary
    at_close: int


def run_trials(
    store: Store,
    rules: Sequence[tuple[str, Bound]],
    *,
    first: date | None,
    last: date | None,
    spread_bps: float,
    now: datetime,
    step: Step,
) -> TrialOutcome:
    """Replay each of ``rules`` (name, configuration) from ``first`` to ``last``.

    first, last: None for all there is. Reads the record and notes each attempt in the trial ledger,
    as the command does, and writes nothing else. ``step`` is called between the stages and may
    raise to stop.
    """
    from backtests.metrics import summarise
    from backtests.replay import Costs, buy_and_hold
    from engine.service.history import open_window

    if not 1 <= len(rules) <= MAX_RULES:
        raise InputError(
            phrase("{rules} rules at once", rules=str(len(rules))),
            remedy=phrase("1 to {max_rules}", max_rules=str(MAX_RULES)),
        )
    costs = Costs(spread_bps=spread_bps)
    step(N_("Reading the record and rating the releases of its time"), 0.05)
    window = open_window(store, rules[0][1], costs, first, last, now=now)
    holding = buy_and_hold(window.market)
    trials = []
    for number, (name, config) in enumerate(rules):
        if config.folder != rules[0][1].folder:
            raise InputError(phrase("two configuration folders cannot share one window"))
        share = 0.7 + 0.3 * number / len(rules)
        # Features do not depend on the rule: one window serves every blend.
        ruled = replace(window, config=config)
        trials.append(_trial(store, name, ruled, holding, step, share, now))
    return TrialOutcome(
        first=window.first,
        last=window.last,
        data_hash=window.data_hash,
        spread_bps=spread_bps,
        trials=tuple(trials),
        holding=holding,
        holding_figures=summarise(holding),
        at_close=int(window.market.at_close.sum()),
    )


def _trial(
    store: Store,
    name: str,
    window: Window,
    holding: Replay,
    step: Step,
    share: float,
    now: datetime,
) -> WindowTrial:
    from backtests.benchmarks import after_tax, yardsticks
    from backtests.overfitting import verdict
    from backtests.reliability import score_falls
    from backtests.replay import replay
    from backtests.tearsheet import sheet_of
    from engine.decision.decide import evaluate
    from engine.service import history
    from engine.service.basis import notes

    step(N_("Replaying the decisions with costs"), share)
    blend = window.config.blend
    evaluation = evaluate(blend, window.features)
    target = evaluation.target_weight[window.rows]
    run = replay(window.market, target)
    step(N_("Asking how much of the result could be luck"), share + 0.05)
    numbers = history.identity(history.rule_numbers(blend), window)
    history.note_run(store, window, window.config.strategy.name, numbers, run, now)
    tried = history.attempts(store, window)
    evidence, figures, _ = history.evidence_of(window.market, run, target, tried)
    return WindowTrial(
        name=name,
        run=run,
        figures=figures,
        evidence=evidence,
        target_weight=tuple(target.tolist()),
        sheet=sheet_of(
            window.market,
            run,
            holding,
            target,
            strategy=name,
            verdict=verdict(evidence),
            evaluation=evaluation,
            names=[voice.strategy.name for voice in blend.voices],
            rows=window.rows,
            evidence=evidence,
            yardsticks=yardsticks(window.market, run, window.earlier),
            after_tax=after_tax(window.market, target),
            notes=notes(window),
            chances=score_falls(window.features, window.rows),
            exit_below=blend.rule.exit_below,
            enter_above=blend.rule.enter_above,
            receipt={"config_hash": window.config.digest, "data_hash": window.data_hash},
        ),
    )
