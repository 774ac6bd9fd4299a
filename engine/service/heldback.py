"""The months whose prices nobody had seen when the rules were set, run once.

A held-back run and not a forward one: the months were over when it ran, and releases and news of
them had been read. Its result goes into the ledger; run again it must give the same figures, and a
different result stands beside the first one, not in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from config.frozen import FROZEN_ON
from engine.clock import NEW_YORK
from engine.errors import InputError
from engine.service import registering

if TYPE_CHECKING:
    from backtests.benchmarks import Yardstick
    from backtests.reliability import ChanceScore
    from engine.decision.outlook import Outlook
    from engine.record.store import Store
    from engine.service.bind import Bound
    from engine.service.history import Window
    from engine.values import BoolArray

FIRST_ON = FROZEN_ON + timedelta(days=1)
FALL_PCT = 10.0
"""The fall whose chance the withdrawal rule looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One preset over the months held back, JSON-ready but for its yardsticks.

    figures: growth_pct a year, fall_pct, sharpe, switches, exposure_pct. skills: chance ->
    n, came, brier, brier_base_rate, skill and its 90 % interval. registered: the statement's entry
    hash and whether it stood before the prices did. withdrawn: conditions met.
    decisions_hash: of every decision of these months, for a later version to reproduce.
    """

    preset: str
    first_on: date
    last_on: date
    sessions: int
    figures: Mapping[str, float | None]
    yardsticks: Mapping[str, Any]
    skills: Mapping[str, Any]
    registered: Mapping[str, Any]
    withdrawn: tuple[str, ...]
    decisions_hash: str

    def plain(self) -> dict[str, Any]:
        """For programs and the ledger."""
        return {"label": registering.HELD_BACK, **asdict(self)}


def statement_for(store: Store, preset: str) -> Mapping[str, Any]:
    """The first statement about the held-back months; refuses a preset that has none."""
    for told in registering.statements(store, preset):
        if told["label"] == registering.HELD_BACK and told["from"] >= FIRST_ON.isoformat():
            return told
    raise InputError(
        f"{preset} is not registered for the months held back",
        remedy=f"nvsignal register --held-back --from {FIRST_ON} --until DATE",
    )


def run(store: Store, config: Bound, *, now: datetime) -> Run:
    """Replay one registered preset from the day after the frozen one to the last price.

    Raises ``InputError`` without a statement, or while no price is later than the frozen day.
    """
    from backtests.benchmarks import yardsticks
    from backtests.metrics import summarise
    from backtests.replay import Costs, replay
    from engine.decision.decide import evaluate
    from engine.decision.outlook import outlook_of
    from engine.service import basis, history, wiring

    told = statement_for(store, config.strategy.name)
    if wiring.last_evening(store).astimezone(NEW_YORK).date() <= FROZEN_ON:
        raise InputError(
            f"the record holds no price after {FROZEN_ON}",
            remedy="carry the later prices and rates into config/facts",
        )
    first, until = date.fromisoformat(told["from"]), date.fromisoformat(told["until"])
    window = history.open_window(store, config, Costs(), first, None, now=now)
    if window.last > until:
        inside = sum(day <= until for day in window.market.sessions_on)
        window = window.part(slice(0, inside))
    evaluation = evaluate(config.blend, window.features)
    account = replay(window.market, evaluation.target_weight[window.rows])
    sticks = yardsticks(window.market, account, window.earlier, intervals=registering.BENCHMARKS)
    ours = summarise(account)
    skills = skills_of(outlook_of(config.blend, window.features, evaluation), rows_of(window))
    return Run(
        preset=config.strategy.name,
        first_on=window.first,
        last_on=window.last,
        sessions=len(window.market),
        figures={
            "growth_pct": ours.cagr_pct,
            "total_pct": 100.0 * (ours.final_equity - 1.0),
            "fall_pct": ours.max_drawdown_pct,
            "sharpe": ours.sharpe,
            "switches": float(ours.n_trades - 1),
            "exposure_pct": ours.exposure_pct,
        },
        yardsticks=basis.plain_yardsticks(sticks),
        skills=skills,
        registered={
            "entry_hash": told["entry_hash"],
            "registered_at": told["registered_at"],
            "prices_seen_until": told["prices_seen_until"],
            "before_the_prices": told["prices_seen_until"] <= FROZEN_ON.isoformat(),
        },
        withdrawn=_withdrawn(told["withdrawal"], len(window.market), ours, sticks, skills),
        decisions_hash=registering.digest_of(
            registering.decision_lines(window.features.sessions_on, evaluation)[window.rows]
        ),
    )


def _withdrawn(
    rule: Mapping[str, Any],
    sessions: int,
    ours: Any,
    sticks: tuple[Yardstick, ...],
    skills: Mapping[str, Any],
) -> tuple[str, ...]:
    by_name = {y.name: y for y in sticks}
    interval = by_name[rule["excess_over"]].interval
    skill = skills.get(f"fall_{FALL_PCT:g}", {}).get("skill_interval")
    return registering.withdrawn(
        rule,
        sessions=sessions,
        excess_high_pct=None if interval is None else interval.high_pct,
        fall_pct=ours.max_drawdown_pct,
        holding_fall_pct=by_name[rule["fall_deeper_than"]].figures.max_drawdown_pct,
        skill_high=None if skill is None else skill[1],
    )


def rows_of(window: Window) -> BoolArray:
    """(T,): rows of the features that lie in the window."""
    rows = np.zeros(len(window.features.sessions_on), dtype=bool)
    rows[window.rows] = True
    return rows


def skills_of(outlook: Outlook, rows: BoolArray) -> dict[str, Any]:
    """Every chance scored against its base rate on ``rows`` whose windows are over.

    A forecast knows the base rate of its own day and nothing later. ``void``: rows whose outcome
    the record cannot tell, because the window is not over.
    """
    from backtests.reliability import score_chance
    from engine.errors import DataError

    found = {}
    named = {"stands": outlook.stands} | {f"fall_{f:g}": c for f, c in outlook.falls.items()}
    for name, chance in named.items():
        last = np.flatnonzero(rows)[-1] + 1
        told = replace(
            chance,
            **{
                key: getattr(chance, key)[:last]
                for key in ("chance", "base", "model", "weight", "outcome", "scored")
            },
        )
        try:
            score = score_chance(told, rows[:last])
        except DataError:
            continue
        found[name] = _plain(score) | {
            "within_sessions": chance.horizon,
            "void": int(rows.sum()) - score.n,
        }
    return found


def _plain(score: ChanceScore) -> dict[str, Any]:
    return {
        "n": score.n,
        "came": score.rate,
        "said": score.said,
        "brier": score.brier,
        "brier_base_rate": score.brier_of_base,
        "skill": score.skill,
        "skill_interval": None
        if score.low is None or score.high is None
        else [score.low, score.high],
    }


def keep(store: Store, found: Run, now: datetime) -> tuple[bool, bool]:
    """Note the run in the ledger; (it is the first, it says the same as the first)."""
    from engine.plain import to_plain
    from engine.record import ledger

    name = f"held back: {found.preset}"
    before = ledger.entries(store, strategy=name)
    entry = ledger.append(
        store, to_plain(found.plain()), acts_on=found.first_on, strategy=name, made_at=now
    )
    return not before, entry.stands
