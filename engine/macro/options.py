"""What option prices say of a fall: the market's own chance, its expected move, insurance.

Pure functions of one chain, the quotes of one expiry at one instant. The chance is Breeden and
Litzenberger's (1978, Journal of Business 51): the slope of the put price in the strike, taken on a
smile that is quadratic in the logarithm of moneyness (Shimko 1993, Risk 6), because raw prices are
too rough to be differenced. It is *priced*, not observed: it holds what people pay to be rid of the
risk, and so lies above what has come on average. It is of the price on the day of expiry, which
is not the lowest close on the way there.

Nothing is said beyond the strikes that are quoted: None.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from engine.errors import OutOfRangeError
from engine.phrases import phrase
from engine.values import BoolArray, FloatArray

LEAST_QUOTES = 5
"""Two more than a quadratic has coefficients (judgement)."""
NEAR_MONEY = 0.05
"""Strikes within 5 % of the spot tell the forward by put-call parity (judgement); further out the
early exercise of American puts and wide quotes disturb it."""
LEAST_VOL, MOST_VOL = 0.01, 5.0
"""A year, as fractions; a quote outside is an error of the source."""
_cdf = NormalDist().cdf


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """Quotes of one expiry.

    strikes_usd: (K,), ascending. call_bids_usd …: (K,), NaN where not quoted. spot_usd: the share.
    years: to expiry, of 365 days. rate_pct: risk-free, a year, compounded continuously.
    """

    strikes_usd: FloatArray
    call_bids_usd: FloatArray
    call_asks_usd: FloatArray
    put_bids_usd: FloatArray
    put_asks_usd: FloatArray
    spot_usd: float
    years: float
    rate_pct: float

    def __post_init__(self) -> None:
        for name in ("spot_usd", "years"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise OutOfRangeError(name, value, phrase("greater than 0"))
        if not math.isfinite(self.rate_pct):
            raise OutOfRangeError("rate_pct", self.rate_pct, phrase("a finite number"))
        strikes = self.strikes_usd
        if not (np.all(np.isfinite(strikes)) and np.all(strikes > 0) and _ascends(strikes)):
            raise OutOfRangeError(
                "strikes_usd", strikes.tolist()[:5], phrase("ascending, greater than 0")
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Smile:
    """Implied volatility a year = level + slope x + bend x², x = ln(strike / forward).

    Holds between the strikes lowest_usd and highest_usd.
    """

    forward_usd: float
    years: float
    level: float
    slope: float
    bend: float
    lowest_usd: float
    highest_usd: float

    def vol(self, strike_usd: float) -> float:
        """A year, as a fraction."""
        x = math.log(strike_usd / self.forward_usd)
        return max(LEAST_VOL, self.level + self.slope * x + self.bend * x * x)

    def chance_below(self, strike_usd: float) -> float | None:
        """Chance that the price on the day of expiry is ``strike_usd`` or less; None outside."""
        if not self.lowest_usd <= strike_usd <= self.highest_usd:
            return None
        x, root = math.log(strike_usd / self.forward_usd), math.sqrt(self.years)
        vol = self.vol(strike_usd)
        upper = -x / (vol * root) + 0.5 * vol * root
        tilt = (self.slope + 2.0 * self.bend * x) / strike_usd
        vega = self.forward_usd * root * math.exp(-0.5 * upper * upper) / math.sqrt(2.0 * math.pi)
        return min(1.0, max(0.0, _cdf(vol * root - upper) + vega * tilt))


def implied_fall_chance(chain: Chain, fall_pct: float) -> float | None:
    """Chance, as priced, that the share stands ``fall_pct`` or more lower on the day of expiry.

    None where the quotes do not reach so far, or are too few.
    """
    found = smile(chain)
    return None if found is None else found.chance_below(_level_usd(chain, fall_pct))


def expected_move_pct(chain: Chain) -> float | None:
    """Mean distance from the forward on the day of expiry, as priced, in % of the spot.

    The undiscounted straddle at the forward. None where the quotes are too few.
    """
    found = smile(chain)
    if found is None:
        return None
    half = 0.5 * found.vol(found.forward_usd) * math.sqrt(chain.years)
    return 100.0 * found.forward_usd * 2.0 * (2.0 * _cdf(half) - 1.0) / chain.spot_usd


def insurance_cost_pct(chain: Chain, fall_pct: float) -> float | None:
    """What a put against every loss beyond ``fall_pct`` costs until expiry, in % of the spot.

    At the price a buyer pays. Between two strikes on a straight line, which never understates a
    convex price. None outside the strikes at which puts are offered.
    """
    level = _level_usd(chain, fall_pct)
    offered = _both(chain.put_bids_usd, chain.put_asks_usd)
    strikes, asks = chain.strikes_usd[offered], chain.put_asks_usd[offered]
    if not strikes.size or not strikes[0] <= level <= strikes[-1]:
        return None
    return 100.0 * float(np.interp(level, strikes, asks)) / chain.spot_usd


def smile(chain: Chain) -> Smile | None:
    """Fitted to puts below the forward and calls above it, by vega; None below LEAST_QUOTES."""
    forward, growth = forward_usd(chain), math.exp(chain.rate_pct / 100.0 * chain.years)
    below = chain.strikes_usd < forward
    calls = _mids(chain.call_bids_usd, chain.call_asks_usd)
    puts = _mids(chain.put_bids_usd, chain.put_asks_usd)
    prices = growth * np.where(below, puts, calls)
    vols = np.array(
        [
            _implied(price, strike, forward, chain.years, put=bool(put))
            for price, strike, put in zip(prices, chain.strikes_usd, below, strict=True)
        ]
    )
    good = ~np.isnan(vols)
    if int(good.sum()) < LEAST_QUOTES:
        return None
    strikes, vols = chain.strikes_usd[good], vols[good]
    x = np.log(strikes / forward)
    d = -x / (vols * math.sqrt(chain.years))
    bend, slope, level = np.polyfit(x, vols, 2, w=np.exp(-0.5 * d * d))
    return Smile(
        forward_usd=forward,
        years=chain.years,
        level=float(level),
        slope=float(slope),
        bend=float(bend),
        lowest_usd=float(strikes[0]),
        highest_usd=float(strikes[-1]),
    )


def forward_usd(chain: Chain) -> float:
    """By put-call parity at the money, else the spot with interest; dividends are within parity."""
    growth = math.exp(chain.rate_pct / 100.0 * chain.years)
    calls = _mids(chain.call_bids_usd, chain.call_asks_usd)
    puts = _mids(chain.put_bids_usd, chain.put_asks_usd)
    told = chain.strikes_usd + growth * (calls - puts)
    near = np.abs(chain.strikes_usd - chain.spot_usd) <= NEAR_MONEY * chain.spot_usd
    told = told[near & ~np.isnan(told)]
    return float(np.median(told)) if told.size else chain.spot_usd * growth


def _level_usd(chain: Chain, fall_pct: float) -> float:
    if not 0.0 <= fall_pct < 100.0:
        raise OutOfRangeError("fall_pct", fall_pct, phrase("from 0 to below 100 %"))
    return chain.spot_usd * (1.0 - fall_pct / 100.0)


def _both(bids: FloatArray, asks: FloatArray) -> BoolArray:
    """Quotes with two sides that make sense."""
    with np.errstate(invalid="ignore"):
        return np.asarray((bids > 0.0) & (asks >= bids) & np.isfinite(asks))


def _mids(bids: FloatArray, asks: FloatArray) -> FloatArray:
    return np.where(_both(bids, asks), 0.5 * (bids + asks), np.nan)


def _black(vol: float, strike: float, forward: float, years: float, *, put: bool) -> float:
    """Undiscounted price of a European option (Black 1976)."""
    width = vol * math.sqrt(years)
    upper = math.log(forward / strike) / width + 0.5 * width
    call = forward * _cdf(upper) - strike * _cdf(upper - width)
    return call - forward + strike if put else call


def _implied(price: float, strike: float, forward: float, years: float, *, put: bool) -> float:
    """Volatility a year that gives ``price``; NaN where none does."""
    from scipy.optimize import brentq

    if not math.isfinite(price):
        return math.nan

    def miss(vol: float) -> float:
        return _black(vol, strike, forward, years, put=put) - price

    if miss(LEAST_VOL) > 0.0 or miss(MOST_VOL) < 0.0:
        return math.nan
    return float(brentq(miss, LEAST_VOL, MOST_VOL, xtol=1e-10))


def _ascends(strikes: FloatArray) -> bool:
    return bool(np.all(np.diff(strikes) > 0))
