"""Fair yardsticks: what the same money would have done by rules that need no evidence at all.

Every backtest, sweep, tear sheet and page shows the same ones, each replayed with the costs of the
rule. What a rule sells must be compared with a *constant mix of its own average exposure*: holding
less makes every fall smaller, without any knowledge of when.

After tax, a rule and holding alike pay on the gain that is still open at the end; else each change
would be taxed and the largest gain of all never.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from backtests.metrics import Summary, growth_pct, summarise
from backtests.overfitting import BootstrapInterval, excess_growth_interval
from backtests.replay import LEAST_WEIGHT, MOST_WEIGHT, Replay, UnitValues, replay
from engine.phrases import Phrase, phrase
from engine.values import BoolArray, FloatArray

TREND_SESSIONS = 200
"""Faber (2007) "A Quantitative Approach to Tactical Asset Allocation", Journal of Wealth Management
9(4)."""
VOL_TARGET, VOL_SESSIONS, VOL_BAND = 0.40, 20, 0.10
"""Moreira and Muir (2017) "Volatility-Managed Portfolios", J. Finance 72(4); a year's deviation to
aim at, sessions it is measured over, change of the weight that is worth a trade. Fixed in the
review of 2026 before any result was seen."""
FIXED_MIX = 0.60
"""The plain mix of textbooks."""
REFERENCE_TAX_RATE = 0.30
"""Where the account names no rate: the French flat tax of 2018 to 2025 (finance law for 2018,
article 28)."""
MIX = "constant_mix"
"""The yardstick that holds as much as the rule did on average."""
LEAST_INTERVAL = 20
"""Sessions below which no interval can be drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterTax:
    """What is left when everything is sold at the last close. rate: tax on gains, of one.

    cagr_pct: growth a year after all tax; None without time. Dividends are reinvested untaxed.
    """

    rate: float
    final_equity: float
    cagr_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Yardstick:
    """One yardstick: name for programs, label for readers.

    excess_pct: the rule's growth a year above it; interval: of that, None where not asked for or
    too short.
    """

    name: str
    label: Phrase
    run: Replay
    figures: Summary
    after_tax: AfterTax
    excess_pct: float | None = None
    interval: BootstrapInterval | None = None


def after_tax(
    world: UnitValues,
    target_weight: FloatArray,
    *,
    capital: float = 1.0,
    rebalanced: BoolArray | None = None,
) -> AfterTax:
    """The account replayed with tax on every gain, the open one included."""
    rate = world.costs.tax_rate or REFERENCE_TAX_RATE
    taxed = replace(world, costs=replace(world.costs, tax_rate=rate))
    run = replay(taxed, target_weight, capital=capital, rebalanced=rebalanced)
    left = run.final_equity - run.tax_due
    days = world.sessions_on
    return AfterTax(
        rate=rate, final_equity=left, cagr_pct=growth_pct(left, capital, days[0], days[-1])
    )


def yardsticks(
    world: UnitValues,
    run: Replay,
    earlier: FloatArray,
    *,
    intervals: Collection[str] = (MIX,),
) -> tuple[Yardstick, ...]:
    """Every yardstick over the sessions of ``run``.

    earlier: (k,), closes of the stock index of the sessions before the first one, for the trend and
    the volatility of the first days; empty where there are none. intervals: of which names.
    """
    share = float(np.clip(run.weights.mean(), LEAST_WEIGHT, MOST_WEIGHT))
    rows = len(world)
    monthly = month_starts(world)
    closes = np.concatenate((earlier, world.stock_close))
    ours = summarise(run).cagr_pct

    def made(
        name: str, label: Phrase, target: FloatArray, rebalanced: BoolArray | None = None
    ) -> Yardstick:
        own = replay(world, target, capital=run.capital, rebalanced=rebalanced)
        figures = summarise(own)
        both = ours is not None and figures.cagr_pct is not None
        drawn = name in intervals and rows >= LEAST_INTERVAL
        return Yardstick(
            name=name,
            label=label,
            run=own,
            figures=figures,
            after_tax=after_tax(world, target, capital=run.capital, rebalanced=rebalanced),
            excess_pct=ours - figures.cagr_pct if both else None,  # type: ignore[operator]
            interval=excess_growth_interval(run, own) if drawn else None,
        )

    return (
        made("holding", phrase("holding"), np.ones(rows)),
        made("cash", phrase("cash"), np.zeros(rows)),
        made(
            MIX,
            phrase("constant {share:share0}, as much as the rule on average", share=share),
            np.full(rows, share),
            monthly,
        ),
        made(
            "constant_60",
            phrase("constant {share:share0}", share=FIXED_MIX),
            np.full(rows, FIXED_MIX),
            monthly,
        ),
        made("half", phrase("half sold on the first day"), np.full(rows, 0.5)),
        made("trend_200", phrase("above the mean of 200 sessions"), trend(closes, rows)),
        made(
            "volatility_target",
            phrase("volatility of {vol:share0} a year at most", vol=VOL_TARGET),
            volatility_target(closes, rows),
        ),
    )


def month_starts(world: UnitValues) -> BoolArray:
    """(T,): the first session of each month, on which a constant mix is brought back."""
    months = [(d.year, d.month) for d in world.sessions_on]
    return np.array([i > 0 and m != months[i - 1] for i, m in enumerate(months)])


def trend(closes: FloatArray, rows: int) -> FloatArray:
    """(rows,): in the stock while the close before stands above the mean of the 200 before it.

    closes: (k + rows,). In the stock too until there are 200.
    """
    out, first = np.ones(rows), closes.size - rows
    for t in range(rows):
        past = closes[max(0, first + t - TREND_SESSIONS) : first + t]
        if past.size == TREND_SESSIONS:
            out[t] = float(past[-1] > past.mean())
    return out


def volatility_target(closes: FloatArray, rows: int) -> FloatArray:
    """(rows,): the target volatility over that of the 20 sessions before, at most the whole.

    Changed only by a tenth of the money or more, or back to the whole. The whole until there are
    returns of 20 sessions.
    """
    returns = np.diff(np.log(closes))
    out, held, first = np.ones(rows), 1.0, closes.size - rows
    for t in range(rows):
        seen = returns[max(0, first + t - 1 - VOL_SESSIONS) : max(0, first + t - 1)]
        if seen.size == VOL_SESSIONS:
            deviation = float(seen.std(ddof=1)) * math.sqrt(252.0)
            want = min(1.0, VOL_TARGET / deviation) if deviation > 0 else 1.0
            if abs(want - held) > VOL_BAND or want == 1.0:
                held = want
        out[t] = held
    return out
