"""Option chains and the investor's own money at their edges, by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from config.holding import Lot
from engine.decision import holding, options, reinvest
from engine.decision.reinvest import YearBack
from engine.macro.options import Chain
from engine.record.history import History
from engine.record.readings import OBSERVATIONS, CorporateAction, Observation, OptionChain
from engine.record.readings.options import OPTION_CHAINS
from engine.values import Fact

NAN = math.nan
AT = datetime(2025, 8, 20, 15, tzinfo=UTC)

# --- option chains -------------------------------------------------------------------------------


def quoted(**changes: Any) -> OptionChain:
    """Strikes 80 to 110 on a share of 100; nothing is quoted at 80 but a bid of a call."""
    fields: dict[str, Any] = {
        "symbol": "NVDA", "expires_on": date(2025, 9, 19), "quoted_on": date(2025, 8, 20),
        "spot_usd": 100.0, "strikes_usd": (80.0, 90.0, 100.0, 110.0),
        "call_bids_usd": (20.5, 11.0, 4.0, 1.5), "call_asks_usd": (0.0, 11.4, 4.2, 1.7),
        "put_bids_usd": (0.9, 2.9, 6.9, 12.8), "put_asks_usd": (1.1, 3.1, 7.1, 13.2),
        "occurred_at": AT, "known_at": AT, **changes,
    }  # fmt: skip
    return OptionChain(**fields)


def chain(rate_pct: float = 0.0, **changes: Any) -> Chain:
    return options.chain_of(quoted(**changes), rate_pct)


@pytest.mark.parametrize(
    ("level", "low", "high"),
    [
        (95.0, 0.18, 0.63),  # (2.9 - 1.1) / 10 and (13.2 - 6.9) / 10
        (100.0, 0.38, 0.63),  # of 90: (6.9 - 3.1) / 10, more than (6.9 - 1.1) / 20
        (85.0, 0.0, 0.42),  # (7.1 - 2.9) / 10, less than (13.2 - 2.9) / 20; one strike below
        (110.0, 0.57, 1.0),  # of 100: (12.8 - 7.1) / 10; one strike above
        (70.0, 0.0, 0.22),  # (3.1 - 0.9) / 10
    ],
)
def test_the_chance_is_bound_by_the_spreads_on_either_side(
    level: float, low: float, high: float
) -> None:
    assert options.chance_bounds(chain(), level) == pytest.approx((low, high))


def test_bounds_grow_with_interest_and_leave_out_what_is_not_quoted_soundly() -> None:
    """30 days and 5 hours from 11:00 to 16:00 in New York, at 12 % a year."""
    years = (30 + 5 / 24) / 365
    assert chain(12.0).years == pytest.approx(years)
    growth = math.exp(0.12 * years)
    assert options.chance_bounds(chain(12.0), 95.0) == pytest.approx((0.18 * growth, 0.63 * growth))
    # a bid above its ask at 80, and nothing offered at 110: no spread on either side
    unsound = chain(put_bids_usd=(1.2, 2.9, 6.9, 12.8), put_asks_usd=(1.1, 3.1, 7.1, 0.0))
    assert options.chance_bounds(unsound, 95.0) == (0.0, 1.0)
    # a bid at its ask is sound
    tight = chain(put_bids_usd=(1.1, 2.9, 6.9, 12.8))
    assert options.chance_bounds(tight, 95.0)[0] == pytest.approx(0.18)


def test_a_chance_lies_between_nothing_and_certain() -> None:
    """Quotes that bind it to more than one, or to less than nothing."""
    dear = chain(put_bids_usd=(0.9, 12.9, 26.9, 40.0), put_asks_usd=(1.1, 13.1, 27.1, 41.0))
    assert options.chance_bounds(dear, 95.0) == (1.0, 1.0)
    odd = chain(put_bids_usd=(0.9, 0.5, 6.9, 5.0), put_asks_usd=(1.1, 0.6, 7.1, 5.5))
    assert options.chance_bounds(odd, 95.0) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("rise", "pct"), [(10.0, 1.5), (5.0, 1.5), (0.0, 4.0), (-15.0, 11.0), (11.0, None)]
)
def test_a_call_is_sold_at_the_bid_of_the_next_strike_up(rise: float, pct: float | None) -> None:
    """A share of 100: the price is the per cent; beyond the strikes nothing is said."""
    assert options._call_bid_pct(chain(), rise) == pct


def test_what_is_not_quoted_is_unknown_and_not_free() -> None:
    made = chain()

    assert np.isnan(made.call_asks_usd[0])
    assert made.call_bids_usd.tolist() == [20.5, 11.0, 4.0, 1.5]
    assert made.put_asks_usd.tolist() == [1.1, 3.1, 7.1, 13.2]
    assert made.put_bids_usd.tolist() == [0.9, 2.9, 6.9, 12.8]
    assert (made.spot_usd, made.strikes_usd.tolist()) == (100.0, [80.0, 90.0, 100.0, 110.0])


def bill(value: float, day: date, series: str = "DTB3") -> Fact:
    told = Observation(series=series, observed_on=day, value=value)
    return OBSERVATIONS.fact(told, occurred_at=AT, known_at=AT, source="made up")


def as_fact(told: OptionChain) -> Fact:
    return OPTION_CHAINS.fact(
        told, occurred_at=told.occurred_at, known_at=told.known_at, source="made up"
    )


BILLS = (
    bill(4.0, date(2025, 8, 19)),
    bill(9.0, date(2025, 8, 18)),
    bill(8.0, date(2025, 8, 20), "DGS2"),
)


def test_insurance_is_told_by_the_month_and_less_what_a_call_brings() -> None:
    """3.10 for 90 over 30.2 days, of 30.4 a month; a call at 110 brings 1.50; the newest bill."""
    (told,) = options.option_outlook(History([as_fact(quoted()), *BILLS]), AT + timedelta(hours=1))
    months = (30 + 5 / 24) / (365 / 12)

    assert (told.symbol, told.expires_on, told.quoted_at) == ("NVDA", date(2025, 9, 19), AT)
    assert told.put_cost_pct == pytest.approx(3.1 / months)
    assert told.collar_cost_pct == pytest.approx((3.1 - 1.5) / months)
    assert [fall.fall_pct for fall in told.falls] == [5.0, 10.0, 20.0]
    growth = math.exp(0.04 * (30 + 5 / 24) / 365)
    five = told.falls[0]
    assert (five.low, five.high) == pytest.approx((0.18 * growth, 0.63 * growth))
    assert (told.expected_move_pct, five.chance) == (None, None)  # four quotes are too few


def outlooks(*chains: OptionChain, at: datetime = AT) -> list[tuple[str, date, datetime]]:
    history = History([*(as_fact(c) for c in chains), *BILLS])
    return [(o.symbol, o.expires_on, o.quoted_at) for o in options.option_outlook(history, at)]


@pytest.mark.parametrize(
    ("age", "told"), [(timedelta(days=5), False), (timedelta(days=4, hours=23), True)]
)
def test_a_chain_of_five_days_is_too_old(age: timedelta, told: bool) -> None:
    assert bool(outlooks(quoted(), at=AT + age)) is told


@pytest.mark.parametrize(("on", "told"), [(date(2025, 8, 20), False), (date(2025, 8, 21), True)])
def test_a_chain_that_ends_today_says_nothing(on: date, told: bool) -> None:
    """Today in New York: 15:00 UTC of the 20th."""
    assert bool(outlooks(quoted(expires_on=on))) is told


def test_of_one_expiry_the_newest_chain_counts_and_expiries_stand_in_order() -> None:
    before = AT - timedelta(days=1)
    old = quoted(quoted_on=date(2025, 8, 19), occurred_at=before, known_at=before)
    later, other = quoted(expires_on=date(2025, 10, 17)), quoted(symbol="AMD")

    found = outlooks(later, old, quoted(), other)
    assert found == [
        ("AMD", date(2025, 9, 19), AT), ("NVDA", date(2025, 9, 19), AT),
        ("NVDA", date(2025, 10, 17), AT),
    ]  # fmt: skip


# --- the money put elsewhere ---------------------------------------------------------------------


def test_tax_is_on_the_gain_after_the_order_and_never_below_nothing() -> None:
    """1000 less 1 % is 990; 30 % of 390; of a loss nothing."""
    assert reinvest.after_tax(1000.0, 600.0, 0.3, 0.01) == pytest.approx((117.0, 873.0))
    assert reinvest.after_tax(1000.0, 991.0, 0.3, 0.01) == pytest.approx((0.0, 990.0))


@pytest.mark.parametrize(
    ("wanted", "proceeds"),
    [
        (107.0, (107 - 0.3 * 100) / 0.7),  # 110 before a tax of 30 % on the gain of 10
        (100.0, 100.0),
        (90.0, 90.0),  # a loss is not taxed
    ],
)
def test_what_must_be_earned_counts_both_orders_and_the_tax_on_it(
    wanted: float, proceeds: float
) -> None:
    found = reinvest.must_earn_pct(100.0, wanted, 0.3, 0.01)
    assert found == pytest.approx(100 * (proceeds / (100 * 0.99 * 0.99) - 1))


@pytest.mark.parametrize(("days", "found"), [(0, True), (10, True), (11, False)])
def test_a_price_stands_for_ten_days(days: int, found: bool) -> None:
    day = date(2025, 8, 22)
    closes = {day - timedelta(days=days): 1.0, day + timedelta(days=1): 2.0}

    assert reinvest._by(closes, day) == (day - timedelta(days=days) if found else None)
    assert reinvest._by({}, day) is None


def test_a_year_before_the_newest_price_is_365_days_or_the_session_before() -> None:
    day = date(2025, 8, 22)
    closes = dict.fromkeys([date(2024, 8, 20), date(2024, 8, 22), date(2024, 8, 23), day], 1.0)

    assert reinvest.sale_day(closes) == date(2024, 8, 22)
    del closes[date(2024, 8, 22)]
    assert reinvest.sale_day(closes) == date(2024, 8, 20)
    assert reinvest.sale_day({day: 1.0}) is None
    assert reinvest.sale_day({}) is None


def test_a_year_back_by_hand_with_other_taxes_and_rates_then_and_now() -> None:
    """100 shares at 12 USD and 1.2 are 1000 €; less 1 % and 20 % of 390 is 912 €.

    Kept: 15 USD at 1.5 is 1000 €; less 1 % and 30 % of 390 is 873 €. A fund from 40 to 60 USD:
    912 * 0.99 * 1.5 * 1.2 / 1.5 = 1083.456; less 1 % and 30 % of what is above 912.
    """
    then, now = date(2024, 8, 22), date(2025, 8, 22)
    year = YearBack(
        nvda={then: 12.0, now: 15.0},
        usd_per_eur={then - timedelta(days=2): 1.2, now - timedelta(days=10): 1.5},
        shares=100.0, cost_eur=600.0, sold_on=then, until_on=now, tax_then=0.2, tax_now=0.3,
        order=0.01,
    )  # fmt: skip
    elsewhere = {
        "A": {then - timedelta(days=3): 40.0, now: 60.0, then + timedelta(days=1): 1.0},
        "B": {now: 60.0}, "C": {then: 60.0},
    }  # fmt: skip

    cash, fund = reinvest.sold_into(year, elsewhere)
    assert (cash.into, fund.into) == ("cash", "A")
    assert {(w.sold_on, w.until_on) for w in (cash, fund)} == {(then, now)}
    assert cash.in_hand_eur == pytest.approx(912.0)
    grown = 1083.456 * 0.99
    assert fund.in_hand_eur == pytest.approx(grown - 0.3 * (grown - 912.0))
    assert cash.kept_eur == fund.kept_eur == pytest.approx(873.0)
    assert reinvest.sold_into(replace(year, usd_per_eur={now: 1.5}), {}) == ()
    assert reinvest.sold_into(replace(year, usd_per_eur={then: 1.2}), {}) == ()


# --- the holding at its edges --------------------------------------------------------------------


@pytest.mark.parametrize(("days", "rate"), [(0, 1.2), (7, 1.2), (8, None)])
def test_a_reference_rate_stands_for_a_week(days: int, rate: float | None) -> None:
    day = date(2025, 8, 22)
    known = {day - timedelta(days=days): 1.2, day + timedelta(days=1): 9.0}
    assert holding._rate_on(known, day) == rate


@pytest.mark.parametrize(("currency", "cost"), [("EUR", 200.0), ("USD", 160.0), ("CHF", None)])
def test_a_lot_costs_its_price_in_euro_of_its_day(currency: str, cost: float | None) -> None:
    """Two shares at 100; 1.25 USD per euro."""
    lot = Lot.model_construct(
        bought_on=date(2025, 8, 22), shares=2.0, cost_per_share=100.0, currency=currency
    )
    assert holding.cost_eur(lot, {date(2025, 8, 22): 1.25}) == cost


def test_only_euro_rates_above_nothing_are_rates() -> None:
    told = [
        bill(1.2, date(2025, 8, 19), "USDEUR"), bill(0.0, date(2025, 8, 20), "USDEUR"),
        bill(4.0, date(2025, 8, 21)),
    ]  # fmt: skip
    assert holding.euro_rates(History(told), AT) == {date(2025, 8, 19): 1.2}


@pytest.mark.parametrize(
    ("ex_on", "paid"),
    [
        (date(2025, 8, 1), 0.0),  # bought on the ex-date: no claim
        (date(2025, 8, 2), 8.0),
        (date(2025, 8, 22), 8.0),  # today's counts
        (date(2025, 8, 23), 0.0),
    ],
)
def test_a_dividend_is_paid_to_who_held_the_day_before(ex_on: date, paid: float) -> None:
    """10 shares, 1 USD, 1.25 USD per euro."""
    lot = Lot(bought_on=date(2025, 8, 1), shares=10, cost_per_share=100.0)
    told = CorporateAction(symbol="NVDA", ex_on=ex_on, action="dividend", value=1.0)
    rates = dict.fromkeys([date(2025, 8, 1), date(2025, 8, 20)], 1.25)

    assert holding.dividends_eur([lot], [told], rates, date(2025, 8, 22)) == pytest.approx(paid)


@pytest.mark.parametrize(
    ("gain", "gross", "kept_pct", "whole"),
    [
        (100.0, 20.0, 15.0, 117.0),
        (100.0, 0.0, None, 100.0),  # nothing was paid: nothing can have been withheld
        (100.0, 20.0, None, None),
        (None, 20.0, 15.0, None),
        (100.0, None, 15.0, None),
    ],
)
def test_the_gain_with_dividends_is_after_what_was_withheld(
    gain: float | None, gross: float | None, kept_pct: float | None, whole: float | None
) -> None:
    assert holding._with_dividends(gain, gross, kept_pct) == whole
