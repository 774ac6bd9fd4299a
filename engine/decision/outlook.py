"""Chances of things that will be seen, at every session, each scored against what came.

Nothing here decides; it says how far a decision may be trusted. All of it is causal: what is said
of row t was scored on windows that were over by then.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from config.strategy import Rule
from engine.decision import risk
from engine.decision.decide import (
    Evaluation,
    latch,
    sell_quantile,
    target_weight,
    together,
    votes_of,
)
from engine.decision.evidence import Blend, Voice
from engine.decision.risk import Chance, Forecast
from engine.values import BoolArray, Features, FloatArray, RiskSpan, RiskView, Stance, StatedChance

STANDS_WITHIN = 5
FALLS_WITHIN = 21
FALLS_PCT = (5.0, 10.0, 15.0, 20.0)
DRAWS = 500
"""Redrawn weights and effect sizes, each by up to a third either way (uniform)."""
SPREAD = 1.0 / 3.0
_GROUP = 50
"""Draws of one turn of the generator."""
_AT_ONCE = 25
"""Draws decided together: what they need stays near the processor's cache."""
_SEED = 20250930


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prospects:
    """What prices alone say, whatever the preset: every row, those of the warm-up first.

    forecasts: horizon in sessions -> its forecast. falls: fall in % -> its chance within
    ``FALLS_WITHIN``.
    """

    forecasts: Mapping[int, Forecast]
    falls: Mapping[float, Chance]


def prospects_of(features: Features, known: Forecast | None = None) -> Prospects:
    """The forecasts of every horizon; ``known``: one of them, when it was made before."""
    prices = risk.history_from(features)
    made = {} if known is None else {known.horizon: known}
    forecasts = {h: made.get(h) or risk.forecast(prices, h) for h in risk.HORIZONS}
    said = forecasts[FALLS_WITHIN]
    return Prospects(
        forecasts=forecasts,
        falls={fall: risk.chance_of_fall(said, fall / 100.0) for fall in FALLS_PCT},
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlook:
    """stands: the same stance ``STANDS_WITHIN`` sessions on. falls: fall in % -> its chance within
    ``FALLS_WITHIN``. said: the forecast behind them, with ``before`` rows of warm-up. others: the
    forecasts of the other horizons. worth: (T,), proven slope of the next 21 sessions' log return
    on the score. score_mean: (T,), the score's mean so far.
    """

    stands: Chance
    falls: Mapping[float, Chance]
    said: Forecast
    others: tuple[Forecast, ...]
    before: int
    worth: FloatArray
    score_mean: FloatArray


def outlook_of(
    blend: Blend, features: Features, evaluation: Evaluation, prospects: Prospects | None = None
) -> Outlook:
    """Everything that is said of the coming sessions, for every row.

    prospects: those of ``features``, when they are known already.
    """
    prospects = prospects or prospects_of(features, evaluation.bearing.said)
    said, before = prospects.forecasts[FALLS_WITHIN], risk.rows_before(features)
    mean_score = _mean_so_far(evaluation.score, 0)
    above = evaluation.score - mean_score
    worth = _worth(above, said, before)
    for row, alone in said.own.items():
        if row >= before:
            worth[row - before] = _worth(above[: row - before + 1], alone, before)[-1]
    return Outlook(
        stands=_stands(blend.rule, evaluation),
        falls={fall: chance.after(before) for fall, chance in prospects.falls.items()},
        said=said,
        others=tuple(f for h, f in prospects.forecasts.items() if h != FALLS_WITHIN),
        before=before,
        worth=worth,
        score_mean=mean_score,
    )


def _worth(above: FloatArray, said: Forecast, before: int) -> FloatArray:
    """(T,): proven slope of what came on how far the score stood ``above`` its mean."""
    came = said.came(low=False)[before:]
    return risk.proven_slope(above, came - _mean_so_far(came, said.horizon), said.horizon)


def _mean_so_far(x: FloatArray, lag: int) -> FloatArray:
    """(T,): mean of what was known by each row; values of row t are known ``lag`` rows later."""
    late = np.concatenate((np.full(lag, np.nan), x))[: x.size]
    seen = ~np.isnan(late)
    total, count = np.cumsum(np.where(seen, late, 0.0)), np.cumsum(seen)
    return np.where(count > 0, total / np.maximum(count, 1), 0.0)


def stance_of(evaluation: Evaluation, rule: Rule, t: int) -> Stance:
    """HOLD, REDUCE (less than the full share) or SELL."""
    if not evaluation.invested[t]:
        return "SELL"
    return "HOLD" if evaluation.target_weight[t] >= rule.hold_weight else "REDUCE"


def stances(evaluation: Evaluation, rule: Rule) -> FloatArray:
    """(…, T): 0 SELL, 1 REDUCE, 2 HOLD."""
    return _stances(evaluation.invested, evaluation.target_weight, rule)


def _stances(invested: BoolArray, target_weight: FloatArray, rule: Rule) -> FloatArray:
    return np.where(invested, np.where(target_weight >= rule.hold_weight, 2.0, 1.0), 0.0)


def _stands(rule: Rule, evaluation: Evaluation) -> Chance:
    """The nearest line against how far scores have moved in so many sessions so far."""
    stance, n = stances(evaluation, rule), STANDS_WITHIN
    outcome = np.full(stance.shape, np.nan)
    outcome[:-n] = (stance[n:] == stance[:-n]).astype(np.float64)
    moved = np.full(stance.shape, np.nan)
    moved[n:] = evaluation.score[n:] - evaluation.score[:-n]
    square = _mean_so_far(moved**2, 0)
    gap = nearest_line(rule, evaluation)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(square > 0, gap / np.sqrt(square), np.nan)
    model = np.array([NormalDist().cdf(v) if math.isfinite(v) else math.nan for v in z.tolist()])
    return risk.calibrated(model, outcome, n)


def nearest_line(rule: Rule, evaluation: Evaluation) -> FloatArray:
    """(T,): how far the score is from the line of the evidence that is next to be crossed."""
    sells = evaluation.score + sell_quantile(rule) * evaluation.spread - rule.exit_below
    back = rule.enter_above - evaluation.score
    down = sells if rule.reduce_below is None else evaluation.score - rule.reduce_below
    held = np.where(evaluation.reduced, np.minimum(sells, back), down)
    return np.where(evaluation.holding, held, back)


def chances_at(outlook: Outlook, t: int) -> tuple[StatedChance, ...]:
    """What is said at row ``t``, the verdict's own chance first; nothing without a forecast.

    Where prices are not known there is no model, and a base rate alone says nothing of today.
    """
    falls = [(fall, chance) for fall, chance in outlook.falls.items()]
    told: list[tuple[float | None, Chance]] = [(None, outlook.stands), *falls]
    return tuple(
        StatedChance(
            event="stands" if fall is None else "fall",
            within_sessions=chance.horizon,
            chance=float(min(1.0, max(0.0, chance.chance[t]))),
            base=float(chance.base[t]),
            weight=float(chance.weight[t]),
            scored=int(chance.scored[t]),
            fall_pct=fall,
        )
        for fall, chance in told
        if math.isfinite(chance.chance[t]) and math.isfinite(chance.model[t])
    )


def risk_at(
    blend: Blend, features: Features, evaluation: Evaluation, outlook: Outlook, t: int
) -> RiskView | None:
    """The distribution at row ``t``; None before prices are known."""
    said, words, row = outlook.said, blend.risk, outlook.before + t
    if not math.isfinite(said.sigma[row]):
        return None
    values, weights = said.sample(row)
    share, held = float(evaluation.bearing.share[t]), float(evaluation.bearing.held[t])
    known = words is not None and math.isfinite(share)
    close = float(features.values.get("nvda_close_usd", said.sigma * np.nan)[t])
    return RiskView(
        within_sessions=said.horizon,
        volatility_pct=float(100.0 * said.sigma[row] * math.sqrt(252.0 / said.horizon)),
        low_pct=_quantile_pct(values, weights, 0.05),
        high_pct=_quantile_pct(values, weights, 0.95),
        shortfall_pct=100.0 * said.expected_shortfall(row),
        up_pct=_quantile_pct(values[values > 0], weights[values > 0], 0.5),
        down_pct=_quantile_pct(values[values < 0], weights[values < 0], 0.5),
        last_close_usd=close if math.isfinite(close) else None,
        bear_fall_pct=words.bear_fall_pct if words else None,
        with_chance_pct=words.with_chance_pct if words else None,
        bear_within_sessions=words.within_sessions if words else None,
        allowed_share=share if known else None,
        held_share=held if known else None,
        sells=bool(evaluation.bearing.sells[t]),
        tax_rate_pct=words.tax_rate_pct if words else None,
        spans=tuple(_span(other, row) for other in outlook.others),
    )


def _span(said: Forecast, row: int) -> RiskSpan:
    values, weights = said.sample(row)
    return RiskSpan(
        within_sessions=said.horizon,
        low_pct=_quantile_pct(values, weights, 0.05),
        high_pct=_quantile_pct(values, weights, 0.95),
    )


def _quantile_pct(values: FloatArray, weights: FloatArray, chance: float) -> float:
    """Weighted quantile of log returns as a simple return in %."""
    if not values.size:
        return 0.0
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    place = int(np.searchsorted(reached, chance * reached[-1]))
    return float(100.0 * math.expm1(values[order][min(place, values.size - 1)]))


# --- how firm -----------------------------------------------------------------------------------


def firmness(blend: Blend, features: Features, evaluation: Evaluation, t: int) -> float:
    """Share of ``DRAWS`` redrawn presets that take the stance of row ``t``.

    Weights and the parameters marked as effect sizes are multiplied by up to a third either way,
    and the whole history is decided anew. Effect sizes are of the score: levels stay as they are.
    """
    row, rule = range(len(features.sessions_on))[t], blend.rule
    levels = tuple({k: array[: row + 1] for k, array in at.items()} for at in evaluation.levels)
    params, weights = _redraws(blend)
    asked = []
    for first in range(0, DRAWS, _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        own = [
            {k: v if np.ndim(v) == 0 else np.asarray(v)[part] for k, v in p.items()} for p in params
        ]
        asked.append(votes_of(blend, levels, params=own, weights=weights[:, part]))
    holding, reduced = latch(together(asked), rule.min_sessions_between_changes)
    then = evaluation.bearing.at(row)
    kept = target_weight(rule, holding[:, -1], reduced[:, -1], then)
    found = _stances(holding[:, -1] & ~then.sells, kept, rule)
    return int((found == stances(evaluation, rule)[row]).sum()) / DRAWS


def _redraws(blend: Blend) -> tuple[list[dict[str, FloatArray | float]], FloatArray]:
    """Parameters (DRAWS, 1) of each voice, and weights (S, DRAWS, 1) that add up to one."""
    rng = np.random.default_rng(_SEED)
    drawn = []
    factors = []
    for _ in range(DRAWS // _GROUP):
        drawn.append([_redrawn(v, rng) for v in blend.voices])
        factors.append(rng.uniform(1.0 - SPREAD, 1.0 + SPREAD, (len(blend.voices), _GROUP, 1)))
    params = [
        {k: np.concatenate([g[i][k] for g in drawn]) if np.ndim(v) else v for k, v in p.items()}
        for i, p in enumerate(drawn[0])
    ]
    weights = np.concatenate(factors, axis=1) * blend.weights[:, None, None]
    return params, weights / weights.sum(axis=0)


def _redrawn(voice: Voice, rng: np.random.Generator) -> dict[str, FloatArray | float]:
    out: dict[str, FloatArray | float] = dict(voice.params)
    for name, spec in voice.strategy.params.items():
        if spec.effect:
            factor = rng.uniform(1.0 - SPREAD, 1.0 + SPREAD, (_GROUP, 1))
            out[name] = np.clip(voice.params[name] * factor, spec.low, spec.high)
    return out
