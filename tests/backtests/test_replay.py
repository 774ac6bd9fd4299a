"""Replay against an independent loop over shares and dollars, and against three other engines."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace as changed
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtests.metrics import summarise
from backtests.replay import (
    Costs,
    RawPrices,
    buy_and_hold,
    market,
    prices_over,
    replay,
    rows_between,
)
from engine.errors import DataError, InputError, OutOfRangeError
from engine.record.readings import Bar
from tests.backtests.market_data import random_market, random_prices, random_switches, weekdays


def by_hand(prices: RawPrices, rate_pct: float, costs: Costs, targets: list[float]) -> float:
    """Final equity by counting shares and dollars day by day; dividends buy shares at the open."""
    shares, cash, held = 0.0, 1.0, 0.0
    paid_for, losses = 0.0, 0.0
    fee = (costs.commission_bps + costs.spread_bps / 2) / 1e4
    for t, day in enumerate(prices.sessions_on):
        fill = prices.open_usd[t] if prices.open_usd[t] > 0 else prices.close_usd[t]
        if t > 0:
            nights = (day - prices.sessions_on[t - 1]).days
            rate = rate_pct + (costs.margin_pct if cash < 0 else 0.0)
            cash *= 1 + rate / 100 * nights / 360
            shares *= prices.split[t]
            shares += shares * prices.dividend_usd[t] / fill
            if shares < 0:  # the lender's fee is paid in stock: the debt grows
                shares *= 1 + costs.borrow_pct / 100 * nights / 360
        if targets[t] != held:
            held = targets[t]
            wealth = cash + shares * fill
            # Find the position by bisection on what is left after the fee.
            low, high = -3 * wealth, 3 * wealth
            for _ in range(200):
                middle = (low + high) / 2
                left = wealth - fee * abs(middle - shares * fill)
                low, high = (middle, high) if middle < held * left else (low, middle)
            cost = fee * abs(low - shares * fill)
            owned, kept = max(0.0, shares * fill), max(0.0, low)
            tax = 0.0
            if kept >= owned:
                paid_for += kept - owned
            else:  # average cost: the part that is sold takes its part of what was paid
                sold = (owned - kept) / owned
                gain = owned - kept - sold * paid_for - losses
                losses, tax = max(0.0, -gain), costs.tax_rate * max(0.0, gain)
                paid_for *= 1.0 - sold
            cash, shares = wealth - cost - low - tax, low / fill
    return cash + shares * prices.close_usd[-1]


def rich_prices(n: int = 300, seed: int = 5) -> RawPrices:
    """With a split, dividends, and sessions without an open."""
    prices = random_prices(n, seed)
    split, dividend = np.ones(n), np.zeros(n)
    split[100], dividend[50], dividend[200] = 10.0, 1.0, 0.04
    opened, closed = prices.open_usd.copy(), prices.close_usd.copy()
    opened[100:] /= 10
    closed[100:] /= 10
    opened[[30, 220]] = np.nan
    return changed(prices, open_usd=opened, close_usd=closed, split=split, dividend_usd=dividend)


@pytest.mark.parametrize("levels", [(0.0, 1.0), (0.0, 0.5, 1.0), (-1.0, 1.0), (-0.5, 0.3, 1.6)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_final_equity_equals_counting_shares_and_dollars(
    levels: tuple[float, ...], seed: int
) -> None:
    """Splits, dividends, cash, borrow fee, debt and costs, to 1e-12."""
    prices, costs = rich_prices(seed=seed), Costs(commission_bps=3, spread_bps=8)
    rng = np.random.default_rng(seed)
    targets = np.repeat(rng.choice(levels, 60), 5)

    run = replay(market(prices, 4.3, costs), targets)

    assert run.final_equity == pytest.approx(
        by_hand(prices, 4.3, costs, targets.tolist()), rel=1e-12
    )


def test_fifty_random_accounts_equal_counting_shares_and_dollars() -> None:
    """Dividends, a split, tax, short positions and debt, all drawn at random: to 1e-12."""
    taxed = short = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        costs = Costs(
            commission_bps=float(rng.uniform(0, 10)),
            spread_bps=float(rng.uniform(0, 20)),
            borrow_pct=float(rng.uniform(0, 5)),
            tax_rate=float(rng.uniform(0, 0.5)),
        )
        prices, rate = rich_prices(seed=seed), float(rng.uniform(0, 6))
        targets = np.repeat(rng.uniform(-0.4, 1.4, 60).round(2), 5)
        run = replay(market(prices, rate, costs), targets)
        taxed += any(trade.tax > 0 for trade in run.trades)
        short += bool((run.weights < 0).any())

        expected = by_hand(prices, rate, costs, targets.tolist())
        assert run.final_equity == pytest.approx(expected, rel=1e-12), seed
    assert taxed > 40
    assert short > 40


def test_a_split_changes_nothing_that_an_owner_has() -> None:
    """Ten new shares for one, at a tenth of the price."""
    prices = random_prices(50)
    split = np.ones(50)
    split[20] = 10
    factor = np.where(np.arange(50) >= 20, 0.1, 1.0)
    after = changed(
        prices,
        open_usd=prices.open_usd * factor,
        close_usd=prices.close_usd * factor,
        split=split,
    )

    plain = buy_and_hold(market(prices, 0.0, Costs()))
    divided = buy_and_hold(market(after, 0.0, Costs()))

    np.testing.assert_allclose(divided.equity, plain.equity, rtol=1e-14)


def test_cash_earns_the_rate_known_that_morning_over_calendar_days() -> None:
    """5.33 % from Friday to Monday: three days of a 360-day year; an unknown rate goes on."""
    days = (date(2024, 9, 19), date(2024, 9, 20), date(2024, 9, 23), date(2024, 9, 24))
    prices = changed(random_prices(4), sessions_on=days)
    rate = np.array([4.83, 5.33, np.nan, np.nan])

    run = replay(market(prices, rate, Costs()), np.zeros(4))

    growth = (1 + 0.0483 / 360) * (1 + 0.0533 * 3 / 360) * (1 + 0.0533 / 360)
    assert run.final_equity == pytest.approx(growth, rel=1e-15)
    assert run.returns[0] == 0.0


def test_tax_is_paid_on_gains_at_average_cost_and_losses_carry_forward() -> None:
    """Buy 100, sell 80 (loss 20 %), buy again, sell at +50 %: only the net gain is taxed."""
    closes = np.array([100.0, 80.0, 80.0, 120.0])
    prices = RawPrices(
        symbol="NVDA",
        sessions_on=weekdays(4),
        open_usd=closes,
        close_usd=closes,
        split=np.ones(4),
        dividend_usd=np.zeros(4),
    )
    costs = Costs(spread_bps=0, tax_rate=0.25)

    run = replay(market(prices, 0.0, costs), np.array([1.0, 0.0, 1.0, 0.0]))

    assert [round(t.tax, 12) for t in run.trades] == [0.0, 0.0, 0.0, 0.05]
    assert run.final_equity == pytest.approx(1.2 - 0.25 * (0.4 - 0.2))


def test_a_fill_without_an_open_is_at_that_sessions_close_and_says_so() -> None:
    run = buy_and_hold(market(random_prices(10, opens=False), 0.0, Costs()))

    assert run.trades[0].filled_at == "close"
    assert run.trades[0].price_usd == random_prices(10).close_usd[0]


def test_the_future_does_not_move_the_past() -> None:
    """Cut at any session, the path up to it is the same bit for bit."""
    prices, targets = rich_prices(), random_switches(300)
    whole = replay(market(prices, 4.0, Costs()), targets)

    for cut in (1, 60, 100, 101, 299):
        part = prices.between(prices.sessions_on[0], prices.sessions_on[cut - 1])
        run = replay(market(part, 4.0, Costs()), targets[:cut])
        np.testing.assert_array_equal(run.equity, whole.equity[:cut])


# --- other engines ----------------------------------------------------------------------------


def test_vectorbt_ends_with_the_same_equity() -> None:
    """Same positions, fills at the open, 5 bps: within 1e-12."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        import vectorbt as vbt

        prices, targets = random_prices(), random_switches()
        index = pd.DatetimeIndex(prices.sessions_on)
        entries = pd.Series(np.diff(targets, prepend=0.0) > 0, index=index)
        exits = pd.Series(np.diff(targets, prepend=0.0) < 0, index=index)
        portfolio = vbt.Portfolio.from_signals(
            close=pd.Series(prices.close_usd, index=index),
            entries=entries,
            exits=exits,
            price=pd.Series(prices.open_usd, index=index),
            fees=5e-4,
            init_cash=1.0,
            freq="1D",
        )
        theirs = portfolio.value()

    ours = replay(market(prices, 0.0, Costs(spread_bps=10)), targets)

    np.testing.assert_allclose(ours.equity, theirs.to_numpy(), rtol=1e-12)


def test_bt_ends_with_the_same_equity() -> None:
    """Opens as its only price, the last close appended: within 1e-12."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import bt
        import pandas as pd

        prices, targets = random_prices(), random_switches()
        index = pd.DatetimeIndex(weekdays(501))
        data = pd.DataFrame({"NVDA": np.append(prices.open_usd, prices.close_usd[-1])}, index=index)
        rows = np.flatnonzero(np.diff(targets, prepend=0.0))
        weights = pd.DataFrame({"NVDA": targets[rows]}, index=index[rows])
        algos = [bt.algos.WeighTarget(weights), bt.algos.Rebalance()]
        test = bt.Backtest(
            bt.Strategy("ours", algos),
            data,
            initial_capital=1e6,
            commissions=lambda q, p: abs(q) * p * 5e-4,
            integer_positions=False,
            progress_bar=False,
        )
        test.run()
        theirs = float(test.strategy.values.iloc[-1])

    ours = replay(market(prices, 0.0, Costs(spread_bps=10)), targets, capital=1e6)

    assert ours.final_equity == pytest.approx(theirs, rel=1e-12)


def test_backtesting_py_ends_with_the_same_equity() -> None:
    """It decides at the close before and trades whole shares: within 1e-5."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from backtesting import Backtest, Strategy

        prices, targets = random_prices(), random_switches()
        targets[-1] = targets[-2]
        high = np.maximum(prices.open_usd, prices.close_usd)
        low = np.minimum(prices.open_usd, prices.close_usd)
        data = pd.DataFrame(
            {
                "Open": prices.open_usd,
                "High": high,
                "Low": low,
                "Close": prices.close_usd,
                "Volume": 1.0,
                "Target": targets,
            },
            index=pd.DatetimeIndex(prices.sessions_on),
        )

        class Follow(Strategy):
            def init(self) -> None: ...

            def next(self) -> None:
                row = len(self.data)
                wanted = targets[row] if row < len(targets) else targets[-1]
                if wanted and not self.position:
                    self.buy(size=0.9999)
                elif not wanted and self.position:
                    self.position.close()

        backtest: Any = Backtest(data, Follow, cash=1e9, commission=0.0)
        theirs = float(backtest.run()["Equity Final [$]"])

    # It may not decide before its second bar, and keeps a ten-thousandth in cash for rounding.
    late = targets * 0.9999
    late[0] = late[1] = 0.0
    ours = replay(market(prices, 0.0, Costs(spread_bps=0)), late, capital=1e9)

    assert ours.final_equity == pytest.approx(theirs, rel=1e-5)


def test_real_prices_give_buy_and_hold_by_division() -> None:
    """NVDA 2022-01-03 to 2025-09-30: last close over first open, less one fee."""
    path = Path(__file__).resolve().parents[2] / "../shared/data/prices/NVDA.csv"
    if not path.is_file():
        pytest.skip("the daily price files are not on this machine")
    rows = [line.split(",") for line in path.read_text().splitlines()]
    head = rows[0]
    inside = [r for r in rows[1:] if "2022-01-03" <= r[0][:10] <= "2025-09-30"]
    opened = np.array([float(r[head.index("Open")]) for r in inside])
    closed = np.array([float(r[head.index("Close")]) for r in inside])
    prices = RawPrices(
        symbol="NVDA",
        sessions_on=tuple(date.fromisoformat(r[0][:10]) for r in inside),
        open_usd=opened,
        close_usd=closed,
        split=np.ones(len(inside)),
        dividend_usd=np.zeros(len(inside)),
    )

    run = buy_and_hold(market(prices, 0.0, Costs(spread_bps=10)))

    assert run.final_equity == pytest.approx(closed[-1] / opened[0] / 1.0005, rel=1e-12)
    assert len(inside) == 939


# --- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -3.0])
def test_a_bad_close_is_named_with_its_session_and_row(bad: float) -> None:
    closes = random_prices(10).close_usd.copy()
    closes[4] = bad

    with pytest.raises(DataError, match=r"close_usd of 2016-01-08 \(row 4\)"):
        changed(random_prices(10), close_usd=closes)


@pytest.mark.parametrize(("swap", "said"), [((3, 3), "comes twice"), ((4, 3), "is before")])
def test_duplicate_and_unordered_dates_are_named(swap: tuple[int, int], said: str) -> None:
    days = list(weekdays(10))
    days[3], days[4] = days[swap[0]], days[swap[1]]

    with pytest.raises(DataError, match=said):
        changed(random_prices(10), sessions_on=tuple(days))


@pytest.mark.parametrize("bad", [math.nan, -1.01, 2.01, math.inf])
def test_a_weight_outside_the_limits_is_named_with_its_session(bad: float) -> None:
    weights = np.ones(10)
    weights[7] = bad

    with pytest.raises(DataError, match=r"target weight of .* \(row 7\)"):
        replay(random_market(10), weights)


def test_a_window_longer_than_the_data_is_refused() -> None:
    with pytest.raises(InputError, match="longer than the data"):
        rows_between(weekdays(10), date(2015, 1, 1), date(2016, 1, 8))


def test_a_missing_session_is_a_gap_and_not_a_zero() -> None:
    days = weekdays(3)
    bars = {d: Bar(symbol="NVDA", session_on=d, close=1.0) for d in (days[0], days[2])}

    with pytest.raises(DataError, match=f"no bar for {days[1]}"):
        prices_over(bars, [], days)


def test_an_account_that_is_wiped_out_ends_with_a_message() -> None:
    prices = changed(random_prices(3), close_usd=np.array([100.0, 100.0, 250.0]))

    with pytest.raises(DataError, match="wiped out on"):
        replay(market(prices, 0.0, Costs()), np.full(3, -1.0))


def test_costs_outside_their_range_are_refused() -> None:
    with pytest.raises(OutOfRangeError, match="spread_bps"):
        Costs(spread_bps=-1)


@given(st.integers(0, 10_000), st.floats(0, 50), st.floats(0, 6))
def test_costs_and_rates_only_ever_move_the_way_they_must(
    seed: int, bps: float, rate: float
) -> None:
    """Higher costs never help, a higher cash rate never hurts an account without debt."""
    targets = random_switches(60, seed, every=6)
    prices = random_prices(60, seed)

    free = replay(market(prices, rate, Costs(spread_bps=0)), targets).final_equity
    costly = replay(market(prices, rate, Costs(spread_bps=bps)), targets).final_equity
    poor = replay(market(prices, 0.0, Costs(spread_bps=0)), targets).final_equity

    assert costly <= free * (1 + 1e-13)
    assert poor <= free * (1 + 1e-13)


def test_the_summary_of_buy_and_hold_is_that_of_the_stock() -> None:
    """One trade, fully exposed, growth from first open to last close."""
    world = market(random_prices(), 0.0, Costs(spread_bps=0))
    run = buy_and_hold(world)
    found = summarise(run)

    growth = float(world.stock_close[-1] / world.stock_fill[0])
    years = (world.sessions_on[-1] - world.sessions_on[0]).days / 365.25
    assert found.n_trades == 1
    assert found.exposure_pct == pytest.approx(100)
    assert found.cagr_pct == pytest.approx(100 * (growth ** (1 / years) - 1))
