"""Options: chains made from known laws give back what the laws say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from engine.errors import OutOfRangeError
from engine.macro.options import (
    Chain,
    expected_move_pct,
    forward_usd,
    implied_fall_chance,
    insurance_cost_pct,
    smile,
)
from engine.values import FloatArray

SPOT, RATE = 100.0, 4.0


def law_chain(
    parts: list[tuple[float, float, float]], years: float, *, half_spread: float = 0.0
) -> Chain:
    """Prices under a mixture of lognormals: (weight, forward, volatility a year)."""
    strikes = np.arange(50.0, 161.0, 2.5)
    discount = math.exp(-RATE / 100.0 * years)
    calls, puts = np.zeros(strikes.size), np.zeros(strikes.size)
    for weight, forward, vol in parts:
        width = vol * math.sqrt(years)
        upper = np.log(forward / strikes) / width + width / 2
        call = forward * norm.cdf(upper) - strikes * norm.cdf(upper - width)
        calls += weight * discount * call
        puts += weight * discount * (call - forward + strikes)
    return Chain(
        strikes_usd=strikes,
        call_bids_usd=calls * (1 - half_spread),
        call_asks_usd=calls * (1 + half_spread),
        put_bids_usd=puts * (1 - half_spread),
        put_asks_usd=puts * (1 + half_spread),
        spot_usd=SPOT,
        years=years,
        rate_pct=RATE,
    )


def below(parts: list[tuple[float, float, float]], years: float, level: float) -> float:
    """The law's own chance of ending at or below ``level``."""
    total = 0.0
    for weight, forward, vol in parts:
        width = vol * math.sqrt(years)
        total += weight * float(norm.cdf((math.log(level / forward) + width**2 / 2) / width))
    return total


@settings(max_examples=40, deadline=None)
@given(
    vol=st.floats(0.2, 0.9),
    days=st.integers(14, 120),
    fall=st.floats(1, 30),
    half_spread=st.floats(0, 0.02),
)
def test_one_lognormal_is_given_back(
    vol: float, days: int, fall: float, half_spread: float
) -> None:
    """Black and Scholes's own chance, whatever the (even) spread."""
    years = days / 365
    parts = [(1.0, SPOT * math.exp(RATE / 100 * years), vol)]
    found = implied_fall_chance(law_chain(parts, years, half_spread=half_spread), fall)
    assert found == pytest.approx(below(parts, years, SPOT * (1 - fall / 100)), abs=2e-4)


def test_a_skewed_law_is_met_within_two_points() -> None:
    """A crash part makes a skew; a flat volatility at the money misses it by far more."""
    years = 45 / 365
    parts = [(0.9, 102.2, 0.30), (0.1, 85.0, 0.60)]
    fitted = smile(law_chain(parts, years))
    assert fitted is not None
    flat = replace(fitted, slope=0.0, bend=0.0)
    levels = [95.0, 90.0, 85.0, 80.0]
    wrong = {
        name: max(abs((law.chance_below(x) or 0.0) - below(parts, years, x)) for x in levels)
        for name, law in (("fitted", fitted), ("flat", flat))
    }
    assert wrong["fitted"] < 0.02
    assert wrong["flat"] > 2 * wrong["fitted"]


def test_the_expected_move_is_the_mean_distance() -> None:
    """Against the integral over the law."""
    years, vol = 30 / 365, 0.5
    forward = SPOT * math.exp(RATE / 100 * years)
    width = vol * math.sqrt(years)
    z = np.linspace(-9, 9, 200_001)
    ends = forward * np.exp(width * z - width**2 / 2)
    mean = float(np.trapezoid(np.abs(ends - forward) * norm.pdf(z), z))
    told = expected_move_pct(law_chain([(1.0, forward, vol)], years))
    assert told == pytest.approx(100 * mean / SPOT, rel=1e-3)


def test_insurance_is_bought_at_the_ask_and_never_understated() -> None:
    """Between strikes the line lies above the convex price."""
    years = 63 / 365
    parts = [(1.0, SPOT * math.exp(RATE / 100 * years), 0.5)]
    chain = law_chain(parts, years, half_spread=0.03)
    at_80 = insurance_cost_pct(chain, 20.0)
    assert at_80 == pytest.approx(chain.put_asks_usd[chain.strikes_usd == 80.0][0], rel=1e-12)
    between = insurance_cost_pct(chain, 18.75)
    low, high = insurance_cost_pct(chain, 20.0), insurance_cost_pct(chain, 17.5)
    assert low is not None
    assert high is not None
    assert between is not None
    assert low < between < high
    assert between >= math.sqrt(low * high)


def test_the_forward_comes_from_parity_and_holds_a_dividend() -> None:
    """A forward below the spot is read off the quotes, not assumed."""
    assert forward_usd(law_chain([(1.0, 97.0, 0.4)], 0.25)) == pytest.approx(97.0, abs=1e-9)


def nothing(size: int) -> FloatArray:
    return np.full(size, np.nan)


def test_what_is_not_quoted_is_not_said() -> None:
    """Beyond the strikes, and of too few quotes: None, never a number."""
    chain = law_chain([(1.0, 100.5, 0.4)], 0.1)
    assert implied_fall_chance(chain, 60.0) is None
    assert insurance_cost_pct(chain, 60.0) is None
    none = nothing(chain.strikes_usd.size)
    empty = replace(
        chain, put_bids_usd=none, put_asks_usd=none, call_bids_usd=none, call_asks_usd=none
    )
    assert implied_fall_chance(empty, 10.0) is None
    assert expected_move_pct(empty) is None
    assert insurance_cost_pct(empty, 10.0) is None


def test_quotes_that_make_no_sense_are_left_out() -> None:
    """A crossed quote and a price above every volatility change nothing."""
    chain = law_chain([(1.0, 100.4, 0.4)], 0.1)
    clean = implied_fall_chance(chain, 10.0)
    bids, asks = chain.put_bids_usd.copy(), chain.put_asks_usd.copy()
    bids[10], asks[10] = 5.0, 1.0
    asks[12] = bids[12] = 500.0
    spoiled = implied_fall_chance(replace(chain, put_bids_usd=bids, put_asks_usd=asks), 10.0)
    assert spoiled == pytest.approx(clean, abs=1e-4)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("spot_usd", 0.0),
        ("years", -1.0),
        ("rate_pct", math.nan),
        ("strikes_usd", np.array([2.0, 1.0])),
    ],
)
def test_a_chain_that_cannot_be_is_refused(field: str, value: object) -> None:
    """Named by its field."""
    chain = law_chain([(1.0, 100.4, 0.4)], 0.1)
    with pytest.raises(OutOfRangeError, match=field):
        replace(chain, **{field: value})  # type: ignore[arg-type]


def test_a_fall_of_everything_is_refused() -> None:
    """No option is struck at zero."""
    with pytest.raises(OutOfRangeError, match="fall_pct"):
        implied_fall_chance(law_chain([(1.0, 100.4, 0.4)], 0.1), 100.0)
