"""What a market value implies: reverse DCF, equity duration, and a ceiling the investor names.

Value of a company with free cash flow F growing at g for n years and at g_T for ever after::

    M = sum_{t=1..n} F (1+g)^t/(1+r)^t + F (1+g)^n (1+g_T) / ((r-g_T) (1+r)^n)

With q = (1+g)/(1+r) and K = (1+g_T)/(r-g_T) this is M/F = q + q^2 + … + q^n + K q^n: a polynomial
with positive coefficients, so it has exactly one positive root, and Newton's steps from above fall
onto it without overshooting. ``implied_growth`` does that for whole arrays;
``implied_growth_by_bisection`` is the plain definition beside it.

Shares of one basis only: a count made before a split is carried over it, see ``shares_as_known``.
Duration forecasts track value shares better than growth shares (growth expectations move with
rates), so read it as a scale, not a promise.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.errors import DataError, InputError, OutOfRangeError
from engine.phrases import phrase
from engine.values import FloatArray

Int64Array = npt.NDArray[np.int64]

_ITERATIONS = 60
_TOLERANCE = 1e-14


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """Discount rate r, terminal growth g_T (shares of one, a year) and years n of growth g.

    Defaults: the middle row of the worked table, r 10 %, g_T 3.5 %, ten years (judgement; r from
    8.5 % to 11.5 % moves implied growth from 16 % to 24 % at 4 trillion).
    """

    discount_rate: float = 0.10
    terminal_growth: float = 0.035
    years: int = 10

    def __post_init__(self) -> None:
        if not 0 < self.discount_rate < 1:
            raise OutOfRangeError(
                "discount_rate", self.discount_rate, phrase("above 0 and below 1")
            )
        if not -0.5 < self.terminal_growth < self.discount_rate:
            raise OutOfRangeError(
                "terminal_growth",
                self.terminal_growth,
                phrase("above -0.5 and below the discount rate"),
            )
        if not 1 <= self.years <= 100:
            raise OutOfRangeError(
                "years", self.years, phrase("{low} to {high}", low="1", high="100")
            )

    @property
    def terminal_multiple(self) -> float:
        """K, value at the end of the growth years per unit of the last cash flow."""
        return (1 + self.terminal_growth) / (self.discount_rate - self.terminal_growth)


# -------------------------------------------------------------------------------- market value


def market_cap_usd_tn(
    shares_bn: FloatArray | float, price_usd: FloatArray | float
) -> FloatArray | float:
    """Trillions of USD from billions of shares and a price on the same split basis."""
    return shares_bn * price_usd / 1000.0


def shares_as_known(
    decide_at_us: Int64Array,
    known_at_us: Int64Array,
    counted_at_us: Int64Array,
    shares_bn: FloatArray,
    split_at_us: Int64Array,
    split_factor: FloatArray,
) -> FloatArray:
    """Shares outstanding (bn) on the basis of raw prices at each decision; shape (T,).

    known_at_us, counted_at_us, shares_bn: (N,) counts, when they could be read and the day they
    describe. split_at_us, split_factor: (S,) splits, new shares per old. The latest known count is
    multiplied by every split in force between its day and the decision. NaN before the first count.
    """
    if not known_at_us.shape == counted_at_us.shape == shares_bn.shape:
        raise DataError(phrase("share counts and their times differ in length"))
    if not len(known_at_us):
        return np.full(len(decide_at_us), np.nan)
    order = np.lexsort((counted_at_us, known_at_us))
    row = np.searchsorted(known_at_us[order], decide_at_us, side="right") - 1
    chosen = order[np.maximum(row, 0)]
    after_count = split_at_us > counted_at_us[chosen][:, None]
    in_force = split_at_us <= decide_at_us[:, None]
    factor = np.where(after_count & in_force, split_factor, 1.0).prod(axis=1)
    return np.where(row >= 0, shares_bn[chosen] * factor, np.nan)


# ---------------------------------------------------------------------------------- reverse DCF


def present_value(
    fcf: FloatArray | float, growth: FloatArray | float, assumptions: Assumptions
) -> FloatArray | float:
    """M, in the unit of ``fcf`` (cash flow of the last twelve months), at ``growth`` (of one)."""
    q = (1 + np.asarray(growth)) / (1 + assumptions.discount_rate)
    value, _ = _multiple(q, assumptions)
    return fcf * value


def implied_growth(
    market_cap: FloatArray | float, fcf: FloatArray | float, assumptions: Assumptions
) -> FloatArray:
    """The growth g (of one, a year) at which the market value is fair; arrays broadcast.

    market_cap and fcf in one unit. NaN where either was not observed or is not positive: without
    cash flow there is no such growth, which is not the same as a growth of zero.
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # no cash flow: NaN, without a warning
        multiple = np.asarray(market_cap, np.float64) / np.asarray(fcf, np.float64)
    usable = (np.asarray(market_cap) > 0) & (np.asarray(fcf) > 0) & np.isfinite(multiple)
    target = np.where(usable, multiple, 1.0)
    # The last year's flow and the terminal value alone bound the root from above.
    q = (target / (1 + assumptions.terminal_multiple)) ** (1 / assumptions.years)
    for _ in range(_ITERATIONS):
        value, slope = _multiple(q, assumptions)
        step = (value - target) / slope
        q = q - step
        if bool(np.all(np.abs(step) <= _TOLERANCE * q)):
            break
    return np.where(usable, q * (1 + assumptions.discount_rate) - 1, np.nan)


def implied_growth_by_bisection(
    market_cap: float,
    fcf: float,
    assumptions: Assumptions,
) -> float:
    """The definition: halve an interval on the plain sum until it is the value."""
    low, high = -1.0, 100.0
    for _ in range(200):
        middle = (low + high) / 2
        if _plain_value(fcf, middle, assumptions) < market_cap:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _multiple(q: FloatArray, assumptions: Assumptions) -> tuple[FloatArray, FloatArray]:
    """(p(q), p'(q)) of q + … + q^n + K q^n, by Horner's rule on both at once."""
    value = np.full_like(q, 1 + assumptions.terminal_multiple)
    slope = np.zeros_like(q)
    for power in reversed(range(assumptions.years)):
        slope = slope * q + value
        value = value * q + (1.0 if power > 0 else 0.0)
    return value, slope


def _plain_value(fcf: float, growth: float, assumptions: Assumptions) -> float:
    r, n = assumptions.discount_rate, assumptions.years
    flows = sum(fcf * (1 + growth) ** t / (1 + r) ** t for t in range(1, n + 1))
    last = fcf * (1 + growth) ** n * (1 + assumptions.terminal_growth)
    return flows + last / ((r - assumptions.terminal_growth) * (1 + r) ** n)


# ------------------------------------------------------------------- a ceiling in words of money

LEAST_CEILING_USD, MOST_CEILING_USD = 1e10, 1e14
"""What can be meant as a market value of Nvidia: 10 billion to 100 trillion USD."""

_SCALES = {
    1e12: ("trillion", "trillions", "tn", "trn", "t", "millemilliards"),
    1e9: ("billion", "billions", "bn", "b", "milliard", "milliards", "md", "mds", "mrd"),
    1e6: ("million", "millions", "mn", "m", "mio"),
    1.0: ("",),
}
_UNIT = {word: scale for scale, words in _SCALES.items() for word in words}
_MONEY = re.compile(
    r"(?:us\$|usd|\$)?(?P<number>[\d.,' ]*\d(?:e\+?\d{1,2})?)(?P<unit>[a-z ]*?)"
    r"(?:us\$|usd|us dollars?|dollars?|\$)?\Z"
)
_GROUPED = re.compile(r"\d{1,3}(?:(?P<mark>[, '])\d{3})(?:(?P=mark)\d{3})*(?:\.\d+)?\Z")


def parse_money(text: str) -> float:
    """A market value in US dollars, in words: ``4tn``, ``4,5 trillion``, ``4e12``.

    A comma before one or two digits is a decimal comma, before three a thousands mark, so that
    ``4,200 billion`` and ``4,2 trillion`` are the same. ``milliards`` and ``mille milliards`` are
    understood; ``billion`` is always 10^9, and what that makes too small is refused rather than
    read as the French billion of 10^12. Raises ``InputError`` naming what was read.
    """
    match = _MONEY.match(_folded(text))
    scale = None if match is None else _UNIT.get(match["unit"].replace(" ", ""))
    number = None if match is None else _number(match["number"])
    if scale is None or number is None:
        raise InputError(
            phrase("'{text}' is no amount of US dollars", text=text.strip()[:40]),
            remedy=phrase("write 4 trillion or $4.2tn"),
        )
    usd = number * scale
    if not (math.isfinite(usd) and LEAST_CEILING_USD <= usd <= MOST_CEILING_USD):
        raise OutOfRangeError(
            phrase("'{text}' read as USD", text=text.strip()[:40]),
            usd,
            phrase("10 billion to 100 trillion, as in 4 trillion"),
        )
    return usd


def _folded(text: str) -> str:
    """Lower case, one kind of space, at most 60 characters looked at."""
    if len(text) > 60:
        return ""
    return " ".join(unicodedata.normalize("NFKC", text).lower().replace("’", "'").split())


def _number(text: str) -> float | None:
    """A decimal number with thousands marks or a decimal comma; None when it is neither."""
    cleaned = text.strip()
    if _GROUPED.match(cleaned):
        cleaned = re.sub(r"[, ']", "", cleaned)
    elif re.fullmatch(r"\d+,\d{1,2}", cleaned):
        cleaned = cleaned.replace(",", ".")
    try:
        return float(cleaned)
    except ValueError:
        return None
