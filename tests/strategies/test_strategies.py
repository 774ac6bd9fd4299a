"""Each strategy: bounded, causal, honest about the unobserved, and of the right sign."""

from __future__ import annotations

import numpy as np
import pytest

from engine.decision.features import FEATURES
from engine.errors import ConfigError, DataError, OutOfRangeError
from strategies.base import Strategy, decay, levels_of, with_defaults
from strategies.demand import Demand
from strategies.earnings_surprise import EarningsSurprise
from strategies.export_policy import ExportPolicy
from strategies.fp8_threat import Fp8Threat
from strategies.rate_path import RatePath
from strategies.trend import Trend
from strategies.valuation_cap import ValuationCap, sustainable_pct

ALL: list[Strategy] = [
    Fp8Threat(), ExportPolicy(), RatePath(), ValuationCap(), EarningsSurprise(), Trend(), Demand(),
]  # fmt: skip
T = 80


def features(seed: int = 0, holes: bool = False) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(0, 5, T) for name in FEATURES}
    values |= {
        "us_gate": rng.choice([0, 0.5, 1], T).astype(float),
        "china_gate": rng.choice([0, 0.35, 1], T).astype(float),
        "china_excluded": np.zeros(T),
        "market_cap_usd_tn": rng.uniform(0.3, 6, T),
        "volatility_pct": rng.uniform(15, 90, T),
        "trend_gap_pct": rng.uniform(-60, 120, T),
        "trailing_revenue_usd_bn": rng.uniform(20, 200, T),
        "threat_impulse_pct": rng.uniform(0, 3, T),
        "threat_doubt_pct": rng.uniform(0, 3, T),
    }
    if holes:
        for array in values.values():
            array[rng.random(T) < 0.2] = np.nan
    return values


def score_of(strategy: Strategy, values: dict[str, np.ndarray], **params: float) -> np.ndarray:
    p = with_defaults(strategy, params, where="test")
    return strategy.score(strategy.levels(values, p), p)


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
@pytest.mark.parametrize("holes", [False, True])
def test_scores_stay_between_minus_one_and_one(strategy: Strategy, holes: bool) -> None:
    """Whatever comes in; NaN only where something was not observed."""
    score = score_of(strategy, features(3, holes))

    assert score.shape == (T,)
    assert np.nanmax(np.abs(score)) <= 1
    if not holes:
        assert not np.isnan(score).any()


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
def test_scores_are_causal_bit_for_bit(strategy: Strategy) -> None:
    """The first half does not change when the second is thrown away."""
    values = features(4)
    half = {name: array[: T // 2] for name, array in values.items()}

    assert score_of(strategy, values)[: T // 2].tobytes() == score_of(strategy, half).tobytes()


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
def test_parameters_of_shape_p_1_are_a_sweep(strategy: Strategy) -> None:
    """Three parameter sets at once equal three calls, bit for bit."""
    values = features(5)
    p = with_defaults(strategy, {}, where="test")
    for name, spec in strategy.params.items():
        tried = [spec.default, spec.default * 0.7 + 0.3 * spec.high, spec.default]
        swept = {k: np.full((3, 1), v) for k, v in p.items()}
        swept[name] = np.array(tried)[:, None]
        together = strategy.score(strategy.levels(values, swept), swept)
        for row, value in enumerate(tried):
            alone = score_of(strategy, values, **{name: value})
            assert np.broadcast_to(together, (3, T))[row].tobytes() == alone.tobytes(), name


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
def test_every_level_has_a_range_and_a_sentence(strategy: Strategy) -> None:
    """Levels searched for flips exist, and evidence is written from them."""
    p = with_defaults(strategy, {}, where="test")
    levels = strategy.levels(features(6), p)
    at = {name: float(array[-1]) for name, array in levels.items()}

    assert set(strategy.levels_spec) <= set(levels)
    assert all(e.text for e in strategy.evidence(at, p))
    assert strategy.doubt(levels, p).shape == (T,)


@pytest.mark.parametrize(
    ("strategy", "feature", "sign"),
    [
        (Fp8Threat(), "threat_impulse_pct", -1),
        (Fp8Threat(), "domestic_impulse_pct", +1),
        (ExportPolicy(), "policy_impulse_pct", +1),
        (ExportPolicy(), "us_gate", +1),
        (RatePath(), "expected_path_bps", -1),
        (RatePath(), "fed_surprise_bps", -1),
        (ValuationCap(), "implied_growth_pct", -1),
        (ValuationCap(), "delivered_growth_pct", +1),
        (ValuationCap(), "market_cap_usd_tn", -1),
        (EarningsSurprise(), "guide_surprise_pct", +1),
        (Trend(), "trend_gap_pct", +1),
    ],
)
def test_more_of_an_input_moves_the_score_the_documented_way(
    strategy: Strategy, feature: str, sign: int
) -> None:
    """Monotone: raising one input never moves the score against its documented sign."""
    values = features(7)
    more = dict(values) | {feature: values[feature] + 0.4}
    change = score_of(strategy, more) - score_of(strategy, values)

    assert (sign * change >= -1e-12).all()
    assert (sign * change > 1e-9).any()


def test_falling_rates_outside_fed_windows_say_nothing() -> None:
    """The sign trap: a surprise of zero outside windows leaves only the slow path effect."""
    values = features(8) | {"fed_surprise_bps": np.zeros(T), "expected_path_bps": np.zeros(T)}

    assert (score_of(RatePath(), values) == 0).all()


def test_one_fed_surprise_is_capped() -> None:
    """A 300 bp surprise counts for 2 % of price and no more."""
    values = features(9) | {"fed_surprise_bps": np.zeros(T), "expected_path_bps": np.zeros(T)}
    values["fed_surprise_bps"][10] = 300.0
    p = with_defaults(RatePath(), {}, where="test")

    assert RatePath().levels(values, p)["surprise_effect_pct"][10] == -2.0


def test_a_usual_beat_is_no_news() -> None:
    """A guide 2 % beyond consensus is what everybody expects."""
    values = features(10) | {"guide_surprise_pct": np.zeros(T), "guide_age_sessions": np.zeros(T)}
    values["guide_surprise_pct"][5] = 2.0

    assert (score_of(EarningsSurprise(), values) == 0).all()


def test_decay_halves_in_a_half_life() -> None:
    """An impulse of 8 is 4 after one half-life, 2 after two."""
    impulse = np.zeros(11)
    impulse[0] = 8.0

    assert decay(impulse, 5.0)[[0, 5, 10]] == pytest.approx([8.0, 4.0, 2.0])


@pytest.mark.parametrize("half_life", [0.0, -3.0])
def test_a_half_life_of_zero_is_refused(half_life: float) -> None:
    """It would divide by nothing."""
    with pytest.raises(OutOfRangeError, match="half_life"):
        decay(np.zeros(3), half_life)
    with pytest.raises(ConfigError, match="half_life_sessions"):
        with_defaults(RatePath(), {"half_life_sessions": half_life}, where="x.toml")


def test_growth_fades_by_base_rates_and_compounds() -> None:
    """Year by year, capped first; a firm that tripled its sales is not carried forward at that."""
    p = with_defaults(ValuationCap(), {}, where="test")

    def slowly(growth: float) -> float:
        level = 1.0
        for year in range(1, 11):
            level *= 1 + (3.5 + (min(growth, 40.0) - 3.5) * 2 ** (-year / 2)) / 100
        return 100 * (level**0.1 - 1)

    for growth in (-20.0, 3.5, 25.0, 262.0):
        assert float(sustainable_pct(np.array(growth), p)) == pytest.approx(slowly(growth))
    assert float(sustainable_pct(np.array(262.0), p)) < 15


def test_a_ceiling_drifts_with_sales_or_stays_where_it_was_set() -> None:
    """Twice the sales, twice the ceiling; 0 keeps it fixed."""
    values = features(1)
    values["trailing_revenue_usd_bn"] = np.full(T, 330.0)
    for at_sales, ceiling in ((165.0, 8.0), (0.0, 4.0)):
        p = with_defaults(ValuationCap(), {"ceiling_at_sales_usd_bn": at_sales}, where="test")
        assert (ValuationCap().levels(values, p)["ceiling_usd_tn"] == ceiling).all()


def test_a_later_guide_supersedes_the_one_before() -> None:
    """What is left of an old surprise is not added to a new one."""
    values = {"guide_surprise_pct": np.zeros(T), "guide_age_sessions": np.zeros(T)}
    values["guide_surprise_pct"][[5, 20]] = 50.0, -10.0
    p = with_defaults(EarningsSurprise(), {}, where="test")
    level = EarningsSurprise().levels(values, p)["guide_surprise_pct"]

    assert level[5] == 48.0
    assert level[20] == -12.0
    assert level[40] == pytest.approx(-6.0)


class Typo(Trend):
    """Reads a feature that it does not declare."""

    def levels(self, features, p):  # type: ignore[no-untyped-def]
        return {"x": features["vix"]}


def test_a_strategy_gets_the_features_it_declares_and_no_other() -> None:
    """An undeclared read is an error that names the strategy and the remedy."""
    values = features(6)
    with pytest.raises(DataError, match=r"'trend' reads 'vix' .*needs"):
        levels_of(Typo(), values, {})

    assert set(levels_of(Trend(), values, {})) == Trend.needs


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
def test_what_is_declared_exists(strategy: Strategy) -> None:
    assert strategy.needs <= FEATURES.keys()


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
def test_no_level_depends_on_an_effect_size(strategy: Strategy) -> None:
    """What redraws effect sizes keeps the levels as they are."""
    values, plain = features(7), with_defaults(strategy, {}, where="test")
    levels = strategy.levels(values, plain)
    for name, spec in strategy.params.items():
        if spec.effect:
            moved = strategy.levels(values, {**plain, name: min(spec.high, 1.3 * spec.default)})
            for level, array in levels.items():
                np.testing.assert_array_equal(moved[level], array)
