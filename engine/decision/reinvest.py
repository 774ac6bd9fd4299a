"""Sold into what: the money put elsewhere against the shares kept, after tax on both ways.

Pure. Looking back, each way is followed over the last year on record, which says what came and not
what will come. Looking ahead, one figure: what the money must earn elsewhere to bring as much.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

CASH = "cash"
DOLLARS = "dollars"
"""A money fund in dollars that earns the effective Fed rate of each day, without fees."""
ELSEWHERE = ("QQQ", "SMH")
"""Funds with prices on record: the Nasdaq 100, and makers of semiconductors."""
BACK = timedelta(days=365)
SLACK = timedelta(days=10)
"""A price so much before the day stands for it: the longest pause of an exchange, with room."""

Closes = Mapping[date, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldInto:
    """Euro in hand on ``until_on`` had all shares held on ``sold_on`` been sold that day, taxed,
    put into ``into``, and taken out again, taxed. kept_eur: the same shares kept and sold on
    ``until_on``. Price moves alone: no dividends, and cash in euro without interest.
    """

    into: str
    sold_on: date
    until_on: date
    in_hand_eur: float
    kept_eur: float


def after_tax(value: float, cost: float, tax_rate: float, order: float) -> tuple[float, float]:
    """(tax, money in hand) when shares worth ``value`` that cost ``cost`` are sold.

    tax_rate, order: fractions of one; order: what the order costs, of its value. French law takes
    the order's cost off the gain (CGI, article 150-0 D).
    """
    proceeds = value * (1 - order)
    tax = tax_rate * max(proceeds - cost, 0.0)
    return tax, proceeds - tax


def must_earn_pct(in_hand: float, wanted: float, tax_rate: float, order: float) -> float:
    """Rise in % by which ``in_hand``, put elsewhere and sold later, leaves ``wanted`` after tax."""
    proceeds = wanted
    if wanted > in_hand:
        proceeds = (wanted - tax_rate * in_hand) / (1 - tax_rate)
    return 100 * (proceeds / (in_hand * (1 - order) ** 2) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class YearBack:
    """What the comparison needs. nvda, usd_per_eur: by day, ascending; shares: held on ``sold_on``,
    in shares of the last day; cost_eur: of these; tax_then, tax_now: fractions of one; effr_pct:
    the effective Fed rate by day, a year, in per cent."""

    nvda: Closes
    usd_per_eur: Closes
    shares: float
    cost_eur: float
    sold_on: date
    until_on: date
    tax_then: float
    tax_now: float
    order: float
    effr_pct: Closes = field(default_factory=dict)


def sale_day(nvda: Closes) -> date | None:
    """The last session a year before the newest; None where the prices do not reach so far."""
    return None if not nvda else _by(nvda, max(nvda) - BACK)


def sold_into(year: YearBack, elsewhere: Mapping[str, Closes]) -> tuple[SoldInto, ...]:
    """Cash first, then dollars where the Fed's rate is known for every day, then each fund of
    ``elsewhere`` that has both prices; empty without a rate of the euro."""
    rates = [_by(year.usd_per_eur, day) for day in (year.sold_on, year.until_on)]
    if rates[0] is None or rates[1] is None:
        return ()
    then, now = (year.usd_per_eur[day] for day in rates if day is not None)
    price_then, price_now = year.nvda[year.sold_on], year.nvda[year.until_on]
    value = year.shares * price_then / then
    _, in_hand = after_tax(value, year.cost_eur, year.tax_then, year.order)
    later = year.shares * price_now / now
    _, kept = after_tax(later, year.cost_eur, year.tax_now, year.order)
    ways, grew = {CASH: in_hand}, dict[str, float]()
    if (interest := _interest(year.effr_pct, year.sold_on, year.until_on)) is not None:
        grew[DOLLARS] = interest
    for name, closes in elsewhere.items():
        days = [_by(closes, day) for day in (year.sold_on, year.until_on)]
        if days[0] is not None and days[1] is not None:
            grew[name] = closes[days[1]] / closes[days[0]]
    for name, factor in grew.items():
        grown = in_hand * (1 - year.order) * factor * then / now
        ways[name] = after_tax(grown, in_hand, year.tax_now, year.order)[1]
    return tuple(
        SoldInto(
            into=name,
            sold_on=year.sold_on,
            until_on=year.until_on,
            in_hand_eur=money,
            kept_eur=kept,
        )
        for name, money in ways.items()
    )


def _interest(effr_pct: Closes, first: date, last: date) -> float | None:
    """What 1 USD becomes at the effective rate, compounded daily on 360 days a year, as such
    deposits count; None where the rate of a day is not known."""
    days, grown = sorted(effr_pct), 1.0
    place = bisect_right(days, first) - 1
    for n in range((last - first).days):
        day = first + timedelta(days=n)
        while place + 1 < len(days) and days[place + 1] <= day:
            place += 1
        if place < 0 or day - days[place] > SLACK:
            return None
        grown *= 1 + effr_pct[days[place]] / 100 / 360
    return grown


def _by(closes: Closes, day: date) -> date | None:
    """The last day with a price on or before ``day``; None where that is long before."""
    found = max((d for d in closes if d <= day), default=None)
    return found if found is not None and day - found <= SLACK else None
