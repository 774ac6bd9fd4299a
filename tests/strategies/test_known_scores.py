"""Every strategy's score against a formula of its own: plain Python, from its docstring alone.

And both ways: more of an input moves the score as documented, and not at all where it is flat.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from engine.errors import ConfigError
from strategies.base import Strategy, levels_of, with_defaults
from strategies.demand import Demand
from strategies.earnings_surprise import EarningsSurprise
from strategies.export_policy import ExportPolicy
from strategies.fp8_threat import Fp8Threat
from strategies.rate_path import RatePath
from strategies.trend import Trend
from strategies.valuation_cap import ValuationCap

Rows = Mapping[str, list[float]]
Formula = Callable[[Rows, Mapping[str, float], int], float]


def faded(values: list[float], half_life: float, t: int) -> float:
    return sum(values[i] * 0.5 ** ((t - i) / half_life) for i in range(t + 1))


def trend(f: Rows, p: Mapping[str, float], t: int) -> float:
    """ln(close / mean) in deviations of a 200-session mean, damped above the calm volatility."""
    vol, gap = f["volatility_pct"][t] / 100, f["trend_gap_pct"][t] / 100
    deviations = math.log(1 + gap) / (vol / math.sqrt(252) * math.sqrt(200 / 3))
    return min(1.0, p["calm_vol_pct"] / 100 / vol) * math.tanh(deviations / p["scale_sd"])


def valuation(f: Rows, p: Mapping[str, float], t: int) -> float:
    """Growth that the price asks for beyond what fades, and what is above the ceiling."""
    terminal, rate = p["terminal_growth_pct"], min(f["delivered_growth_pct"][t], 40.0)
    product = 1.0
    for year in range(1, 11):
        left = (rate - terminal) * 0.5 ** (year / p["fade_half_life_years"])
        product *= 1 + (terminal + left) / 100
    gap = f["implied_growth_pct"][t] - 100 * (product**0.1 - 1)
    ceiling = p["ceiling_usd_tn"] * f["trailing_revenue_usd_bn"][t] / p["ceiling_at_sales_usd_bn"]
    over = max(0.0, math.log(f["market_cap_usd_tn"][t] / ceiling))
    raw = -math.tanh(gap / p["growth_scale_pp"]) - p["ceiling_weight"] * over
    return max(-1.0, min(1.0, raw))


def policy(f: Rows, p: Mapping[str, float], t: int) -> float:
    """Fading news, each damped by what held when it came; less the part that is shut today."""
    damps = [p["excluded_multiplier"] if x else 1.0 for x in f["china_excluded"]]
    news = [d * x for d, x in zip(damps, f["policy_impulse_pct"], strict=True)]
    shut = damps[t] * (1 - f["us_gate"][t] * f["china_gate"][t])
    told = math.tanh(faded(news, p["half_life_sessions"], t) / p["scale_pct"])
    return max(-1.0, min(1.0, told - p["access_weight"] * shut))


def rates(f: Rows, p: Mapping[str, float], t: int) -> float:
    """Each surprise in per cent of price, capped, fading; and a little of the expected path."""
    per_bp, cap = p["index_pct_per_100bp"] * p["beta"] / 100, p["cap_pct"]
    effects = [max(-cap, min(cap, per_bp * bps)) for bps in f["fed_surprise_bps"]]
    path = p["path_pct_per_100bp"] * f["expected_path_bps"][t] / 100
    return math.tanh((path + faded(effects, p["half_life_sessions"], t)) / p["scale_pct"])


def threat(f: Rows, p: Mapping[str, float], t: int) -> float:
    """Revenue at risk: what ratings say, and good chip news taken off."""
    half_life = p["half_life_sessions"]
    risk = faded(f["threat_impulse_pct"], half_life, t)
    chips = faded(f["domestic_impulse_pct"], half_life, t)
    return -math.tanh((risk - p["domestic_weight"] * chips) / p["scale_pct"])


def surprise(f: Rows, p: Mapping[str, float], t: int) -> float:
    """The latest guide beyond the usual beat, fading; a new one takes its place."""
    told = [i for i in range(t + 1) if f["guide_surprise_pct"][i]]
    if not told:
        return 0.0
    beyond = f["guide_surprise_pct"][told[-1]] - p["usual_beat_pct"]
    left = beyond * 0.5 ** ((t - told[-1]) / p["half_life_sessions"])
    return math.tanh(left / p["scale_pct"])


def demand(f: Rows, p: Mapping[str, float], t: int) -> float:
    """The guide beyond ordinary growth, and fading news."""
    news = faded(f["demand_impulse_pct"], p["half_life_sessions"], t)
    beyond = f["guided_growth_pct"][t] - p["ordinary_growth_pct"]
    return math.tanh((beyond + news) / p["scale_pct"])


FORMULAS: list[tuple[Strategy, Formula]] = [
    (Trend(), trend),
    (ValuationCap(), valuation),
    (ExportPolicy(), policy),
    (RatePath(), rates),
    (Fp8Threat(), threat),
    (EarningsSurprise(), surprise),
    (Demand(), demand),
]
IDS = [strategy.name for strategy, _ in FORMULAS]


def inputs(seed: int, n: int = 40) -> dict[str, list[float]]:
    """Random rows in the ranges that these features have."""
    draw = random.Random(seed)

    def rare(low: float, high: float) -> list[float]:
        return [draw.uniform(low, high) if draw.random() < 0.2 else 0.0 for _ in range(n)]

    def level(low: float, high: float) -> list[float]:
        return [draw.uniform(low, high) for _ in range(n)]

    return {
        "trend_gap_pct": level(-40, 60),
        "volatility_pct": level(15, 120),
        "market_cap_usd_tn": level(0.5, 6),
        "implied_growth_pct": level(5, 40),
        "delivered_growth_pct": level(-20, 250),
        "trailing_revenue_usd_bn": level(60, 250),
        "policy_impulse_pct": rare(-7, 5),
        "policy_alone_pct": [0.0] * n,
        "domestic_alone_pct": [0.0] * n,
        "demand_alone_pct": [0.0] * n,
        "us_gate": [draw.choice([0.0, 0.5, 1.0]) for _ in range(n)],
        "china_gate": [draw.choice([0.0, 0.35, 1.0]) for _ in range(n)],
        "china_excluded": [float(i >= n // 2) for i in range(n)],
        "fed_surprise_bps": rare(-30, 30),
        "expected_path_bps": level(-150, 100),
        "threat_impulse_pct": rare(0, 3),
        "threat_doubt_pct": rare(0, 2),
        "domestic_impulse_pct": rare(-2, 2),
        "guide_surprise_pct": rare(-10, 12),
        "guide_age_sessions": [0.0] * n,
        "demand_impulse_pct": rare(-4, 4),
        "guided_growth_pct": level(-15, 50),
    }


def score_of(strategy: Strategy, rows: Mapping[str, list[float]], **params: float) -> Any:
    p = with_defaults(strategy, params, where="test")
    arrays = {name: np.array(values) for name, values in rows.items()}
    return strategy.score(levels_of(strategy, arrays, p), p)


@pytest.mark.parametrize(("strategy", "formula"), FORMULAS, ids=IDS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_score_equals_its_formula(strategy: Strategy, formula: Formula, seed: int) -> None:
    """At every row, with the default parameters and with all of them halved."""
    rows = inputs(seed)
    for factor in (1.0, 0.5):
        params = {name: spec.default * factor for name, spec in strategy.params.items()}
        if strategy.name == "valuation_cap":
            params["growth_cap_pct"] = 40.0
        score = score_of(strategy, rows, **params)

        expected = [formula(rows, params, t) for t in range(len(score))]
        assert score.tolist() == pytest.approx(expected, abs=1e-12)


def one(strategy: Strategy, **changes: float) -> float:
    """The score of one quiet row: open gates, no news, small gap, a value below the ceiling."""
    quiet = dict.fromkeys(inputs(0), 0.0) | {
        "trend_gap_pct": 10.0, "volatility_pct": 40.0, "market_cap_usd_tn": 1.0,
        "implied_growth_pct": 15.0, "delivered_growth_pct": 30.0, "trailing_revenue_usd_bn": 165.0,
        "us_gate": 1.0, "china_gate": 1.0, "guided_growth_pct": 5.0,
    }  # fmt: skip
    return float(score_of(strategy, {k: [v] for k, v in {**quiet, **changes}.items()})[0])


UP, DOWN, FLAT = 1, -1, 0


@pytest.mark.parametrize(
    ("strategy", "name", "values", "sense"),
    [
        (Trend(), "trend_gap_pct", (-30, -5, 0, 5, 30), UP),
        (ValuationCap(), "implied_growth_pct", (5, 15, 25), DOWN),
        (ValuationCap(), "delivered_growth_pct", (0, 10, 39), UP),
        (ValuationCap(), "delivered_growth_pct", (40, 100, 250), FLAT),
        (ValuationCap(), "market_cap_usd_tn", (0.5, 2, 3.999), FLAT),
        (ValuationCap(), "market_cap_usd_tn", (4.01, 4.5, 5), DOWN),
        (ExportPolicy(), "policy_impulse_pct", (-5, 0, 5), UP),
        (ExportPolicy(), "us_gate", (0, 0.5, 1), UP),
        (ExportPolicy(), "china_gate", (0, 0.35, 1), UP),
        (RatePath(), "expected_path_bps", (-100, 0, 100), DOWN),
        (RatePath(), "fed_surprise_bps", (-10, 0, 10), DOWN),
        (RatePath(), "fed_surprise_bps", (14, 50, 100), FLAT),
        (Fp8Threat(), "threat_impulse_pct", (0, 1, 3), DOWN),
        (Fp8Threat(), "domestic_impulse_pct", (-2, 0, 2), UP),
        (EarningsSurprise(), "guide_surprise_pct", (-5, 1, 3, 9), UP),
        (Demand(), "guided_growth_pct", (-10, 2, 20), UP),
        (Demand(), "demand_impulse_pct", (-3, 0, 3), UP),
    ],
)
def test_more_of_an_input_moves_the_score_one_way_or_not_at_all(
    strategy: Strategy, name: str, values: tuple[float, ...], sense: int
) -> None:
    """Strictly up, strictly down, or flat over the whole list."""
    steps = np.diff([one(strategy, **{name: float(value)}) for value in values])

    assert (np.sign(np.where(np.abs(steps) < 1e-12, 0.0, steps)) == sense).all(), steps


@pytest.mark.parametrize("gap", [-20.0, 20.0])
def test_a_wild_market_damps_the_trend_either_way(gap: float) -> None:
    """Beyond the calm volatility the voice is lower the wilder it gets: below half at double."""
    calm, wild, wildest = (
        abs(one(Trend(), trend_gap_pct=gap, volatility_pct=v)) for v in (50, 100, 200)
    )
    assert calm / 2 >= wild
    assert wild / 2 >= wildest


def test_an_exclusion_of_china_damps_the_gates_and_the_news() -> None:
    """Shut gates weigh 0.6, and 0.4 of it once no sale there is assumed; news likewise."""
    shut = {"us_gate": 0.0}
    assert one(ExportPolicy(), **shut) == pytest.approx(-0.6)
    assert one(ExportPolicy(), **shut, china_excluded=1.0) == pytest.approx(-0.24)
    # 6 % of price over the scale of 6: tanh 1; damped tanh 0.4
    assert one(ExportPolicy(), policy_impulse_pct=-6.0) == pytest.approx(-0.761594, abs=1e-6)
    damped = one(ExportPolicy(), policy_impulse_pct=-6.0, china_excluded=1.0)
    assert damped == pytest.approx(-0.379949, abs=1e-6)


@pytest.mark.parametrize("strategy", [strategy for strategy, _ in FORMULAS], ids=IDS)
def test_a_parameter_beyond_its_range_is_refused(strategy: Strategy) -> None:
    """Each of them, on either side; the last value inside counts."""
    for name, spec in strategy.params.items():
        for value in (spec.high, spec.default):
            assert with_defaults(strategy, {name: value}, where="test")[name] == value
        below = spec.low if spec.open_low else math.nextafter(spec.low, -math.inf)
        for value in (below, math.nextafter(spec.high, math.inf), math.nan, math.inf):
            with pytest.raises(ConfigError, match=name):
                with_defaults(strategy, {name: value}, where="test")
