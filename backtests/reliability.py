"""How good printed probabilities have been: scores, tables and intervals of forecasts.

Everything is measured walk-forward: a forecast of row t knows rows up to t. Windows of ``horizon``
sessions overlap, so intervals come from blocks at least that long.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backtests.overfitting import bootstrap_rows
from engine.decision import risk
from engine.decision.risk import Chance, Forecast
from engine.errors import DataError
from engine.phrases import phrase
from engine.values import BoolArray, Features, FloatArray

DRAWS = 1_000
LEAST = 100
"""Scored forecasts below which no interval is given."""


def brier(chance: FloatArray, outcome: FloatArray) -> float:
    """Mean squared error of probabilities (n,) against 0 or 1 (n,) (Brier 1950)."""
    return float(np.mean((chance - outcome) ** 2))


def skill(score: float, of_yardstick: float) -> float:
    """1 - score over the yardstick's: 0 knows as much, negative knows less."""
    return 1.0 - score / of_yardstick if of_yardstick > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One line of a reliability table: mean chance said, share that came, how many."""

    said: float
    came: float
    n: int


def reliability_table(
    chance: FloatArray, outcome: FloatArray, edges: Sequence[float] = (0, 0.1, 0.2, 0.3, 0.5, 1)
) -> tuple[Bin, ...]:
    """What came of what was said, by bins [low, high); the last one includes 1."""
    place = np.clip(np.searchsorted(edges, chance, side="right") - 1, 0, len(edges) - 2)
    return tuple(
        Bin(said=float(chance[own].mean()), came=float(outcome[own].mean()), n=int(own.sum()))
        for number in range(len(edges) - 1)
        if (own := place == number).any()
    )


def crps(values: FloatArray, weights: FloatArray, observed: float) -> float:
    """Continuous ranked probability score of a weighted sample (n,), weights summing to one.

    Integral of (F(x) - 1[x >= observed])^2, exactly, between the sorted values; in their unit.
    """
    order = np.argsort(values, kind="stable")
    x, below = values[order], np.cumsum(weights[order])
    middle = np.clip(observed, x[:-1], x[1:])
    before, after = middle - x[:-1], x[1:] - middle
    inside = float((before * below[:-1] ** 2 + after * (1.0 - below[:-1]) ** 2).sum())
    outside = max(float(x[0]) - observed, 0.0) + max(observed - float(x[-1]), 0.0)
    return inside + outside


@dataclass(frozen=True, slots=True, kw_only=True)
class ChanceScore:
    """A chance against its base rate over the rows scored.

    skill: Brier skill of what was said; of_model: of the model before shrinkage; low, high: 90 %
    interval of ``skill`` by blocks, None with too few rows. weight, weight_now: mean and last
    weight of the model. rate: how often it came; said: mean chance.
    """

    n: int
    rate: float
    said: float
    brier: float
    brier_of_base: float
    skill: float
    of_model: float
    low: float | None
    high: float | None
    weight: float
    weight_now: float
    table: tuple[Bin, ...]


def score_chance(chance: Chance, rows: BoolArray) -> ChanceScore:
    """Score ``chance`` on ``rows`` (T,) whose windows are over."""
    own = rows & ~np.isnan(chance.outcome) & ~np.isnan(chance.model)
    if not own.any():
        raise DataError(
            phrase("no forecast has run its course"), remedy=phrase("choose a longer window")
        )
    came = chance.outcome[own]
    said, base, model = chance.chance[own], chance.base[own], chance.model[own]
    interval = skill_interval((said - came) ** 2, (base - came) ** 2, chance.horizon)
    return ChanceScore(
        n=int(own.sum()),
        rate=float(came.mean()),
        said=float(said.mean()),
        brier=brier(said, came),
        brier_of_base=brier(base, came),
        skill=skill(brier(said, came), brier(base, came)),
        of_model=skill(brier(model, came), brier(base, came)),
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        weight=float(chance.weight[own].mean()),
        weight_now=float(chance.weight[rows][-1]),
        table=reliability_table(said, came),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FallScore:
    """The chance of one fall within a month of sessions, scored."""

    fall_pct: float
    score: ChanceScore


FALLS_PCT = (5.0, 10.0, 15.0, 20.0)
FALLS_WITHIN = 21


def score_falls(features: Features, rows: slice) -> tuple[FallScore, ...]:
    """The chances of falls printed on ``rows`` of the features; empty with none over."""
    said = risk.forecast(risk.history_from(features), FALLS_WITHIN)
    before, own = risk.rows_before(features), np.zeros(len(features.sessions_on), dtype=np.bool_)
    own[rows] = True
    chances = [(f, risk.chance_of_fall(said, f / 100.0).after(before)) for f in FALLS_PCT]
    try:
        return tuple(FallScore(fall_pct=f, score=score_chance(c, own)) for f, c in chances)
    except DataError:
        return ()


def skill_interval(
    loss: FloatArray, of_yardstick: FloatArray, horizon: int
) -> tuple[float, float] | None:
    """5th and 95th percentile of the skill when blocks of sessions are drawn anew.

    loss, of_yardstick: (n,), per forecast. Blocks have a mean of twice the horizon.
    """
    n = loss.size
    if n < LEAST:
        return None
    drawn = bootstrap_rows(n, min(2.0 * horizon, n / 3.0), DRAWS, np.random.default_rng(n))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = 1.0 - loss[drawn].mean(axis=-1) / of_yardstick[drawn].mean(axis=-1)
    low, high = np.nanpercentile(found, (5.0, 95.0))
    return float(low), float(high)


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionScore:
    """A forecast distribution: how often its 90 % interval held, and its CRPS (log return).

    below, above: share beyond either end. crps_of_base: of the past returns as they are, which is
    climatology. low, high: 90 % interval of ``skill`` by blocks, None with too few scored.
    """

    n: int
    coverage: float
    below: float
    above: float
    crps: float
    crps_of_base: float
    skill: float
    low: float | None
    high: float | None


def score_distribution(said: Forecast, rows: BoolArray, step: int = 5) -> DistributionScore:
    """Coverage on ``rows`` (T,), CRPS on every ``step``-th of them (neighbours overlap)."""
    came = said.came(low=False)
    own = rows & ~np.isnan(came)
    low, high = said.quantile(0.05, low=False), said.quantile(0.95, low=False)
    below, above = (came < low)[own].mean(), (came > high)[own].mean()
    ours, plain = [], []
    known = np.full(came.shape, np.nan)
    known[said.horizon :] = came[: -said.horizon]
    for t in np.flatnonzero(own)[::step]:
        past = known[: t + 1]
        past = past[~np.isnan(past)]
        if past.size < 20:
            continue
        ours.append(crps(*said.sample(int(t)), float(came[t])))
        plain.append(crps(past, np.full(past.size, 1.0 / past.size), float(came[t])))
    mean, base = float(np.mean(ours)), float(np.mean(plain))
    interval = skill_interval(np.array(ours), np.array(plain), math.ceil(said.horizon / step))
    return DistributionScore(
        n=int(own.sum()),
        coverage=float(1.0 - below - above),
        below=float(below),
        above=float(above),
        crps=mean,
        crps_of_base=base,
        skill=skill(mean, base),
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
    )
