"""Markets for these tests: seeded random prices, named as such."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from backtests.replay import Costs, RawPrices, UnitValues, market


def weekdays(n: int, start: date = date(2016, 1, 4)) -> tuple[date, ...]:
    days, day = [], start
    while len(days) < n:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    return tuple(days)


def random_prices(n: int = 500, seed: int = 1, *, opens: bool = True) -> RawPrices:
    """A geometric random walk, 2 % a session, with overnight gaps."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(5e-4, 0.02, n)))
    before = np.concatenate(([100.0], close[:-1]))
    return RawPrices(
        symbol="NVDA",
        sessions_on=weekdays(n),
        open_usd=before * np.exp(rng.normal(0, 0.01, n)) if opens else np.full(n, np.nan),
        close_usd=close,
        split=np.ones(n),
        dividend_usd=np.zeros(n),
    )


def random_market(
    n: int = 500, seed: int = 1, rate: float = 4.0, costs: Costs | None = None
) -> UnitValues:
    return market(random_prices(n, seed), rate, costs or Costs())


def random_switches(n: int = 500, seed: int = 2, every: int = 20) -> np.ndarray:
    """Target weights 0 or 1 that change about once in ``every`` sessions."""
    rng = np.random.default_rng(seed)
    return (np.cumsum(rng.random(n) < 1 / every) % 2 == 0).astype(np.float64)
