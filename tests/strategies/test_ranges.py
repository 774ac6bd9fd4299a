"""Ranges of parameters and levels: every bound works, and none moves unnoticed.

The table is no truth but a trip-wire: a default or a bound changes what a preset without that key
decides, and where a flip is searched. Change it on purpose, with the reason in the commit.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.errors import OutOfRangeError
from strategies.base import Param, Strategy, decay, fade_latest, levels_of, with_defaults
from tests.strategies.test_strategies import ALL, T, features

RANGES = """\
fp8_threat half_life_sessions 63 (0 756
fp8_threat scale_pct 3 (0 100 effect
fp8_threat domestic_weight 1 [0 5
fp8_threat revenue_at_risk_pct level -5 60
export_policy half_life_sessions 5 (0 252
export_policy scale_pct 6 (0 50 effect
export_policy excluded_multiplier 0.4 [0 1
export_policy access_weight 0.6 [0 1 effect
export_policy policy_pressure_pct level -60 60
export_policy china_access level 0 1
rate_path half_life_sessions 10 (0 252
rate_path index_pct_per_100bp -8 [-15 0
rate_path beta 1.8 [0 4
rate_path cap_pct 2 [0 10
rate_path path_pct_per_100bp -1 [-5 0
rate_path scale_pct 4 (0 50 effect
rate_path expected_path_bps level -300 300
rate_path surprise_effect_pct level -10 10
valuation_cap ceiling_usd_tn 4 (0 100
valuation_cap ceiling_at_sales_usd_bn 165 [0 10000
valuation_cap growth_cap_pct 40 [0 400
valuation_cap ceiling_weight 1 [0 10
valuation_cap growth_scale_pp 10 (0 100 effect
valuation_cap fade_half_life_years 2 (0 20
valuation_cap terminal_growth_pct 3.5 [0 6
valuation_cap market_cap_usd_tn level 0.05 50 within 2
valuation_cap implied_growth_pct level -20 100
valuation_cap delivered_growth_pct level -60 400
earnings_surprise half_life_sessions 20 (0 252
earnings_surprise usual_beat_pct 2 [0 20
earnings_surprise scale_pct 10 (0 100 effect
earnings_surprise guide_surprise_pct level -50 80
trend scale_sd 1 (0 10 effect
trend calm_vol_pct 50 (0 300
trend trend_gap_pct level -80 200
trend volatility_pct level 5 200
demand ordinary_growth_pct 2 [-20 50
demand half_life_sessions 63 (0 756
demand scale_pct 10 (0 100 effect
demand guided_growth_pct level -50 80
demand buyers_news_pct level -50 50
"""
"""A parameter: default, bounds, "(" where the lower one itself is refused. A level: bounds."""


def told(strategy: Strategy) -> list[str]:
    lines = []
    for name, p in strategy.params.items():
        bound = "(" if p.open_low else "["
        effect = " effect" if p.effect else ""
        lines.append(f"{strategy.name} {name} {p.default:g} {bound}{p.low:g} {p.high:g}{effect}")
    for name, level in strategy.levels_spec.items():
        within = "" if level.within_factor is None else f" within {level.within_factor:g}"
        lines.append(f"{strategy.name} {name} level {level.low:g} {level.high:g}{within}")
    return lines


def test_a_default_or_a_bound_changes_on_purpose_only() -> None:
    assert [line for strategy in ALL for line in told(strategy)] == RANGES.splitlines()


PARAMS = [(strategy, name) for strategy in ALL for name in strategy.params]


@pytest.mark.parametrize(
    ("strategy", "name"), PARAMS, ids=[f"{strategy.name}-{name}" for strategy, name in PARAMS]
)
def test_what_a_bound_allows_gives_a_score(strategy: Strategy, name: str) -> None:
    """A parameter that divides is open at zero: the least value allowed is no division by it."""
    spec, values = strategy.params[name], features(5)
    least = spec.low + 0.01 if spec.open_low else spec.low
    for value in (least, spec.high):
        assert spec.allows(value)
        p = with_defaults(strategy, {name: value}, where="test")
        with np.errstate(over="ignore", divide="ignore"):
            score = strategy.score(levels_of(strategy, values, p), p)
        assert np.isfinite(score).all(), (name, value)
    assert spec.allows(spec.low) is not spec.open_low
    assert not spec.allows(math.nextafter(spec.high, math.inf))
    assert not spec.allows(math.nextafter(spec.low, -math.inf))
    assert not any(map(spec.allows, (math.nan, math.inf, -math.inf)))


def test_a_range_takes_its_lower_end_in_unless_said() -> None:
    assert Param(default=1, low=0, high=2, unit="", source="").allows(0)


def test_what_fades_refuses_a_half_life_of_nothing() -> None:
    impulse, heard = np.ones(3), np.array([True, False, False])
    for half_life in (0.0, -1.0, np.array([[5.0], [0.0]])):
        with pytest.raises(OutOfRangeError):
            decay(impulse, half_life)
        with pytest.raises(OutOfRangeError):
            fade_latest(impulse, heard, half_life)


def test_several_half_lives_fade_apart() -> None:
    impulse, heard = np.array([8.0, 0.0, 0.0, 4.0]), np.array([True, False, False, True])
    several = fade_latest(impulse, heard, np.array([[1.0], [2.0]]))

    assert several.shape == (2, 4)
    assert several[0] == pytest.approx([8.0, 4.0, 2.0, 4.0])
    assert several[1] == pytest.approx([8.0, 8.0 / math.sqrt(2), 4.0, 4.0])


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
def test_no_sentence_tells_a_figure_that_was_not_observed(strategy: Strategy) -> None:
    """Each level unknown alone: what stands in the evidence is known."""
    p = with_defaults(strategy, {}, where="test")
    levels = {n: float(a[T // 2]) for n, a in levels_of(strategy, features(7), p).items()}
    for name in strategy.levels_spec:
        for evidence in strategy.evidence(levels | {name: math.nan}, p):
            assert "nan" not in str(evidence.text), (name, str(evidence.text))


def test_what_one_source_alone_tells_is_taken_off_where_there_is_any() -> None:
    """A level less the part of one unconfirmed owner; nothing to take off gives the very levels."""
    strategy = next(s for s in ALL if s.lone)
    ((level, part),) = strategy.lone.items()
    levels = {level: np.array([5.0, -2.0, np.nan]), part: np.array([0.0, -3.0, 1.0])}

    apart = strategy.confirmed(levels)

    assert apart[level].tolist()[:2] == [5.0, 1.0]
    assert math.isnan(apart[level][2])
    silent = levels | {part: np.zeros(3)}
    assert strategy.confirmed(silent) is silent
    unknown = levels | {part: np.array([np.nan, np.nan, 1.0])}
    assert strategy.confirmed(unknown)[level].tolist()[:2] == [5.0, -2.0]
