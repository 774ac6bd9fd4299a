"""Synthetic features, named as such: what a sweep needs, with nothing real in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np

from backtests.replay import Costs, UnitValues, market
from config.strategy import RiskWords, Rule
from engine.decision.evidence import Blend, Voice
from engine.decision.risk import HORIZONS
from engine.values import Evidence, Features, FloatArray
from strategies.base import Params, Strategy
from strategies.fp8_threat import Fp8Threat
from strategies.rate_path import RatePath
from strategies.trend import Trend
from strategies.valuation_cap import ValuationCap
from tests.backtests.market_data import random_prices, weekdays


class Given(Strategy):
    """A strategy whose score is a feature, as it is."""

    name: ClassVar[str] = "given"
    needs: ClassVar[frozenset[str]] = frozenset({"given"})

    def levels(self, features: Mapping[str, FloatArray], p: Params) -> dict[str, FloatArray]:
        return {"x": features["given"]}

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        return levels["x"]

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        return np.zeros_like(levels["x"])

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        return ()


def synthetic_features(n: int = 600, seed: int = 3, *, holes: bool = True) -> Features:
    """Seeded random features of every name the three strategies here read."""
    rng, alone = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    ar = np.empty(n)
    state = 0.0
    for t in range(n):
        state = 0.97 * state + 0.25 * rng.normal()
        ar[t] = state
    values = {
        "threat_impulse_pct": np.where(rng.random(n) < 0.05, rng.gamma(2, 2, n), 0.0),
        "threat_doubt_pct": np.where(rng.random(n) < 0.05, 2.0, 0.0),
        "domestic_impulse_pct": np.where(rng.random(n) < 0.05, rng.normal(0, 2, n), 0.0),
        "domestic_alone_pct": np.where(alone.random(n) < 0.3, -alone.gamma(2, 1, n), 0.0),
        "trend_gap_pct": 15 * ar,
        "volatility_pct": 40 + 10 * np.abs(rng.normal(size=n)),
        "expected_path_bps": 40 * np.sin(np.arange(n) / 60) + rng.normal(0, 5, n),
        "fed_surprise_bps": np.where(rng.random(n) < 0.03, rng.normal(0, 8, n), 0.0),
        "given": np.tanh(ar),
        "nvda_return": rng.normal(0, 0.03, n) * (1 + np.abs(ar)),
        "nvda_range": rng.gamma(4, 0.01, n) * (1 + np.abs(ar)),
        "nvda_gap": rng.normal(0, 0.01, n),
        "vix": 18 + 6 * np.abs(ar),
        "market_cap_usd_tn": np.linspace(3.5, 6.0, n),
        "implied_growth_pct": 18 + 6 * ar,
        "delivered_growth_pct": np.full(n, 40.0),
        "trailing_revenue_usd_bn": np.full(n, 165.0),
    }
    for horizon in HORIZONS:
        values[f"results_within_{horizon}"] = (np.arange(n) % 63 < horizon).astype(float)
        values[f"fomc_within_{horizon}"] = np.zeros(n)
    if holes:
        values["trend_gap_pct"][: n // 5] = np.nan
        values["given"][n // 2 : n // 2 + 9] = np.nan
        values["threat_impulse_pct"][n // 3 : n // 3 + 20] = np.nan
    micros = np.arange(n, dtype=np.int64) * 86_400_000_000
    return Features(sessions_on=weekdays(n), decide_at_us=micros, values=values)


FULL_RULE = Rule(
    exit_below=-0.2,
    enter_above=0.0,
    reduce_below=-0.05,
    extreme_below=-0.6,
    sell_weight=0.3,
    sell_chance=0.7,
    good_counts=0.5,
    observe_at_least=0.6,
)
"""Everything a preset may ask for, with lines that synthetic scores cross."""
WORDS = RiskWords(bear_fall_pct=20, within_sessions=21, sell_share_below_pct=45)


def full_voices() -> Blend:
    params = {k: spec.default for k, spec in ValuationCap.params.items()}
    valuation = Voice(strategy=ValuationCap(), weight=0.0, params=params)
    return replace(three_voices(FULL_RULE), risk=WORDS, valuation=valuation)


def three_voices(rule: Rule | None = None) -> Blend:
    def voice(strategy: Fp8Threat | Trend | RatePath, weight: float) -> Voice:
        params = {k: spec.default for k, spec in strategy.params.items()}
        return Voice(strategy=strategy, weight=weight, params=params)

    return Blend(
        voices=(voice(Fp8Threat(), 0.5), voice(Trend(), 0.3), voice(RatePath(), 0.2)),
        rule=rule or Rule(exit_below=-0.2, enter_above=-0.05),
    )


def one_voice(rule: Rule) -> Blend:
    return Blend(voices=(Voice(strategy=Given(), weight=1.0, params={}),), rule=rule)


def synthetic_market(n: int, seed: int = 1, costs: Costs | None = None) -> UnitValues:
    return market(random_prices(n, seed), 4.0, costs or Costs())
