"""Option chains and the investor's own money at their edges, by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from config.holding import FRENCH_FLAT_TAX, Lot
from engine.decision import holding, options, reinvest
from engine.decision.holding import Fall, Position, SaleOutcome, Since, position
from engine.decision.reinvest import SoldInto, YearBack
from engine.macro.options import Chain, expected_move_pct, implied_fall_chance
from engine.record.history import History
from engine.record.readings import OBSERVATIONS, CorporateAction, Observation, OptionChain
from engine.record.readings.options import OPTION_CHAINS
from engine.values import Fact
from tests.engine.decision.test_holding import AS_OF, close_of, euro, mine, rate_of, world

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


def test_a_wide_chain_tells_its_move_and_its_falls() -> None:
    """Sixteen strikes at an even smile: the arithmetic of ``macro`` for the very same chain."""
    strikes = tuple(float(70 + 4 * n) for n in range(16))
    puts = tuple(max(k - 100.0, 0.0) + 6.0 * math.exp(-abs(k - 100.0) / 12.0) for k in strikes)
    calls = tuple(max(100.0 - k, 0.0) + 6.0 * math.exp(-abs(k - 100.0) / 12.0) for k in strikes)
    wide = quoted(
        strikes_usd=strikes,
        put_bids_usd=tuple(x - 0.01 for x in puts), put_asks_usd=tuple(x + 0.01 for x in puts),
        call_bids_usd=tuple(x - 0.01 for x in calls), call_asks_usd=tuple(x + 0.01 for x in calls),
    )  # fmt: skip
    (told,) = options.option_outlook(History([as_fact(wide), *BILLS]), AT)
    made = options.chain_of(wide, 4.0)

    assert told.expected_move_pct is not None
    assert told.expected_move_pct == expected_move_pct(made)
    chances = [fall.chance for fall in told.falls]
    assert chances == [implied_fall_chance(made, fall) for fall in (5.0, 10.0, 20.0)]
    assert chances[0] is not None
    for fall in told.falls:
        assert (fall.low, fall.high) == options.chance_bounds(made, 100.0 - fall.fall_pct)


def test_without_a_bill_or_a_chain_nothing_is_said_of_options() -> None:
    assert options.option_outlook(History([as_fact(quoted()), BILLS[2]]), AT) == ()
    assert options.option_outlook(History(BILLS), AT) == ()


@pytest.mark.parametrize(
    ("changes", "put", "collar"),
    [
        ({"put_asks_usd": (1.1, 0.0, 0.0, 0.0)}, None, None),
        ({"call_bids_usd": (20.5, 11.0, 4.0, 0.0)}, 3.1, None),
        ({"call_bids_usd": (20.5, 11.0, 4.0, 5.1)}, 3.1, -2.0),  # the collar pays
    ],
)
def test_what_the_quotes_do_not_reach_is_not_insured(
    changes: dict[str, Any], put: float | None, collar: float | None
) -> None:
    """In per cent of the share until expiry, of 30.2 days; a month has 30.4."""
    (told,) = options.option_outlook(History([as_fact(quoted(**changes)), *BILLS]), AT)
    months = (30 + 5 / 24) / (365 / 12)

    for found, whole in ((told.put_cost_pct, put), (told.collar_cost_pct, collar)):
        assert found == (None if whole is None else pytest.approx(whole / months))


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


# --- a whole position ----------------------------------------------------------------------------


def outcome(move: float, hold: float, now: float, must_earn: float) -> SaleOutcome:
    return SaleOutcome(
        move_pct=move, hold_eur=pytest.approx(hold), sell_half_eur=pytest.approx((hold + now) / 2),
        sell_all_eur=pytest.approx(now), must_earn_pct=pytest.approx(must_earn),
    )  # fmt: skip


def test_every_figure_of_a_position_by_hand() -> None:
    """150 shares at 180 USD and 1.20 are 22 500 € for 8 500 €; an order takes 0.1 %, tax 30 %.

    Sold now 18 284.25; after -20 % 17 982 - 0.3 * 9 482 = 15 137.40; after +20 %
    26 973 - 0.3 * 18 473 = 21 431.10, for which (21 431.10 - 0.3 * 18 284.25) / 0.7 = 22 779.75
    must come out before tax. Both orders of the money put elsewhere: 0.999².
    """
    now, orders = 18_284.25, 0.999 * 0.999
    day = date(2025, 8, 22)

    assert position(mine(), world(), AS_OF) == Position(
        as_of_on=day, shares=150.0, price_usd=180.0, price_on=day, usd_per_eur=1.20, rate_on=day,
        value_eur=pytest.approx(22_500.0), cost_eur=pytest.approx(8_500.0),
        gain_eur=pytest.approx(14_000.0), tax_rate_pct=pytest.approx(30.0),
        tax_source=FRENCH_FLAT_TAX[0].source, tax_confidence="high",
        tax_if_sold_eur=pytest.approx(4_193.25), order_cost_eur=pytest.approx(22.5),
        net_if_sold_eur=pytest.approx(now),
        break_even_fall_pct=pytest.approx(100 * (1 - now * 0.999 / 22_500)),
        break_even_if_back_pct=pytest.approx(0.1999),
        half_net_eur=pytest.approx(now / 2), half_tax_eur=pytest.approx(2_096.625),
        half_kept_eur=pytest.approx(11_250.0),
        outcomes=(
            outcome(-20.0, 15_137.40, now, 100 * (15_137.40 / (now * orders) - 1)),
            outcome(0.0, now, now, 100 * (1 / orders - 1)),
            outcome(20.0, 21_431.10, now, 100 * (22_779.75 / (now * orders) - 1)),
        ),
        dividends_eur=0.0, withheld_eur=0.0,
        falls=tuple(
            Fall(fall_pct=fall, loss_eur=pytest.approx(loss), wealth_pct=None)
            for fall, loss in ((10.0, 2_250.0), (20.0, 4_500.0), (35.0, 7_875.0))
        ),
        gain_with_dividends_eur=pytest.approx(14_000.0),
    )  # fmt: skip


def test_a_position_without_a_rate_of_the_euro_tells_shares_and_their_price_alone() -> None:
    bare = History(f for f in world() if f.kind != "observation")
    found = position(mine(share_of_wealth_pct=40.0), bare, AS_OF)

    assert found == Position(
        as_of_on=date(2025, 8, 22), shares=150.0, price_usd=180.0, price_on=date(2025, 8, 22),
        usd_per_eur=None, rate_on=None, value_eur=None, cost_eur=None, gain_eur=None,
        tax_rate_pct=pytest.approx(30.0), tax_source=FRENCH_FLAT_TAX[0].source,
        tax_confidence="high", tax_if_sold_eur=None, order_cost_eur=None, net_if_sold_eur=None,
        break_even_fall_pct=None, break_even_if_back_pct=pytest.approx(0.1999), half_net_eur=None,
        half_tax_eur=None, half_kept_eur=None, dividends_eur=0.0, withheld_eur=0.0,
    )  # fmt: skip


def test_nothing_that_was_bought_later_is_held_and_the_day_of_purchase_is() -> None:
    """The second lot is of 2024-09-02: by the evening of that day 100 and 50 shares."""
    for at, shares in (
        (datetime(2024, 9, 2, 3, 59, tzinfo=UTC), 100.0),  # still the 1st in New York
        (datetime(2024, 9, 2, 4, tzinfo=UTC), 150.0),
        (datetime(2024, 6, 7, 12, tzinfo=UTC), 10.0),  # before the split
    ):
        found = position(mine(), world(), at)
        assert found is not None
        assert found.shares == shares


def test_an_unknown_cost_moves_nothing_where_a_sale_is_not_taxed() -> None:
    """No rate of the first purchase: no gain; still what is in hand, after the order alone."""
    found = position(mine(account_type="exempt"), world(euro_on=date(2023, 5, 10)), AS_OF)

    assert found is not None
    assert (found.cost_eur, found.gain_eur, found.gain_with_dividends_eur) == (None, None, None)
    assert found.net_if_sold_eur == pytest.approx(22_477.5)
    assert (found.tax_rate_pct, found.tax_source, found.tax_confidence) == (0.0, "", None)
    assert found.outcomes[0].hold_eur == pytest.approx(18_000 * 0.999)


def test_insurance_is_that_of_the_nearest_chain_that_prices_a_put() -> None:
    """3.10 % of 22 500 € until 2025-09-19 at 365 / 12 days a month; AMD's is not NVDA's."""
    dear = (9.0, 9.1, 9.2, 13.2)
    blind = quoted(expires_on=date(2025, 9, 5), put_asks_usd=(0.0, 0.0, 0.0, 0.0))
    chains = [
        quoted(symbol="AMD", expires_on=date(2025, 9, 5), put_asks_usd=dear), blind, quoted(),
        quoted(expires_on=date(2025, 10, 17), put_asks_usd=dear),
    ]  # fmt: skip
    found = position(mine(), History([*world(), *map(as_fact, chains), *BILLS]), AS_OF)

    assert found is not None
    months = (30 + 5 / 24) / (365 / 12)
    assert found.insured_eur_a_month == pytest.approx(22_500 * 0.031 / months)
    assert found.insured_until == date(2025, 9, 19)


def a_year_ago(**changes: Any) -> History:
    """120 USD at 1.20 a year before, and the rate of the purchase where it is known."""
    then = date(2024, 8, 22)
    return History([*world(**changes), euro(then, 1.20), close_of("NVDA", then, 120.0)])


def test_a_year_back_needs_a_tax_that_is_known_and_a_cost_where_it_is_taxed() -> None:
    """Without a tax on sales an unknown cost counts as nothing: 100 shares at 100 € less 0.1 %."""
    unrated = a_year_ago(euro_on=date(2023, 5, 10))
    told = {
        "known": position(mine(), a_year_ago(), AS_OF),
        "no rule": position(mine(country="US"), a_year_ago(), AS_OF),
        "no cost": position(mine(), unrated, AS_OF),
        "exempt": position(mine(account_type="exempt"), unrated, AS_OF),
    }
    ways = {name: found.sold_into for name, found in told.items() if found is not None}

    in_cash = 9_990 - 0.3 * (9_990 - 3_500)
    kept = 14_985 - 0.3 * (14_985 - 3_500)
    assert ways["known"] == (
        SoldInto(
            into="cash", sold_on=date(2024, 8, 22), until_on=date(2025, 8, 22),
            in_hand_eur=pytest.approx(in_cash), kept_eur=pytest.approx(kept),
        ),
    )  # fmt: skip
    assert ways["no rule"] == ways["no cost"] == ()
    (free,) = ways["exempt"]
    assert (free.in_hand_eur, free.kept_eur) == pytest.approx((9_990.0, 14_985.0))


def test_a_year_back_counts_what_was_held_on_its_day_alone() -> None:
    """A lot of the day itself is held, one of the day after is not; nobody held anything: none."""

    def sold(on: date) -> float | None:
        lots = [{"bought_on": on, "shares": 10, "cost_per_share": 0.0, "currency": "EUR"}]
        found = position(mine(lots=lots), a_year_ago(), AS_OF)
        assert found is not None
        return found.sold_into[0].kept_eur if found.sold_into else None

    assert sold(date(2024, 8, 22)) == pytest.approx(10 * 150 * 0.999 * 0.7)
    assert sold(date(2024, 8, 23)) is None
    assert sold(date(2024, 6, 7)) == pytest.approx(100 * 150 * 0.999 * 0.7)  # before the split


@pytest.mark.parametrize(
    ("shares", "kept", "followed"),
    [
        (-1.0, 0.99, True), (-1.0, 1.0, False), (1.0, 1.0, True), (1.0, 0.99, False),
        (None, 0.5, None), (0.0, 0.5, None), (-1.0, None, None),
    ],
)  # fmt: skip
def test_a_step_follows_the_rules_where_it_goes_their_way(
    shares: float | None, kept: float | None, followed: bool | None
) -> None:
    """The share that the rules kept on the day, or on the last one before it."""
    on = date(2025, 8, 20)
    told = {} if kept is None else {on: kept, on - timedelta(days=1): 0.7, AS_OF.date(): 0.3}
    done = [{"on": on, "note": "x", **({} if shares is None else {"shares": shares})}]
    found = position(mine(done=done), world(), AS_OF, told)

    assert found is not None
    assert (found.done[0].kept_share, found.done[0].followed) == (kept, followed)


def test_what_a_step_brought_counts_splits_and_the_euro_of_both_days() -> None:
    """Two old shares sold at 1 200 USD and 1.10 are twenty at 120: 180 / 1.2 - 120 / 1.1 each."""
    on = date(2024, 6, 7)
    facts = [*world(), close_of("NVDA", on, 1200.0), euro(on, 1.10)]
    done = [
        {"on": date(2025, 8, 23), "note": "tomorrow", "shares": 1},
        {"on": date(2025, 8, 22), "note": "today", "shares": 3},
        {"on": on, "note": "sold", "shares": -2},
        {"on": on, "note": "talked"},
        {"on": on, "note": "nothing", "shares": 0},
    ]
    found = position(mine(done=done), History(facts), AS_OF)

    assert found is not None
    assert found.done == (
        Since(
            on=on, note="sold", move_pct=pytest.approx(50.0),
            brought_eur=pytest.approx(-20 * (180 / 1.2 - 120 / 1.1)),
        ),
        Since(on=on, note="talked", move_pct=pytest.approx(50.0)),
        Since(on=on, note="nothing", move_pct=pytest.approx(50.0)),
        Since(
            on=date(2025, 8, 22), note="today", move_pct=0.0, brought_eur=pytest.approx(0.0)
        ),
    )  # fmt: skip
    rateless = position(mine(done=done[2:]), History(facts[:-1]), AS_OF)
    assert rateless is not None
    assert (rateless.done[0].move_pct, rateless.done[0].brought_eur) == (pytest.approx(50.0), None)


def test_of_one_day_the_rate_of_fred_counts_before_that_of_new_york() -> None:
    day = date(2025, 8, 20)
    facts = [
        rate_of("EFFR", day, 4.34), rate_of("DFF", day, 4.33),
        rate_of("EFFR", date(2025, 8, 21), 4.35), rate_of("DGS2", day, 9.0),
    ]  # fmt: skip
    found = holding.effective_rates(History(facts), AS_OF)
    assert found == {day: 4.33, date(2025, 8, 21): 4.35}


@pytest.mark.parametrize(
    ("rates", "grown"),
    [
        # two days at 3.6 %, then one at 7.2 %, on 360 days a year
        ({0: 3.6, 2: 7.2, 3: 99.0}, (1 + 0.036 / 360) ** 2 * (1 + 0.072 / 360)),
        ({-10: 3.6, 1: 3.6}, (1 + 0.036 / 360) ** 3),  # a rate stands for ten days
        ({-11: 3.6, 1: 3.6}, None),
        ({1: 3.6}, None),
        ({}, None),
    ],
)
def test_interest_is_compounded_from_day_to_day(
    rates: dict[int, float], grown: float | None
) -> None:
    first = date(2025, 8, 19)
    known = {first + timedelta(days=n): rate for n, rate in rates.items()}
    found = reinvest._interest(known, first, first + timedelta(days=3))

    assert found == (None if grown is None else pytest.approx(grown, rel=1e-12))
