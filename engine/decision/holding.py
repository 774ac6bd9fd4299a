"""What the investor's own shares are worth, and what selling them would bring after tax.

Pure, and read by nobody who decides: lines in money beside a decision, never part of one. All sums
are in euro. A figure that lacks what it is made of is None, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from config.holding import Holding, Lot, StepNoted, TaxRule
from engine.clock import NEW_YORK
from engine.decision.rates import EFFR
from engine.decision.reinvest import (
    ELSEWHERE,
    SoldInto,
    YearBack,
    after_tax,
    must_earn_pct,
    sale_day,
    sold_into,
)
from engine.record.asof import actions_at, closes_at, known, split_factor
from engine.record.history import History
from engine.record.readings import OBSERVATIONS, USD_PER_EURO, CorporateAction

NVDA = "NVDA"
FALLS_PCT = (10.0, 20.0, 35.0)
"""Falls told in euro: two of ``chances`` and the deep one of ``config/scenarios``."""
MOVES_PCT = (-20.0, 0.0, 20.0)
"""Moves of the share price for which holding, selling half and selling all are compared."""
RATE_DAYS = 7
"""A purchase counts with the reference rate of its day, or the last one this many days before: the
longest pause of the reference rates, over Easter and Christmas, is four days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleOutcome:
    """Euro in hand after tax and costs once the price has moved by ``move_pct`` and the rest is
    sold; what was sold before lies as cash without interest. must_earn_pct: what it must earn
    elsewhere, all sold now, to bring as much as holding, after tax on it too; None for nothing."""

    move_pct: float
    hold_eur: float
    sell_half_eur: float
    sell_all_eur: float
    must_earn_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """What a fall of the price takes. wealth_pct: of all that the owner has; None: not told."""

    fall_pct: float
    loss_eur: float
    wealth_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What the owner noted that he did, and what came.

    move_pct: of NVDA since, None without a price. kept_share: what the rules kept on that day;
    None: they had not begun, or nobody asked. followed: whether shares were sold when they kept
    less than all, or bought when they kept all. brought_eur: against not having done it, before
    tax; minus: it cost so much. Both None where the shares are not told.
    """

    on: date
    note: str
    move_pct: float | None
    kept_share: float | None = None
    followed: bool | None = None
    brought_eur: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The holding on the day ``as_of_on``. shares: in that day's shares, after splits.

    price_usd: close of ``price_on``. usd_per_eur: reference rate of ``rate_on``. cost_eur: at the
    reference rate of each purchase; None where one is not on record. gain_eur: before tax and
    costs. tax_if_sold_eur: on the whole gain if sold now; a loss brings no tax back here.
    break_even_fall_pct: NVDA must fall so far before what a sale brings buys back as many shares,
    costs of both orders counted; 0 or more. break_even_if_back_pct: the same where NVDA then comes
    back to today's price and everything is sold and taxed: tax paid now is tax saved then, so that
    only the costs are left. half_*: selling half of every lot.
    dividends_eur: before any tax, at the reference rate of each ex-date; withheld_eur: what the US
    kept of it; None where a rate or the percentage is not known. insured_eur_a_month: what a put
    10 % below the price costs for all shares, by the chain that ends on insured_until.
    """

    as_of_on: date
    shares: float
    price_usd: float | None
    price_on: date | None
    usd_per_eur: float | None
    rate_on: date | None
    value_eur: float | None
    cost_eur: float | None
    gain_eur: float | None
    tax_rate_pct: float | None
    tax_source: str
    tax_confidence: str | None
    tax_if_sold_eur: float | None
    order_cost_eur: float | None
    net_if_sold_eur: float | None
    break_even_fall_pct: float | None
    break_even_if_back_pct: float
    half_net_eur: float | None
    half_tax_eur: float | None
    half_kept_eur: float | None
    outcomes: tuple[SaleOutcome, ...] = ()
    dividends_eur: float | None = None
    withheld_eur: float | None = None
    falls: tuple[Fall, ...] = ()
    insured_eur_a_month: float | None = None
    insured_until: date | None = None
    done: tuple[Since, ...] = ()
    gain_with_dividends_eur: float | None = None
    sold_into: tuple[SoldInto, ...] = ()


def position(
    holding: Holding, history: History, at: datetime, kept: Mapping[date, float] | None = None
) -> Position | None:
    """``holding`` at ``at``, by what was known then; None where nothing had been bought.

    kept: session -> share of the holding that the rules kept.
    """
    today = at.astimezone(NEW_YORK).date()
    lots = [lot for lot in holding.lots if lot.bought_on <= today]
    if not lots:
        return None
    closes, rates = closes_at(history, NVDA, at), euro_rates(history, at)
    splits = actions_at(history, NVDA, at)
    shares = sum(lot.shares * split_factor(splits, lot.bought_on, today) for lot in lots)
    price_on, rate_on = max(closes, default=None), max(rates, default=None)
    price = None if price_on is None else closes[price_on]
    rate = None if rate_on is None else rates[rate_on]
    value = None if price is None or rate is None else shares * price / rate
    costs = [cost_eur(lot, rates) for lot in lots]
    paid = [cost for cost in costs if cost is not None]
    rule = _rule(holding, today)
    found = _valued(
        today=today,
        shares=shares, price=(price, price_on), rate=(rate, rate_on), value=value,
        cost=sum(paid) if len(paid) == len(lots) else None, rule=rule,
        tax_rate=holding.tax_rate(rule), order=holding.order_cost_bp / 1e4,
    )  # fmt: skip
    gross = dividends_eur(lots, splits, rates, today)
    kept_pct = holding.withholding_pct()
    insured = _insurance(history, at)
    return replace(
        found,
        dividends_eur=gross,
        withheld_eur=None if gross is None or kept_pct is None else gross * kept_pct / 100,
        falls=() if value is None else _falls(value, holding.share_of_wealth_pct),
        insured_eur_a_month=None if insured is None or value is None else value * insured[0] / 100,
        insured_until=None if insured is None else insured[1],
        done=_since(holding, (closes, rates, splits), today, kept or {}),
        gain_with_dividends_eur=_with_dividends(found.gain_eur, gross, kept_pct),
        sold_into=_year_back(holding, history, at, lots),
    )


def _with_dividends(
    gain: float | None, gross: float | None, kept_pct: float | None
) -> float | None:
    """The gain with dividends as they came in, after what the US withheld; None for not known."""
    if gain is None or gross is None or (kept_pct is None and gross > 0):
        return None
    return gain + gross * (1 - (kept_pct or 0.0) / 100)


def _year_back(
    holding: Holding, history: History, at: datetime, lots: Sequence[Lot]
) -> tuple[SoldInto, ...]:
    """Everything sold a year before the newest close, each way, of the lots held by then."""
    closes, rates = closes_at(history, NVDA, at), euro_rates(history, at)
    sold_on = sale_day(closes)
    held = [lot for lot in lots if sold_on is not None and lot.bought_on <= sold_on]
    costs = [cost_eur(lot, rates) for lot in held]
    if sold_on is None or not held:
        return ()
    until_on, splits = max(closes), actions_at(history, NVDA, at)
    then, now = (holding.tax_rate(_rule(holding, day)) for day in (sold_on, until_on))
    if then is None or now is None or (None in costs and max(then, now) > 0):
        return ()
    year = YearBack(
        nvda=closes, usd_per_eur=rates, sold_on=sold_on, until_on=until_on,
        shares=sum(lot.shares * split_factor(splits, lot.bought_on, until_on) for lot in held),
        cost_eur=sum(cost or 0.0 for cost in costs), tax_then=then, tax_now=now,
        order=holding.order_cost_bp / 1e4, effr_pct=effective_rates(history, at),
    )  # fmt: skip
    return sold_into(year, {name: closes_at(history, name, at) for name in ELSEWHERE})


def _rule(holding: Holding, on: date) -> TaxRule | None:
    return holding.tax_rule(on) if holding.account_type == "taxable" else None


def dividends_eur(
    lots: Sequence[Lot],
    actions: Sequence[CorporateAction],
    rates: dict[date, float],
    today: date,
) -> float | None:
    """What ``lots`` were paid until ``today``, by ex-date, before tax; None where a rate is not on
    record. A lot bought on an ex-date has no claim to that dividend."""
    total = 0.0
    for lot in lots:
        for paid in actions:
            if paid.action != "dividend" or not lot.bought_on < paid.ex_on <= today:
                continue
            rate = _rate_on(rates, paid.ex_on)
            if rate is None:
                return None
            shares = lot.shares * split_factor(actions, lot.bought_on, paid.ex_on)
            total += shares * paid.value / rate
    return total


def _falls(value: float, share_pct: float | None) -> tuple[Fall, ...]:
    return tuple(
        Fall(
            fall_pct=fall,
            loss_eur=value * fall / 100,
            wealth_pct=None if share_pct is None else share_pct * fall / 100,
        )
        for fall in FALLS_PCT
    )


def _insurance(history: History, at: datetime) -> tuple[float, date] | None:
    """(% of the holding a month, expiry) of the nearest chain of NVDA that prices a put."""
    from engine.decision.options import option_outlook

    told = ((o.put_cost_pct, o.expires_on) for o in option_outlook(history, at) if o.symbol == NVDA)
    return next(((cost, until) for cost, until in told if cost is not None), None)


Known = tuple[dict[date, float], dict[date, float], Sequence[CorporateAction]]
"""Closes of NVDA in today's shares, USD per euro, splits."""


def _since(
    holding: Holding, known_by: Known, today: date, kept: Mapping[date, float]
) -> tuple[Since, ...]:
    """Each noted step with what came since, from the last close by its day to the newest."""
    steps = sorted((s for s in holding.done if s.on <= today), key=lambda s: s.on)
    return tuple(_step(step, known_by, today, kept) for step in steps)


def _step(step: StepNoted, known_by: Known, today: date, kept: Mapping[date, float]) -> Since:
    closes, rates, splits = known_by
    before = max((day for day in closes if day <= step.on), default=None)
    decided = max((day for day in kept if day <= step.on), default=None)
    share = None if decided is None else kept[decided]
    followed = None
    if step.shares and share is not None:
        followed = share < 1 if step.shares < 0 else share >= 1
    if before is None:
        return Since(on=step.on, note=step.note, move_pct=None, kept_share=share, followed=followed)
    last = max(closes)
    then, now = _rate_on(rates, step.on), _rate_on(rates, last)
    brought = None
    if step.shares and then is not None and now is not None:
        shares = step.shares * split_factor(splits, step.on, today)
        brought = shares * (closes[last] / now - closes[before] / then)
    return Since(
        on=step.on,
        note=step.note,
        move_pct=100 * (closes[last] / closes[before] - 1),
        kept_share=share,
        followed=followed,
        brought_eur=brought,
    )


def euro_rates(history: History, at: datetime) -> dict[date, float]:
    """Day -> USD per euro, as known at ``at``."""
    told = known(history, OBSERVATIONS, at).values()
    return {o.observed_on: o.value for o in told if o.series == USD_PER_EURO and o.value > 0}


def effective_rates(history: History, at: datetime) -> dict[date, float]:
    """Day -> effective Fed rate, % a year, as known at ``at``; of one day FRED's counts first."""
    told = known(history, OBSERVATIONS, at).values()
    found: dict[date, float] = {}
    for series in reversed(EFFR):
        found |= {o.observed_on: o.value for o in told if o.series == series}
    return found


def cost_eur(lot: Lot, rates: dict[date, float]) -> float | None:
    """What ``lot`` cost in euro; None in a currency, or on a day, for which no rate is on record.

    French tax counts both ends in euro at the rate of the day, so the dollar's move is part of the
    gain.
    """
    paid = lot.shares * lot.cost_per_share
    if lot.currency == "EUR":
        return paid
    rate = _rate_on(rates, lot.bought_on)
    return None if lot.currency != "USD" or rate is None else paid / rate


def _rate_on(rates: dict[date, float], on: date) -> float | None:
    """USD per euro of ``on``, or of the last day before within ``RATE_DAYS``."""
    days = (on - timedelta(days=n) for n in range(RATE_DAYS + 1))
    return next((rates[day] for day in days if day in rates), None)


def _valued(
    *,
    today: date,
    shares: float,
    price: tuple[float | None, date | None],
    rate: tuple[float | None, date | None],
    value: float | None,
    cost: float | None,
    rule: TaxRule | None,
    tax_rate: float | None,
    order: float,
) -> Position:
    tax = net = fall = None
    outcomes: tuple[SaleOutcome, ...] = ()
    # without tax the cost moves nothing in hand
    cost_for_tax = (cost or 0.0) if tax_rate == 0 else cost
    if value is not None and cost_for_tax is not None and tax_rate is not None:
        tax, net = after_tax(value, cost_for_tax, tax_rate, order)
        fall = 100 * (1 - net * (1 - order) / value)
        outcomes = tuple(_outcome(move, value, cost_for_tax, tax_rate, order) for move in MOVES_PCT)
    return Position(
        as_of_on=today, shares=shares, price_usd=price[0], price_on=price[1], usd_per_eur=rate[0],
        rate_on=rate[1], value_eur=value, cost_eur=cost,
        gain_eur=None if value is None or cost is None else value - cost,
        tax_rate_pct=None if tax_rate is None else 100 * tax_rate,
        tax_source="" if rule is None else rule.source,
        tax_confidence=None if rule is None else rule.confidence,
        tax_if_sold_eur=tax, order_cost_eur=None if value is None else value * order,
        net_if_sold_eur=net, break_even_fall_pct=fall,
        break_even_if_back_pct=100 * (1 - (1 - order) ** 2),
        half_net_eur=None if net is None else net / 2,
        half_tax_eur=None if tax is None else tax / 2,
        half_kept_eur=None if value is None else value / 2,
        outcomes=outcomes,
    )  # fmt: skip


def _outcome(move: float, value: float, cost: float, tax_rate: float, order: float) -> SaleOutcome:
    _, now = after_tax(value, cost, tax_rate, order)
    _, later = after_tax(value * (1 + move / 100), cost, tax_rate, order)
    return SaleOutcome(
        move_pct=move,
        hold_eur=later,
        sell_half_eur=(now + later) / 2,
        sell_all_eur=now,
        must_earn_pct=must_earn_pct(now, later, tax_rate, order) if now > 0 else None,
    )
