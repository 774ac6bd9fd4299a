"""Yardsticks by hand: constant mixes, tax at the end, trend, volatility target, few sessions."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from backtests.benchmarks import after_tax, month_starts, trend, volatility_target, yardsticks
from backtests.metrics import LEAST_ACTIVE, summarise
from backtests.replay import Costs, RawPrices, UnitValues, market, replay
from engine.values import FloatArray
from tests.backtests.market_data import random_prices, weekdays

FREE = Costs(spread_bps=0.0)
NONE = np.empty(0)


def priced(closes: list[float], start: date = date(2024, 1, 2), costs: Costs = FREE) -> UnitValues:
    """A synthetic market that opens where it closes."""
    values = np.array(closes)
    prices = RawPrices(
        symbol="NVDA",
        sessions_on=weekdays(len(closes), start),
        open_usd=values,
        close_usd=values,
        split=np.ones(values.size),
        dividend_usd=np.zeros(values.size),
    )
    return market(prices, 0.0, costs)


def switching(n: int) -> FloatArray:
    return np.where((np.arange(n) // 20) % 2 == 0, 1.0, 0.4)


def test_holding_with_a_gain_pays_tax_at_the_end() -> None:
    """100 to 160 at 30 %: 60 of gain, 18 of tax, 1.42 left; nothing was ever sold."""
    found = after_tax(priced([100.0, 120.0, 160.0]), np.ones(3))

    assert found.rate == 0.30
    assert found.final_equity == pytest.approx(1.60 - 0.3 * 0.60, abs=1e-12)


def test_a_switch_is_taxed_once_and_a_loss_comes_off() -> None:
    """Sold at 150 (tax 15), bought again, fallen by a fifth: the open loss owes nothing."""
    world = priced([100.0, 150.0, 150.0, 120.0], costs=replace(FREE, tax_rate=0.30))
    found = after_tax(world, np.array([1.0, 0.0, 1.0, 1.0]))

    assert found.final_equity == pytest.approx((1.5 - 0.3 * 0.5) * 120 / 150, abs=1e-12)


def test_a_loss_made_before_lowers_the_tax_at_the_end() -> None:
    """Sold at 80 with a loss of 20, bought at 80, now 160: gain 80 less 20, at 30 %."""
    found = after_tax(priced([100.0, 80.0, 80.0, 160.0]), np.array([1.0, 0.0, 1.0, 1.0]))

    assert found.final_equity == pytest.approx(1.6 - 0.3 * (0.8 - 0.2), abs=1e-12)


def test_a_constant_mix_is_brought_back_on_the_first_session_of_a_month() -> None:
    """January doubles the price: half becomes two thirds; in February it is half again."""
    days = weekdays(30, date(2024, 1, 2))
    closes = [100.0 if d < date(2024, 1, 15) else 200.0 for d in days]
    world = priced(closes)
    run = replay(world, np.full(30, 0.5), rebalanced=month_starts(world))
    february = next(i for i, d in enumerate(days) if d.month == 2)

    assert run.weights[february - 1] == pytest.approx(2 / 3)
    assert run.weights[february] == pytest.approx(0.5)
    assert [t.session_on for t in run.trades] == [days[0], days[february]]


def test_the_mix_holds_what_the_rule_held_on_average() -> None:
    world = market(random_prices(500), 4.0, Costs())
    run = replay(world, switching(500))
    found = {y.name: y for y in yardsticks(world, run, NONE)}

    assert set(found) == {
        "holding", "cash", "constant_mix", "constant_60", "half", "trend_200", "volatility_target",
    }  # fmt: skip
    mix = found["constant_mix"]
    assert mix.run.trades[0].to_weight == pytest.approx(run.weights.mean())
    assert mix.figures.exposure_pct == pytest.approx(100 * run.weights.mean(), abs=1.0)
    assert mix.interval is not None
    assert mix.interval.low_pct < mix.excess_pct < mix.interval.high_pct  # type: ignore[operator]
    assert mix.excess_pct == pytest.approx(
        summarise(run).cagr_pct - mix.figures.cagr_pct  # type: ignore[operator]
    )
    assert found["half"].run.weights[-1] != pytest.approx(0.5)  # it drifts
    assert found["cash"].figures.exposure_pct == 0.0


def test_the_trend_knows_the_close_before_and_nothing_later() -> None:
    """Rising for 200 sessions, then one crash: out on the session after it, not on it."""
    closes = np.concatenate((np.linspace(100, 200, 205), [50.0, 50.0, 300.0, 300.0]))
    told = trend(closes, 9)  # the first of them is row 200

    assert told.tolist() == [1, 1, 1, 1, 1, 1, 0, 0, 1]


def test_the_volatility_target_is_the_formula_of_the_review_on_its_own_loop() -> None:
    """A second definition, as written down in the review; equal on seeded random prices."""
    closes = random_prices(400, seed=5).close_usd * 1.0
    jumpy = 100 * np.exp(np.cumsum(3 * np.diff(np.log(closes), prepend=math.log(closes[0]))))
    r = np.diff(np.log(jumpy))
    held, expected = 1.0, []
    for t in range(21, jumpy.size):
        want = min(1.0, 0.40 / (r[t - 21 : t - 1].std(ddof=1) * 252**0.5))
        if abs(want - held) > 0.1 or want == 1:
            held = want
        expected.append(held)
    found = volatility_target(jumpy, jumpy.size - 21)

    assert found.tolist() == expected
    assert 0.2 < found.min() < 0.6


def test_yardsticks_do_not_change_when_later_prices_do() -> None:
    """The first 300 weights of each are those of a record that ends there."""
    closes = random_prices(420, seed=8).close_usd
    changed = closes.copy()
    changed[350:] *= 3.0

    for rule in (trend, volatility_target):
        assert rule(closes, 300)[:230].tolist() == rule(changed, 300)[:230].tolist()
        assert rule(closes, 300).tolist() != rule(changed, 300).tolist()


def test_two_sessions_in_the_stock_make_no_probability() -> None:
    """One trade held two of 939 sessions had a PSR of 0.997."""
    world = market(random_prices(939, seed=4), 0.0, Costs())
    brief = np.zeros(939)
    brief[100:102] = 1.0
    long = np.zeros(939)
    long[: LEAST_ACTIVE + 1] = 1.0
    few, enough = summarise(replay(world, brief)), summarise(replay(world, long))

    assert (few.active_sessions, few.psr, few.sharpe_se) == (2, None, None)
    assert few.sharpe is not None
    assert enough.psr is not None
