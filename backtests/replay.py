"""Replay: what holding these weights would have earned, filled the way a morning decision is.

Row t is session t. Its target weight was decided before the open and is filled at that session's
open (at its close where the open is not known). A trade happens when the *target* changes, not to
rebalance drift: the investor acts when the verdict changes. Between trades the position follows
the stock and the rest earns cash.

Two indices make this exact and short. The *stock index* is the price carried through splits, with
dividends reinvested at the open of the ex-date; one unit of it is one share bought on the first
day. The *cash index* earns the policy rate as known each morning, act/360. A holding is then units
of each, which change only when traded; ``backtests.sweep`` does the same sums for many parameter
sets at once, bit for bit.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.errors import DataError, InputError, OutOfRangeError
from engine.phrases import phrase
from engine.record.readings import Bar, CorporateAction
from engine.values import BoolArray, FloatArray

DAYS_A_YEAR = 360.0
"""Money-market year of the effective federal funds rate: actual days over 360."""
LEAST_WEIGHT, MOST_WEIGHT = -1.0, 2.0
"""Limits of a target weight: fully short, and twice the equity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What trading and holding cost.

    commission_bps, spread_bps: of the traded value; half of the quoted spread is paid per fill.
    borrow_pct: fee on the value of a short position, % a year. margin_pct: what a negative cash
    balance pays above the cash rate, % a year. tax_rate: on realised gains, average cost, losses
    carried forward, paid at the sale; 0 for an account without tax.
    """

    commission_bps: float = 0.0
    spread_bps: float = 10.0
    borrow_pct: float = 0.5
    margin_pct: float = 1.5
    tax_rate: float = 0.0

    def __post_init__(self) -> None:
        limits = {
            "commission_bps": 1_000.0,
            "spread_bps": 1_000.0,
            "borrow_pct": 200.0,
            "margin_pct": 100.0,
            "tax_rate": 0.99,
        }
        for name, most in limits.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and 0.0 <= value <= most):
                raise OutOfRangeError(name, value, phrase("0 to {most:sig6}", most=most))

    @property
    def fee(self) -> float:
        """Fraction of the traded value that one fill costs."""
        return (self.commission_bps + self.spread_bps / 2.0) / 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawPrices:
    """Raw prices of one symbol, one row a session.

    sessions_on: T dates, ascending. open_usd: (T,), NaN where not known. close_usd: (T,). split:
    (T,), new shares per old on the ex-date, else 1. dividend_usd: (T,), per share on the ex-date,
    on the share count after any split of that day, else 0. Anything else is refused, by row.
    """

    symbol: str
    sessions_on: tuple[date, ...]
    open_usd: FloatArray
    close_usd: FloatArray
    split: FloatArray
    dividend_usd: FloatArray

    def __post_init__(self) -> None:
        check_dates(self.sessions_on, f"{self.symbol} prices")
        rows = len(self.sessions_on)
        for name in ("open_usd", "close_usd", "split", "dividend_usd"):
            array: FloatArray = getattr(self, name)
            if array.shape != (rows,):
                raise DataError(
                    phrase(
                        "{symbol} {name} has shape {shape}, not ({rows},)",
                        symbol=self.symbol,
                        name=str(name),
                        shape=str(array.shape),
                        rows=str(rows),
                    )
                )
            good = np.isfinite(array) & (array >= 0 if name == "dividend_usd" else array > 0)
            if name == "open_usd":
                good |= np.isnan(array)
            if not good.all():
                row = int(np.argmin(good))
                raise DataError(
                    phrase(
                        "{symbol} {name} of {sessions_on} (row {row}) = {array}",
                        symbol=self.symbol,
                        name=str(name),
                        sessions_on=str(self.sessions_on[row]),
                        row=str(row),
                        array=repr(array[row]),
                    ),
                    remedy=phrase("prices are positive and finite"),
                )

    def between(self, first: date, last: date) -> RawPrices:
        """The sessions from ``first`` to ``last``, both included."""
        window = rows_between(self.sessions_on, first, last)
        return RawPrices(
            symbol=self.symbol,
            sessions_on=self.sessions_on[window],
            open_usd=self.open_usd[window],
            close_usd=self.close_usd[window],
            split=self.split[window],
            dividend_usd=self.dividend_usd[window],
        )


def check_dates(dates: Sequence[date], what: str) -> None:
    """Refuse an empty, unordered or repeating list of dates, naming the row."""
    if not dates:
        raise DataError(phrase("{what}: no sessions", what=str(what)))
    for row in range(1, len(dates)):
        if dates[row] == dates[row - 1]:
            raise DataError(
                phrase(
                    "{what}: {dates} comes twice (row {row})",
                    what=str(what),
                    dates=str(dates[row]),
                    row=str(row),
                )
            )
        if dates[row] < dates[row - 1]:
            raise DataError(
                phrase(
                    "{what}: {dates} (row {row}) is before {before}",
                    what=str(what),
                    dates=str(dates[row]),
                    row=str(row),
                    before=str(dates[row - 1]),
                )
            )


def rows_between(dates: Sequence[date], first: date, last: date) -> slice:
    """The rows of ``dates`` from ``first`` to ``last``; a window longer than the data is refused.

    A bound that is no session means the next session inside.
    """
    if first > last:
        raise InputError(
            phrase(
                "the window ends ({last}) before it begins ({first})",
                last=str(last),
                first=str(first),
            )
        )
    if not dates or first < dates[0] or last > dates[-1]:
        span = f"{dates[0]} to {dates[-1]}" if dates else "nothing"
        raise InputError(
            phrase(
                "the window {first} to {last} is longer than the data",
                first=str(first),
                last=str(last),
            ),
            remedy=phrase("there is {span}", span=str(span)),
        )
    inside = [row for row, day in enumerate(dates) if first <= day <= last]
    if not inside:
        raise InputError(
            phrase("no session between {first} and {last}", first=str(first), last=str(last))
        )
    return slice(inside[0], inside[-1] + 1)


def prices_over(
    bars: Mapping[date, Bar],
    actions: Iterable[CorporateAction],
    sessions_on: Sequence[date],
    *,
    symbol: str = "NVDA",
) -> RawPrices:
    """Readings of one symbol as arrays over ``sessions_on``; a session without bar is a gap.

    bars: by session, as the record knows them. actions: splits and dividends; an ex-date that is
    no session binds at the next one, and one before the first open is in the first price already.
    """
    missing = [day for day in sessions_on if day not in bars]
    if missing:
        more = f" and {len(missing) - 1} more sessions" if len(missing) > 1 else ""
        raise DataError(
            phrase(
                "{symbol} has no bar for {missing}{more}",
                symbol=str(symbol),
                missing=str(missing[0]),
                more=str(more),
            ),
            remedy=phrase("import the missing bars, or choose another window"),
        )
    chosen = [bars[day] for day in sessions_on]
    split, dividend = np.ones(len(sessions_on)), np.zeros(len(sessions_on))
    for action in actions:
        row = bisect_left(sessions_on, action.ex_on)
        if 0 < row < len(sessions_on):
            if action.action == "split":
                split[row] *= action.value
            else:
                dividend[row] += action.value
    return RawPrices(
        symbol=symbol,
        sessions_on=tuple(sessions_on),
        open_usd=np.array([math.nan if b.open is None else b.open for b in chosen]),
        close_usd=np.array([b.close for b in chosen]),
        split=split,
        dividend_usd=dividend,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitValues:
    """What one unit of each thing is worth, as (T,) arrays.

    stock_fill, stock_close: stock index at the fill and at the close. short_fill, short_close: the
    same with the borrow fee compounded. cash: index of a positive balance; debt: of a negative one.
    price_usd: raw price of the fill. at_close: sessions without a known open, filled at the close.
    """

    sessions_on: tuple[date, ...]
    stock_fill: FloatArray
    stock_close: FloatArray
    short_fill: FloatArray
    short_close: FloatArray
    cash: FloatArray
    debt: FloatArray
    price_usd: FloatArray
    at_close: BoolArray
    costs: Costs

    def __len__(self) -> int:
        return len(self.sessions_on)

    def part(self, rows: slice) -> UnitValues:
        """Some consecutive sessions of it; an account is relative, so the indices stay."""
        return UnitValues(
            sessions_on=self.sessions_on[rows],
            stock_fill=self.stock_fill[rows],
            stock_close=self.stock_close[rows],
            short_fill=self.short_fill[rows],
            short_close=self.short_close[rows],
            cash=self.cash[rows],
            debt=self.debt[rows],
            price_usd=self.price_usd[rows],
            at_close=self.at_close[rows],
            costs=self.costs,
        )

    @property
    def cash_returns(self) -> FloatArray:
        """(T,): return of cash from the session before; 0 on the first."""
        return np.concatenate(([0.0], self.cash[1:] / self.cash[:-1] - 1.0))


def market(prices: RawPrices, cash_rate_pct: FloatArray | float, costs: Costs) -> UnitValues:
    """Indices for ``prices``.

    cash_rate_pct: % a year as known each morning, (T,) or one figure; the nights after session t
    earn the rate known at t. NaN: not observed, the last known rate goes on; 0 before the first.
    """
    at_close = np.isnan(prices.open_usd)
    fill = np.where(at_close, prices.close_usd, prices.open_usd)
    carried = np.cumprod(prices.split * (1.0 + prices.dividend_usd / fill))
    days = np.diff([d.toordinal() for d in prices.sessions_on], prepend=0).astype(np.float64)
    days[0] = 0.0
    years = days / DAYS_A_YEAR
    rate = np.roll(_carried_rate(cash_rate_pct, len(fill)), 1) / 100.0
    borrow = _compounded(costs.borrow_pct / 100.0 * years)
    return UnitValues(
        sessions_on=prices.sessions_on,
        stock_fill=fill * carried,
        stock_close=prices.close_usd * carried,
        short_fill=fill * carried * borrow,
        short_close=prices.close_usd * carried * borrow,
        cash=_compounded(rate * years),
        debt=_compounded((rate + costs.margin_pct / 100.0) * years),
        price_usd=fill,
        at_close=at_close,
        costs=costs,
    )


def _compounded(growth: FloatArray) -> FloatArray:
    return np.asarray(np.cumprod(1.0 + growth), dtype=np.float64)


def _carried_rate(rate_pct: FloatArray | float, rows: int) -> FloatArray:
    rate = np.array(np.broadcast_to(np.asarray(rate_pct, dtype=np.float64), (rows,)))
    last = 0.0
    for row in range(rows):
        last = rate[row] if math.isfinite(rate[row]) else last
        rate[row] = last
    return rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One fill. cost_usd: commission and half spread. tax_usd: paid on gains realised by it.

    Weights are targets as shares of equity; the trade's value is signed, + is buying.
    """

    session_on: date
    from_weight: float
    to_weight: float
    price_usd: float
    value: float
    cost: float
    tax: float
    filled_at: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replay:
    """The path of an account.

    equity, returns, cash_returns, weights: (T,), marked at the close; returns[0] is from the
    capital put in before the first open. weights: actual share of equity in the stock at the
    close, between trades it drifts. turnover: (T,), traded value over equity. tax_due: on the gain
    that is still open at the last close; 0 for an account without tax.
    """

    sessions_on: tuple[date, ...]
    capital: float
    equity: FloatArray
    returns: FloatArray
    cash_returns: FloatArray
    weights: FloatArray
    turnover: FloatArray
    trades: tuple[Trade, ...]
    tax_due: float = 0.0

    @property
    def final_equity(self) -> float:
        """Value at the last close, after costs."""
        return float(self.equity[-1])


def check_weights(target_weight: FloatArray, sessions_on: Sequence[date]) -> None:
    """Refuse weights that are not numbers or outside the limits, naming the session."""
    if target_weight.shape != (len(sessions_on),):
        raise DataError(
            phrase(
                "{shape} target weights for {sessions_on} sessions",
                shape=str(target_weight.shape),
                sessions_on=str(len(sessions_on)),
            )
        )
    good = (target_weight >= LEAST_WEIGHT) & (target_weight <= MOST_WEIGHT)
    if not good.all():
        row = int(np.argmin(good))
        raise DataError(
            phrase(
                "target weight of {sessions_on} (row {row}) = {target_weight}",
                sessions_on=str(sessions_on[row]),
                row=str(row),
                target_weight=repr(float(target_weight[row])),
            ),
            remedy=phrase(
                "allowed: {least_weight} to {most_weight}",
                least_weight=f"{LEAST_WEIGHT:g}",
                most_weight=f"{MOST_WEIGHT:g}",
            ),
        )


def replay(
    world: UnitValues,
    target_weight: FloatArray,
    *,
    capital: float = 1.0,
    rebalanced: BoolArray | None = None,
) -> Replay:
    """Hold ``target_weight`` (T,), decided before each open, through ``world``.

    rebalanced: (T,), sessions on which the position is brought back to its target though that did
    not change; None: never, it drifts.

    The account starts in cash. Costs are paid out of the account, so that the position after a
    trade is the target share of what is left. Raises ``DataError`` for bad weights, or when the
    account is wiped out.
    """
    if not (math.isfinite(capital) and capital > 0):
        raise OutOfRangeError("capital", capital, phrase("more than 0"))
    check_weights(target_weight, world.sessions_on)
    account = _Account(world, capital)
    rows = len(world)
    equity, position, turnover = np.empty(rows), np.empty(rows), np.zeros(rows)
    trades: list[Trade] = []
    held = 0.0
    again = [False] * rows if rebalanced is None else rebalanced.tolist()
    for t, target in enumerate(target_weight.tolist()):
        if target != held or again[t]:
            trade, before = account.trade(t, held, target)
            trades.append(trade)
            turnover[t] = abs(trade.value) / before
            held = target
        equity[t], position[t] = account.marked(t)
    if not (equity > 0).all():
        row = int(np.argmin(equity > 0))
        raise DataError(
            phrase(
                "the account is wiped out on {sessions_on} (row {row})",
                sessions_on=str(world.sessions_on[row]),
                row=str(row),
            )
        )
    start = np.concatenate(([capital], equity[:-1]))
    return Replay(
        sessions_on=world.sessions_on,
        capital=capital,
        equity=equity,
        returns=equity / start - 1.0,
        cash_returns=world.cash_returns,
        weights=position / equity,
        turnover=turnover,
        trades=tuple(trades),
        tax_due=account.tax_due(rows - 1),
    )


class _Account:
    """Units of stock and cash, with the tax basis. Lives for one replay.

    Indices are plain lists: reading one number is several times faster than from an array.
    """

    def __init__(self, world: UnitValues, capital: float) -> None:
        self.world = world
        self.fill = world.stock_fill.tolist(), world.short_fill.tolist()
        self.close = world.stock_close.tolist(), world.short_close.tolist()
        self.money = world.cash.tolist(), world.debt.tolist()
        self.units = 0.0
        self.cash_units = capital / self.money[0][0]
        self.basis_per_unit = 0.0
        self.losses = 0.0

    def marked(self, t: int) -> tuple[float, float]:
        """Equity and signed value of the stock at the close."""
        position: float = self.units * self.close[self.units < 0][t]
        return position + self.cash_units * self.money[self.cash_units < 0][t], position

    def trade(self, t: int, held: float, target: float) -> tuple[Trade, float]:
        """Move to ``target`` of the equity left after the fee; also tells the equity before.

        Tax comes out of cash.
        """
        world, fee = self.world, self.world.costs.fee
        before = self.units * self.fill[self.units < 0][t]
        total = before + self.cash_units * self.money[self.cash_units < 0][t]
        after = position_after(before, total, target, fee)
        cost = fee * abs(after - before)
        tax = self._tax(before, after, self.fill[0][t])
        self.units = after / self.fill[after < 0][t]
        cash = total - cost - after
        if 0.0 <= target <= 1.0:
            cash = max(cash, 0.0)  # rounding must not make a debt
        cash -= tax
        self.cash_units = cash / self.money[cash < 0][t]
        trade = Trade(
            session_on=world.sessions_on[t],
            from_weight=held,
            to_weight=target,
            price_usd=float(world.price_usd[t]),
            value=after - before,
            cost=cost,
            tax=tax,
            filled_at="close" if world.at_close[t] else "open",
        )
        return trade, total

    def _tax(self, before: float, after: float, index: float) -> float:
        """Tax on what this fill realises of a long position; also keeps the average cost."""
        rate = self.world.costs.tax_rate
        if rate == 0.0:
            return 0.0
        kept, sold = max(0.0, min(before, after)), max(0.0, before) - max(0.0, after)
        if sold <= 0:  # buying: the average cost moves towards today's index
            bought = max(0.0, after) - kept
            if kept + bought > 0:
                cost = self.basis_per_unit * kept / index + bought
                self.basis_per_unit = cost / ((kept + bought) / index)
            return 0.0
        gain = sold - self.basis_per_unit * sold / index - self.losses
        self.losses = max(0.0, -gain)
        return rate * max(0.0, gain)

    def tax_due(self, t: int) -> float:
        """Tax on what selling everything at the close would realise; losses come off first."""
        gain = self.units * (self.close[0][t] - self.basis_per_unit) if self.units > 0 else 0.0
        return self.world.costs.tax_rate * max(0.0, gain - self.losses)


def position_after(before: float, total: float, target: float, fee: float) -> float:
    """Value of the stock such that it is ``target`` of what is left after the fee.

    Solves x = w (E - f |x - v|): x = w (E + f v) / (1 + w f) when that is a purchase, else
    x = w (E - f v) / (1 - w f).
    """
    bought = target * (total + fee * before) / (1.0 + target * fee)
    if bought >= before:
        return bought
    return target * (total - fee * before) / (1.0 - target * fee)


def buy_and_hold(world: UnitValues, *, capital: float = 1.0) -> Replay:
    """The benchmark: everything into the stock at the first fill, same costs."""
    return replay(world, np.ones(len(world)), capital=capital)
