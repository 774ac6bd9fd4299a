"""Yardsticks do exactly what they say."""

from __future__ import annotations

import numpy as np
import pytest

from backtests.replay import buy_and_hold, replay
from backtests.sweep import make_job, run
from config.strategy import Rule
from engine.decision.decide import evaluate
from engine.decision.evidence import Blend, Voice
from engine.errors import InputError
from engine.service.bind import find_strategy
from strategies.base import Strategy
from strategies.baselines import BuyAndHold, Cash, RandomSameTurnover
from tests.backtests.sweep_world import synthetic_features, synthetic_market

RULE = Rule(exit_below=-0.3, enter_above=0.0, min_sessions_between_changes=0)


def alone(strategy: Strategy, **params: float) -> Blend:
    filled = {k: params.get(k, spec.default) for k, spec in strategy.params.items()}
    return Blend(voices=(Voice(strategy=strategy, weight=1.0, params=filled),), rule=RULE)


def test_buy_and_hold_is_the_benchmark() -> None:
    world = synthetic_market(100)
    target = evaluate(alone(BuyAndHold()), synthetic_features(100)).target_weight

    assert replay(world, target).final_equity == buy_and_hold(world).final_equity


def test_cash_earns_the_rate_and_never_trades() -> None:
    world = synthetic_market(100)
    run_ = replay(world, evaluate(alone(Cash()), synthetic_features(100)).target_weight)

    assert run_.trades == ()
    assert run_.final_equity == pytest.approx(world.cash[-1])


def test_the_coin_changes_about_as_often_as_told_and_never_differently() -> None:
    """Ten years at 12 changes a year: 120, give or take four standard deviations."""
    features = synthetic_features(2520)
    first, second = (
        evaluate(alone(RandomSameTurnover(), changes_per_year=12, seed=5), features).invested
        for _ in range(2)
    )

    np.testing.assert_array_equal(first, second)
    assert abs((np.diff(first.astype(int)) != 0).sum() - 120) < 4 * np.sqrt(120)


def test_a_longer_record_does_not_change_earlier_tosses() -> None:
    short, long = (
        evaluate(alone(RandomSameTurnover(), seed=2), synthetic_features(n)).invested
        for n in (300, 400)
    )

    np.testing.assert_array_equal(short, long[:300])


def test_a_sweep_over_seeds_is_each_coin_alone() -> None:
    """The cheapest null distribution there is."""
    features, world = synthetic_features(300), synthetic_market(300)
    seeds = np.arange(1.0, 9.0)[:, None]
    job = make_job(
        alone(RandomSameTurnover()), ["random_same_turnover.seed"], seeds, features, world
    )

    found = run(job).totals.final_equity

    for value, (seed,) in zip(found, seeds, strict=True):
        target = evaluate(alone(RandomSameTurnover(), seed=seed), features).target_weight
        assert value == replay(world, target).final_equity
    assert len(set(found)) == 8


def test_they_can_be_named_in_a_strategy_file() -> None:
    for name in ("BuyAndHold", "Cash", "RandomSameTurnover"):
        assert find_strategy(f"strategies.baselines:{name}").evidence({}, {})[0].text


def test_a_seed_beyond_its_range_is_refused() -> None:
    with pytest.raises(InputError, match="seed"):
        make_job(
            alone(RandomSameTurnover()),
            ["random_same_turnover.seed"],
            np.array([[-1.0]]),
            synthetic_features(100),
            synthetic_market(100),
        )
