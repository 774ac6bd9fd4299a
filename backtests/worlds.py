"""Worlds that never were: the record's returns in another order, without an edge or with one.

Without: blocks of the record's sessions are drawn anew (stationary bootstrap, all symbols
together), so that volatility and its clusters stay and no event has anything to do with what
follows. The events keep their places, or the returns keep their order and are moved against the
events, or the news also swap their texts. With: a rule is invented together with the returns that
make it as good as asked for.

Everything made here is synthetic and named so; it decides nothing but how often a verdict errs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from backtests.metrics import SESSIONS_A_YEAR
from backtests.overfitting import bootstrap_rows
from backtests.replay import RawPrices
from engine.errors import DataError
from engine.phrases import phrase
from engine.record.asof import PRICES
from engine.record.readings import ACTIONS, BARS, Bar
from engine.values import Fact, FloatArray

MEAN_BLOCK = 20.0
"""Sessions: a month, long enough for volatility to cluster as it does."""
LEAST_SHIFT = 60
"""Sessions by which returns are moved against events, at least: a quarter."""
OUT_SHARE, OUT_SPELL = 0.3, 10.0
"""Of the invented rule: share of sessions out of the stock, and their mean spell."""
SOURCE = "synthetic world"
_LEVELS = ("VIX",)
"""Symbols whose level is drawn, not their return."""

Kind = Literal["redrawn", "shifted", "masked"]
KINDS: tuple[Kind, ...] = ("redrawn", "shifted", "masked")


def rows_of(kind: Kind, sessions: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(sessions,): for each session the one whose return it gets, of 1 to ``sessions`` - 1."""
    n = sessions - 1
    if n < 3 * LEAST_SHIFT:
        raise DataError(
            phrase("{sessions} sessions are too few for another world", sessions=sessions)
        )
    if kind == "shifted":
        drawn = (np.arange(n) + rng.integers(LEAST_SHIFT, n - LEAST_SHIFT)) % n
    else:
        drawn = bootstrap_rows(n, MEAN_BLOCK, 1, rng)[0]
    return np.concatenate(([0], 1 + drawn)).astype(np.int64)


def redrawn(facts: Sequence[Fact], kind: Kind, rng: np.random.Generator) -> list[Fact]:
    """The record of another world: its bars moved as ``kind`` says, all else as it was.

    Masked: the headlines keep their times and swap what they say.
    """
    told = [(fact, BARS.read(fact)) for fact in facts if fact.kind == BARS.name]
    days = sorted({bar.session_on for _, bar in told})
    rows = rows_of(kind, len(days), rng)
    actions = (ACTIONS.read(fact) for fact in facts if fact.kind == ACTIONS.name)
    splits = [action for action in actions if action.action == "split"]
    found = [fact for fact in facts if fact.kind != BARS.name]
    for symbol in sorted({bar.symbol for _, bar in told}):
        own = {bar.session_on: (fact, bar) for fact, bar in told if bar.symbol == symbol}
        values = {a.ex_on: a.value for a in splits if a.symbol == symbol}
        found += _moved(own, days, rows, values, symbol in _LEVELS)
    return _masked(found, rng) if kind == "masked" else found


def _moved(
    bars: Mapping[date, tuple[Fact, Bar]],
    days: Sequence[date],
    rows: npt.NDArray[np.int64],
    splits: Mapping[date, float],
    level: bool,
) -> Iterable[Fact]:
    """One symbol's bars with the returns of other sessions; a session without bar stays so."""
    if len(bars) != len(days):
        raise DataError(
            phrase(
                "a symbol has {n_bars} bars in {n_days} sessions",
                n_bars=len(bars),
                n_days=len(days),
            )
        )
    given = [bars[day][1] for day in days]
    old = np.array([bar.close for bar in given])
    split = np.array([splits.get(day, 1.0) for day in days])
    growth = np.concatenate(([1.0], old[1:] * split[1:] / old[:-1]))
    new = old[rows] if level else old[0] * np.cumprod(growth[rows]) / np.cumprod(split)
    for t, (day, row) in enumerate(zip(days, rows.tolist(), strict=True)):
        bar = _scaled(replace(given[row], session_on=day), float(new[t] / old[row]))
        yield replace(bars[day][0], payload=BARS.payload(bar), source=SOURCE)


def _scaled(bar: Bar, factor: float) -> Bar:
    prices = {name: getattr(bar, name) for name in PRICES}
    return replace(bar, **{n: price * factor for n, price in prices.items() if price is not None})


def _masked(facts: Sequence[Fact], rng: np.random.Generator) -> list[Fact]:
    """Every headline says what another one said."""
    places = [i for i, fact in enumerate(facts) if fact.kind == "headline"]
    swapped = list(facts)
    for place, other in zip(places, rng.permutation(places).tolist(), strict=True):
        swapped[place] = replace(facts[place], payload=facts[other].payload, source=SOURCE)
    return swapped


# --- worlds with an edge -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planted:
    """A world in which ``target_weight`` (T,) beats holding, and its prices."""

    prices: RawPrices
    target_weight: FloatArray


def planted(prices: RawPrices, rng: np.random.Generator, *, sharpe: float) -> Planted:
    """Redrawn prices in which an invented rule has ``sharpe`` a year against holding.

    Of what is expected, not of what comes: the mean of the daily difference of the two over its
    deviation. The price falls a little more while the rule is out and rises a little more while it
    is in, so that holding is worth as much as before. Splits and dividends are left out.
    """
    days = prices.sessions_on
    growth = _growth(prices)
    rows = rows_of("redrawn", len(days), rng)
    weight = _spells(len(days), rng)
    out = weight == 0.0
    share = OUT_SHARE
    deviation = float(growth[1:].std()) * math.sqrt(share)
    mean = sharpe / math.sqrt(SESSIONS_A_YEAR) * deviation
    fall = mean / share + float(growth[1:].mean())
    drift = np.where(out, -fall, fall * share / (1.0 - share))
    gap = np.where(np.isnan(prices.open_usd), 1.0, prices.open_usd / prices.close_usd)
    close = np.asarray(100.0 * np.cumprod(1.0 + growth[rows] + drift), dtype=np.float64)
    # The drift acts between the open and the close, when the position of the morning is held.
    opened = close / (1.0 + drift) * gap[rows]
    ones = np.ones(len(days))
    made = RawPrices(
        symbol=prices.symbol,
        sessions_on=days,
        open_usd=opened,
        close_usd=close,
        split=ones,
        dividend_usd=0.0 * ones,
    )
    return Planted(prices=made, target_weight=weight)


def _growth(prices: RawPrices) -> FloatArray:
    """(T,): return of the close, splits and dividends counted; 0 in the first session."""
    close = prices.close_usd
    worth = prices.split[1:] * (close[1:] + prices.dividend_usd[1:])
    return np.concatenate(([0.0], worth / close[:-1] - 1.0))


def _spells(sessions: int, rng: np.random.Generator) -> FloatArray:
    """(sessions,): 1 and 0 in spells of random length, out ``OUT_SHARE`` of the time."""
    leave = OUT_SHARE / (1.0 - OUT_SHARE) / OUT_SPELL
    out = np.empty(sessions)
    held = True
    for t, chance in enumerate(rng.random(sessions).tolist()):
        held = chance >= leave if held else chance < 1.0 / OUT_SPELL
        out[t] = float(held)
    return out
