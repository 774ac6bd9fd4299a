"""Figures of one account's path, each as the textbook defines it.

Returns are simple returns per session; ratios use returns in excess of cash, because idle money
earns the policy rate here. Annualised with 252 sessions, growth with 365.25 calendar days.
None: the figure does not exist (no variation, no time, no loss).

Sources: Sharpe (1994) "The Sharpe Ratio", J. Portfolio Management 21(1); Lo (2002) "The Statistics
of Sharpe Ratios", Financial Analysts J. 58(4), with the moments of Mertens (2002) for the standard
error; Sortino and Price (1994) "Performance Measurement in a Downside Risk Framework", J. Investing
3(3); Bailey and Lopez de Prado (2012) "The Sharpe Ratio Efficient Frontier", J. Risk 15(2), and
(2014) "The Deflated Sharpe Ratio", J. Portfolio Management 40(5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist

import numpy as np

from backtests.replay import Replay, Trade
from engine.errors import DataError
from engine.phrases import phrase
from engine.values import FloatArray

SESSIONS_A_YEAR = 252
DAYS_A_YEAR = 365.25
EULER_GAMMA = 0.5772156649015329
LEAST_ACTIVE = 63
"""Sessions in the stock below which no probability is told of a Sharpe ratio: a quarter of a year.

A judgement: an account in cash for all but two sessions has hundreds of returns and two that say
anything, and its standard error counts them all."""
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Of a sample per observation. kurtosis: normal is 3. None without variation.

    sharpe: mean over sample standard deviation (n - 1), not annualised. skewness, kurtosis:
    population moments, as the formulas of the deflated Sharpe ratio want them.
    """

    n: int
    mean: float
    deviation: float
    sharpe: float | None
    skewness: float | None
    kurtosis: float | None


def moments(returns: FloatArray) -> Moments:
    """Moments of ``returns`` (n,), n >= 1; not-finite values are refused by row."""
    if returns.ndim != 1 or returns.size == 0:
        raise DataError(
            phrase("returns have shape {shape}, not (n,) with n > 0", shape=str(returns.shape))
        )
    bad = ~np.isfinite(returns)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            phrase(
                "return {row} = {returns} is not a number",
                row=str(row),
                returns=repr(float(returns[row])),
            )
        )
    n, mean = returns.size, float(returns.mean())
    centred = returns - mean
    second = float((centred**2).mean())
    # Below this a constant series differs from its mean by rounding alone.
    if n < 2 or second <= (1e-15 * max(1.0, abs(mean))) ** 2:
        return Moments(n=n, mean=mean, deviation=0.0, sharpe=None, skewness=None, kurtosis=None)
    deviation = math.sqrt(second * n / (n - 1))
    return Moments(
        n=n,
        mean=mean,
        deviation=deviation,
        sharpe=mean / deviation,
        skewness=float((centred**3).mean()) / second**1.5,
        kurtosis=float((centred**4).mean()) / second**2,
    )


def sharpe_error(sharpe: float, n: int, skewness: float = 0.0, kurtosis: float = 3.0) -> float:
    """Standard error of a Sharpe ratio per observation (Mertens; normal returns give Lo's).

    sqrt((1 - g3 SR + (g4 - 1)/4 SR^2) / (n - 1)).
    """
    variance = 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    return math.sqrt(max(variance, 0.0) / (n - 1))


def probabilistic_sharpe(
    sharpe: float, n: int, skewness: float, kurtosis: float, benchmark: float = 0.0
) -> float:
    """P(the true Sharpe ratio exceeds ``benchmark``); both per observation."""
    error = sharpe_error(sharpe, n, skewness, kurtosis)
    if error == 0.0:
        return 1.0 if sharpe > benchmark else 0.0
    return _NORMAL.cdf((sharpe - benchmark) / error)


def expected_best_sharpe(n_trials: int, variance: float) -> float:
    """Expected highest Sharpe ratio among ``n_trials`` without skill (the False Strategy theorem).

    sqrt(V) ((1 - g) Z^-1(1 - 1/N) + g Z^-1(1 - 1/(N e))), g Euler's constant; V the variance of
    the Sharpe ratios over the trials. 0 for a single trial.
    """
    if n_trials < 2:
        return 0.0
    first = _NORMAL.inv_cdf(1.0 - 1.0 / n_trials)
    second = _NORMAL.inv_cdf(1.0 - 1.0 / (n_trials * math.e))
    return math.sqrt(variance) * ((1.0 - EULER_GAMMA) * first + EULER_GAMMA * second)


def deflated_sharpe(
    sharpe: float, n: int, skewness: float, kurtosis: float, *, n_trials: int, variance: float
) -> float:
    """PSR against the best that luck alone would have brought in ``n_trials`` attempts."""
    bar = expected_best_sharpe(n_trials, variance)
    return probabilistic_sharpe(sharpe, n, skewness, kurtosis, bar)


def growth_pct(final: float, capital: float, first: date, last: date) -> float | None:
    """Compound annual growth rate, % a year over calendar days; None within one day."""
    days = (last - first).days
    if days <= 0 or final <= 0:
        return None
    return 100.0 * (math.pow(final / capital, DAYS_A_YEAR / days) - 1.0)


def sortino_ratio(excess: FloatArray) -> float | None:
    """Annualised mean excess over the root mean square of the losses; None without losses."""
    downside = math.sqrt(float((np.minimum(excess, 0.0) ** 2).mean()))
    if downside == 0.0:
        return None
    return float(excess.mean()) / downside * math.sqrt(SESSIONS_A_YEAR)


def drawdowns(equity: FloatArray, capital: float) -> FloatArray:
    """(T,): equity over its highest value so far, capital included, minus one; 0 or negative."""
    peak = np.maximum.accumulate(np.concatenate(([capital], equity)))[1:]
    return equity / peak - 1.0


def longest_drawdown_days(falls: FloatArray, days: Sequence[date]) -> int:
    """Calendar days of the longest spell below a former peak.

    From the session of the peak to the one that reaches it again, or to the last one.
    """
    longest, peak_on = 0, days[0]
    falling = False
    for day, fall in zip(days, falls.tolist(), strict=True):
        if fall < 0 or falling:
            longest = max(longest, (day - peak_on).days)
        falling = fall < 0
        if not falling:
            peak_on = day
    return longest


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What one account did. ``_pct`` in per cent; ratios annualised; None: does not exist.

    sharpe_se: standard error of ``sharpe``, annualised. exposure_pct: mean share of equity in the
    stock. turnover_per_year: traded value over equity, buys and sells, the first purchase included.
    active_sessions: those with anything in the stock. psr: P(true Sharpe > 0); like ``sharpe_se``
    None with fewer than ``LEAST_ACTIVE`` of them.
    """

    final_equity: float
    cagr_pct: float | None
    volatility_pct: float
    sharpe: float | None
    sharpe_se: float | None
    sortino: float | None
    max_drawdown_pct: float
    max_drawdown_days: int
    exposure_pct: float
    turnover_per_year: float
    n_trades: int
    active_sessions: int
    psr: float | None
    trades: tuple[Trade, ...]


def active_sessions(run: Replay) -> int:
    """How many sessions ended with anything in the stock."""
    return int(np.count_nonzero(run.weights))


def excess_returns(run: Replay) -> FloatArray:
    """(T,): returns above cash."""
    return run.returns - run.cash_returns


def summarise(run: Replay) -> Summary:
    """Every figure of ``run``."""
    excess = excess_returns(run)
    found = moments(excess)
    year = math.sqrt(SESSIONS_A_YEAR)
    falls = drawdowns(run.equity, run.capital)
    error = psr = None
    active = active_sessions(run)
    if active < LEAST_ACTIVE:
        pass  # too few to say anything of what is true
    elif found.sharpe is not None and found.skewness is not None and found.kurtosis is not None:
        error = sharpe_error(found.sharpe, found.n, found.skewness, found.kurtosis) * year
        psr = probabilistic_sharpe(found.sharpe, found.n, found.skewness, found.kurtosis)
    return Summary(
        final_equity=run.final_equity,
        cagr_pct=growth_pct(run.final_equity, run.capital, run.sessions_on[0], run.sessions_on[-1]),
        volatility_pct=100.0 * moments(run.returns).deviation * year,
        sharpe=None if found.sharpe is None else found.sharpe * year,
        sharpe_se=error,
        sortino=sortino_ratio(excess),
        max_drawdown_pct=100.0 * float(falls.min()),
        max_drawdown_days=longest_drawdown_days(falls, run.sessions_on),
        exposure_pct=100.0 * float(run.weights.mean()),
        turnover_per_year=float(run.turnover.sum()) * SESSIONS_A_YEAR / len(run.sessions_on),
        n_trades=len(run.trades),
        active_sessions=active,
        psr=psr,
        trades=run.trades,
    )
