"""Three distances between a release and what was known before it: price, openness, independence.

Each is a distance with noise and no hard minimum. *Price*: how far the release lies below what
buyers had been led to expect for its quality. An offer of lower quality counts at a handicap
(``comparability`` log price a logit), an older one at the price everybody expected it to have
fallen to (``price_trend``), a closed service of China at the reach it has. The expectation is a
soft minimum over all offers, so one odd offer shifts it and does not set it. *Openness*: how much
the release closes of the gap between the best open weights and the best closed model.
*Independence*: what its proof adds to the ledger (``engine.threat.evidence``).

Standings: quality in logits of GPQA Diamond, prices in log USD per million tokens of the usual mix.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.threat.parameters import Draws, standard
from engine.threat.quality import Quality
from engine.values import FloatArray, ModelRelease

_SOFT_PRICE = 0.35
"""Log price within which several offers make up one expectation: judgement."""
_SOFT_GAP = 0.12
"""Log price within which a difference is no novelty yet."""
_SOFT_OPEN = 0.15
"""Logits within which open models share the lead: the noise of a good comparison."""
_PRICE_UNKNOWN_SD = 0.9
"""Deviation of log price around its kind where none is published: two fifths to two and a half."""
_FREE_USD = 0.01
"""What a price of zero counts as: a price, the lowest ever listed (Qwen3.7-Flash and its kind)."""
_DAYS_PER_YEAR = 365.25
_ONE_LOGIT = 1.0
_TOO_DEAR, _USUAL_RATIO = 3.0, 4.0
"""Log price beyond the nearest offer at which another weighs under a five-thousandth in the soft
minimum; output over input price of a usual list."""
_LARGEST_STEP = 1.5
"""Logits, from 50 to 82 % of GPQA Diamond: a year and a half of progress at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A model somebody could buy before the release.

    quality: mean; doubt: what missing scores leave undecided of it. age_days at the rating.
    """

    model: str
    price_input_usd_per_mtok: float | None
    price_output_usd_per_mtok: float | None
    quality: float
    doubt: float
    age_days: float
    is_open: bool
    closed_in_china: bool


def has_price(release: ModelRelease) -> bool:
    """Whether a list price is known for at least one side; zero is a price."""
    prices = (release.price_input_usd_per_mtok, release.price_output_usd_per_mtok)
    return any(price is not None for price in prices)


def undecided(quality: Quality, settled_sd: float) -> float:
    """The part of the doubt that a full score card would have removed."""
    return math.sqrt(max(0.0, quality.sd**2 - settled_sd**2))


def offers_before(
    releases: Sequence[ModelRelease],
    qualities: Sequence[Quality],
    release: ModelRelease,
    settled_sd: float,
) -> tuple[Offer, ...]:
    """Every model known strictly before ``release``, priced or not, whatever its country."""
    return tuple(
        Offer(
            model=r.model,
            price_input_usd_per_mtok=r.price_input_usd_per_mtok,
            price_output_usd_per_mtok=r.price_output_usd_per_mtok,
            quality=quality.mean,
            doubt=undecided(quality, settled_sd),
            age_days=max(0.0, (release.known_at - r.known_at).total_seconds() / 86_400),
            is_open=bool(r.open_weights),
            closed_in_china=r.country == "CN" and not r.open_weights,
        )
        for r, quality in zip(releases, qualities, strict=True)
        if r.known_at < release.known_at
    )


def log_blended(price_in: float | None, price_out: float | None, draws: Draws) -> FloatArray | None:
    """Log USD per million tokens of the usual mix, shape (draws,); None without any price.

    A missing side is inferred through the drawn price ratio, which widens the result.
    """
    share, ratio = draws["input_token_share"], draws["output_over_input_price"]
    if price_in is None and price_out is None:
        return None
    low = price_in if price_in is not None else (price_out or 0.0) / ratio
    high = price_out if price_out is not None else (price_in or 0.0) * ratio
    return np.log(np.maximum(share * low + (1 - share) * high, _FREE_USD))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the release stands: mean quality, undecided deviation, and standard draws of it."""

    model: str
    mean: float
    doubt: float
    z: FloatArray

    @property
    def quality(self) -> FloatArray:
        """Quality draws, (draws,)."""
        return self.mean + self.doubt * self.z


def lacking(offer: Offer, own: Standing) -> FloatArray:
    """Quality the offer lacks against the release, (draws,), at least 0.

    What both leave undecided is shared: an unscored copy is no news. An offer of the same name is
    the release itself, known earlier: it lacks nothing.
    """
    if offer.model == own.model:
        return np.zeros_like(own.z)
    shared = min(own.doubt, offer.doubt)
    return np.maximum(own.mean - offer.quality + (own.doubt - shared) * own.z, 0.0)


def expected_log_price(
    offers: Sequence[Offer], own: Standing, draws: Draws
) -> tuple[FloatArray, str] | None:
    """What buyers expect for the release's quality, (draws,), and the offer nearest to setting it.

    None without a priced offer. A soft minimum over the offers of::

        log price + comparability * quality lacking - age / year * log(price_trend) + reach
    """
    rows = within_reach(offers, own, draws)
    if not rows:
        return None
    trend = np.log(draws["price_trend"]) / _DAYS_PER_YEAR
    closed = -np.log(draws["adoption_closed"])
    stacked = np.empty((len(rows), draws.draws))
    for row, offer in zip(stacked, rows, strict=True):
        np.multiply(draws["comparability"], lacking(offer, own), out=row)
        price = log_blended(offer.price_input_usd_per_mtok, offer.price_output_usd_per_mtok, draws)
        if price is not None:  # within reach: it has one
            row += price
        row -= offer.age_days * trend
        if offer.closed_in_china and offer.model != own.model:
            row += closed
    nearest = rows[int(stacked.mean(axis=1).argmin())].model
    low = stacked.min(axis=0)
    stacked -= low
    stacked *= -1.0 / _SOFT_PRICE
    np.exp(stacked, out=stacked)
    return low - _SOFT_PRICE * np.log(stacked.sum(axis=0)), nearest


def within_reach(offers: Sequence[Offer], own: Standing, draws: Draws) -> tuple[Offer, ...]:
    """The priced offers that can shape the expectation: the others are three e-folds too dear.

    Judged in the middle of the draws and at both ends of comparability and of the own quality.
    """
    priced = [o for o in offers if _central_log_price(o) is not None]
    near: set[int] = set()
    trend = float(np.median(np.log(draws["price_trend"]))) / _DAYS_PER_YEAR
    closed = -float(np.median(np.log(draws["adoption_closed"])))
    for slope in (float(q) for q in np.quantile(draws["comparability"], (0.02, 0.5, 0.98))):
        for quality in (own.mean - 2 * own.doubt, own.mean, own.mean + 2 * own.doubt):
            counted = [
                (_central_log_price(o) or 0.0)
                + slope * (0.0 if o.model == own.model else max(0.0, quality - o.quality))
                - o.age_days * trend
                + closed * (o.closed_in_china and o.model != own.model)
                for o in priced
            ]
            least = min(counted, default=0.0)
            near |= {i for i, value in enumerate(counted) if value <= least + _TOO_DEAR}
    return tuple(priced[i] for i in sorted(near))


def _central_log_price(offer: Offer) -> float | None:
    """Log USD per million tokens at a usual mix, four in for one out; None without a price."""
    price_in, price_out = offer.price_input_usd_per_mtok, offer.price_output_usd_per_mtok
    if price_in is None and price_out is None:
        return None
    low = price_in if price_in is not None else (price_out or 0.0) / _USUAL_RATIO
    high = price_out if price_out is not None else low * _USUAL_RATIO
    return math.log(max(0.8 * low + 0.2 * high, _FREE_USD))


def kind_log_price(
    offers: Sequence[Offer],
    own: Standing,
    draws: Draws,
    release: ModelRelease,
    expected: FloatArray,
) -> FloatArray:
    """Draws of an unpublished price, (draws,): its kind's, and what buyers expect.

    Kind: openness counts whole, quality within a logit, the newer the more. Half-way between that
    and what buyers expect for the quality: no news is a price near everybody else's.
    """
    weights, prices = [], []
    for offer in offers:
        price = _central_log_price(offer)
        if price is None:
            continue
        near = math.exp(-0.5 * ((offer.quality - own.mean) / _ONE_LOGIT) ** 2)
        near *= 1.0 if offer.is_open == bool(release.open_weights) else 0.2
        weights.append(near * math.exp(-offer.age_days / _DAYS_PER_YEAR))
        prices.append(price)
    kind = float(np.average(prices, weights=np.maximum(weights, 1e-9)))
    centre = 0.5 * (kind + expected)
    return centre + _PRICE_UNKNOWN_SD * standard(draws.noise["release_price"])


def below(expected: FloatArray, price: FloatArray) -> FloatArray:
    """Price novelty, (draws,), above 0: log of the expectation over the price, softly cut at 0.

    A difference within the noise is hardly one.
    """
    return _softplus((expected - price) / _SOFT_GAP - 1.0) * _SOFT_GAP


def closing(
    offers: Sequence[Offer], own: Standing, draws: Draws, *, is_open: bool | None
) -> FloatArray:
    """Openness novelty, (draws,): logits by which the release carries open weights further.

    The lead of open weights is a soft maximum over those known, each at what it has proved; noise
    stands for how well two cards compare. 0 for closed weights; unknown openness counts half. The
    step is cut at ``_LARGEST_STEP``; where nothing open was known there is nothing to compare.
    """
    if is_open is False:
        return np.zeros(draws.draws)
    opened = np.array([o.quality - o.doubt for o in offers if o.is_open] or [-math.inf])
    lead = float(opened.max())
    if not math.isfinite(lead):
        return np.zeros(draws.draws)
    lead += _SOFT_OPEN * math.log(float(np.exp((opened - lead) / _SOFT_OPEN).sum()))
    noise = _SOFT_OPEN * standard(draws.noise["openness"])
    ahead = _softplus((own.quality + noise - lead) / _SOFT_OPEN - 1.0) * _SOFT_OPEN
    moved = np.minimum(ahead, _LARGEST_STEP)
    return moved if is_open else 0.5 * moved


def _softplus(x: FloatArray) -> FloatArray:
    result: FloatArray = np.logaddexp(0.0, x)
    return result
