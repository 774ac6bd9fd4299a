"""Valuation: the worked reverse-DCF table, the solver against its definition, money in words."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DataError, InputError, OutOfRangeError
from engine.macro.valuation import (
    Assumptions,
    implied_growth,
    implied_growth_by_bisection,
    market_cap_usd_tn,
    parse_money,
    present_value,
    shares_as_known,
)

FACTS = Path(__file__).resolve().parents[3] / "config" / "facts"
TEN = Assumptions()


@pytest.mark.parametrize(
    ("r", "growth_pct", "fcf_bn", "revenue_tn"),
    [(0.085, 16.1, 321, 0.71), (0.10, 20.2, 454, 1.01), (0.115, 23.8, 610, 1.36)],
)
def test_the_worked_table_at_four_trillion(
    r: float, growth_pct: float, fcf_bn: float, revenue_tn: float
) -> None:
    """F 72bn, g_T 3.5 %, n 10: implied growth, FCF of year 10, revenue at 45 %."""
    assumptions = Assumptions(discount_rate=r)
    g = implied_growth(4000.0, 72.0, assumptions)
    last = 72.0 * (1 + g) ** assumptions.years
    assert 100 * g == pytest.approx(growth_pct, abs=0.05)
    assert last == pytest.approx(fcf_bn, abs=0.5)
    assert last / 0.45 / 1000 == pytest.approx(revenue_tn, abs=0.005)


def test_five_years_and_five_trillion() -> None:
    """n = 5, r = 10 %: 35.8 % a year; 5.0 trillion on 155bn for ten years: 12.9 %."""
    assert 100 * implied_growth(4000, 72, Assumptions(years=5)) == pytest.approx(35.8, abs=0.05)
    assert 100 * implied_growth(5000, 155, TEN) == pytest.approx(12.9, abs=0.05)


@given(st.floats(1, 20000), st.floats(0.5, 500), st.floats(0.05, 0.3), st.integers(1, 25))
def test_newton_finds_what_bisection_finds(cap: float, fcf: float, r: float, years: int) -> None:
    assumptions = Assumptions(discount_rate=r, years=years)
    slow = implied_growth_by_bisection(cap, fcf, assumptions)
    if slow < 99:
        assert implied_growth(cap, fcf, assumptions) == pytest.approx(slow, rel=1e-9, abs=1e-9)


@given(st.floats(-0.5, 0.8), st.floats(0.06, 0.2))
def test_growth_and_value_are_inverse(growth: float, r: float) -> None:
    assumptions = Assumptions(discount_rate=r)
    value = present_value(72.0, growth, assumptions)
    assert implied_growth(value, 72.0, assumptions) == pytest.approx(growth, abs=1e-10)


def test_whole_histories_at_once_with_holes_kept_as_holes() -> None:
    caps = np.array([4000.0, np.nan, 4000.0, 4000.0, -1.0, np.inf])
    fcf = np.array([72.0, 72.0, np.nan, -5.0, 72.0, 72.0])
    growth = implied_growth(caps, fcf, TEN)
    assert growth[0] == pytest.approx(implied_growth_by_bisection(4000.0, 72.0, TEN), abs=1e-12)
    assert np.isnan(growth[1:]).all()


@pytest.mark.parametrize(
    "bad",
    [
        {"discount_rate": 0.03},
        {"discount_rate": 0.0},
        {"terminal_growth": 0.10},
        {"years": 0},
        {"discount_rate": float("nan")},
    ],
)
def test_impossible_assumptions_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(OutOfRangeError, match="allowed"):
        Assumptions(**bad)  # type: ignore[arg-type]


# -------------------------------------------------------------------------------- market value


def test_the_milestone_table_is_shares_times_price() -> None:
    """Rows with shares, price and cap of one split basis agree to the rounding of the cap."""
    with (FACTS / "nvidia_market_cap.csv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["market_cap_usd_tn"]]
    assert len(rows) >= 10
    for row in rows:
        shares, price = float(row["shares_outstanding_bn"]), float(row["price_usd_split_adjusted"])
        cap = market_cap_usd_tn(shares, price)
        assert cap == pytest.approx(float(row["market_cap_usd_tn"]), abs=0.0075), row["date"]


def test_a_split_carries_an_older_count_and_no_newer_one() -> None:
    """2.46bn counted at day 10 (known 20), split 10:1 at 30, 24.5bn counted at 40 (known 50)."""
    shares = shares_as_known(
        np.array([15, 20, 29, 30, 49, 50]),
        np.array([50, 20]),
        np.array([40, 10]),
        np.array([24.5, 2.46]),
        np.array([30]),
        np.array([10.0]),
    )
    np.testing.assert_allclose(shares, [np.nan, 2.46, 2.46, 24.6, 24.6, 24.5])


def test_no_count_is_no_market_value() -> None:
    none = np.array([], np.int64)
    empty = np.array([], np.float64)
    shares = shares_as_known(np.array([1, 2]), none, none, empty, none, empty)
    assert np.isnan(shares).all()
    with pytest.raises(DataError, match="differ in length"):
        shares_as_known(np.array([1]), np.array([1]), none, empty, none, empty)


# ------------------------------------------------------------------------------ money in words


@pytest.mark.parametrize(
    "text",
    [
        "4 trillion",
        "4 Trillion USD",
        "$4 trillion",
        "4tn",
        "4T",
        "4 t",
        "US$ 4.0 trn",
        "4000bn",
        "4,000 billion",
        "4000 milliards",
        "4 000 milliards de dollars".replace(" de dollars", " $"),
        "4 mille milliards",
        "4000 Md$",
        "4'000 bn",
        "4e12",
        "4,000,000,000,000",
        "4000000 million",
        "4 trillion dollars",
        "4\u00a0000\u202fmilliards",
    ],
)
def test_many_ways_to_say_four_trillion(text: str) -> None:
    assert parse_money(text) == 4e12


@pytest.mark.parametrize(
    ("text", "usd"),
    [("$4.2tn", 4.2e12), ("4,5 trillion", 4.5e12), ("4,250 billion", 4.25e12), ("4,25tn", 4.25e12)],
)
def test_points_and_commas(text: str, usd: float) -> None:
    assert parse_money(text) == pytest.approx(usd, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4",
        "lots",
        "-4 trillion",
        "4 zillion",
        "nan trillion",
        "inf tn",
        "0 trillion",
        "4,5 billions",
        "4,200 trillion",
        "4..2tn",
        "4,2,3 tn",
        "4 tn 5",
        "€4 trillion",
        "1e999",
        "4" * 100,
        "trillion",
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"trillion|4\.2tn"):
        parse_money(text)
