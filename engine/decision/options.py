"""What the option chains on record say of the days ahead; shown beside a decision, never in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from engine.clock import NEW_YORK
from engine.macro.options import (
    Chain,
    expected_move_pct,
    implied_fall_chance,
    insurance_cost_pct,
)
from engine.record.asof import known
from engine.record.history import History
from engine.record.readings import OBSERVATIONS, OPTION_CHAINS, OptionChain

FRESH = timedelta(days=5)
"""A chain older than a long weekend says nothing of today."""
FALLS_PCT = (5.0, 10.0, 20.0)
INSURED_BEYOND_PCT = 10.0
"""The loss that stays with who holds the put, and the gain that a collar leaves: a usual width."""
_MONTH_DAYS = 365.0 / 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FallChance:
    """Chance, as priced, that the share stands ``fall_pct`` or more lower on the day of expiry.

    low, high: what the quotes bind it to whatever the smile, by spreads that could be bought and
    sold (for options exercised at expiry alone). None where the strikes do not reach.
    """

    fall_pct: float
    chance: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionOutlook:
    """One chain read. put_cost_pct, collar_cost_pct: in % of the holding a month, for losses beyond
    ``INSURED_BEYOND_PCT``; a collar below 0 pays. None where the quotes do not reach."""

    symbol: str
    expires_on: date
    quoted_at: datetime
    expected_move_pct: float | None
    falls: tuple[FallChance, ...]
    put_cost_pct: float | None
    collar_cost_pct: float | None


def option_outlook(history: History, at: datetime) -> tuple[OptionOutlook, ...]:
    """The newest chain of each symbol and expiry known at ``at``, by symbol and expiry.

    Empty where none is on record, none is fresh, or no bill rate is known to discount with.
    """
    today, newest = at.astimezone(NEW_YORK).date(), dict[tuple[str, date], OptionChain]()
    for chain in known(history, OPTION_CHAINS, at).values():
        fresh = chain.occurred_at > at - FRESH and chain.expires_on > today
        held = newest.get((chain.symbol, chain.expires_on))
        if fresh and (held is None or chain.occurred_at > held.occurred_at):
            newest[chain.symbol, chain.expires_on] = chain
    rate_pct = _bill_rate_pct(history, at) if newest else None
    if rate_pct is None:
        return ()
    return tuple(_read(newest[key], rate_pct) for key in sorted(newest))


def _bill_rate_pct(history: History, at: datetime) -> float | None:
    bills = [o for o in known(history, OBSERVATIONS, at).values() if o.series == "DTB3"]
    return max(bills, key=lambda o: o.observed_on).value if bills else None


def _read(told: OptionChain, rate_pct: float) -> OptionOutlook:
    chain = chain_of(told, rate_pct)
    months = 365.0 * chain.years / _MONTH_DAYS
    put = insurance_cost_pct(chain, INSURED_BEYOND_PCT)
    call = _call_bid_pct(chain, INSURED_BEYOND_PCT)
    return OptionOutlook(
        symbol=told.symbol,
        expires_on=told.expires_on,
        quoted_at=told.occurred_at,
        expected_move_pct=expected_move_pct(chain),
        falls=tuple(_fall(chain, fall) for fall in FALLS_PCT),
        put_cost_pct=None if put is None else put / months,
        collar_cost_pct=None if put is None or call is None else (put - call) / months,
    )


def chain_of(told: OptionChain, rate_pct: float) -> Chain:
    """The chain as the arithmetic takes it; expiry at the close of its day."""
    close = datetime(*told.expires_on.timetuple()[:3], 16, tzinfo=NEW_YORK)

    def quotes(values: tuple[float, ...]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        given = np.array(values)
        return np.where(given > 0, given, math.nan)

    return Chain(
        strikes_usd=np.array(told.strikes_usd),
        call_bids_usd=quotes(told.call_bids_usd),
        call_asks_usd=quotes(told.call_asks_usd),
        put_bids_usd=quotes(told.put_bids_usd),
        put_asks_usd=quotes(told.put_asks_usd),
        spot_usd=told.spot_usd,
        years=(close - told.occurred_at).total_seconds() / (365.0 * 86_400.0),
        rate_pct=rate_pct,
    )


def _fall(chain: Chain, fall_pct: float) -> FallChance:
    level = chain.spot_usd * (1.0 - fall_pct / 100.0)
    low, high = chance_bounds(chain, level)
    return FallChance(
        fall_pct=fall_pct, chance=implied_fall_chance(chain, fall_pct), low=low, high=high
    )


def chance_bounds(chain: Chain, level_usd: float) -> tuple[float, float]:
    """Least and most chance of an expiry at ``level_usd`` or below that no spread contradicts.

    A put spread above the level costs at least the chance times its width, one below at most.
    """
    growth = math.exp(chain.rate_pct / 100.0 * chain.years)
    strikes, bids, asks = chain.strikes_usd, chain.put_bids_usd, chain.put_asks_usd
    quoted = np.isfinite(bids) & np.isfinite(asks) & (bids <= asks)
    strikes, bids, asks = strikes[quoted], bids[quoted], asks[quoted]
    above, below = np.flatnonzero(strikes >= level_usd), np.flatnonzero(strikes <= level_usd)
    high, low = 1.0, 0.0
    if above.size > 1:
        near, far = above[0], above[1:]
        high = float(np.min((asks[far] - bids[near]) / (strikes[far] - strikes[near])))
    if below.size > 1:
        near, far = below[-1], below[:-1]
        low = float(np.max((bids[near] - asks[far]) / (strikes[near] - strikes[far])))
    return max(0.0, min(1.0, growth * low)), max(0.0, min(1.0, growth * high))


def _call_bid_pct(chain: Chain, rise_pct: float) -> float | None:
    """What a buyer pays for a call ``rise_pct`` above the share, in % of it; the next strike up,
    which never overstates it. None beyond the strikes quoted."""
    level = chain.spot_usd * (100.0 + rise_pct) / 100.0  # 1.1 times 100 is above 110 in binary
    there = np.flatnonzero((chain.strikes_usd >= level) & np.isfinite(chain.call_bids_usd))
    return None if not there.size else 100.0 * float(chain.call_bids_usd[there[0]]) / chain.spot_usd
