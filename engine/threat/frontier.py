"""The price-quality frontier as it stood before a release.

An offer is a model somebody could buy, at its list price of that day and its quality. An offer of
lower quality counts at a handicap: ``comparability`` log price per logit it lacks, so far worse
offers do not count at all and nearly equal ones do. An older offer counts at the price everybody
expected it to have fallen to by now (``price_trend``): only what comes on top of the usual decline
is news. The frontier at quality q is the cheapest of all that; a release is novel in price as far
as it lies below.
"""

from __future__ import annotations

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

    quality: mean, doubt: what its missing scores leave undecided of it. age_days at the rating.
    """

    model: str
    price_input_usd_per_mtok: float | None
    price_output_usd_per_mtok: float | None
    quality: float
    doubt: float
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
            quality=quality.mean,
            doubt=undecided_sd(quality, params.settled_sd),
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

    Against a release with a full score card an offer counts at what it proved, one deviation below
    its mean. Against one as little scored as itself, both share the same doubt: an unscored copy
    is no news. An offer of the same name is the release itself, known earlier: it lacks nothing.
    """
    if offer.model == own.model:
        return np.zeros_like(own.z)
    if offer.doubt == 0.0:
        return np.maximum(own.quality - offer.quality, 0.0)
    shared = min(1.0, own.doubt / offer.doubt)
    counted = offer.quality - offer.doubt + shared * offer.doubt * (1.0 + own.z)
    return np.maximum(own.quality - counted, 0.0)


def handicapped_log_prices(
    offers: Sequence[Offer], own: Standing, draws: Sample
) -> FloatArray | None:
    """What each offer counts at for the release's buyers, log USD, (offers, draws); or None.

    log price + comparability * quality lacking - age / year * log(price_trend).
    """
    trend = np.log(draws["price_trend"]) / _DAYS_PER_YEAR
    rows = []
    for offer in offers:
        price = log_blended(offer.price_input_usd_per_mtok, offer.price_output_usd_per_mtok, draws)
        if price is not None:
            rows.append(
                price + draws["comparability"] * lacking(offer, own) - offer.age_days * trend
            )
    return np.stack(rows) if rows else None


def binding_offer(offers: Sequence[Offer], counted: FloatArray | None) -> Offer | None:
    """The offer that sets the frontier in most draws; ``counted`` is ``handicapped_log_prices``."""
    if counted is None:
        return None
    often = np.bincount(np.argmin(counted, axis=0), minlength=len(offers))
    return offers[int(np.argmax(often))]
