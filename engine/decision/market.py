"""What prices say at each row: trend, volatility, returns, and what the company is worth.

Every figure of row t is made of the closes, splits and share counts as known at t.
"""

from __future__ import annotations

import numpy as np

from engine.decision.grid import Grid
from engine.macro import valuation
from engine.record.asof import prices, shares_on
from engine.record.history import History
from engine.values import FloatArray

MAX_PRICE_AGE = 3
"""Sessions after which a price counts as not observed."""
TREND_WINDOW = 200
TREND_MIN = 120
VOL_WINDOW = 20

FCF_MARGIN = 0.45
"""Free cash flow over revenue, a prior: trailing 72 of 148.5 bn in mid-2025 is 48 %."""


def price_features(history: History, grid: Grid) -> dict[str, FloatArray]:
    """Features of prices alone, (T,) each; NaN where not observed."""
    nvda = prices(history, "NVDA", grid)
    last, closes = nvda.last(MAX_PRICE_AGE), nvda.window(TREND_WINDOW)
    opened, high, low = (nvda.window(2, of).T for of in ("open", "high", "low"))
    return {
        "nvda_close_usd": last,
        "trend_gap_pct": _trend_gap(last, closes),
        "volatility_pct": _volatility(last, closes[:, -VOL_WINDOW - 1 :]),
        "nvda_return": np.log(closes[:, -1] / closes[:, -2]),
        "nvda_range": np.log(high[1] / low[1]),
        "nvda_gap": np.log(opened[1] / closes[:, -2]),
        "nvda_return_before": np.log(closes[:, -2] / closes[:, -3]),
        "nvda_range_before": np.log(high[0] / low[0]),
        "nvda_gap_before": np.log(opened[0] / closes[:, -3]),
        "nvda_return_two": np.log(closes[:, -1] / closes[:, -3]),
        "qqq_return": np.diff(np.log(prices(history, "QQQ", grid).window(2)), axis=1)[:, 0],
        "vix": prices(history, "VIX", grid).last(MAX_PRICE_AGE),
    }


def _trend_gap(last: FloatArray, closes: FloatArray) -> FloatArray:
    """The last close against the mean of the window, %; NaN below ``TREND_MIN`` closes.

    A single session without a close lies between its neighbours: left out, it moved the mean by
    enough to turn a verdict two months later.
    """
    known = np.count_nonzero(~np.isnan(closes), axis=1)
    mean = np.full(len(last), np.nan)
    enough = known >= TREND_MIN
    between = np.sqrt(closes[:, :-2] * closes[:, 2:])
    inner = np.where(np.isnan(closes[:, 1:-1]), between, closes[:, 1:-1])
    whole = np.concatenate((closes[:, :1], inner, closes[:, -1:]), axis=1)
    mean[enough] = np.nanmean(whole[enough], axis=1)
    gap: FloatArray = 100.0 * (last / mean - 1.0)
    return gap


def _volatility(last: FloatArray, closes: FloatArray) -> FloatArray:
    """Standard deviation of the window's log returns, % a year; NaN below half of them.

    A return is from one session to the next; across a session without a close there is none.
    """
    returns = np.diff(np.log(closes), axis=1)
    enough = np.count_nonzero(~np.isnan(returns), axis=1) >= VOL_WINDOW // 2
    out = np.full(len(last), np.nan)
    seen = enough & ~np.isnan(last)
    out[seen] = 100.0 * np.nanstd(returns[seen], axis=1, ddof=1) * np.sqrt(252.0)
    return out


def valuation_features(
    history: History, grid: Grid, close_usd: FloatArray, trailing_revenue_usd_bn: FloatArray
) -> dict[str, FloatArray]:
    """Market value and the growth it implies by reverse DCF of free cash flow, (T,) each."""
    cap = shares_on(history, "NVDA", grid) * close_usd / 1000.0
    cash = FCF_MARGIN * trailing_revenue_usd_bn / 1000.0
    implied = valuation.implied_growth(cap, cash, valuation.Assumptions())
    return {"market_cap_usd_tn": cap, "implied_growth_pct": 100.0 * implied}
