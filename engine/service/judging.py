"""What the months of a sealed statement brought, by its own measures and the rule that ends it.

One way for a held-back period and for a forward one: the rule is replayed over the sessions of the
period that have a price, beside its yardsticks and the chances that it would have printed. It is
judged only while its numbers are those that were sealed; a changed rule is another rule.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import DataError, InputError
from engine.phrases import phrase
from engine.service import registering
from engine.service.tracking import FALL_PCT, LEAST, track

if TYPE_CHECKING:
    from backtests.metrics import Summary
    from backtests.reliability import ChanceScore
    from engine.decision.outlook import Outlook
    from engine.record.store import Store
    from engine.service.history import Window
    from engine.service.wiring import Assessment
    from engine.shown import RegisteredRule
    from engine.values import BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The withdrawal rule asked after so many sessions, by what was known then.

    excess_high_pct: upper end of the interval of growth a year above the benchmark named;
    skill_high: of the skill of the chance of a fall; both None with too few sessions. fall_pct,
    holding_fall_pct: deepest falls.
    """

    sessions: int
    on: date
    excess_high_pct: float | None
    fall_pct: float
    holding_fall_pct: float
    skill_high: float | None
    met: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The sessions of a period that have a price, JSON-ready.

    figures: growth_pct a year, total_pct, fall_pct, sharpe, switches, exposure_pct. yardsticks:
    as ``basis.plain_yardsticks``. skills: chance -> n, void, came, brier, brier_base_rate, skill
    and its 90 % interval; all but n and void None below ``LEAST``. looks: at which the
    withdrawal rule was asked, with what was met. withdrawn: conditions met at the first look that
    met any. decisions_hash: of every decision of these sessions, for a later version to reproduce.
    """

    first_on: date
    last_on: date
    sessions: int
    figures: Mapping[str, float | None]
    yardsticks: Mapping[str, Any]
    skills: Mapping[str, Any]
    looks: tuple[Look, ...]
    withdrawn: tuple[str, ...]
    decisions_hash: str


def measure(
    assessment: Assessment,
    told: Mapping[str, Any],
    *,
    intervals: Collection[str] | None = None,
) -> Measured:
    """Replay the statement ``told`` over what is known of its period.

    intervals: benchmarks above which the growth gets an interval; None: the one that the
    withdrawal rule names. Raises ``InputError`` while no session of the period has a price.
    """
    from backtests.benchmarks import yardsticks
    from backtests.metrics import summarise
    from backtests.replay import replay
    from engine.service import basis

    window = window_for(assessment, told)
    evaluation = assessment.evaluation
    account = replay(window.market, evaluation.target_weight[window.rows])
    asked = (told["withdrawal"]["excess_over"],) if intervals is None else intervals
    sticks = yardsticks(window.market, account, window.earlier, intervals=asked)
    ours = summarise(account)
    looks = tuple(_look(assessment, window, told, n) for n in looks_of(window, told))
    lines = registering.decision_lines(window.features.sessions_on, evaluation)
    return Measured(
        first_on=window.first,
        last_on=window.last,
        sessions=len(window.market),
        figures=_figures(ours),
        yardsticks=basis.plain_yardsticks(sticks),
        skills=skills_of(assessment.outlook, rows_of(window)),
        looks=looks,
        withdrawn=next((look.met for look in looks if look.met), ()),
        decisions_hash=registering.digest_of(lines[window.rows]),
    )


def window_for(assessment: Assessment, told: Mapping[str, Any]) -> Window:
    """The sessions of the statement's period that have a price."""
    from backtests.replay import Costs
    from engine.record.asof import bars_at
    from engine.service.history import window_of

    bars = bars_at(assessment.world.history, "NVDA", assessment.world.as_of)
    first, until = (date.fromisoformat(told[name]) for name in ("from", "until"))
    if not bars or max(bars) < first:
        raise InputError(phrase("the record holds no price from {first} on", first=str(first)))
    return window_of(assessment, Costs(), first, min(until, max(bars)))


def _figures(ours: Summary) -> dict[str, float | None]:
    return {
        "growth_pct": ours.cagr_pct,
        "total_pct": 100.0 * (ours.final_equity - 1.0),
        "fall_pct": ours.max_drawdown_pct,
        "sharpe": ours.sharpe,
        "switches": float(ours.n_trades - 1),
        "exposure_pct": ours.exposure_pct,
    }


# --- the rule that ends it ------------------------------------------------------------------------


def looks_of(window: Window, told: Mapping[str, Any]) -> tuple[int, ...]:
    """After how many sessions the rule is asked: at fixed ones, and at the period's last."""
    every, over = told["withdrawal"]["sessions"], len(window.market)
    looks = list(range(every, over + 1, every))
    whole = _last_session(date.fromisoformat(told["until"])) <= window.last
    if whole and over > every and over not in looks:
        looks.append(over)
    return tuple(looks)


def _last_session(until: date) -> date:
    """The last session of the exchange on or before ``until``."""
    from engine.macro.sessions import load_sessions

    return load_sessions(until - timedelta(days=14), until).on[-1]


def _look(assessment: Assessment, window: Window, told: Mapping[str, Any], n: int) -> Look:
    """The rule after ``n`` sessions: chances count whose windows were over by then."""
    from backtests.benchmarks import yardsticks
    from backtests.metrics import summarise
    from backtests.replay import replay

    rule, part = told["withdrawal"], window.part(slice(0, n))
    account = replay(part.market, assessment.evaluation.target_weight[part.rows])
    sticks = yardsticks(part.market, account, part.earlier, intervals=(rule["excess_over"],))
    ours = summarise(account)
    name = f"fall_{FALL_PCT:g}"
    within = assessment.outlook.falls[FALL_PCT].horizon
    rows = rows_of(window.part(slice(0, max(1, n - within))))
    skill = skills_of(assessment.outlook, rows).get(name, {}).get("skill_interval")
    by_name = {y.name: y for y in sticks}
    interval = by_name[rule["excess_over"]].interval
    found: dict[str, Any] = {
        "sessions": n,
        "excess_high_pct": None if interval is None else interval.high_pct,
        "fall_pct": ours.max_drawdown_pct,
        "holding_fall_pct": by_name[rule["fall_deeper_than"]].figures.max_drawdown_pct,
        "skill_high": None if skill is None else skill[1],
    }
    return Look(on=part.last, met=registering.withdrawn(rule, **found), **found)


# --- chances --------------------------------------------------------------------------------------


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
    rates = {
        "came": score.rate,
        "said": score.said,
        "brier": score.brier,
        "brier_base_rate": score.brier_of_base,
        "skill": score.skill,
        "skill_interval": None
        if score.low is None or score.high is None
        else [score.low, score.high],
    }
    return {"n": score.n, **(rates if score.n >= LEAST else dict.fromkeys(rates))}


# --- statements -----------------------------------------------------------------------------------


def judged(
    assessment: Assessment,
    told: Mapping[str, Any],
    past: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """One statement with ``state`` and ``so_far``, JSON-ready; past: standing ledger payloads.

    state: ``changed`` when the rule is no longer the sealed one, ``not begun`` while no session of
    the period has a price (``so_far`` is None in both), else ``withdrawn`` when the rule
    that ends it is met, ``over`` after the last session, ``running``.
    """
    from engine.plain import to_plain

    blank = {**told, "so_far": None, "said_otherwise": None}
    if registering.rule_of(assessment.config) != told["rule"]:
        return {**blank, "state": "changed"}
    try:
        found = measure(assessment, told)
    except InputError:
        return {**blank, "state": "not begun"}
    return {
        **told,
        "state": _state(found, told),
        "so_far": to_plain(found),
        "said_otherwise": said_otherwise(assessment, found, past),
    }


def whole_record(
    store: Store,
    assessment: Assessment,
    past: Sequence[Mapping[str, Any]],
    as_of: datetime,
) -> dict[str, Any]:
    """What was said and what came of it, live and replayed, and what was sealed beforehand.

    JSON-ready but for dates. as_of: the instant that was asked for, as it is printed.
    """
    return {
        "as_of": as_of,
        "strategy": assessment.config.strategy.name,
        **track(assessment, past),
        "registered": all_judged(store, assessment, past),
    }


def all_judged(
    store: Store, assessment: Assessment, past: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Every statement about the preset made by ``as_of``, judged."""
    as_of = assessment.world.as_of
    return [
        judged(assessment, told, past)
        for told in registering.known_statements(store, assessment.config)
        if datetime.fromisoformat(told["registered_at"]) <= as_of
    ]


def _state(found: Measured, told: Mapping[str, Any]) -> str:
    if found.withdrawn:
        return "withdrawn"
    over = _last_session(date.fromisoformat(told["until"])) <= found.last_on
    return "over" if over else "running"


def said_otherwise(
    assessment: Assessment, found: Measured, past: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    """Live mornings of the period in the ledger, and how many said another verdict than the replay.

    The replay knows each day's facts as the record tells them now; a live morning may have lacked
    what was told late.
    """
    held = dict(
        zip(
            (day.isoformat() for day in assessment.features.sessions_on),
            assessment.evaluation.invested.tolist(),
            strict=True,
        )
    )
    span = found.first_on.isoformat(), found.last_on.isoformat()
    said = [entry for entry in past if span[0] <= str(entry["acts_on"]) <= span[1]]
    said = [entry for entry in said if str(entry["acts_on"]) in held]
    other = sum((e["decision"] == "HOLD") != held[str(e["acts_on"])] for e in said)
    return {"live": len(said), "otherwise": other}


def next_look(every: int, sessions: int) -> int:
    """After how many sessions the withdrawal rule is asked next, while the period goes on."""
    return (sessions // every + 1) * every


def in_short(found: Mapping[str, Any]) -> RegisteredRule:
    """A judged statement as the report shows it."""
    from engine.shown import RegisteredRule

    so_far = found["so_far"] or {}
    own, sticks = so_far.get("figures", {}), so_far.get("yardsticks", {})
    looks = so_far.get("looks", ())
    rule = found["withdrawal"]
    mix, other = sticks.get(rule["excess_over"], {}), sticks.get(rule["fall_deeper_than"], {})
    equity = mix.get("final_equity")
    return RegisteredRule(
        held_back=found["label"] == registering.HELD_BACK,
        registered_on=date.fromisoformat(found["registered_at"][:10]),
        first_on=date.fromisoformat(found["from"]),
        until_on=date.fromisoformat(found["until"]),
        state=found["state"],
        sessions=so_far.get("sessions", 0),
        looks=len(looks),
        total_pct=own.get("total_pct"),
        mix_total_pct=None if equity is None else 100.0 * (equity - 1.0),
        fall_pct=own.get("fall_pct"),
        holding_fall_pct=other.get("max_drawdown_pct"),
        met=tuple(so_far.get("withdrawn", ())),
        next_look=next_look(rule["sessions"], so_far.get("sessions", 0)),
        ended_on=next((date.fromisoformat(look["on"]) for look in looks if look["met"]), None),
    )
