"""Luck measured: against two implementations of PBO, arch, and cases with a known answer."""

from __future__ import annotations

import itertools
import math
import sys
import time
import warnings
from dataclasses import replace as changed

import numpy as np
import pytest

from backtests.overfitting import (
    TIE,
    BootstrapInterval,
    RuleEvidence,
    arrangements,
    block_length,
    bootstrap_rows,
    excess_growth_interval,
    objections,
    overfitting_probability,
    random_timing,
    random_timing_p_value,
    superior_ability_p_value,
    verdict,
)
from backtests.replay import Costs, buy_and_hold, market, replay
from engine.errors import DataError, NotObservedError
from tests.backtests.market_data import random_market, random_prices, random_switches


def sums(returns: np.ndarray, blocks: int = 16) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size = len(returns) // blocks
    cut = returns[: size * blocks].reshape(blocks, size, -1)
    return cut.sum(axis=1), (cut**2).sum(axis=1), np.full(blocks, size)


def slow_pbo(returns: np.ndarray, blocks: int) -> list[float]:
    """The definition, split by split: winner in sample, mean rank of ties out of sample."""
    parts = np.array_split(np.arange(len(returns)), blocks)
    logits = []
    for half in itertools.combinations(range(blocks), blocks // 2):
        inside = returns[np.concatenate([parts[i] for i in half])]
        outside = returns[np.concatenate([parts[i] for i in range(blocks) if i not in half])]
        ins, out = (_sharpes(x) for x in (inside, outside))
        winner = next(i for i, s in enumerate(ins) if s >= max(ins) - TIE)
        below = sum(s < out[winner] - TIE for s in out)
        tied = sum(abs(s - out[winner]) <= TIE for s in out)
        omega = (below + (tied + 1) / 2) / (len(out) + 1)
        logits.append(math.log(omega / (1 - omega)))
    return logits


def _sharpes(x: np.ndarray) -> list[float]:
    return [float(c.mean() / c.std(ddof=1)) if np.ptp(c) > 1e-15 else 0.0 for c in x.T]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pbo_from_block_sums_is_the_definition(seed: int) -> None:
    """Duplicates, near duplicates, sets without variation, and ties in one half only."""
    rng = np.random.default_rng(seed)
    returns = rng.normal(3e-4, 0.01, (240, 16))
    returns[:, 5] = returns[:, 2]
    returns[:, 7] = returns[:, 2] * (1 + 1e-15)
    returns[:120, 9] = 0.0
    returns[:, 10] = 1.3e-4
    # Unbeaten and alike in the first half, up to scale; each on its own in the second.
    returns[:120, 4] += 0.03
    for twin, scale in ((11, 3.0), (12, 7.0), (13, 0.3), (14, 1.7), (15, 11.0)):
        returns[:120, twin] = returns[:120, 4] * scale

    found = overfitting_probability(*sums(returns, 8))

    slow = slow_pbo(returns, 8)
    np.testing.assert_allclose(found.logits, slow, atol=1e-12)
    assert found.pbo == np.mean(np.array(slow) <= 0)


def test_pbo_equals_ffn_and_holdout() -> None:
    """20 trials, 12,870 splits for holdout; ffn is slow, so 252 splits of 10 blocks."""
    rng = np.random.default_rng(9)
    returns = rng.normal(2e-4, 0.01, (1600, 20)) + rng.normal(0, 3e-4, 20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ffn
        import holdout
        import pandas as pd

        theirs = holdout.probability_of_backtest_overfitting(returns)
        slower = ffn.core.calc_prob_backtest_overfitting(pd.DataFrame(returns), n_blocks=10)

    assert overfitting_probability(*sums(returns)).pbo == pytest.approx(theirs.pbo, abs=1e-12)
    assert overfitting_probability(*sums(returns, 10)).pbo == pytest.approx(slower, abs=1e-12)


def test_a_thousand_trials_take_less_than_the_budget() -> None:
    """12,870 splits x 1,000 trials within 1.5 CPU-seconds."""
    returns = np.random.default_rng(0).normal(0, 0.01, (2512, 1000))
    given = sums(returns)

    before = time.process_time()
    overfitting_probability(*given)

    assert time.process_time() - before < 1.5


def test_noise_is_a_coin_toss_and_one_real_edge_is_not() -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 0.01, (1600, 50))
    edge = noise.copy()
    edge[:, 7] += 0.004

    assert 0.2 < overfitting_probability(*sums(noise)).pbo < 0.8
    assert overfitting_probability(*sums(edge)).pbo < 0.01


def test_pbo_needs_two_sets_and_even_blocks() -> None:
    with pytest.raises(DataError):
        overfitting_probability(*sums(np.ones((160, 1))))


# --- bootstrap ------------------------------------------------------------------------------------


@pytest.mark.parametrize("smooth", [1, 2, 5, 20])
def test_the_block_length_is_that_of_arch(smooth: int) -> None:
    from arch.bootstrap import optimal_block_length

    x = np.random.default_rng(smooth).normal(size=900)
    x = np.convolve(x, np.ones(smooth), "valid")

    theirs = float(optimal_block_length(x)["stationary"].iloc[0])

    assert block_length(x) == pytest.approx(max(1.0, theirs), rel=1e-9)


def test_the_resampled_rows_are_those_of_arch() -> None:
    """Same generator, same mean block: the same rows, sample after sample."""
    from arch.bootstrap import StationaryBootstrap

    data = np.arange(200)
    theirs = StationaryBootstrap(7, data, seed=np.random.default_rng(3))
    expected = [sample[0][0] for sample in theirs.bootstrap(20)]

    ours = bootstrap_rows(200, 7.0, 20, np.random.default_rng(3))

    np.testing.assert_array_equal(ours, np.array(expected))


def test_the_interval_of_a_path_against_itself_is_zero() -> None:
    run = buy_and_hold(random_market())

    found = excess_growth_interval(run, run)

    assert (found.low_pct, found.high_pct) == (0.0, 0.0)


def test_the_interval_covers_what_was_measured() -> None:
    world = random_market(750)
    run, holding = replay(world, random_switches(750)), buy_and_hold(world)
    found = excess_growth_interval(run, holding)
    measured = [100 * np.expm1(252 * np.log1p(r.returns).mean()) for r in (run, holding)]

    assert found.low_pct < measured[0] - measured[1] < found.high_pct


# --- random timing --------------------------------------------------------------------------------


def test_random_paths_trade_as_often_and_stay_as_long() -> None:
    target = random_switches(400, every=25)
    states, levels = random_timing(target, 50)
    paths = levels[states]

    assert (paths.mean(axis=0) == target.mean()).all()
    changes = (np.diff(paths, axis=0) != 0).sum(axis=0)
    assert (changes == (np.diff(target) != 0).sum()).all()
    assert len({p.tobytes() for p in paths.T}) == 50


def test_a_path_that_never_changes_has_no_random_ones() -> None:
    states, levels = random_timing(np.full(7, 0.4), 5)
    assert (states.shape, levels.tolist()) == ((7, 0), [0.4])


def test_random_paths_of_three_levels_keep_their_order() -> None:
    """Whole, half, nothing, whole: of 4, 3, 2 and 3 sessions, each spell one or more."""
    target = np.repeat([1.0, 0.5, 0.0, 1.0], [4, 3, 2, 3])
    states, levels = random_timing(target, 40)
    assert levels.tolist() == [0.0, 0.5, 1.0]
    seen = set()
    for path in levels[states].T:
        spells = [(level, len(list(days))) for level, days in itertools.groupby(path)]
        assert [level for level, _ in spells] == [1.0, 0.5, 0.0, 1.0]
        assert (spells[1][1], spells[2][1], spells[0][1] + spells[3][1]) == (3, 2, 7)
        seen.add(spells[0][1])
    assert seen == {1, 2, 3, 4, 5, 6}


def test_perfect_foresight_beats_random_timing_and_its_opposite_does_not() -> None:
    prices = random_prices(300)
    world = market(prices, 0.0, Costs(spread_bps=0))
    # In the stock exactly when the next open will be higher than this one.
    ahead = (np.append(prices.open_usd[1:], prices.close_usd[-1]) > prices.open_usd).astype(float)

    assert random_timing_p_value(world, ahead, draws=200) == pytest.approx(1 / 201)
    assert random_timing_p_value(world, 1 - ahead, draws=200) == 1.0


def test_a_path_that_changes_too_seldom_cannot_be_tested() -> None:
    """Never changed, or once: there is one such path, and no number may be told of it."""
    once = np.where(np.arange(500) < 250, 1.0, 0.0)
    twice = np.where((np.arange(500) // 100) % 5 == 2, 0.0, 1.0)

    assert [arrangements(x) for x in (np.ones(500), once, twice)] == [1, 1, 399]
    assert random_timing_p_value(random_market(), np.ones(500)) is None
    assert random_timing_p_value(random_market(), once) is None
    assert random_timing_p_value(random_market(), twice) is not None


def test_the_number_of_arrangements_is_that_of_counting_them() -> None:
    """Every path of seven sessions with the same weights in the same order, by brute force."""
    target = np.array([1.0, 1.0, 0.0, 0.5, 0.5, 0.0, 1.0])
    order = [1.0, 0.0, 0.5, 0.0, 1.0]
    found = {
        path
        for path in itertools.product((0.0, 0.5, 1.0), repeat=7)
        if [k for k, _ in itertools.groupby(path)] == order and sorted(path) == sorted(target)
    }

    assert arrangements(target) == len(found) == 2


# --- superior ability -----------------------------------------------------------------------------


def test_superior_ability_tells_an_edge_from_noise() -> None:
    rng = np.random.default_rng(2)
    holding = rng.normal(0, 0.01, 500)
    models = rng.normal(0, 0.01, (500, 5))

    assert superior_ability_p_value(holding, models, draws=200) > 0.1
    models[:, 0] += 0.004
    assert superior_ability_p_value(holding, models, draws=200) < 0.05


def test_models_that_are_holding_itself_have_no_ability() -> None:
    holding = np.random.default_rng(2).normal(0, 0.01, 500)

    assert superior_ability_p_value(holding, np.repeat(holding[:, None], 3, axis=1)) == 1.0


def test_without_arch_it_is_skipped_in_clear_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arch.bootstrap", None)

    with pytest.raises(NotObservedError, match="skipped: package 'arch' is not installed"):
        superior_ability_p_value(np.zeros(50), np.ones((50, 2)))


# --- the verdict ----------------------------------------------------------------------------------

GOOD = RuleEvidence(
    excess_cagr_pct=12.0,
    interval=BootstrapInterval(low_pct=3.0, high_pct=20.0, block_length=2.0),
    p_value_random_timing=0.01,
    n_trials=7,
    dsr=0.99,
    pbo=0.02,
    spa_p_value=0.01,
)


def test_only_what_passes_everything_beats_holding() -> None:
    assert objections(GOOD) == ()
    assert str(verdict(GOOD)).startswith("Evidence that this beats holding: +12.0% a year")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"excess_cagr_pct": -2.0}, "it grew -2.0% a year against holding"),
        (
            {"interval": BootstrapInterval(low_pct=-1.0, high_pct=20.0, block_length=1.0)},
            "holds zero",
        ),
        ({"p_value_random_timing": None}, "changed too seldom for a test"),
        ({"active_sessions": 12}, "in the stock in 12 sessions, too few to judge"),
        ({"p_value_random_timing": 0.3}, "random timing did as well in 30% of draws"),
        ({"dsr": 0.4}, "after 7 attempts the deflated Sharpe ratio is 0.40"),
        ({"pbo": 0.5}, "fails in the other in 50% of splits"),
        ({"spa_p_value": 0.2}, "superior ability gives p = 0.20"),
        ({"never_left": True}, "it never left the stock"),
    ],
)
def test_every_objection_is_said_plainly(changes: dict[str, object], said: str) -> None:
    sentence = str(verdict(changed(GOOD, **changes)))

    assert sentence.startswith("No evidence that this beats holding: ")
    assert said in sentence
