"""The price-quality frontier as it stood before a release.

An offer is a model somebody could buy, at its list price of that day and its quality. An offer of
lower quality counts at a handicap: ``comparability`` log price per logit it lacks, so far worse
offers do not count at all and nearly equal ones do. An older offer counts at the price everybody
expected it to have fallen to by now (``price_trend``): only what comes on top of the usual decline
is news. The frontier at quality q is the cheapest of all that; a release is novel in price as far
as it lies below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from engine.threat.parameters import Sample, ThreatParameters
from engine.threat.quality import Quality, undecided_sd
from engine.values import FloatArray, ModelRelease

_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What could be bought: prices in USD per million tokens (None: that side not published).

    proven_quality: mean quality less what its missing scores leave undecided. age_days at the
    instant of the rating.
    """

    model: str
    price_input_usd_per_mtok: float | None
    price_output_usd_per_mtok: float | None
    proven_quality: float
    age_days: float


def has_price(release: ModelRelease) -> bool:
    """Whether a list price above zero is known for at least one side."""
    return any(
        price is not None and price > 0
        for price in (release.price_input_usd_per_mtok, release.price_output_usd_per_mtok)
    )


def offers_before(
    releases: Sequence[ModelRelease],
    qualities: Sequence[Quality],
    before: datetime,
    params: ThreatParameters,
) -> tuple[Offer, ...]:
    """Every priced model known strictly before the instant ``before``, whatever its country."""
    return tuple(
        Offer(
            model=release.model,
            price_input_usd_per_mtok=release.price_input_usd_per_mtok,
            price_output_usd_per_mtok=release.price_output_usd_per_mtok,
            proven_quality=quality.mean - undecided_sd(quality, params.settled_sd),
            age_days=max(0.0, (before - release.known_at).total_seconds() / 86_400),
        )
        for release, quality in zip(releases, qualities, strict=True)
        if release.known_at < before and has_price(release)
    )


def log_blended(
    price_in: float | None, price_out: float | None, draws: Sample
) -> FloatArray | None:
    """Log USD per million tokens of the usual mix, shape (draws,); None without any price.

    A missing side is inferred through the drawn price ratio, which widens the result.
    """
    share, ratio = draws["input_token_share"], draws["output_over_input_price"]
    known_in = price_in if price_in is not None and price_in > 0 else None
    known_out = price_out if price_out is not None and price_out > 0 else None
    if known_in is None and known_out is None:
        return None
    low = known_in if known_in is not None else (known_out or 0.0) / ratio
    high = known_out if known_out is not None else (known_in or 0.0) * ratio
    blended: FloatArray = np.log(share * low + (1 - share) * high)
    return blended


def frontier_log_price(
    offers: Sequence[Offer], quality: FloatArray, draws: Sample, *, own: str = ""
) -> FloatArray | None:
    """Log price of the cheapest comparable offer at ``quality`` (draws,); None without offers.

    An offer called ``own`` is the release itself, known earlier: of equal quality in every draw.

    min over offers of  log price + comparability * max(0, quality - proven quality)
                        - age / year * log(price_trend).
    """
    best: FloatArray | None = None
    trend = np.log(draws["price_trend"]) / _DAYS_PER_YEAR
    for offer in offers:
        price = log_blended(offer.price_input_usd_per_mtok, offer.price_output_usd_per_mtok, draws)
        if price is None:
            continue
        lack = 0.0 if offer.model == own else np.maximum(quality - offer.proven_quality, 0.0)
        at = price + draws["comparability"] * lack - offer.age_days * trend
        best = at if best is None else np.minimum(best, at)
    return best


def binding_offer(offers: Sequence[Offer], quality: float, draws: Sample) -> Offer | None:
    """The offer that most often sets the frontier at one quality, judged at median draws."""
    share, ratio, worse, trend = (
        float(np.median(draws[name]))
        for name in (
            "input_token_share",
            "output_over_input_price",
            "comparability",
            "price_trend",
        )
    )

    def price(offer: Offer) -> float:
        low, high = offer.price_input_usd_per_mtok, offer.price_output_usd_per_mtok
        low = low if low else (high or 0.0) / ratio
        high = high if high else low * ratio
        lack = max(0.0, quality - offer.proven_quality)
        aged = offer.age_days / _DAYS_PER_YEAR * math.log(trend)
        return math.log(share * low + (1 - share) * high) + worse * lack - aged

    return min(offers, key=price, default=None)
