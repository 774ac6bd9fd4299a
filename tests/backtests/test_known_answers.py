"""Known answers, worked out by hand: boundaries, signs and units of every figure of a backtest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import numpy as np
import pytest

from backtests import event_study, figures, observables, worlds
from backtests.benchmarks import month_starts, trend, volatility_target
from backtests.event_study import (
    BaseRate,
    Fit,
    Occurrence,
    Returns,
    Test,
    WindowResult,
    base_rate,
    block_of,
    check_design,
    occurrences,
    rank_correlation,
    sentences_of,
    study,
)
from backtests.experiments import Effect, Laboratory, backfilled_share, delay, droppable
from backtests.metrics import (
    LEAST_ACTIVE,
    expected_best_sharpe,
    growth_pct,
    moments,
    sharpe_error,
    sortino_ratio,
    summarise,
)
from backtests.observables import ChinaLine, ResolvedForecast, consensus_steps, of_china, score
from backtests.overfitting import (
    BootstrapInterval,
    RuleEvidence,
    arrangements,
    block_length,
    bootstrap_rows,
    objections,
    overfitting_probability,
)
from backtests.poison import poison
from backtests.reliability import crps, reliability_table, skill, skill_interval
from backtests.replay import (
    Costs,
    RawPrices,
    market,
    position_after,
    prices_over,
    replay,
    rows_between,
)
from backtests.surroundings import bare_environment
from backtests.sweep import GridAxis, grid, parse_axis, random_sets
from backtests.tearsheet import (
    SheetEvent,
    events_on,
    period_returns,
    rolling_sharpe,
    safe_cell,
    sheet_of,
)
from backtests.trace import Trace
from backtests.walk_forward import Fold, folds
from engine.errors import DataError, InputError, OutOfRangeError
from engine.phrases import phrase
from engine.record.history import History
from engine.record.readings import ACTIONS, BARS, Consensus
from engine.report.charts import Axis
from tests.backtests.market_data import random_prices, weekdays
from tests.builders import T0, at, make_bar, make_event, make_fact, make_split

# --- the account ----------------------------------------------------------------------------------


def prices(close: Sequence[float], **more: Any) -> RawPrices:
    n = len(close)
    given = {
        "open_usd": np.array(close, dtype=float),
        "split": np.ones(n),
        "dividend_usd": np.zeros(n),
    }
    return RawPrices(
        symbol="NVDA",
        sessions_on=weekdays(n),
        close_usd=np.array(close, dtype=float),
        **(given | more),
    )


FREE = Costs(spread_bps=0.0, borrow_pct=0.0, margin_pct=0.0)


def test_a_fee_is_the_commission_and_half_the_spread() -> None:
    assert Costs(commission_bps=3, spread_bps=10).fee == pytest.approx(8e-4)
    assert Costs().fee == pytest.approx(5e-4)


@pytest.mark.parametrize(
    ("name", "most"),
    [("commission_bps", 1_000.0), ("spread_bps", 1_000.0), ("borrow_pct", 200.0),
     ("margin_pct", 100.0), ("tax_rate", 0.99)],
)  # fmt: skip
def test_a_cost_is_taken_up_to_its_bound(name: str, most: float) -> None:
    for value in (0.0, most):
        assert getattr(Costs(**{name: value}), name) == value
    for value in (-1e-9, most * 1.0001, math.nan, math.inf):
        with pytest.raises(OutOfRangeError):
            Costs(**{name: value})


def test_a_short_position_pays_its_fee_and_a_debt_its_margin() -> None:
    """36 % a year of borrowing over 10 of 360 days is one per cent; the stock stands still."""
    days = (date(2025, 1, 6), date(2025, 1, 16))
    raw = RawPrices(
        symbol="NVDA", sessions_on=days, open_usd=np.full(2, 100.0), close_usd=np.full(2, 100.0),
        split=np.ones(2), dividend_usd=np.zeros(2),
    )  # fmt: skip
    short = market(raw, 0.0, Costs(spread_bps=0, borrow_pct=36.0, margin_pct=0))
    assert replay(short, np.full(2, -1.0)).final_equity == pytest.approx(2.0 - 1.01)
    debt = market(raw, 3.6, Costs(spread_bps=0, borrow_pct=0, margin_pct=36.0))
    assert replay(debt, np.full(2, 2.0)).final_equity == pytest.approx(2.0 - 1.011)
    plain = replay(debt, np.zeros(2))
    assert plain.final_equity == pytest.approx(1.001)
    assert plain.cash_returns.tolist() == pytest.approx([0.0, 0.001])


def test_a_dividend_is_reinvested_at_the_open_and_a_split_multiplies() -> None:
    """10 for 1 on day two with a dividend of 1 on the new count: 100 -> 10 new shares of 10 + 1."""
    raw = prices([100.0, 10.0], split=np.array([1.0, 10.0]), dividend_usd=np.array([0.0, 1.0]))
    assert replay(market(raw, 0.0, FREE), np.ones(2)).final_equity == pytest.approx(1.1)


def test_a_short_position_owes_splits_and_dividends() -> None:
    """The same as above, sold short: ten new shares of 10 and a dividend of 1 each are owed."""
    raw = prices([100.0, 10.0], split=np.array([1.0, 10.0]), dividend_usd=np.array([0.0, 1.0]))
    for last in (-1.0, 0.0):  # at the close, and bought back at the open
        run = replay(market(raw, 0.0, FREE), np.array([-1.0, last]))
        assert run.final_equity == pytest.approx(2.0 - 1.1)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((), "NVDA prices: no sessions"),
        ((1, 2, 2), "NVDA prices: 2025-01-02 comes twice \\(row 2\\)"),
        ((1, 3, 2), "NVDA prices: 2025-01-02 \\(row 2\\) is before 2025-01-03"),
    ],
)
def test_sessions_come_once_and_in_order(days: tuple[int, ...], said: str) -> None:
    ones = np.ones(len(days))
    with pytest.raises(DataError, match=said):
        RawPrices(
            symbol="NVDA", sessions_on=tuple(date(2025, 1, d) for d in days), open_usd=ones,
            close_usd=ones, split=ones, dividend_usd=ones,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "fine"),
    [
        ("open_usd", math.nan, True), ("open_usd", 0.0, False), ("close_usd", math.nan, False),
        ("close_usd", 0.0, False), ("close_usd", -1.0, False), ("split", 0.0, False),
        ("dividend_usd", 0.0, True), ("dividend_usd", -0.1, False), ("close_usd", math.inf, False),
        ("open_usd", math.inf, False),
    ],
)  # fmt: skip
def test_a_price_is_positive_and_only_an_open_may_be_unknown(
    name: str, value: float, fine: bool
) -> None:
    given = {"open_usd": np.ones(3), name: np.array([1.0, 1.0, value])}
    closes = given.pop("close_usd", np.ones(3))
    if fine:
        assert getattr(prices(list(closes), **given), name)[2] == pytest.approx(value, nan_ok=True)
        return
    with pytest.raises(DataError, match=f"NVDA {name} of 2016-01-06 \\(row 2\\) = "):
        prices(list(closes), **given)
    with pytest.raises(DataError, match=r"shape \(2,\), not \(3,\)"):
        prices([1.0] * 3, **{name: np.ones(2)} if name != "close_usd" else {"split": np.ones(2)})


def test_a_part_of_a_market_and_of_its_prices_keeps_each_of_its_columns() -> None:
    raw = random_prices(30)
    world = market(replace(raw, split=np.linspace(1, 2, 30)), 4.0, Costs(borrow_pct=9.0))
    part, rows = world.part(slice(5, 9)), slice(5, 9)
    for name in ("stock_fill", "stock_close", "short_fill", "short_close", "cash", "debt",
                 "price_usd", "at_close"):  # fmt: skip
        np.testing.assert_array_equal(getattr(part, name), getattr(world, name)[rows])
    assert (part.sessions_on, part.costs, len(part)) == (world.sessions_on[rows], world.costs, 4)
    some = raw.between(raw.sessions_on[5], raw.sessions_on[8])
    for name in ("open_usd", "close_usd", "split", "dividend_usd", "sessions_on"):
        assert list(getattr(some, name)) == list(getattr(raw, name)[rows])


def test_a_rate_that_is_not_observed_goes_on_and_begins_at_nothing() -> None:
    """3.6 % a year over a night of one day is 0.01 %; each morning's rate is of the night after."""
    rate = np.array([math.nan, 3.6, math.nan, 7.2])
    world = market(prices([1.0] * 5), np.append(rate, 0.0), FREE)
    assert world.cash_returns == pytest.approx([0.0, 0.0, 1e-4, 1e-4, 2e-4], abs=1e-12)


def test_an_account_that_owes_more_than_it_has_is_wiped_out() -> None:
    """Twice the equity in a share that halves is nothing at all."""
    world = market(prices([100.0, 100.0, 50.0]), 0.0, FREE)
    with pytest.raises(DataError, match=r"wiped out on 2016-01-06 \(row 2\)"):
        replay(world, np.full(3, 2.0))
    with pytest.raises(DataError, match=r"\(2,\) target weights for 3 sessions"):
        replay(world, np.ones(2))
    with pytest.raises(DataError, match=r"target weight of 2016-01-05 \(row 1\) = nan"):
        replay(world, np.array([1.0, math.nan, 1.0]))


def test_a_trade_that_is_told_has_its_value_cost_and_weights() -> None:
    """Buy all with a fee of 1 %: x = 1 / 1.01. Half sold at double the price: by the equation."""
    world = market(prices([100.0, 200.0]), 0.0, Costs(commission_bps=100.0, spread_bps=0.0))
    run = replay(world, np.array([1.0, 0.5]))
    first, second = run.trades

    assert first.value == pytest.approx(1 / 1.01)
    assert first.cost == pytest.approx(0.01 / 1.01)
    assert (first.from_weight, first.to_weight, first.filled_at) == (0.0, 1.0, "open")
    held = 2 / 1.01
    after = 0.5 * (held - 0.01 * held) / (1 - 0.5 * 0.01)
    assert second.value == pytest.approx(after - held)
    assert run.turnover.tolist() == pytest.approx([1 / 1.01, (held - after) / held])
    assert run.weights[-1] == pytest.approx(0.5)
    assert second.price_usd == 200.0


def test_the_position_after_a_trade_is_its_share_of_what_is_left() -> None:
    for before, target in ((0.0, 1.0), (0.3, 0.8), (0.9, 0.2), (0.5, 0.0), (0.2, -0.5)):
        after = position_after(before, 1.0, target, 0.02)
        assert after == pytest.approx(target * (1.0 - 0.02 * abs(after - before)))
    assert position_after(0.4, 1.0, 0.4, 0.0) == pytest.approx(0.4)


def test_the_tax_at_the_end_is_on_the_open_gain_less_old_losses() -> None:
    """100 -> 50 sold (loss 0.5), bought again at 50, ends at 150: gain 1.0, half of it offset."""
    costs = replace(FREE, tax_rate=0.3)
    run = replay(market(prices([100, 50, 50, 150]), 0.0, costs), np.array([1.0, 0.0, 1.0, 1.0]))
    assert run.tax_due == pytest.approx(0.3 * (1.0 - 0.5))
    sold = replay(market(prices([100, 50, 50, 150]), 0.0, costs), np.array([1.0, 0.0, 1.0, 0.0]))
    assert sold.trades[-1].tax == pytest.approx(0.3 * 0.5)
    assert sold.tax_due == 0.0


def test_an_average_cost_is_that_of_all_purchases() -> None:
    """Half at 100, then all at 300 (0.5 -> worth 1.5, all 2.0): 0.005 units for 0.5, and 0.5 / 300
    more; sold at 300 the gain is 2 - (0.5 + 0.5) = 1."""
    run = replay(
        market(prices([100, 300, 300]), 0.0, replace(FREE, tax_rate=0.25)),
        np.array([0.5, 1.0, 0.0]),
    )
    assert run.trades[-1].tax == pytest.approx(0.25)


def test_a_position_brought_back_trades_though_its_target_stands() -> None:
    world = market(prices([100.0, 200.0, 200.0]), 0.0, FREE)
    target = np.full(3, 0.5)
    assert len(replay(world, target).trades) == 1
    run = replay(world, target, rebalanced=np.array([False, True, False]))
    assert [t.session_on for t in run.trades] == [world.sessions_on[0], world.sessions_on[1]]
    assert run.weights.tolist() == pytest.approx([0.5, 0.5, 0.5])


def test_actions_bind_at_the_next_session_and_not_on_the_first() -> None:
    days = (date(2025, 1, 6), date(2025, 1, 8), date(2025, 1, 9))
    bars = {day: make_bar(day, 100.0, open=99.0 if day != days[1] else None) for day in days}
    actions = [make_split(day, 2.0) for day in (days[0], date(2025, 1, 7), date(2025, 1, 10))]
    found = prices_over(bars, actions, days)
    assert found.split.tolist() == [1.0, 2.0, 1.0]
    assert np.isnan(found.open_usd).tolist() == [False, True, False]
    twice = prices_over(bars, [make_split(days[2], 2.0), make_split(days[2], 3.0)], days)
    assert twice.split.tolist() == [1.0, 1.0, 6.0]
    with pytest.raises(DataError, match=r"no bar for 2025-01-08(?! and)"):
        prices_over({d: b for d, b in bars.items() if d != days[1]}, [], days)
    with pytest.raises(DataError, match="and 1 more"):
        prices_over({days[0]: bars[days[0]]}, [], days)


def test_a_window_takes_both_its_ends() -> None:
    days = weekdays(10)
    assert rows_between(days, days[2], days[5]) == slice(2, 6)
    assert rows_between(days, days[0], days[9]) == slice(0, 10)
    assert rows_between(days, days[3], days[3]) == slice(3, 4)
    saturday = date(2016, 1, 9)
    assert rows_between(days, saturday, days[6]) == slice(5, 7)
    for first, last in (
        (days[5], days[2]),
        (days[0] - timedelta(days=1), days[2]),
        (days[0], days[9] + timedelta(days=1)),
        (saturday, saturday),
    ):
        with pytest.raises(InputError):
            rows_between(days, first, last)


@pytest.mark.parametrize(
    ("weight", "fine"), [(-1.0, True), (2.0, True), (-1.01, False), (2.01, False)]
)
def test_a_target_weight_is_taken_up_to_its_limits(weight: float, fine: bool) -> None:
    world = market(prices([100.0, 100.0]), 0.0, FREE)
    if fine:
        assert replay(world, np.full(2, weight)).weights[0] == pytest.approx(weight)
        return
    with pytest.raises(DataError):
        replay(world, np.full(2, weight))


@pytest.mark.parametrize("capital", [0.0, -1.0, math.nan, math.inf])
def test_an_account_needs_capital(capital: float) -> None:
    with pytest.raises(OutOfRangeError):
        replay(market(prices([100.0, 100.0]), 0.0, FREE), np.ones(2), capital=capital)


# --- figures --------------------------------------------------------------------------------------


def test_moments_by_hand() -> None:
    """1, 2, 3, 6: mean 3, squares 4 + 1 + 0 + 9 = 14, cubes -8 - 1 + 27 = 18, fourths 98."""
    found = moments(np.array([1.0, 2.0, 3.0, 6.0]))
    assert found.deviation == pytest.approx(math.sqrt(14 / 3))
    assert found.sharpe == pytest.approx(3 / math.sqrt(14 / 3))
    assert found.skewness == pytest.approx((18 / 4) / 3.5**1.5)
    assert found.kurtosis == pytest.approx((98 / 4) / 3.5**2)
    assert moments(np.array([0.01])).sharpe is None
    assert moments(np.array([0.1, 0.1 + 1e-16])).sharpe is None
    assert moments(np.array([0.1, 0.1 + 1e-10])).sharpe is not None


def test_errors_and_bars_of_sharpe_ratios_by_hand() -> None:
    assert sharpe_error(0.5, 101, 0.0, 3.0) == pytest.approx(math.sqrt(1.125 / 100))
    assert sharpe_error(0.5, 101, -2.0, 9.0) == pytest.approx(math.sqrt(2.5 / 100))
    assert sharpe_error(2.0, 101, 3.0, 2.0) == 0.0
    assert expected_best_sharpe(1, 1.0) == 0.0
    assert expected_best_sharpe(2, 4.0) == pytest.approx(2 * expected_best_sharpe(2, 1.0))
    assert expected_best_sharpe(2, 1.0) > 0


def test_growth_is_by_days_over_capital() -> None:
    start = date(2021, 1, 1)
    assert growth_pct(4.0, 2.0, start, start + timedelta(days=1461)) == pytest.approx(
        100 * (2**0.25 - 1)
    )
    assert growth_pct(2.0, 1.0, start, start) is None
    assert growth_pct(0.0, 1.0, start, date(2022, 1, 1)) is None


def test_a_sortino_ratio_by_hand() -> None:
    """0.02, -0.01, 0.01, -0.02: mean 0, so zero; +0.01 throughout: mean 0.01 over the losses."""
    assert sortino_ratio(np.array([0.03, -0.01, 0.02, 0.0])) == pytest.approx(
        0.01 / math.sqrt(1e-4 / 4) * math.sqrt(252)
    )
    assert sortino_ratio(np.array([0.0, 0.1])) is None


@pytest.mark.parametrize(("active", "told"), [(LEAST_ACTIVE - 1, False), (LEAST_ACTIVE, True)])
def test_a_probability_needs_a_quarter_in_the_stock(active: int, told: bool) -> None:
    assert LEAST_ACTIVE == 63
    world = market(random_prices(100), 4.0, Costs())
    found = summarise(replay(world, (np.arange(100) < active).astype(float)))
    assert found.active_sessions == active
    assert (found.psr is not None) is told
    assert (found.sharpe_se is not None) is told


def test_units_of_a_summary() -> None:
    """Per cent a year and times a year."""
    world = market(random_prices(100), 4.0, Costs())
    run = replay(world, np.full(100, 0.5), capital=3.0)
    found = summarise(run)
    excess = run.returns - run.cash_returns
    assert found.volatility_pct == pytest.approx(100 * run.returns.std(ddof=1) * math.sqrt(252))
    assert found.sharpe == pytest.approx(excess.mean() / excess.std(ddof=1) * math.sqrt(252))
    assert found.turnover_per_year == pytest.approx(run.turnover.sum() * 252 / 100)
    assert found.exposure_pct == pytest.approx(100 * run.weights.mean())
    assert found.n_trades == 1
    assert found.max_drawdown_pct == pytest.approx(
        100 * (run.equity / np.maximum.accumulate(np.r_[3.0, run.equity])[1:] - 1).min()
    )


# --- yardsticks -----------------------------------------------------------------------------------


def test_a_trend_needs_two_hundred_closes() -> None:
    """Falling all the while: in the stock until 200 closes are known, out from then on."""
    closes = np.linspace(300, 100, 205)
    assert trend(closes, 205).tolist() == [1.0] * 200 + [0.0] * 5
    assert trend(closes, 5).tolist() == [0.0] * 5
    assert trend(closes[1:], 5).tolist() == [1.0] + [0.0] * 4


def test_a_volatility_target_moves_by_a_tenth_or_back_to_the_whole() -> None:
    """Returns of +-s alternating have a deviation of s sqrt(20/19), times sqrt(252) a year."""

    def closes(daily: float, n: int) -> np.ndarray:
        return 100 * np.exp(np.cumsum(np.r_[0.0, np.where(np.arange(n) % 2, daily, -daily)]))

    wild = 0.05
    want = 0.40 / (wild * math.sqrt(20 / 19) * math.sqrt(252))
    found = volatility_target(closes(wild, 30), 31)
    assert found[:21].tolist() == [1.0] * 21
    assert found[21:].tolist() == pytest.approx([want] * 10)
    calm = 0.40 / 0.95 / math.sqrt(20 / 19 * 252)  # want 0.95: less than a tenth away
    assert volatility_target(closes(calm, 30), 31).tolist() == [1.0] * 31
    both = np.concatenate((closes(wild, 30), closes(1e-4, 30)))
    assert volatility_target(both, 61)[-1] == 1.0


def test_a_month_starts_on_its_first_session_but_not_with_the_history() -> None:
    world = market(random_prices(45), 4.0, Costs())  # from 4 January 2016
    starts = month_starts(world)
    assert [d.isoformat() for d, s in zip(world.sessions_on, starts, strict=True) if s] == [
        "2016-02-01",
        "2016-03-01",
    ]


# --- luck -----------------------------------------------------------------------------------------

INTERVAL = BootstrapInterval(low_pct=1.0, high_pct=9.0, block_length=3.0)
GOOD = RuleEvidence(
    excess_cagr_pct=5.0, interval=INTERVAL, p_value_random_timing=0.05, n_trials=1, dsr=0.95,
    pbo=0.1, spa_p_value=0.05, active_sessions=63,
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "n"),
    [
        ({}, 0),
        ({"excess_cagr_pct": 0.0}, 1),
        ({"excess_cagr_pct": 1e-6}, 0),
        ({"excess_cagr_pct": None}, 1),
        ({"interval": replace(INTERVAL, low_pct=0.0)}, 1),
        ({"interval": replace(INTERVAL, low_pct=1e-9)}, 0),
        ({"p_value_random_timing": 0.0501}, 1),
        ({"p_value_random_timing": None}, 1),
        ({"dsr": 0.9499}, 1),
        ({"dsr": None}, 0),
        ({"pbo": 0.101}, 1),
        ({"pbo": None}, 0),
        ({"spa_p_value": 0.0501}, 1),
        ({"spa_p_value": None}, 0),
        ({"active_sessions": 62}, 1),
        ({"active_sessions": None}, 0),
        ({"never_left": True, "pbo": 0.9}, 1),
        ({"dsr": 0.1, "pbo": 0.9}, 2),
    ],
)
def test_each_test_of_luck_has_its_line(changes: dict[str, Any], n: int) -> None:
    """On the line it passes; just beyond it does not."""
    assert len(objections(replace(GOOD, **changes))) == n


def test_block_lengths_at_their_ends() -> None:
    with pytest.raises(DataError):
        block_length(np.arange(19.0))
    assert block_length(np.zeros(20)) == 1.0
    slow = np.sin(np.arange(100) / 15)
    assert block_length(slow) <= math.ceil(min(3 * math.sqrt(100), 100 / 3))
    with pytest.raises(DataError):
        bootstrap_rows(10, 0.99, 1, np.random.default_rng(1))
    rows = bootstrap_rows(10, 1.0, 3, np.random.default_rng(1))
    assert rows.shape == (3, 10)
    assert set(rows.ravel().tolist()) <= set(range(10))
    whole = bootstrap_rows(10, 1e9, 1, np.random.default_rng(1))[0]
    assert (np.diff(whole) % 10 == 1).all()


def test_arrangements_by_hand() -> None:
    """1 1 0 0 1 1: in 4 of which two spells (3 ways), out 2 in one spell (1 way)."""
    assert arrangements(np.array([1.0, 1, 0, 0, 1, 1])) == 3
    assert arrangements(np.ones(5)) == 1


@pytest.mark.parametrize("blocks", [1, 3])
def test_halves_need_an_even_number_of_blocks(blocks: int) -> None:
    """Two blocks of two sets are the least: a set that wins one half and loses the other."""
    ones = np.ones((blocks, 2))
    with pytest.raises(DataError):
        overfitting_probability(ones, ones, np.full(blocks, 10))
    found = overfitting_probability(
        np.array([[1.0, 0.0], [0.0, 1.0]]), np.full((2, 2), 5.0), np.array([10, 10])
    )
    assert found.pbo == 1.0
    assert found.logits.tolist() == pytest.approx([math.log(0.5)] * 2)


# --- forecasts ------------------------------------------------------------------------------------


def test_crps_by_hand() -> None:
    """Two points 0 and 2, one half each, observed 0.5: 0.5 x 0.25 + 1.5 x 0.25 = 0.5."""
    values, weights = np.array([2.0, 0.0]), np.array([0.5, 0.5])
    assert crps(values, weights, 0.5) == pytest.approx(0.5)
    assert crps(values, weights, 3.0) == pytest.approx(2 * 0.25 + 1.0)
    assert crps(values, weights, -1.0) == pytest.approx(2 * 0.25 + 1.0)


def test_a_table_of_reliability_takes_the_lower_edge() -> None:
    said = np.array([0.0, 0.0999, 0.1, 0.5, 1.0])
    found = reliability_table(said, np.array([0.0, 1.0, 1.0, 0.0, 1.0]))
    assert [(b.n, b.came) for b in found] == [(2, 0.5), (1, 1.0), (2, 0.5)]
    assert found[2].said == pytest.approx(0.75)


def test_skill_and_its_interval_at_their_ends() -> None:
    assert skill(0.1, 0.4) == pytest.approx(0.75)
    assert skill(0.1, 0.0) == 0.0
    loss = np.linspace(0.1, 0.2, 100)
    assert skill_interval(loss[:99], loss[:99], 5) is None
    low, high = skill_interval(loss, 2 * loss, 5) or (0, 0)
    assert low == pytest.approx(0.5)
    assert high == pytest.approx(0.5)
    spread = skill_interval(loss, np.full(100, 0.3), 5)
    assert spread is not None
    assert spread[0] < 1 - 0.15 / 0.3 < spread[1]


def forecast(came: float, shift: float = 0.0, sd: float = 0.0) -> ResolvedForecast:
    return ResolvedForecast(
        what="q", about="a", on=T0.date(), past=np.arange(-2.0, 3.0), shift=shift, sd=sd, came=came
    )


def test_a_sample_is_the_past_moved_and_widened_by_five_middles() -> None:
    sample = forecast(0.0, shift=1.0, sd=2.0).sample()
    assert sample.size == 25
    assert sample.mean() == pytest.approx(1.0)
    assert sample[:5].tolist() == pytest.approx(
        [-2 + 1 + 2 * z for z in (-1.2816, -0.5244, 0, 0.5244, 1.2816)]
    )


def test_a_scored_quantity_by_hand() -> None:
    """Both outcomes at zero: CRPS of -2..2 is 0.4; a forecast moved by ten is wrong by ten."""
    same = score([forecast(0.0), forecast(0.0)])
    assert same.crps == pytest.approx(same.crps_of_past)
    assert same.crps_of_past == pytest.approx(2 * (0.2**2 + 0.4**2))
    assert (same.skill, same.low, same.high) == pytest.approx((0.0, 0.0, 0.0))
    assert (same.n, same.covered, same.covered_by_past) == (2, 1.0, 1.0)
    assert same.places.tolist() == pytest.approx([0.6, 0.6])
    wrong = score([forecast(0.0, shift=10.0)])
    assert wrong.crps == pytest.approx(8 + 0.2**2 * 4 + 0.4**2 * 0 + _inside(), abs=0.5)
    assert wrong.skill < 0
    assert wrong.covered == 0.0
    with pytest.raises(DataError):
        score([])


def _inside() -> float:
    """Of 8..12 seen from 0: the sum of squared shares above, 0.8, 0.6, 0.4 and 0.2."""
    return 0.8**2 + 0.6**2 + 0.4**2 + 0.2**2


def test_a_consensus_is_differenced_within_its_vendor_only() -> None:
    def told(day: int, bn: float, vendor: str = "A", horizon: str = "FY") -> Consensus:
        return Consensus(
            known_at=T0, known_on=date(2025, 1, day), horizon=horizon, metric="total revenue",
            consensus_usd_bn=bn, vendor=vendor,
        )  # fmt: skip

    given = [told(3, 120.0), told(1, 100.0), told(2, 50.0, "B"), told(4, 1.0, "not named"),
             told(5, 2.0, "not named"), told(3, 10.0, horizon="Q")]  # fmt: skip
    assert consensus_steps(given) == [
        (date(2025, 1, 1), date(2025, 1, 3), pytest.approx(20.0)),
    ]
    assert consensus_steps([told(1, 100.0), told(1, 110.0)]) == []


def test_china_moves_by_a_quarter_of_the_year_over_the_line_before() -> None:
    class Rating:
        channel_usd_bn: ClassVar = {"substitution": -2.0, "price": 2.0}
        net_high_share, net_low_share, revenue_usd_bn = 0.02, -0.01, 100.0

    lines = [ChinaLine(on=date(2025, m, 1), usd_bn=b, basis="HQ") for m, b in ((1, 5.0), (4, 9.0))]
    moved, doubt = of_china(lines)([Rating(), Rating()], date(2025, 4, 1))  # type: ignore[list-item]
    assert moved == pytest.approx(100 * (-4.0 / 4) / 5.0)
    assert doubt == pytest.approx(100 * math.hypot(0.375, 0.375) / 3.29 / 5.0)


def test_a_beta_needs_sixty_returns_and_forgets_after_a_year() -> None:
    class Columns:
        values: dict[str, np.ndarray]

    rng = np.random.default_rng(8)
    qqq = rng.normal(0, 0.01, 330)
    own = Columns()
    own.values = {"nvda_return": 2.0 * qqq + 0.001, "qqq_return": qqq}
    own.values["nvda_return"][:10] = np.nan
    found = observables.abnormal(own)  # type: ignore[arg-type]
    assert np.isnan(found[:70]).all()
    assert found[70:] == pytest.approx(np.full(260, 0.1))
    own.values["nvda_return"][:60] = 7.0  # older than 250 sessions: the last 20 rows forget them
    again = observables.abnormal(own)  # type: ignore[arg-type]
    assert again[310:] == pytest.approx(np.full(20, 0.1))
    assert abs(again[309] - 0.1) > 1e-6


# --- event studies --------------------------------------------------------------------------------


def series(n: int = 60) -> Returns:
    rng = np.random.default_rng(1)
    move = np.r_[np.nan, rng.normal(0, 0.01, n - 1)]
    return Returns(
        sessions_on=weekdays(n),
        firm=2 * move + rng.normal(0, 0.01, n),
        market=move,
        firm_symbol="NVDA",
        benchmark="QQQ",
    )


@pytest.mark.parametrize(
    ("estimation", "gap", "window", "fine"),
    [
        (20, 0, (0, 0), True),
        (19, 0, (0, 0), False),
        (20, -1, (0, 0), False),
        (20, 0, (1, 0), False),
        (30, 9, (0, 19), True),  # 20 + 30 + 9 = 59 returns
        (30, 10, (0, 19), False),
        (501, 0, (0, 0), False),
    ],
)
def test_a_design_is_taken_up_to_its_bounds(
    estimation: int, gap: int, window: tuple[int, int], fine: bool
) -> None:
    if fine:
        check_design(series(), [window], estimation, gap)
        return
    with pytest.raises(InputError):
        check_design(series(), [window], estimation, gap)


def test_a_window_is_sixty_sessions_at_most() -> None:
    long = series(700)
    for window in ((0, 59), (-60, -1), (1, 60), (-60, -60)):
        check_design(long, [window], 20, 0)
    check_design(long, [(0, 0)], 500, 0)
    for window in ((0, 60), (2, 61), (-61, -2)):
        with pytest.raises(InputError):
            check_design(long, [window], 20, 0)
    with pytest.raises(InputError, match="no window"):
        check_design(long, [], 20, 0)


def test_events_without_room_are_counted_at_the_very_edge() -> None:
    """20 sessions of estimation, a gap of 5 and a window (-1, 2): rows 27 to 57 of 60."""
    days = weekdays(60)
    events = [Occurrence(session_on=days[r], names=("e",)) for r in (26, 27, 57, 58)]
    outside = [Occurrence(session_on=d, names=("o",)) for d in (
        days[0] - timedelta(days=3), days[-1] + timedelta(days=3), date(2016, 1, 9))]  # fmt: skip
    found = study(
        series(), [*outside, *events], kind="k", what=phrase("w"), windows=((-1, 2),),
        estimation=20, gap=5,
    )  # fmt: skip
    assert found.n_occurrences == 2
    assert (found.first_on, found.last_on) == (days[27], days[57])
    assert found.left_out == {
        "before enough prices": 2,
        "window ends after the last price": 2,
        "no price": 1,
    }
    assert found.n_events == 7
    assert found.base.n == 4


def test_a_base_rate_by_hand() -> None:
    found = base_rate(np.array([np.nan, -0.03, -0.02, 0.01, 0.05]))
    assert (found.n, found.mean_pct, found.median_pct) == pytest.approx((4, 0.25, -0.5))
    assert found.sd_pct == pytest.approx(np.std([-3, -2, 1, 5], ddof=1))
    assert found.large_fall_share == 0.25
    assert base_rate(np.array([0.01])).sd_pct == 0.0
    with pytest.raises(DataError):
        base_rate(np.array([np.nan]))


def test_one_occurrence_a_session_with_the_highest_rating() -> None:
    one, two = date(2025, 1, 6), date(2025, 1, 7)
    found = occurrences([(two, "c", None), (one, "b", 1.0), (one, "a", 3.0), (one, "d", None)])
    assert found == (
        Occurrence(session_on=one, names=("a", "b", "d"), rating=3.0),
        Occurrence(session_on=two, names=("c",), rating=None),
    )


@pytest.mark.parametrize(("window", "block"), [((0, 0), 10.0), ((0, 4), 10.0), ((0, 5), 12.0)])
def test_blocks_are_twice_the_window(window: tuple[int, int], block: float) -> None:
    assert block_of(window) == block


def rated(n: int, *, sign: int = 1) -> list[Fit]:
    def one(i: int) -> Fit:
        return Fit(
            occurrence=Occurrence(session_on=T0.date(), names=(), rating=float(i)),
            estimation_rows=range(20), window_rows=range(20, 21), alpha=0, beta=0, sigma=1.0,
            residuals=np.zeros(20), abnormal=np.array([sign * i / 100.0]), scale=1.0,
            weights=np.zeros(21),
        )  # fmt: skip

    return [one(i) for i in range(n)]


def test_ranks_need_ten_rated_events() -> None:
    assert rank_correlation(rated(9), 1.0, 1) is None
    for sign in (1, -1):
        found = rank_correlation(rated(10, sign=sign), 1.0, 1)
        assert found is not None
        assert (found.rho, found.low, found.high, found.n) == pytest.approx((sign, sign, sign, 10))


def test_a_car_over_its_error() -> None:
    (fit,) = rated(3)[2:]
    assert fit.car == pytest.approx(0.02)
    assert fit.scar == pytest.approx(0.02)
    assert fit.z == pytest.approx(0.02 * math.sqrt(16 / 18))


def result(**changes: Any) -> WindowResult:
    event = event_study.EventCar(
        session_on=date(2025, 1, 6), names=("worst",), rating=None, car_pct=-4.0, z=-1, beta=1
    )
    given: dict[str, Any] = {
        "window": (0, 5), "n": 12, "mean_car_pct": -2.0, "median_car_pct": -1.5, "low_pct": -3.0,
        "high_pct": -1.0, "error_pct": 0.5, "p_bootstrap": 0.01, "usual_car_pct": 0.5,
        "excess_low_pct": -3.5, "excess_high_pct": -1.5, "negative_share": 0.75,
        "detectable_pct": 1.4, "mean_correlation": 0.0, "overlap": 1.0,
        "tests": (Test(name="Kolari-Pynnonen", statistic=-3.0, p_value=0.04),),
        "events": (event, replace(event, car_pct=-3.0, names=("other",))),
    }  # fmt: skip
    return WindowResult(**(given | changes))


BASE = BaseRate(n=16, mean_pct=0.2, median_pct=0.1, sd_pct=2.0, large_fall_share=0.25)
EVERY = BaseRate(n=900, mean_pct=0.1, median_pct=0.1, sd_pct=2.0, large_fall_share=0.1)
NO_TEST = (Test(name="Kolari-Pynnonen", statistic=None, p_value=None),)
WEAK = (Test(name="Kolari-Pynnonen", statistic=-1.9, p_value=0.051),)
GAIN = {"low_pct": 1.0, "high_pct": 3.0, "excess_low_pct": 0.5, "excess_high_pct": 4.0}


@pytest.mark.parametrize(
    ("changes", "base", "claim"),
    [
        ({}, BASE, "followed by a loss beyond chance."),
        ({"high_pct": 0.0}, BASE, "no drift could be shown"),
        ({"excess_high_pct": 0.0}, BASE, "no drift could be shown"),
        ({"tests": WEAK}, BASE, "no drift could be shown"),
        ({"tests": NO_TEST}, BASE, "no drift could be shown"),
        (GAIN, BASE, "followed by a gain beyond chance."),
        (GAIN | {"low_pct": 0.0}, BASE, "no drift could be shown"),
        (GAIN | {"excess_low_pct": 0.0}, BASE, "no drift could be shown"),
        (GAIN | {"tests": WEAK}, BASE, "no drift could be shown"),
        ({"high_pct": 1.0}, replace(BASE, mean_pct=0.0), "no drift could be shown"),
        ({"high_pct": 1.0}, replace(BASE, mean_pct=-0.01), "a loss on average, but no drift"),
    ],
)
def test_a_claim_needs_both_intervals_and_the_corrected_test(
    changes: dict[str, Any], base: BaseRate, claim: str
) -> None:
    told = sentences_of([result(**changes)], base, EVERY, phrase("What"), series())
    assert f"What: {claim}" in str(told[0])


def test_a_mean_far_below_the_usual_is_a_loss_on_average_though_positive() -> None:
    """Usual: 2.1 less one error of 2.0 / sqrt(16); a mean of 1.5 falls short, 1.6 does not."""
    every = replace(EVERY, mean_pct=2.1)
    flat = result(high_pct=1.0)
    for mean, said in ((1.5, "a loss on average"), (1.61, "no drift could be shown")):
        told = sentences_of([flat], replace(BASE, mean_pct=mean), every, phrase("W"), series())
        assert str(told[0]).startswith(f"W: {said}")


def test_a_study_says_its_figures_in_order() -> None:
    early = result(window=(0, 0), mean_car_pct=-0.7, detectable_pct=0.9)
    late = result(high_pct=0.4)
    told = [str(s) for s in sentences_of([early, late], BASE, EVERY, phrase("W"), series())]
    assert told[1] == (
        "In 16 such sessions NVDA closed +0.2% on average against +0.1% in all sessions; 25% fell "
        "more than 2 %, against 10%."
    )
    assert told[2].startswith("From session 0 to 5 around 12 of them it moved -2.0% on average")
    assert "(95 % interval -3.0% to +0.4%); 75% of these moves were negative." in told[2]
    assert (
        "shows +0.5% by the same measure; the events differ from it by -2.5% (-3.5% to -1.5%)"
        in told[3]
    )
    assert "the window from session 0 to 0 does show a shortfall" in told[4]
    assert told[5].startswith("The largest fall was -4.0%")
    assert "(worst)" in told[5]
    assert told[6].startswith("From session 0 to 0 a drift smaller than 0.9%")
    assert len(told) == 7
    both = sentences_of([early, result()], BASE, EVERY, phrase("W"), series())
    assert len(both) == 6  # where the last window shows it, the first is no exception


# --- pictures -------------------------------------------------------------------------------------


def test_years_and_quarters_on_an_axis() -> None:
    """Over two years long the years, below the quarters; nothing within 3 % of an edge."""
    start = date(2020, 1, 1)
    two_years = [start, date(2021, 1, 1), start + timedelta(days=730)]
    assert [t.label for t in figures.years(two_years)] == ["2021-01"]
    longer = [start, date(2021, 1, 1), start + timedelta(days=731)]
    assert [(t.label, t.at) for t in figures.years(longer)] == [("2021", 50.0)]
    quarters = [start, date(2020, 3, 31), date(2020, 4, 1), date(2020, 7, 1), date(2020, 7, 2)]
    assert [(t.label, t.at) for t in figures.years(quarters)] == [
        ("2020-04", 50.0),
        ("2020-07", 75.0),
    ]
    many = [start + timedelta(days=i) for i in range(100)]
    many[1:] = [d + timedelta(days=90) for d in many[1:]]
    assert all(3 <= t.at <= 97 for t in figures.years(many))


def test_points_are_thinned_to_nine_hundred() -> None:
    assert figures.MOST_POINTS == 900
    assert figures.thinned(900) == list(range(900))
    assert figures.thinned(901) == [*range(0, 901, 2)]
    assert figures.thinned(902) == [*range(0, 902, 2), 901]


def test_a_line_and_a_band_by_hand() -> None:
    axis = Axis(low=0, high=4)
    assert figures.line(np.array([0.0, 4.0, 1.0]), axis) == "M0.0 400.0L500.0 0.0L1000.0 300.0"
    low, high = np.array([0.0, 1.0]), np.array([4.0, np.nan])
    assert figures.band(low, high, axis) == "M0.0 0.0L1000.0 400.0L1000.0 300.0L0.0 400.0Z"


def test_parts_stack_from_zero_both_ways() -> None:
    axis = Axis(low=-2, high=2)
    parts = {
        "a": np.array([1.0, 1.0]),
        "b": np.array([1.0, -1.0]),
        "c": np.array([-1.0, -1.0]),
        "d": np.array([np.nan, np.nan]),
    }
    assert figures.stacked_range(parts) == (-2.0, 2.0)
    found = figures.stacked(parts, axis)
    assert found["d"] == ""
    assert found["a"] == figures.band(np.zeros(2), np.ones(2), axis)
    above = figures.band(np.ones(2), np.array([2.0, 1.0]), axis)
    assert found["b"] == above + figures.band(np.array([0.0, -1.0]), np.zeros(2), axis)
    assert found["c"] == figures.band(np.array([-1.0, -2.0]), np.array([0.0, -1.0]), axis)


def test_a_log_axis_by_hand() -> None:
    """1 to e: 4 % wider at each end; at least 4 % of 0.05 where nothing moves."""
    axis, ticks = figures.logarithmic(1.0, math.e)
    assert (axis.low, axis.high) == pytest.approx((-0.04, 1.04))
    assert ticks == (1, 2)
    still, _ = figures.logarithmic(5.0, 5.0)
    assert still.high - still.low == pytest.approx(0.004)
    _, near = figures.logarithmic(100.0, 108.0)
    assert len(near) >= 2
    assert all(99 < t < 109 for t in near)


# --- the sheet ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "cell"),
    [
        (1.5, "1.5"), (math.nan, ""), (math.inf, ""), ("=1", "'=1"), ("+x", "'+x"),
        ("+1.5", "+1.5"),
        ("-2", "-2"), ("-x", "'-x"), ("@a", "'@a"), ("\ta", "'\ta"), ("\ra", "' a"),
        ("a\x00b", "a b"),
        ("a\nb", "a\nb"), ("a\x7fb", "a b"), ("", ""), ("-inf", "'-inf"),
    ],
)  # fmt: skip
def test_cells_of_a_spreadsheet(given: object, cell: str) -> None:
    assert safe_cell(given) == cell


def test_periods_end_where_the_next_begins() -> None:
    days = [date(2024, 12, 30), date(2024, 12, 31), date(2025, 1, 2), date(2025, 2, 3)]
    found = period_returns(np.array([1.1, 1.2, 1.5, 3.0]), days, 1.0)
    assert found == pytest.approx(
        {"2024-12": 0.2, "2025-01": 0.25, "2025-02": 1.0, "2024": 0.2, "2025": 1.5}
    )


def test_a_rolling_ratio_begins_with_a_full_window() -> None:
    run = replay(market(random_prices(130), 4.0, Costs()), np.ones(130))
    found = rolling_sharpe(run)
    assert np.isnan(found).tolist() == [True] * 125 + [False] * 5
    assert np.isnan(rolling_sharpe(run, 131)).all()
    assert np.isfinite(rolling_sharpe(run, 130)).sum() == 1
    cash = replay(market(random_prices(130), 4.0, Costs()), np.zeros(130))
    assert np.isnan(rolling_sharpe(cash)).all()


def test_a_sheet_shows_prices_as_of_its_last_split() -> None:
    """100 before five for one and ten for one is 2 of today's; 80 before ten for one is 8."""
    split = np.array([1.0, 5.0, 10.0])
    world = market(prices([100.0, 80.0, 2.0], split=split, open_usd=np.array([90.0, 70.0, 1.0])),
                   0.0, FREE)  # fmt: skip
    run = replay(world, np.ones(3))
    found = sheet_of(world, run, run, np.ones(3), strategy="s", verdict="v")
    assert found.price_usd == pytest.approx([2.0, 8.0, 2.0])
    assert (found.score, dict(found.contributions), found.days) == (None, {}, run.sessions_on)


def test_events_on_the_ends_of_a_sheet_are_on_it() -> None:
    days = [date(2025, 1, 6), date(2025, 1, 10)]
    events = [
        make_event(known_at=at(d), direction=s) for d, s in ((-1, 1), (0, -1), (4, 1), (5, 1))
    ]
    found = events_on(events, days, lambda instant: instant.date())
    assert found == (
        SheetEvent(session_on=days[0], direction=-1, text="DeepSeek releases a model"),
        SheetEvent(session_on=days[1], direction=1, text="DeepSeek releases a model"),
    )


# --- sweeps and folds -----------------------------------------------------------------------------


def test_axes_by_hand() -> None:
    found = parse_axis("a = 1, 2.5")
    assert (found.name, found.values) == ("a", (1.0, 2.5))
    assert parse_axis("a=-0.4:-0.1:7").values == (-0.4, -0.35, -0.3, -0.25, -0.2, -0.15, -0.1)
    assert parse_axis("a=1:2:1").values == (1.0,)
    for text in ("a", "=1", "a=", "a=1:2", "a=1:2:0", "a=x", "a=inf", "a=1,1", "a=1:1:2"):
        with pytest.raises(InputError):
            parse_axis(text)


def test_grids_and_random_sets_have_their_bounds() -> None:
    wait = GridAxis(name="decision.min_sessions_between_changes", values=(2.0, 4.0))
    drawn = random_sets([wait, GridAxis(name="b", values=(3.0,))], 200, 1)
    assert set(drawn[:, 0].tolist()) == {2.0, 3.0, 4.0}
    assert set(drawn[:, 1].tolist()) == {3.0}
    assert random_sets([wait], 1, 1).shape == (1, 1)
    for n in (0, 1_000_000_000):
        with pytest.raises(OutOfRangeError):
            random_sets([wait], n, 1)
    for axes in ([], [wait, wait]):
        with pytest.raises(InputError):
            grid(axes)
        with pytest.raises(InputError):
            random_sets(axes, 5, 1)


def test_folds_follow_each_other_after_the_gap() -> None:
    rolling = folds(200, train=63, test=60, purge=5, embargo=2, expanding=False)
    assert rolling == (
        Fold(train=slice(0, 63), test=slice(70, 130)),
        Fold(train=slice(60, 123), test=slice(130, 190)),
        Fold(train=slice(120, 183), test=slice(190, 200)),
    )
    grown = folds(200, train=63, test=60, purge=5, embargo=2, expanding=True)
    assert [f.train for f in grown] == [slice(0, 63), slice(0, 123), slice(0, 183)]
    assert len(folds(71, train=63, test=60, purge=5, embargo=2, expanding=True)) == 1
    for given in ({"train": 62}, {"test": 0}, {"purge": -1}, {"embargo": -1}, {"train": 193}):
        design: dict[str, Any] = {"train": 63, "test": 60, "purge": 5, "embargo": 2} | given
        with pytest.raises(InputError):
            folds(200, **design, expanding=True)


# --- other worlds ---------------------------------------------------------------------------------


def test_another_world_needs_three_quarters_and_a_shift_of_one() -> None:
    assert worlds.LEAST_SHIFT == 60
    with pytest.raises(DataError):
        worlds.rows_of("redrawn", 180, np.random.default_rng(1))
    assert worlds.rows_of("redrawn", 181, np.random.default_rng(1)).shape == (181,)
    shifts = set()
    for seed in range(300):
        rows = worlds.rows_of("shifted", 201, np.random.default_rng(seed))
        assert rows[0] == 0
        assert sorted(rows[1:]) == list(range(1, 201))
        shifts.add(int(rows[1] - 1))
    assert min(shifts) == 60
    assert max(shifts) == 139
    rows = worlds.rows_of("redrawn", 2_001, np.random.default_rng(1))[1:]
    assert 0.04 < float((np.diff(rows) != 1).mean()) < 0.06  # blocks of twenty


def record(n: int = 181) -> list[Any]:
    """Bars of NVDA with a split, levels of the VIX, two headlines."""
    days = weekdays(n)
    rng = np.random.default_rng(2)
    close, vix = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, n))), rng.uniform(10, 40, n)
    close[90:] /= 4.0
    facts = []
    for t, day in enumerate(days):
        for symbol, value in (("NVDA", close[t]), ("VIX", vix[t])):
            bar = make_bar(day, float(value), symbol=symbol, open=float(value) * 0.99)
            known = datetime(day.year, day.month, day.day, 21, tzinfo=UTC)
            facts.append(
                make_fact(BARS.name, f"{symbol}:{day}", payload=BARS.payload(bar),
                          occurred_at=known, known_at=known)
            )  # fmt: skip
    split = make_split(days[90], 4.0)
    facts.append(make_fact(ACTIONS.name, f"NVDA:{days[90]}", payload=ACTIONS.payload(split)))
    facts += [make_fact("headline", f"h{i}", payload={"headline": f"h{i}"}) for i in range(6)]
    return facts


def test_a_redrawn_world_has_the_returns_of_other_sessions() -> None:
    """Return of session t: that of the row drawn, the split out of it; levels are drawn whole."""
    facts = record()
    rows = worlds.rows_of("redrawn", 181, np.random.default_rng(3))
    made = worlds.redrawn(facts, "redrawn", np.random.default_rng(3))
    bars = {s: [b for f in made if f.kind == BARS.name and (b := BARS.read(f)).symbol == s]
            for s in ("NVDA", "VIX")}  # fmt: skip
    old = {s: [b for f in facts if f.kind == BARS.name and (b := BARS.read(f)).symbol == s]
           for s in ("NVDA", "VIX")}  # fmt: skip

    def growth(given: Any, t: int) -> float:
        split = 4.0 if t == 90 else 1.0
        return float(given[t].close * split / given[t - 1].close)

    for t in range(1, 181):
        assert growth(bars["NVDA"], t) == pytest.approx(growth(old["NVDA"], int(rows[t])))
        assert bars["VIX"][t].close == pytest.approx(old["VIX"][int(rows[t])].close)
        assert bars["NVDA"][t].open / bars["NVDA"][t].close == pytest.approx(0.99)
    assert bars["NVDA"][0].close == pytest.approx(old["NVDA"][0].close)
    assert [f for f in made if f.kind != BARS.name] == [f for f in facts if f.kind != BARS.name]
    assert {f.source for f in made if f.kind == BARS.name} == {"synthetic world"}
    masked = worlds.redrawn(facts, "masked", np.random.default_rng(3))
    told = [f for f in masked if f.kind == "headline"]
    assert [f.key for f in told] == [f"h{i}" for i in range(6)]
    said = [f.payload["headline"] for f in told]
    assert sorted(said) == [f"h{i}" for i in range(6)]
    assert said != sorted(said)
    with pytest.raises(DataError):
        worlds.redrawn(facts[1:], "redrawn", np.random.default_rng(3))


def test_a_planted_edge_is_the_drift_that_makes_the_ratio() -> None:
    """Sharpe s: a daily difference of s / sqrt(252) times growth's deviation times sqrt(0.3), all
    of it in the 30 % of sessions out; holding is worth what it was."""
    raw = random_prices(400, 5)
    growth = np.diff(raw.close_usd) / raw.close_usd[:-1]
    mean = 2.0 / math.sqrt(252) * growth.std() * math.sqrt(0.3)

    def moves(sharpe: float) -> tuple[np.ndarray, Any]:
        made = worlds.planted(raw, np.random.default_rng(6), sharpe=sharpe)
        close = np.r_[100.0, made.prices.close_usd]
        return close[1:] / close[:-1], made

    with_edge, made = moves(2.0)
    without, _ = moves(0.0)
    out = made.target_weight == 0.0
    difference = with_edge - without
    assert 0.1 < out.mean() < 0.5
    assert difference[out] == pytest.approx(np.full(int(out.sum()), -mean / 0.3))
    assert difference[~out] == pytest.approx(np.full(int((~out).sum()), mean / 0.7))
    fall = mean / 0.3 + float(growth.mean())
    rows = worlds.rows_of("redrawn", 400, np.random.default_rng(6))
    drift = np.where(out, -fall, fall * 0.3 / 0.7)
    gap = (raw.open_usd / raw.close_usd)[rows]
    assert made.prices.open_usd * (1 + drift) / made.prices.close_usd == pytest.approx(gap)
    assert (made.prices.split == 1).all()
    assert (made.prices.dividend_usd == 0).all()


def test_an_invented_rule_is_out_three_sessions_of_ten_in_spells_of_ten() -> None:
    weight = worlds._spells(60_000, np.random.default_rng(7))
    out = weight == 0.0
    spells = int((np.diff(out.astype(int)) == 1).sum())
    assert out.mean() == pytest.approx(0.3, abs=0.02)
    assert out.sum() / spells == pytest.approx(10.0, abs=0.7)


# --- changed records ------------------------------------------------------------------------------


def instants(n: int) -> np.ndarray:
    return np.array([round(at(day).timestamp() * 1e6) for day in range(n)])


def test_a_delay_counts_from_the_decision_that_would_have_known() -> None:
    """Known on the very instant it would have been used at it; a microsecond later, at the next."""
    given = [make_fact("headline", "h", known_at=at(1)), make_fact("bar", "b", known_at=at(1))]
    late = delay(given, instants(5), 2, ("headline",))
    assert [f.known_at for f in late] == [at(3), at(1)]
    after = make_fact("headline", "h", known_at=at(1, micros=1))
    assert [f.known_at for f in delay([after], instants(5), 2, ("headline",))] == [at(4)]
    assert delay([after], instants(4), 2, ("headline",)) == []
    with pytest.raises(OutOfRangeError):
        delay(given, instants(5), 0, ("headline",))


def test_what_was_filled_back_is_a_share_of_all() -> None:
    facts = [make_fact(key=f"k{i}", backfilled=i < 1) for i in range(4)]
    assert backfilled_share(History(facts)) == 0.25
    with pytest.raises(DataError):
        backfilled_share(History([]))
    named = [make_fact(k, k) for k in ("bar", "corporate_action", "headline")]
    assert droppable(History(named)) == ("headline",)


def test_an_experiment_is_measured_against_the_run_as_it_is() -> None:
    """Without prices: scores, verdicts and coverage alone."""

    def trace(score: list[float], invested: list[bool]) -> Trace:
        n = len(score)
        return Trace(
            sessions_on=weekdays(n), decide_at_us=instants(n), items=(), told=str,
            arrays={
                "score": np.array(score), "invested": np.array(invested),
                "coverage": np.full(n, 0.75),
            },
        )  # fmt: skip

    full = trace([0.1, 0.2, np.nan, 0.4], [True, True, False, False])
    other = trace([0.2, 0.0, 0.3], [True, False, True])
    lab = Laboratory(History([make_fact("headline")]), full, lambda *_: other, at(9), Costs())
    assert lab.without("headline") == Effect(
        name="headline", score_change=pytest.approx(0.15), verdicts_changed=2, new_sells=1,
        sell_sessions=1, coverage=0.75, final_equity=None, sharpe=None,
    )  # fmt: skip
    assert lab.base.score_change == 0.0
    assert lab.base.sell_sessions == 2
    assert lab.delayed(1).name == "1 session late"
    assert lab.delayed(2).name == "2 sessions late"
    assert lab.observed_only().note == "back-filled prices kept: there are no others"


def test_every_lie_comes_after_the_decision_and_the_newest_are_among_them() -> None:
    past = [make_fact("observation", f"o{i}", known_at=at(-i)) for i in range(60, 0, -1)]
    bar = make_fact("bar", "b", payload={"open": 2.0, "close": 3.0, "high": None}, known_at=at(-1))
    later = make_fact("observation", "later", known_at=at(2))
    other = make_fact("unheard", "u", known_at=at(3))
    lies = poison([*past, bar], [later, other], at(), seed=1)

    assert other in lies
    assert all(f.known_at > at() for f in lies)
    told = {f.key: f for f in lies if f.source == "poison"}
    assert told["b"].payload == {"open": 2000.0, "close": 3000.0, "high": None}
    assert told["b"].known_at == at(micros=1)
    assert told["later"].known_at == at(2)
    assert {f"o{i}" for i in range(1, 11)} <= told.keys()
    assert sum(f.key.startswith("o") for f in lies) == 10 + 30
    splits = sorted(f.payload["ex_on"] for f in lies if f.kind == "corporate_action")
    assert splits == [at(-40).date().isoformat(), at(1).date().isoformat()]


def test_a_bare_environment_keeps_what_the_interpreter_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NVSIGNAL_HINT", "sell")
    monkeypatch.setenv("PATH", "/bin")
    found = bare_environment()
    assert found["PATH"] == "/bin"
    assert "NVSIGNAL_HINT" not in found
