"""Many accounts at once: units of stock and cash that change only when traded.

The sums are those of ``replay`` in the same order, so that every path has the same bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backtests.replay import UnitValues
from engine.values import BoolArray, FloatArray

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chunk:
    """Results of one chunk, (p,) unless said. NaN where not asked for or not existing.

    final_equity: capital 1. moments: (4, p), sums of the first four powers of excess returns.
    block_sums, block_squares: (blocks, p), of excess returns. max_drawdown: 0 or negative, a
    fraction. exposure: mean target weight. traded: sum of traded value over equity. n_trades.
    """

    final_equity: FloatArray
    n_trades: IntArray
    exposure: FloatArray
    traded: FloatArray
    max_drawdown: FloatArray
    moments: FloatArray
    block_sums: FloatArray
    block_squares: FloatArray


def final_equities(
    world: UnitValues, levels: FloatArray, states: npt.NDArray[np.uint8]
) -> FloatArray:
    """(n,): where ``n`` accounts end that hold ``levels[state]`` at each session.

    levels: (k,) target weights. states: (T, n), rows of ``levels``. Capital 1, as in ``replay``.
    """
    books = Accounts(world, np.repeat(levels[:, None], states.shape[1], axis=1), curves=False)
    changed = np.zeros(states.shape, dtype=np.bool_)
    changed[1:] = states[1:] != states[:-1]
    for t in range(len(world)):
        books.session(t, states[t], changed[t])
    return books.result().final_equity


class Accounts:
    """The accounts of a chunk, walked session by session.

    levels: (3, n) target weights by state (sold, holding, reduced), or any (k, n). curves: keep
    statistics of the paths, not final equity alone. keep: (T, n) to be filled with excess returns.
    """

    def __init__(
        self,
        world: UnitValues,
        levels: FloatArray,
        *,
        curves: bool,
        keep: FloatArray | None = None,
    ) -> None:
        n = levels.shape[1]
        self.world, self.levels, self.curves, self.keep = world, levels, curves, keep
        # The same weights in every set, the common case, need a look-up of three numbers only.
        self.level = levels[:, 0].copy() if (levels == levels[:, :1]).all() else None
        self.distinct = bool((np.diff(np.sort(levels, axis=0), axis=0) != 0).all())
        # Within [0, 1] neither the stock nor the cash can be owed.
        self.owing = bool((levels < 0).any() or (levels > 1).any())
        self.held, self.units = np.zeros(n), np.zeros(n)
        self.cash_units = np.full(n, 1.0 / world.cash[0])
        self.n_trades = np.zeros(n, dtype=np.int64)
        self.traded, self.exposure = np.zeros(n), np.zeros(n)
        self.since = np.zeros(n, dtype=np.int64)
        self.equity, self.before = np.ones(n), np.ones(n)
        self.peak, self.worst = np.ones(n), np.ones(n)
        self.block = np.zeros((2, n))
        self.high = np.zeros((2, n))
        self.scratch = np.empty((2, n))
        self.blocks: list[FloatArray] = []
        self.excess_cash = world.cash_returns

    def restage(self, levels: FloatArray, state: npt.NDArray[np.uint8]) -> BoolArray:
        """New target weights (3, n) or (3, 1) by state; (n,): whose present one they move."""
        moved = levels != (self.levels[:, :1] if levels.shape[1] == 1 else self.levels)
        if not moved.any():
            return np.zeros(state.size, dtype=np.bool_)
        if levels.shape[1] == 1:
            self.level = levels[:, 0].copy()
            self.levels = levels
            return np.asarray(moved[:, 0][state])
        self.level, self.levels = None, levels
        return np.asarray(moved[state, np.arange(state.size)])

    def session(self, t: int, state: npt.NDArray[np.uint8], changed: BoolArray) -> None:
        """Trade what changed at the fill, then mark at the close."""
        who = np.arange(state.size) if t == 0 else changed.nonzero()[0]
        if who.size:
            self._trade(t, state, who)
        if self.curves:
            self._mark(t)

    def _trade(self, t: int, state: npt.NDArray[np.uint8], who: npt.NDArray[np.intp]) -> None:
        target = self._target(state[who], who)
        if t == 0 or not self.distinct:
            moves = target != self.held[who]
            who, target = who[moves], target[moves]
        world, fee = self.world, self.world.costs.fee
        units, cash_units = self.units[who], self.cash_units[who]
        before = units * self._index(units, world.stock_fill[t], world.short_fill[t])
        cash = cash_units * self._index(cash_units, world.cash[t], world.debt[t])
        total = before + cash
        after = _position_after(before, total, target, fee)
        cost = fee * np.abs(after - before)
        cash = total - cost - after
        kept = np.maximum(cash, 0.0)
        cash = np.where((target >= 0) & (target <= 1), kept, cash) if self.owing else kept
        self.units[who] = after / self._index(after, world.stock_fill[t], world.short_fill[t])
        self.cash_units[who] = cash / self._index(cash, world.cash[t], world.debt[t])
        self.n_trades[who] += 1
        if self.curves:
            self.exposure[who] += self.held[who] * (t - self.since[who])
            self.since[who] = t
            self.traded[who] += np.abs(after - before) / total
        if self.curves or not self.distinct:
            self.held[who] = target

    def _target(self, state: npt.NDArray[np.uint8], who: npt.NDArray[np.intp]) -> FloatArray:
        return self.levels[state, who] if self.level is None else self.level[state]

    def _index(
        self, amount: FloatArray, owned: np.float64, owed: np.float64
    ) -> FloatArray | np.float64:
        return np.where(amount >= 0, owned, owed) if self.owing else owned

    def _value(self, t: int, out: FloatArray) -> None:
        """Equity at the close of session t."""
        world = self.world
        if self.owing:
            stock = self._index(self.units, world.stock_close[t], world.short_close[t])
            cash = self._index(self.cash_units, world.cash[t], world.debt[t])
            np.add(self.units * stock, self.cash_units * cash, out=out)
            return
        np.multiply(self.units, world.stock_close[t], out=out)
        np.multiply(self.cash_units, world.cash[t], out=self.scratch[1])
        np.add(out, self.scratch[1], out=out)

    def _mark(self, t: int) -> None:
        self.before, self.equity = self.equity, self.before
        equity, excess, power = self.equity, self.scratch[0], self.scratch[1]
        self._value(t, equity)
        np.maximum(self.peak, equity, out=self.peak)
        np.divide(equity, self.peak, out=power)
        np.minimum(self.worst, power, out=self.worst)
        np.divide(equity, self.before, out=excess)
        excess -= 1.0
        excess -= self.excess_cash[t]
        if self.keep is not None:
            self.keep[t] = excess
        self.block[0] += excess
        np.multiply(excess, excess, out=power)
        self.block[1] += power
        excess *= power
        self.high[0] += excess
        power *= power
        self.high[1] += power

    def close_block(self) -> None:
        """A block of sessions is over."""
        self.blocks.append(self.block)
        self.block = np.zeros_like(self.block)

    def result(self) -> Chunk:
        """What the chunk found."""
        rows, n = len(self.world), self.held.size
        self.exposure += self.held * (rows - self.since)
        if not self.curves:
            self.exposure[:] = self.traded[:] = math.nan
        final = np.empty(n)
        self._value(rows - 1, final)
        sums = np.stack(self.blocks) if self.curves else np.full((0, 2, n), math.nan)
        worst = self.worst - 1.0 if self.curves else np.full(n, math.nan)
        return Chunk(
            final_equity=final,
            n_trades=self.n_trades,
            exposure=self.exposure / rows,
            traded=self.traded,
            max_drawdown=worst,
            moments=np.stack([sums[:, 0].sum(axis=0), sums[:, 1].sum(axis=0), *self.high]),
            block_sums=sums[:, 0],
            block_squares=sums[:, 1],
        )


def _position_after(
    before: FloatArray, total: FloatArray, target: FloatArray, fee: float
) -> FloatArray:
    """``replay.position_after`` elementwise."""
    bought = target * (total + fee * before) / (1.0 + target * fee)
    sold = target * (total - fee * before) / (1.0 - target * fee)
    return np.where(bought >= before, bought, sold)
