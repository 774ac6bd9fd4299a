"""Textbook figures: published values and independent packages."""

from __future__ import annotations

import math
import warnings
from datetime import date

import numpy as np
import pytest

from backtests.metrics import (
    deflated_sharpe,
    drawdowns,
    expected_best_sharpe,
    growth_pct,
    longest_drawdown_days,
    moments,
    probabilistic_sharpe,
    sharpe_error,
    sortino_ratio,
    summarise,
)
from backtests.replay import Costs, market, replay
from engine.errors import DataError
from tests.backtests.market_data import random_prices, random_switches, weekdays


def test_the_worked_example_of_the_deflated_sharpe_ratio() -> None:
    """Bailey and Lopez de Prado (2014): 100 trials with variance 1/2 a year, 5 years of days,
    Sharpe 2.5 a year, skewness -3, kurtosis 10 give SR0 0.1132 and DSR 0.9004."""
    daily, variance = 2.5 / math.sqrt(250), 0.5 / 250

    assert round(expected_best_sharpe(100, variance), 4) == 0.1132
    found = deflated_sharpe(daily, 1250, -3.0, 10.0, n_trials=100, variance=variance)
    assert round(found, 4) == 0.9004


def test_with_46_trials_the_same_example_passes_at_95_percent() -> None:
    """The same paper: 46 independent trials would have left the confidence at 0.95."""
    daily, variance = 2.5 / math.sqrt(250), 0.5 / 250

    found = deflated_sharpe(daily, 1250, -3.0, 10.0, n_trials=46, variance=variance)

    assert found == pytest.approx(0.9505, abs=5e-4)


def test_holdout_agrees_on_psr_and_the_standard_error() -> None:
    import holdout

    returns = np.random.default_rng(4).standard_t(4, 700) / 100 + 4e-4
    m = moments(returns)
    assert m.sharpe is not None
    assert m.skewness is not None
    assert m.kurtosis is not None

    psr = probabilistic_sharpe(m.sharpe, m.n, m.skewness, m.kurtosis)

    theirs = holdout.probabilistic_sharpe_ratio(
        m.sharpe, m.n, skewness=m.skewness, kurtosis=m.kurtosis
    )
    assert psr == pytest.approx(float(theirs), rel=1e-12)


def test_normal_returns_give_the_standard_error_of_lo() -> None:
    """Lo (2002): sqrt((1 + SR^2/2) / n), here over n - 1."""
    assert sharpe_error(0.5, 101) == pytest.approx(math.sqrt((1 + 0.125) / 100))


def test_moments_agree_with_scipy() -> None:
    from scipy import stats

    x = np.random.default_rng(1).gamma(2.0, size=400)
    found = moments(x)

    assert found.skewness == pytest.approx(stats.skew(x), rel=1e-12)
    assert found.kurtosis == pytest.approx(stats.kurtosis(x, fisher=False), rel=1e-12)
    assert found.sharpe == pytest.approx(x.mean() / x.std(ddof=1), rel=1e-12)


def test_a_series_without_variation_has_no_sharpe() -> None:
    """Cash is not infinitely good."""
    assert moments(np.full(100, 1.3e-4)).sharpe is None
    assert moments(np.zeros(3)).sharpe is None


def test_a_return_that_is_no_number_is_named() -> None:
    with pytest.raises(DataError, match="return 2 = nan"):
        moments(np.array([0.1, 0.2, np.nan]))


def test_growth_doubles_in_a_year_as_a_hundred_percent() -> None:
    found = growth_pct(2.0, 1.0, date(2020, 1, 1), date(2024, 1, 1))

    assert found == pytest.approx(100 * (2 ** (365.25 / 1461) - 1))
    assert growth_pct(2.0, 1.0, date(2020, 1, 1), date(2020, 1, 1)) is None


def test_sortino_counts_only_losses() -> None:
    """Mean 1 %, one loss of 2 % in four: 0.01 / sqrt(0.0004/4), annualised."""
    returns = np.array([0.02, -0.02, 0.02, 0.02])

    assert sortino_ratio(returns) == pytest.approx(0.01 / 0.01 * math.sqrt(252))
    assert sortino_ratio(np.array([0.01, 0.02])) is None


def test_a_drawdown_counts_from_the_capital_and_lasts_until_the_peak_is_reached_again() -> None:
    days = weekdays(7)
    falls = drawdowns(np.array([0.9, 1.0, 1.2, 0.6, 0.9, 1.2, 1.1]), 1.0)

    assert falls.tolist() == pytest.approx([-0.1, 0, 0, -0.5, -0.25, 0, 1.1 / 1.2 - 1])
    assert longest_drawdown_days(falls, days) == (days[5] - days[2]).days


def test_figures_of_a_path_are_those_of_ffn() -> None:
    """Sharpe, Sortino, drawdown and volatility as ffn computes them on the same returns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ffn
        import pandas as pd

        prices = random_prices()
        run = replay(market(prices, 0.0, Costs()), random_switches())
        index = pd.DatetimeIndex(prices.sessions_on)
        series = pd.Series(run.returns, index=index)
        sharpe = ffn.calc_sharpe(series, nperiods=252)
        drop = ffn.calc_max_drawdown(pd.Series(np.append(1.0, run.equity)))
        growth = ffn.calc_cagr(pd.Series([1.0, run.final_equity], index=index[[0, -1]]))

    found = summarise(run)

    assert found.sharpe == pytest.approx(sharpe, rel=1e-9)
    assert found.max_drawdown_pct == pytest.approx(100 * drop, rel=1e-9)
    assert found.cagr_pct == pytest.approx(100 * growth, rel=1e-3)  # its year has 365.2425 days
