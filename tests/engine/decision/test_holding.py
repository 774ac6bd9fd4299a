"""What the investor's shares are worth and what selling them brings, against sums done by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from config.holding import Holding, Lot
from engine.decision.holding import position
from engine.record.history import History
from engine.record.readings import ACTIONS, BARS, OBSERVATIONS, Bar, CorporateAction, Observation
from engine.values import Fact

AS_OF = datetime(2025, 8, 23, 3, 59, tzinfo=UTC)


def instant(day: date) -> datetime:
    return datetime.combine(day, time(22), tzinfo=UTC)


def euro(day: date, usd: float) -> Fact:
    told = Observation(series="USDEUR", observed_on=day, value=usd)
    return OBSERVATIONS.fact(told, occurred_at=instant(day), known_at=instant(day), source="test")


def world(close: float = 180.0, *, euro_on: date = date(2023, 5, 25)) -> History:
    """NVDA at ``close`` with a 10:1 split since the purchase; 1.08 USD per euro then, 1.20 now."""
    day, split_on = date(2025, 8, 22), date(2024, 6, 10)
    bar = Bar(symbol="NVDA", session_on=day, close=close)
    split = CorporateAction(symbol="NVDA", ex_on=split_on, action="split", value=10.0)
    return History(
        [
            BARS.fact(bar, occurred_at=instant(day), known_at=instant(day), source="test"),
            ACTIONS.fact(
                split, occurred_at=instant(split_on), known_at=instant(split_on), source="test"
            ),
            euro(euro_on, 1.08),
            euro(day, 1.20),
        ]
    )


def mine(**changes: object) -> Holding:
    """10 shares at 378 USD of before the split, and 50 at 100 euro of after it."""
    lots = (
        Lot(bought_on=date(2023, 5, 25), shares=10, cost_per_share=378.0),
        Lot(bought_on=date(2024, 9, 2), shares=50, cost_per_share=100.0, currency="EUR"),
    )
    fields = {"lots": lots, "country": "FR", "order_cost_bp": 10.0}
    return Holding.model_validate(fields | changes)


def test_the_position_is_what_it_is_by_hand() -> None:
    """150 shares · 180 / 1.20 = 22 500 €; cost 3 780 / 1.08 + 5 000 = 8 500 €; an order of 10 bp
    leaves 22 477.50; 30 % of 13 977.50 is 4 193.25; in hand 18 284.25."""
    found = position(mine(), world(), AS_OF)

    assert found is not None
    assert found.shares == 150
    assert found.value_eur == pytest.approx(22_500.0)
    assert found.cost_eur == pytest.approx(8_500.0)
    assert found.gain_eur == pytest.approx(14_000.0)
    assert found.tax_if_sold_eur == pytest.approx(4_193.25)
    assert found.net_if_sold_eur == pytest.approx(18_284.25)
    assert (found.half_net_eur, found.half_kept_eur) == pytest.approx((9_142.125, 11_250.0))
    assert (found.price_on, found.rate_on) == (date(2025, 8, 22), date(2025, 8, 22))


def test_at_the_break_even_price_the_proceeds_buy_back_the_same_shares() -> None:
    """1 - 18 284.25 · 0.999 / 22 500 = 18.817930 %; an order each way is 1 - 0.999²."""
    found = position(mine(), world(), AS_OF)

    assert found is not None
    assert found.break_even_fall_pct == pytest.approx(18.8179300)
    assert found.break_even_if_back_pct == pytest.approx(0.1999)
    bought_back = 18_284.25 * 0.999 / (150 * (1 - found.break_even_fall_pct / 100))
    assert bought_back == pytest.approx(180 / 1.20)


def test_if_back_means_equal_money_after_tax_both_ways() -> None:
    """Sold, bought back at the break-even, risen to today's price, sold and taxed: as if held."""
    found = position(mine(), world(), AS_OF)
    assert found is not None
    net = 18_284.25
    back_at = 150.0 * (1 - found.break_even_if_back_pct / 100)
    proceeds = net * 0.999 / back_at * 150.0 * 0.999
    later = proceeds - 0.30 * max(proceeds - net, 0.0)

    assert later == pytest.approx(net)


def test_half_stands_between_holding_and_selling() -> None:
    """After -20 %: 18 000 · 0.999 = 17 982; less 30 % of 9 482 leaves 15 137.40."""
    found = position(mine(), world(), AS_OF)

    assert found is not None
    fallen, same, _ = found.outcomes
    assert fallen.hold_eur == pytest.approx(15_137.40)
    assert fallen.sell_all_eur == pytest.approx(18_284.25)
    assert fallen.sell_half_eur == pytest.approx((15_137.40 + 18_284.25) / 2)
    assert same.hold_eur == same.sell_half_eur == same.sell_all_eur


def test_a_loss_is_not_taxed_and_brings_no_tax_back() -> None:
    found = position(mine(), world(60.0), AS_OF)  # 7 500 € for 8 500 €

    assert found is not None
    assert found.gain_eur == pytest.approx(-1_000.0)
    assert found.tax_if_sold_eur == 0
    assert found.net_if_sold_eur == pytest.approx(7_492.5)


@pytest.mark.parametrize(
    ("on", "pct"),
    [(date(2025, 12, 30), 30.0), (date(2025, 12, 31), 31.4), (date(2026, 6, 1), 31.4)],
)
def test_the_flat_tax_is_the_one_known_on_the_day(on: date, pct: float) -> None:
    """The law of December 2025 reaches back to sales of 2025, but nobody could know it before."""
    rule = mine().tax_rule(on)

    assert rule is not None
    assert (rule.gains_rate_pct, len(rule.source) > 20) == (pct, True)


def test_the_files_own_rule_goes_first() -> None:
    own = {"year": 2024, "country": "FR", "gains_rate_pct": 12.8, "source": "my tax adviser"}
    found = position(mine(tax=[own]), world(), AS_OF)

    assert found is not None
    assert found.tax_if_sold_eur == pytest.approx(0.128 * 13_977.5)


def test_what_is_not_known_is_none_and_not_zero() -> None:
    """No rule: no tax. No rate of the purchase: no gain. Nothing bought yet: no position."""
    nowhere = position(mine(country="US"), world(), AS_OF)
    unrated = position(mine(), world(euro_on=date(2023, 5, 10)), AS_OF)

    assert nowhere is not None
    assert unrated is not None
    assert (nowhere.gain_eur, nowhere.tax_if_sold_eur) == (pytest.approx(14_000.0), None)
    assert nowhere.break_even_fall_pct is None
    assert (unrated.value_eur, unrated.gain_eur) == (pytest.approx(22_500.0), None)
    assert unrated.net_if_sold_eur is None
    assert position(mine(), world(), datetime(2023, 5, 1, tzinfo=UTC)) is None


def test_an_account_without_tax_on_a_sale_needs_no_rule() -> None:
    found = position(mine(country="US", account_type="exempt"), world(), AS_OF)

    assert found is not None
    assert (found.tax_if_sold_eur, found.net_if_sold_eur) == (0, pytest.approx(22_477.5))


def test_a_pea_is_refused_with_the_reason_and_a_cto_is_a_taxable_account() -> None:
    assert mine(account_type="CTO").account_type == "taxable"
    with pytest.raises(ValueError, match="a US share cannot be held in a PEA"):
        mine(account_type="PEA")


def test_dividends_count_by_ex_date_with_what_the_us_keeps() -> None:
    """0.04 USD a share on 2023-06-07 and, after the split, 0.01 on 2025-07-02: 10 · 0.04 / 1.08
    and 150 · 0.01 / 1.20; 15 % are withheld. The lot of 2024 has no claim to the first."""
    paid = [
        CorporateAction(symbol="NVDA", ex_on=on, action="dividend", value=usd)
        for on, usd in ((date(2023, 6, 7), 0.04), (date(2025, 7, 2), 0.01))
    ]
    facts = [
        ACTIONS.fact(a, occurred_at=instant(a.ex_on), known_at=instant(a.ex_on), source="test")
        for a in paid
    ]
    rates = [euro(date(2023, 6, 7), 1.08), euro(date(2025, 7, 1), 1.20)]

    found = position(mine(), History([*world(), *facts, *rates]), AS_OF)
    missing = position(mine(), History([*world(), *facts]), AS_OF)

    assert found is not None
    assert missing is not None
    assert found.dividends_eur == pytest.approx(10 * 0.04 / 1.08 + 150 * 0.01 / 1.20)
    assert found.withheld_eur == pytest.approx(0.15 * (10 * 0.04 / 1.08 + 150 * 0.01 / 1.20))
    assert missing.dividends_eur is None
    assert missing.withheld_eur is None


def test_falls_in_euro_and_of_all_that_is_owned() -> None:
    found = position(mine(share_of_wealth_pct=40.0), world(), AS_OF)

    assert found is not None
    assert [(f.fall_pct, f.loss_eur, f.wealth_pct) for f in found.falls] == [
        (10.0, 2_250.0, 4.0), (20.0, 4_500.0, 8.0), (35.0, 7_875.0, 14.0)
    ]  # fmt: skip
    assert found.insured_eur_a_month is None  # no chain is on record


def test_what_was_noted_stands_beside_what_came() -> None:
    """Noted on 2025-08-20 at 150 USD; 180 two days later. What lies ahead is not told."""
    bar = Bar(symbol="NVDA", session_on=date(2025, 8, 20), close=150.0)
    told = BARS.fact(
        bar, occurred_at=instant(bar.session_on), known_at=instant(bar.session_on), source="test"
    )
    done = [
        {"on": date(2025, 8, 20), "note": "sold 20"},
        {"on": date(2025, 8, 1), "note": "read on"},
        {"on": date(2025, 9, 1), "note": "to come"},
    ]
    found = position(mine(done=done), History([*world(), told]), AS_OF)

    assert found is not None
    assert [(s.note, s.move_pct) for s in found.done] == [
        ("read on", None),
        ("sold 20", pytest.approx(20.0)),
    ]


def close_of(symbol: str, day: date, usd: float) -> Fact:
    told = Bar(symbol=symbol, session_on=day, close=usd)
    return BARS.fact(told, occurred_at=instant(day), known_at=instant(day), source="test")


def rate_of(series: str, day: date, pct: float) -> Fact:
    told = Observation(series=series, observed_on=day, value=pct)
    return OBSERVATIONS.fact(told, occurred_at=instant(day), known_at=instant(day), source="test")


def test_a_noted_sale_is_held_against_what_the_rules_kept_and_what_came() -> None:
    """20 shares sold at 150 USD and 1.20 USD per euro, 180 and 1.20 now: 500 € given up."""
    day = date(2025, 8, 20)
    facts = [*world(), close_of("NVDA", day, 150.0), euro(day, 1.20)]
    sold = mine(done=[{"on": day, "note": "sold 20", "shares": -20}])
    bought = mine(done=[{"on": day, "note": "bought 10", "shares": 10}])
    told = {date(2025, 8, 19): 0.5, date(2025, 8, 22): 1.0}
    found = [position(m, History(facts), AS_OF, told) for m in (sold, bought)]
    alone = position(sold, History(facts), AS_OF)

    steps = [p.done[0] for p in found if p is not None]
    assert [s.kept_share for s in steps] == [0.5, 0.5]
    assert [s.followed for s in steps] == [True, False]
    assert [s.brought_eur for s in steps] == [pytest.approx(-500.0), pytest.approx(250.0)]
    assert alone is not None
    assert (alone.done[0].kept_share, alone.done[0].followed) == (None, None)


def test_sold_a_year_ago_into_cash_or_a_fund_by_hand() -> None:
    """The first lot, 100 shares that cost 3 500 €: 120 USD at 1.20 a year before is 10 000 €, of
    which 30 % of 6 490 € go: 8 043 € in cash. In QQQ, which rose by half, 12 052.4355 € less an
    order and tax. Kept: 15 000 € less an order and 30 % of 11 485 €."""
    then = date(2024, 8, 22)
    facts = [
        *world(), euro(then, 1.20), close_of("NVDA", then, 120.0),
        close_of("QQQ", then, 400.0), close_of("QQQ", date(2025, 8, 22), 600.0),
    ]  # fmt: skip
    found = position(mine(), History(facts), AS_OF)
    bare = position(mine(), world(), AS_OF)

    assert found is not None
    assert bare is not None
    cash, fund = found.sold_into  # SMH has no price here
    assert (cash.into, fund.into, cash.sold_on) == ("cash", "QQQ", then)
    in_cash = 9_990 - 0.3 * (9_990 - 3_500)
    grown = in_cash * 0.999 * 1.5 * 0.999
    assert cash.in_hand_eur == pytest.approx(in_cash)
    assert fund.in_hand_eur == pytest.approx(grown - 0.3 * (grown - in_cash))
    assert cash.kept_eur == pytest.approx(14_985 - 0.3 * (14_985 - 3_500))
    assert bare.sold_into == ()


def test_sold_a_year_ago_into_dollars_at_the_feds_rate_by_hand() -> None:
    """365 days of 3.6 % on 360 days; none where the rate of a day is missing for long."""
    then, until = date(2024, 8, 22), date(2025, 8, 22)
    facts = [*world(), euro(then, 1.10), close_of("NVDA", then, 120.0)]
    days = [then + timedelta(days=n) for n in range(0, 370, 5)]

    def told(series: str, kept: list[date]) -> dict[str, float]:
        rates = [rate_of(series, day, 3.6) for day in kept]
        found = position(mine(), History([*facts, *rates]), AS_OF)
        assert found is not None
        return {way.into: way.in_hand_eur for way in found.sold_into}

    whole, other = told("DFF", days), told("EFFR", days)
    gone = told("DFF", [day for day in days if not 100 < (until - day).days < 130])
    in_cash = whole["cash"]
    grown = in_cash * 0.999 * (1 + 0.036 / 360) ** 365 * 1.10 / 1.20 * 0.999
    assert whole["dollars"] == pytest.approx(grown - 0.3 * max(grown - in_cash, 0.0))
    assert whole == other
    assert set(gone) == {"cash"}


def test_what_it_must_earn_elsewhere_leaves_as_much_as_holding() -> None:
    """Put into the figure by which it was found, after both orders and both taxes."""
    found = position(mine(), world(), AS_OF)

    assert found is not None
    for way in found.outcomes:
        assert way.must_earn_pct is not None
        into = way.sell_all_eur * 0.999 * (1 + way.must_earn_pct / 100) * 0.999
        tax = 0.30 * max(into - way.sell_all_eur, 0.0)
        assert into - tax == pytest.approx(way.hold_eur)
    assert [way.must_earn_pct > 20 for way in found.outcomes if way.must_earn_pct] == [
        False, False, True
    ]  # fmt: skip


def test_the_gain_counts_dividends_as_they_came_in() -> None:
    day = date(2025, 7, 2)
    paid = CorporateAction(symbol="NVDA", ex_on=day, action="dividend", value=0.012)
    fact = ACTIONS.fact(paid, occurred_at=instant(day), known_at=instant(day), source="test")
    found = position(mine(), History([*world(), fact, euro(day, 1.20)]), AS_OF)

    assert found is not None
    assert found.gain_with_dividends_eur == pytest.approx(14_000 + 0.85 * 150 * 0.012 / 1.20)
