"""Price and earnings features against a second definition: one session at a time, plain Python.

Nothing is shared with the program but the record itself.
"""

from __future__ import annotations

import math
import random
import statistics
from datetime import date, timedelta

import pytest

from tests.engine.decision.small_worlds import bars, features, report, split, weekdays

NAN = math.nan


def slow_prices(
    days: list[date], raw: dict[date, float], splits: dict[date, float], t: int
) -> dict[str, float]:
    """The price features of the morning of ``days[t]``."""

    def close(i: int) -> float:
        """Of session i in shares of the day of row t."""
        if i < 0 or days[i] not in raw:
            return NAN
        value = raw[days[i]]
        for ex_on, new_per_old in splits.items():
            if days[i] < ex_on <= days[t]:
                value /= new_per_old
        return value

    def known(values: list[float]) -> list[float]:
        return [v for v in values if not math.isnan(v)]

    recent = known([close(i) for i in range(t - 4, t)])
    last = recent[-1] if recent else NAN

    def between(i: int) -> float:
        """Of a session without a close, from the two beside it, as far as the window goes."""
        inside = t - 200 < i < t - 1
        return (
            math.sqrt(close(i - 1) * close(i + 1)) if inside and math.isnan(close(i)) else close(i)
        )

    told = known([close(i) for i in range(t - 200, t)])
    window = known([between(i) for i in range(t - 200, t)])
    gap = 100 * (last / (sum(window) / len(window)) - 1) if len(told) >= 120 else NAN
    returns = known([math.log(close(i) / close(i - 1)) for i in range(t - 20, t)])
    vol = NAN
    if len(returns) >= 10 and recent:
        vol = 100 * statistics.stdev(returns) * 252**0.5
    return {
        "nvda_close_usd": last,
        "trend_gap_pct": gap,
        "volatility_pct": vol,
        "nvda_return": math.log(close(t - 1) / close(t - 2)),
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_price_features_equal_their_slow_definition(seed: int) -> None:
    """A random walk with holes of one to six sessions and two splits."""
    draw = random.Random(seed)
    days = weekdays(date(2023, 1, 2), 260)
    splits = {days[draw.randrange(140, 180)]: 10.0, days[draw.randrange(190, 250)]: 2.0}
    raw, price, hole = {}, 400.0, 0
    for day in days:
        price *= math.exp(draw.gauss(0, 0.02)) / splits.get(day, 1.0)
        if not hole and draw.random() < 0.02:
            hole = draw.randint(1, 6)
        if hole and day not in splits:
            hole -= 1
        else:
            raw[day] = round(price, 4)
    made = features(days, [*bars(raw), *(split(day, value) for day, value in splits.items())])

    for t in range(len(days)):
        for name, expected in slow_prices(days, raw, splits, t).items():
            found = float(made[name][t])
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True), (name, t)


Told = list[tuple[int, int, int, float]]
"""Row that learns of it, year, quarter of the year, revenue."""


def slow_earnings(told: Told, t: int) -> tuple[float, float]:
    """Growth and four quarters' revenue on the morning of row t, by the latest quarter known."""
    known = {(year, q): (row, value) for row, year, q, value in told if row <= t}
    if not known:
        return NAN, NAN
    year, q = max(known)
    value = known[year, q][1]
    if t - max(learnt for learnt, _ in known.values()) > 80:
        return NAN, NAN
    before = known.get((year - 1, q), (0, NAN))[1]
    four = [divmod(4 * year + (q - 1) - back, 4) for back in range(4)]
    trailing = sum(known.get((y, place + 1), (0, NAN))[1] for y, place in four)
    return 100 * (value / before - 1), trailing


@pytest.mark.parametrize("seed", [4, 5, 6, 7])
def test_earnings_features_equal_their_slow_definition(seed: int) -> None:
    """Thirteen quarters, some without revenue, some never reported, some told after the next."""
    draw = random.Random(seed)
    days = weekdays(date(2022, 1, 3), 560)
    told: Told = []
    facts = []
    row = 0
    for n in range(13):
        year, q = 2019 + n // 4, n % 4 + 1
        row += draw.choice([20, 30, 40, 40, 95])
        if draw.random() < 0.12:
            continue
        value = NAN if draw.random() < 0.08 else round(draw.uniform(5, 60), 2)
        end = date(year, 3 * q, 28) - timedelta(days=draw.randint(0, 6))
        text = "" if math.isnan(value) else str(value)
        # some come after the one that follows; known in the evening of the session before the row
        learnt = row + (100 if draw.random() < 0.2 else 0)
        if learnt < len(days):
            told.append((learnt, year, q, value))
            facts.append(report(f"FY{year}Q{q}", end.isoformat(), days[learnt - 1], text))
    made = features(days, facts)

    for t in range(len(days)):
        growth, trailing = slow_earnings(told, t)
        assert made["delivered_growth_pct"][t] == pytest.approx(growth, nan_ok=True), t
        assert made["trailing_revenue_usd_bn"][t] == pytest.approx(trailing, nan_ok=True), t
