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
_ALIKE_SIZE, _ALIKE_DAYS, _UNLIKE = math.log(3.0), 91.0, 2.0
"""Log of active parameters and days over which two unknown prices come to have little to do with
each other (the price of a given quality falls by half in a quarter), and the log price for a size
that only one of them tells, as of sizes nine times apart: judgement."""
_TOO_DEAR, _USUAL_RATIO = 3.0, 4.0
"""Log price beyond the nearest offer at which another weighs under a five-thousandth in the soft
minimum; output over input price of a usual list."""
_LARGEST_STEP = 1.5
"""Logits, from 50 to 82 % of GPQA Diamond: a year and a half of progress at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A model somebody could buy before the release.

    quality: mean; doubt: what missing scores leave undecided of it. age_days at the rating.
    is_open: None where nobody said whether its weights are open. active_params_b: billions at work
    for a token, None where not disclosed.
    """

    model: str
    price_input_usd_per_mtok: float | None
    price_output_usd_per_mtok: float | None
    quality: float
    doubt: float
    age_days: float
    is_open: bool | None
    closed_in_china: bool
    active_params_b: float | None = None


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
            is_open=r.open_weights,
            closed_in_china=r.country == "CN" and not r.open_weights,
            active_params_b=r.active_params_b,
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
class ReleaseStanding:
    """Where the release stands: mean quality, undecided deviation, and standard draws of it.

    closed_in_china: it is such a service itself, and its buyers are those of its like.
    """

    model: str
    mean: float
    doubt: float
    z: FloatArray
    closed_in_china: bool = False
    active_params_b: float | None = None

    @property
    def quality(self) -> FloatArray:
        """Quality draws, (draws,)."""
        return self.mean + self.doubt * self.z


def lacking(offer: Offer, own: ReleaseStanding) -> FloatArray:
    """Quality the offer lacks against the release, (draws,), at least 0.

    What both leave undecided is shared: an unscored copy is no news. An offer of the same name is
    the release itself, known earlier: it lacks nothing.
    """
    if offer.model == own.model:
        return np.zeros_like(own.z)
    shared = min(own.doubt, offer.doubt)
    return np.maximum(own.mean - offer.quality + (own.doubt - shared) * own.z, 0.0)


def expected_log_price(
    offers: Sequence[Offer],
    own: ReleaseStanding,
    draws: Draws,
    *,
    unpublished: FloatArray | None = None,
) -> tuple[FloatArray, str] | None:
    """What buyers expect for the release's quality, (draws,), and the offer nearest to setting it.

    None without a priced offer. A soft minimum over the offers of::

        log price + comparability * quality lacking - age / year * log(price_trend) + reach

    ``unpublished``: log price draws of a release that published none. An earlier offer without a
    price then stands at the same, and the higher the less alike the two are (``_dearer``): what
    neither tells is no step from the one to the other. Against a published price such an offer says
    nothing.
    """
    rows = within_reach(offers, own, draws, unpublished)
    if not rows:
        return None
    trend = np.log(draws["price_trend"]) / _DAYS_PER_YEAR
    closed = -np.log(draws["adoption_closed"])
    stacked = np.empty((len(rows), draws.draws))
    for row, offer in zip(stacked, rows, strict=True):
        np.multiply(draws["comparability"], lacking(offer, own), out=row)
        price = log_blended(offer.price_input_usd_per_mtok, offer.price_output_usd_per_mtok, draws)
        if price is not None:
            row += price - offer.age_days * trend
        elif unpublished is not None:  # within reach: it has the one or the other
            row += unpublished + _dearer(offer, own)
        if _is_further(offer, own):
            row += closed
    nearest = rows[int(stacked.mean(axis=1).argmin())].model
    low = stacked.min(axis=0)
    stacked -= low
    stacked *= -1.0 / _SOFT_PRICE
    np.exp(stacked, out=stacked)
    return low - _SOFT_PRICE * np.log(stacked.sum(axis=0)), nearest


def _dearer(offer: Offer, own: ReleaseStanding) -> float:
    """Log price by which an offer without a price stands above a release without one.

    What the one has at work for a token over the other, to which cost goes; and the less alike they
    are in that and in age, the less the one unknown price says of the other. 0 for a copy at once.
    """
    age = offer.age_days / _ALIKE_DAYS
    theirs, mine = offer.active_params_b, own.active_params_b
    if theirs and mine:
        heavier = math.log(theirs / mine)
        return heavier + 0.5 * (heavier / _ALIKE_SIZE) ** 2 + age
    return age + _UNLIKE * ((theirs is None) != (mine is None))


def _is_further(offer: Offer, own: ReleaseStanding) -> bool:
    """Whether fewer buyers reach the offer than the release: a closed service in China alone."""
    return offer.closed_in_china and not own.closed_in_china and offer.model != own.model


def within_reach(
    offers: Sequence[Offer],
    own: ReleaseStanding,
    draws: Draws,
    unpublished: FloatArray | None = None,
) -> tuple[Offer, ...]:
    """The offers that can shape the expectation: the others are three e-folds too dear.

    Judged in the middle of the draws and at both ends of comparability and of the own quality.
    """
    stand_in = None if unpublished is None else float(np.median(unpublished))
    trend = float(np.median(np.log(draws["price_trend"]))) / _DAYS_PER_YEAR
    priced: list[tuple[Offer, float]] = []
    for offer in offers:
        price = _central_log_price(offer)
        if price is not None:
            priced.append((offer, price - offer.age_days * trend))
        elif stand_in is not None:
            priced.append((offer, stand_in + _dearer(offer, own)))
    near: set[int] = set()
    closed = -float(np.median(np.log(draws["adoption_closed"])))
    for slope in (float(q) for q in np.quantile(draws["comparability"], (0.02, 0.5, 0.98))):
        for quality in (own.mean - 2 * own.doubt, own.mean, own.mean + 2 * own.doubt):
            counted = [
                p
                + slope * (0.0 if o.model == own.model else max(0.0, quality - o.quality))
                + closed * _is_further(o, own)
                for o, p in priced
            ]
            least = min(counted, default=0.0)
            near |= {i for i, value in enumerate(counted) if value <= least + _TOO_DEAR}
    return tuple(priced[i][0] for i in sorted(near))


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
    own: ReleaseStanding,
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
        near *= 1.0 if bool(offer.is_open) == bool(release.open_weights) else 0.2
        weights.append(near * math.exp(-offer.age_days / _DAYS_PER_YEAR))
        prices.append(price)
    kind = float(np.average(prices, weights=np.maximum(weights, 1e-9)))
    centre = 0.5 * (kind + expected)
    return centre + _PRICE_UNKNOWN_SD * standard(draws.noise["release_price"])


def below(expected: FloatArray, price: FloatArray) -> FloatArray:
    """Price novelty, (draws,), at least 0: log of the expectation over the price.

    A difference within the noise is hardly one, and none is none.
    """
    return _step(expected - price, _SOFT_GAP)


def closing(
    offers: Sequence[Offer], own: ReleaseStanding, draws: Draws, *, is_open: bool | None
) -> FloatArray:
    """Openness novelty, (draws,): logits by which the release carries open weights further.

    The lead of open weights is that of ``leading``; noise stands for how well two cards compare.
    0 for closed weights; unknown openness counts half, against others of unknown openness too. The
    step is cut at ``_LARGEST_STEP``; where nothing open was known there is nothing to compare.
    """
    if is_open is False:
        return np.zeros(draws.draws)
    ignored = () if is_open else (None,)
    opened = [o for o in offers if o.is_open or o.is_open in ignored]
    if not opened:
        return np.zeros(draws.draws)
    noise = _SOFT_OPEN * standard(draws.noise["openness"])
    ahead = _step(own.quality + noise - leading(opened, own), _SOFT_OPEN)
    moved = np.minimum(ahead, _LARGEST_STEP)
    return moved if is_open else 0.5 * moved


def leading(opened: Sequence[Offer], own: ReleaseStanding) -> FloatArray:
    """Lead of open weights, (draws,): a soft maximum over those known, each at what it has proved.

    What is undecided of the release and of an offer alike is drawn once for both (``lacking``), so
    that one unscored model is no step beyond another.
    """
    proved: dict[float, list[float]] = {}
    for offer in opened:
        shared = min(own.doubt, offer.doubt)
        proved.setdefault(shared, []).append(offer.quality - (offer.doubt - shared))
    levels = [_soft_maximum(np.array(found)) + shared * own.z for shared, found in proved.items()]
    return _soft_maximum(np.stack(levels))


def _soft_maximum(values: FloatArray) -> FloatArray:
    result: FloatArray = _SOFT_OPEN * np.logaddexp.reduce(values / _SOFT_OPEN, axis=0)
    return result


def _step(gap: FloatArray, noise: float) -> FloatArray:
    """``gap`` less one ``noise`` far off, softly taken for nothing near it.

    Exactly 0 for no gap and for less: what the soft edge would credit there dies away over a noise.
    """
    x = np.maximum(gap / noise, 0.0)
    soft = np.logaddexp(0.0, x - 1.0) - math.log1p(math.exp(-1.0)) * np.exp(-x)
    result: FloatArray = noise * np.maximum(soft, 0.0)
    return result
