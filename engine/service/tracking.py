"""The track record: what was said, by which rule it resolves, and what came.

Two records that are never added up. *Live*: the decisions in the ledger, made on their morning.
*Replayed*: what the present rules would have said, which was set with part of these prices in view.

Rules of resolution. A verdict expires ``EXPIRES`` sessions after the open it acted on; HOLD was
right when NVDA closed higher then, SELL when lower; unchanged is void. A chance of a fall resolves
by the lowest close of its window against the last close known; a chance of standing by the stance
so many sessions on. Before that both are open. Void: what the record cannot tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from config.frozen import FROZEN_ON
from engine.plain import to_plain
from engine.service.basis import foresight
from engine.shown import Outcomes, ScoredChance, WorstDay

if TYPE_CHECKING:
    from engine.decision.outlook import Outlook
    from engine.service.wiring import Assessment
    from engine.values import FloatArray

EXPIRES = 21
"""Sessions after which a verdict is judged: a month."""
LEAST = 30
"""Outcomes below which no rate is told (judgement: its 95 % interval is then 36 points wide)."""
WORST = 10
FALL_PCT = 10.0
"""The fall whose chance is told most."""

Call = tuple[str, float, bool]
"""A verdict, the move that followed (NaN: not known), and whether it has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement that resolves: its session, chance and base rate (None for a verdict), outcome.

    came: 1 or 0; NaN while it is open; void: over, and the record cannot tell.
    """

    event: str
    on: date
    chance: float
    base: float
    came: float
    within_sessions: int
    void: bool = False


def track(assessment: Assessment, past: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """``live`` and ``replayed``, JSON-ready but for dates.

    past: standing ledger payloads, oldest first. Statements registered beforehand are judged
    apart (``judging``).
    """
    days = assessment.features.sessions_on
    moves = moves_of(assessment.features.values["nvda_return"])
    return {
        "live": _record(live(assessment, past), _calls_live(past, days, moves)),
        "replayed": {
            **_record(replayed(assessment.outlook, days), _calls_replayed(assessment, moves)),
            "foresight": list(foresight(days[0], days[-2])),
            "frozen_on": FROZEN_ON,
            "worst_days": [asdict(day) for day in worst_days(assessment)],
            "distribution": _distribution(assessment),
        },
        "rules": {
            "verdict": f"HOLD right if higher after {EXPIRES} sessions, SELL if lower",
            "fall": "lowest close of the window against the last close known",
            "stands": "the same stance so many sessions on",
            "least_outcomes_for_a_rate": LEAST,
        },
    }


def moves_of(log_return: FloatArray) -> FloatArray:
    """(T,): move from the close known at each row to the one ``EXPIRES`` sessions on, of one.

    log_return: (T,), row t knows the session before it. NaN where a close is missing, and in the
    last ``EXPIRES`` rows, whose verdicts are open.
    """
    out = np.full(log_return.size, np.nan)
    for t in range(log_return.size - EXPIRES):
        out[t] = np.expm1(log_return[t + 1 : t + 1 + EXPIRES].sum())
    return out


def replayed(outlook: Outlook, days: Sequence[date]) -> list[Statement]:
    """Every chance of every row."""
    named = {"stands": outlook.stands} | {f"fall_{f:g}": c for f, c in outlook.falls.items()}
    last = len(days) - 1
    return [
        Statement(
            event=name,
            on=days[t],
            chance=float(told.chance[t]),
            base=float(told.base[t]),
            came=float(told.outcome[t]),
            within_sessions=told.horizon,
            void=bool(np.isnan(told.outcome[t])) and t + told.horizon <= last - 1,
        )
        for name, told in named.items()
        for t in range(len(days))
        if np.isfinite(told.chance[t])
    ]


def live(assessment: Assessment, past: Sequence[Mapping[str, Any]]) -> list[Statement]:
    """Every chance printed on a morning, as the ledger keeps it, with what came."""
    days = list(assessment.features.sessions_on)
    place = {day.isoformat(): t for t, day in enumerate(days)}
    stance = {str(entry["acts_on"]): entry.get("stance") for entry in past}
    falls = assessment.outlook.falls
    found = []
    for entry in past:
        t = place.get(str(entry["acts_on"]))
        for told in entry.get("chances", ()):
            within, event, fall = told["within_sessions"], told["event"], told.get("fall_pct")
            came, over = float("nan"), t is not None and t + within <= len(days) - 1
            if t is not None and event == "fall" and fall in falls:
                came = float(falls[fall].outcome[t])
            elif t is not None and event == "stands" and over:
                later = stance.get(days[t + within].isoformat())
                came = float("nan") if later is None else float(later == entry.get("stance"))
            found.append(
                Statement(
                    event=event if fall is None else f"{event}_{fall:g}",
                    on=date.fromisoformat(str(entry["acts_on"])),
                    chance=float(told["chance"]),
                    base=float(told["base"]),
                    came=came,
                    within_sessions=within,
                    void=bool(np.isnan(came)) and (over or t is None),
                )
            )
    return found


def _calls_replayed(assessment: Assessment, moves: FloatArray) -> list[Call]:
    held = assessment.evaluation.invested
    last = moves.size - EXPIRES
    return [("HOLD" if held[t] else "SELL", float(moves[t]), t < last) for t in range(moves.size)]


def _calls_live(
    past: Sequence[Mapping[str, Any]], days: Sequence[date], moves: FloatArray
) -> list[Call]:
    place = {day.isoformat(): t for t, day in enumerate(days)}
    found: list[Call] = []
    for entry in past:
        t = place.get(str(entry["acts_on"]))
        move = float("nan") if t is None else float(moves[t])
        found.append((str(entry["decision"]), move, t is None or t < moves.size - EXPIRES))
    return found


def _record(said: Sequence[Statement], calls: Sequence[Call]) -> dict[str, Any]:
    return {
        "outcomes": outcomes(calls),
        "chances": [
            scored(event, [s for s in said if s.event == event])
            for event in dict.fromkeys(s.event for s in said)
        ],
    }


def outcomes(calls: Sequence[Call]) -> dict[str, Any]:
    """Verdicts by what came of them; a rate only from ``LEAST`` on."""
    from engine.report.sections.track import wilson

    over = [(verdict, move) for verdict, move, ended in calls if ended]
    judged = [(verdict, move) for verdict, move in over if np.isfinite(move) and move != 0]
    right, n = sum((m > 0) == (v == "HOLD") for v, m in judged), len(judged)
    told = n >= LEAST
    return {
        "expires_after_sessions": EXPIRES,
        "n": n,
        "open": len(calls) - len(over),
        "void": len(over) - n,
        "right": right,
        "share_right": right / n if told else None,
        "share_right_interval": list(wilson(right, n)) if told else None,
        "share_always_hold": sum(m > 0 for _, m in judged) / n if told else None,
    }


def scored(event: str, said: Sequence[Statement]) -> dict[str, Any]:
    """One chance against its base rate: Brier scores and reliability from ``LEAST`` outcomes on."""
    from backtests.reliability import brier, reliability_table, skill, skill_interval

    over = [s for s in said if np.isfinite(s.came)]
    plain: dict[str, Any] = {
        "event": event,
        "within_sessions": said[0].within_sessions,
        "n": len(over),
        "open": sum(bool(np.isnan(s.came)) and not s.void for s in said),
        "void": sum(s.void for s in said),
    }
    if len(over) < LEAST:
        empty = ("brier", "brier_base_rate", "skill", "skill_interval", "came_share", "reliability")
        return plain | dict.fromkeys(empty)
    chance, base, came = (
        np.array([getattr(s, k) for s in over]) for k in ("chance", "base", "came")
    )
    interval = skill_interval((chance - came) ** 2, (base - came) ** 2, said[0].within_sessions)
    return plain | {
        "brier": brier(chance, came),
        "brier_base_rate": brier(base, came),
        "skill": skill(brier(chance, came), brier(base, came)),
        "skill_interval": None if interval is None else list(interval),
        "came_share": float(came.mean()),
        "reliability": [
            {"said": b.said, "came": b.came, "n": b.n} for b in reliability_table(chance, came)
        ],
    }


def outcomes_replayed(assessment: Assessment) -> Outcomes:
    """What the report tells without the ledger: each replayed chance as it came out."""
    said = replayed(assessment.outlook, assessment.features.sessions_on)
    return Outcomes(chances=_scores("replayed", said), worst=tuple(worst_days(assessment)))


def scores_live(
    assessment: Assessment, past: Sequence[Mapping[str, Any]]
) -> tuple[ScoredChance, ...]:
    """Each chance that the ledger keeps, as it came out."""
    return _scores("live", live(assessment, past))


def _scores(record: str, said: Sequence[Statement]) -> tuple[ScoredChance, ...]:
    return tuple(
        _in_short(record, event, [s for s in said if s.event == event])
        for event in dict.fromkeys(s.event for s in said)
    )


def _in_short(record: str, event: str, said: Sequence[Statement]) -> ScoredChance:
    from backtests.reliability import brier, reliability_table

    over = [s for s in said if np.isfinite(s.came)]
    chance, base, came = (
        np.array([getattr(s, k) for s in over]) for k in ("chance", "base", "came")
    )
    told = len(over) >= LEAST
    kind, _, fall = event.partition("_")
    bins = reliability_table(chance, came) if told else ()
    return ScoredChance(
        record=record,
        event=kind,
        fall_pct=float(fall) if fall else None,
        within_sessions=said[0].within_sessions,
        n=len(over),
        open=sum(bool(np.isnan(s.came)) and not s.void for s in said),
        void=sum(s.void for s in said),
        said=float(chance.mean()) if told else None,
        came=float(came.mean()) if told else None,
        brier=brier(chance, came) if told else None,
        brier_base_rate=brier(base, came) if told else None,
        reliability=tuple((b.said, b.came, b.n) for b in bins),
    )


def worst_days(assessment: Assessment) -> list[WorstDay]:
    """What would have been said on the mornings of the ten worst sessions, the worst first."""
    from engine.decision.outlook import stance_of

    features = assessment.features
    move = np.expm1(np.append(features.values["nvda_return"][1:], np.nan))
    order = np.argsort(np.where(np.isnan(move), np.inf, move), kind="stable")[:WORST]
    evaluation, falls = assessment.evaluation, assessment.outlook.falls
    return [
        WorstDay(
            session_on=features.sessions_on[t],
            return_pct=100.0 * float(move[t]),
            decision=stance_of(evaluation, assessment.config.blend.rule, t),
            target_weight=float(evaluation.target_weight[t]),
            score=float(evaluation.score[t]),
            chance_of_fall=float(falls[FALL_PCT].chance[t]),
        )
        for t in order.tolist()
        if np.isfinite(move[t])
    ]


def _distribution(assessment: Assessment) -> dict[str, Any] | None:
    """CRPS of the forecast of the next sessions against climatology."""
    from backtests.reliability import score_distribution

    said, before = assessment.outlook.said, assessment.outlook.before
    rows = np.arange(said.sigma.size) >= before
    if np.isfinite(said.came(low=False)[rows]).sum() < LEAST:
        return None
    found: dict[str, Any] = to_plain(score_distribution(said, rows))
    return found
