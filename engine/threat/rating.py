"""The threat rating: what a release puts at risk of Nvidia's data-centre revenue in twelve months.

``rate`` is pure: a release, a ``World`` that holds only what was known, and parameters give a
``ThreatRating``; the same arguments give the same bits. It never looks at prices of shares.

Score: ``100 (1 - exp(-E[max(0, -dR)] / R / loss_scale))``. The mean of dR can be a gain while the
downside is real (the rebound is convex), so the net mean stands beside the score. A channel's part
is its mean over the draws whose total is a loss, scaled so that the parts add up to the score.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import numpy as np

from engine.errors import NotObservedError
from engine.threat import reasons
from engine.threat.catalogue import first_versions
from engine.threat.channels import CHANNEL_ORDER, Case, Pair, all_channels
from engine.threat.feasibility import (
    FeasibilityEvidence,
    Kind,
    assess,
    evidence_of,
    setbacks_weight,
    settle,
    without_setbacks_of,
)
from engine.threat.frontier import (
    Offer,
    Standing,
    binding_offer,
    handicapped_log_prices,
    log_blended,
    offers_before,
)
from engine.threat.parameters import (
    DEFAULT_DRAWS,
    DEFAULT_SEED,
    Sample,
    ThreatParameters,
    sample,
    standard,
    unit_ranks,
)
from engine.threat.quality import Quality, fit_quality, undecided_sd
from engine.threat.supply import (
    carrying_share,
    china_share_draws,
    current_spells,
    friction,
    run_rate_usd_bn,
)
from engine.threat.world import World, world_as_of
from engine.values import Accelerator, FloatArray, ModelRelease, ThreatRating

SENSITIVITY_SHOWN = 8
NO_SIGN_OF_LINK = 0.05
"""Three standard errors of a rank correlation of nothing over 4,096 draws (1 / sqrt(4095))."""
_CLOSE_QUALITY, _CLOSE_LOG, _UNKNOWN_APART = 0.25, math.log(4.0), 9.0
"""Units of ``closest_earlier``: a quarter logit of quality, a factor of four in price and size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostClaim:
    """A press claim such as "at 7 % of the cost": shown beside the estimate, moves nothing."""

    text: str
    claimed_ratio: float
    source: str
    confidence: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the world said before the release: the release's surroundings, not yet drawn."""

    earlier: tuple[ModelRelease, ...]
    qualities: tuple[Quality, ...]
    own: Quality
    best_quality: float
    offers: tuple[Offer, ...]
    record: tuple[FeasibilityEvidence, ...]
    added: tuple[FeasibilityEvidence, ...]


def rate(
    release: ModelRelease,
    world: World,
    params: ThreatParameters,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
    drawn: Sample | None = None,
    claims: Sequence[CostClaim] = (),
) -> ThreatRating:
    """Rate ``release`` in ``world``.

    The frontier and the feasibility record are those known strictly before the release; earnings,
    supply and permissions those of the world. ``drawn`` reuses a ``sample`` (then draws and seed
    are ignored). Raises ``NotObservedError`` when the world holds no data-centre revenue.
    """
    with_ = drawn if drawn is not None else sample(params, draws=draws, seed=seed)
    revenue = run_rate_usd_bn(world.earnings)
    if revenue is None:
        raise NotObservedError(
            f"{release.model}: no data-centre revenue of Nvidia is known at {world.as_of:%Y-%m-%d}",
            remedy="load nvidia_earnings, or rate at a later date",
        )
    setting = _setting(release, world, params)
    case = _case(release, world, params, setting, with_)
    shares = all_channels(case, with_)
    return _assemble(release, world, params, setting, case, shares, revenue, with_, claims)


def rate_all(
    releases: Iterable[ModelRelease],
    facts: World,
    params: ThreatParameters,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
) -> tuple[ThreatRating, ...]:
    """Each release rated on its own day, from what was known on it; newest fact last.

    ``facts`` holds everything up to its ``as_of`` (a ``World``); releases known later are left out,
    and so are those before Nvidia's first known report. All share one sample.
    """
    drawn = sample(params, draws=draws, seed=seed)
    ratings = []
    for release in first_versions(releases):
        if release.known_at > facts.as_of:
            continue
        world = at_instant(facts, release.known_at)
        if run_rate_usd_bn(world.earnings) is not None:
            ratings.append(rate(release, world, params, drawn=drawn))
    return tuple(ratings)


def at_instant(facts: World, instant: datetime) -> World:
    """``facts`` cut back to an earlier instant. Chips must already be those on sale later."""
    return world_as_of(
        instant,
        releases=facts.releases,
        accelerators=facts.accelerators,
        availability=facts.availability,
        supply=facts.supply,
        earnings=facts.earnings,
        evidence=facts.evidence,
        costs=facts.costs,
    )


# --- the surroundings ---


def _setting(release: ModelRelease, world: World, params: ThreatParameters) -> Setting:
    earlier = world.earlier_than(release)
    *others, own = fit_quality((*earlier, release), params)
    qualities = tuple(others)
    scored = (q.mean for q in qualities if q.n_scores)
    best = max(scored, default=params.prior_mean + params.prior_sd)
    known = tuple(e for e in world.evidence if e.known_at < release.known_at)
    return Setting(
        earlier=earlier,
        qualities=qualities,
        own=own,
        best_quality=best,
        offers=offers_before(earlier, qualities, release.known_at, params),
        record=(*known, *_record_of(earlier, qualities, params)),
        added=evidence_of(release, _closeness(own, best)),
    )


def _record_of(
    earlier: Sequence[ModelRelease], qualities: Sequence[Quality], params: ThreatParameters
) -> list[FeasibilityEvidence]:
    """What earlier releases showed, each weighed against the best model of its own day."""
    made: list[FeasibilityEvidence] = []
    best = params.prior_mean + params.prior_sd
    for release, quality in zip(earlier, qualities, strict=True):
        made.extend(evidence_of(release, _closeness(quality, best)))
        if quality.n_scores:
            best = max(best, quality.mean)
    return made


def _closeness(quality: Quality, best: float) -> float:
    """1 at the frontier, falling to 1/e a logit below; an unscored model counts half."""
    near = math.exp(-max(0.0, best - quality.mean))
    return near if quality.n_scores else 0.5 * near


# --- one release in draws ---


def _case(
    release: ModelRelease,
    world: World,
    params: ThreatParameters,
    setting: Setting,
    draws: Sample,
) -> Case:
    standing = Standing(
        model=release.model,
        mean=setting.own.mean,
        doubt=undecided_sd(setting.own, params.settled_sd),
        z=standard(draws.noise["release_quality"]),
    )
    lack = np.maximum(setting.best_quality - standing.quality, 0.0)
    log_price = log_blended(
        release.price_input_usd_per_mtok, release.price_output_usd_per_mtok, draws
    )
    counted = handicapped_log_prices(setting.offers, standing, draws)
    frontier = None if counted is None else counted.min(axis=0)
    rho, rho_compute = _log_rhos(release, world, log_price, frontier, draws)
    added = setting.added
    record = settle(setting.record, (*setting.record, *added))
    everything = (*record, *added)
    before = assess(record, draws)
    shown_here = any(e.kind is Kind.TRAINING_SUCCESS for e in added)
    late = tuple(e for e in added if e.kind is Kind.DELAY)
    failed = len(without_setbacks_of(everything, release.lab)) < len(everything)
    return Case(
        quality=standing.quality,
        binding=binding_offer(setting.offers, counted),
        reach=np.exp(-lack / draws["quality_width"]),
        adoption=_adoption(release, draws),
        log_price=log_price,
        log_frontier=frontier,
        log_rho=rho,
        log_rho_compute=rho_compute,
        china_share=china_share_draws(world.earnings, draws),
        carrying=carrying_share(world.supply, world.earnings, world.as_of, draws),
        pair=_pair(release, world, draws),
        before=before,
        after=assess(everything, draws) if added else before,
        held_back=assess((*record, *late), draws) if late else before,
        without_setbacks=(
            assess(without_setbacks_of(record, release.lab), draws) if failed else before
        ),
        setbacks_weight=setbacks_weight(everything, release, world.as_of, draws),
        format_in_doubt="fp8" in (release.weight_precision or "") and not shown_here,
    )


def _log_rhos(
    release: ModelRelease,
    world: World,
    log_price: FloatArray | None,
    frontier: FloatArray | None,
    draws: Sample,
) -> tuple[FloatArray, FloatArray]:
    """Log of price over frontier (0 at most), and of the compute that it really saves.

    Compute saved is ``compute_part`` of the gap; a price below what serving costs on the cheapest
    Nvidia chip of the day is a gift, and the gift is no efficiency.
    """
    none = np.zeros(draws.draws)
    if frontier is None:
        return none, none
    if log_price is None:
        gap = np.minimum(np.log(draws["unknown_price_ratio"]), 0.0)
        return gap, draws["compute_part"] * gap
    gap = np.minimum(log_price - frontier, 0.0)
    floor = _cheapest_nvidia(release, world)
    honest = log_price if floor is None else np.maximum(log_price, math.log(floor))
    return gap, draws["compute_part"] * np.minimum(honest - frontier, 0.0)


def _adoption(release: ModelRelease, draws: Sample) -> FloatArray:
    """Open weights reach further; abroad a closed service is sold everywhere too."""
    opened, closed = draws["adoption_open"], draws["adoption_closed"]
    if release.country != "CN" or release.open_weights:
        return opened
    if release.open_weights is False:
        return closed
    return closed + draws.noise["adoption_unknown"] * (opened - closed)


def _on_hand(chips: Iterable[Accelerator], *, vendor: str) -> list[Accelerator]:
    return [c for c in chips if c.vendor == vendor]


def _cheapest_nvidia(release: ModelRelease, world: World) -> float | None:
    costs = world.costs.get(release.model)
    if costs is None:
        return None
    names = [c.chip for c in _on_hand(world.accelerators, vendor="NVIDIA")]
    return min((costs.serving[n] for n in names if n in costs.serving), default=None)


def _pair(release: ModelRelease, world: World, draws: Sample) -> Pair:
    """The best chips of both sides that China could buy on the day."""
    costs = world.costs.get(release.model)
    serving: Mapping[str, float] = {} if costs is None else costs.serving
    training: Mapping[str, float] = {} if costs is None else costs.training
    home = [c for c in world.accelerators if c.domestic]
    nvidia, rub, barred = _obtainable(world, serving, draws)
    best = min((c for c in home if c.chip in serving), key=lambda c: serving[c.chip], default=None)
    trains = min((training[c.chip] for c in home if c.chip in training), default=None)
    log_serving = np.log(draws["serving_cost_ratio"])
    log_training = np.log(draws["training_cost_ratio"])
    modelled = best is not None and nvidia is not None
    if best is not None and nvidia is not None:
        error = np.log(draws["throughput_error"])
        log_serving = math.log(serving[best.chip] / serving[nvidia]) + error
        if trains is not None and nvidia in training:
            log_training = math.log(trains / training[nvidia]) + error
    return Pair(
        log_serving=log_serving - np.log(rub),
        log_training=log_training - np.log(rub),
        barred=barred,
        native_fp8=bool(best.fp8_native) if best is not None else False,
        nvidia_chip=nvidia,
        domestic_chip=None if best is None else best.chip,
        from_cost_model=modelled,
    )


def _obtainable(
    world: World, serving: Mapping[str, float], draws: Sample
) -> tuple[str | None, FloatArray, bool]:
    """(chip, friction draws, barred) of the Nvidia chip cheapest in China, friction included.

    Chips of the table come first; a spell of a chip outside it speaks only where no other does.
    Without any spell nothing restricts sales: the cheapest chip, no friction.
    """
    chips = _on_hand(world.accelerators, vendor="NVIDIA")
    tabled: list[tuple[float, str | None, FloatArray, bool]] = []
    others: list[tuple[float, str | None, FloatArray, bool]] = []
    for name, spell in current_spells(world.availability).items():
        if name.startswith("AMD"):
            continue
        rub = friction(spell, draws)
        barred = spell.us_permission == "barred" or spell.china_acceptance == "blocked"
        match = next((c.chip for c in chips if _is_chip(name, c.chip)), None)
        cost = None if match is None else serving.get(match)
        price = (1.0 if cost is None else cost) * float(np.median(rub)) + 1e6 * barred
        found = (price, match if cost is not None else None, rub, barred)
        (others if match is None else tabled).append(found)
    if tabled or others:
        _, chip, rub, barred = min(tabled or others, key=lambda f: f[0])
        return chip, rub, barred
    free = min((c.chip for c in chips if c.chip in serving), key=lambda n: serving[n], default=None)
    return free, np.ones(draws.draws), False


def _is_chip(short: str, full: str) -> bool:
    return f" {short.lower()} " in f" {full.lower()} "


# --- from draws to the rating ---


def _assemble(
    release: ModelRelease,
    world: World,
    params: ThreatParameters,
    setting: Setting,
    case: Case,
    shares: FloatArray,
    revenue: float,
    draws: Sample,
    claims: Sequence[CostClaim],
) -> ThreatRating:
    total = shares.sum(axis=0)
    loss = np.maximum(-total, 0.0)
    expected = float(loss.mean())
    score = on_grid(to_score(expected, params))
    low, high = (to_score(float(q), params) for q in np.quantile(loss, (0.05, 0.95)))
    net_low, net_high = (float(q) for q in np.quantile(total, (0.05, 0.95)))
    parts = channel_parts(shares, score)
    story = reasons.Story(
        release=release,
        world=world,
        setting=setting,
        case=case,
        revenue_usd_bn=revenue,
        score=score,
        parts=parts,
        expected_loss_share=expected,
        net_mean_share=float(total.mean()),
        claims=tuple(claims),
    )
    return ThreatRating(
        model=release.model,
        rated_at=world.as_of,
        score=score,
        score_low=min(low, score),
        score_high=max(high, score),
        expected_loss_share=expected,
        net_mean_share=float(total.mean()),
        net_low_share=net_low,
        net_high_share=net_high,
        p_loss_over_5pct=float(np.mean(loss > params.loss_threshold)),
        revenue_usd_bn=revenue,
        channels=MappingProxyType(parts),
        channel_usd_bn=MappingProxyType(
            {n: float(s.mean()) * revenue for n, s in zip(CHANNEL_ORDER, shares, strict=True)}
        ),
        novelty=novelty(case),
        reasons=reasons.paragraph_of(story),
        evidence=reasons.evidence_of_story(story),
        sensitivity=sensitivity(total, draws),
        closest_earlier=closest_earlier(release, setting),
        model_version=params.model_version,
        confidence=reasons.confidence_of(story),
    )


def to_score(loss_share: float, params: ThreatParameters) -> float:
    """0 to 100, saturating; ``loss_scale`` is the loss that scores 63."""
    return 100.0 * -math.expm1(-loss_share / params.loss_scale)


def channel_parts(shares: FloatArray, score: float) -> dict[str, float]:
    """Parts of the score by channel, which add up to it *exactly*; all zero when it is zero.

    shares of shape (4, draws); score on the grid of ``on_grid``. A part is the channel's mean loss
    over the draws whose total is a loss, times score over the sum of these; a channel that softened
    the loss has a negative part.
    """
    losing = shares.sum(axis=0) < 0.0
    means = [float(x) + 0.0 for x in -(shares * losing).mean(axis=1)]  # + 0.0: never -0.0
    whole = math.fsum(means)
    if whole <= 0.0 or score <= 0.0:
        return dict.fromkeys(CHANNEL_ORDER, 0.0)
    parts = {n: on_grid(m * score / whole) for n, m in zip(CHANNEL_ORDER, means, strict=True)}
    largest = max(parts, key=lambda n: abs(parts[n]))
    parts[largest] += score - sum(parts.values())  # exact: everything is on the grid
    return parts


def on_grid(x: float) -> float:
    """``x`` on the grid of 2^-32, where sums of numbers below a million are exact in binary64."""
    return round(x * 2.0**32) / 2.0**32


def sensitivity(total: FloatArray, draws: Sample) -> tuple[tuple[str, float], ...]:
    """Spearman correlation of each uncertain parameter with the loss, the strongest first.

    Positive: the larger the parameter, the larger the loss. A constant total moves with nothing.
    """
    if float(np.ptp(total)) == 0.0:
        return ()
    rho = draws.ranks @ unit_ranks(-total)
    order = np.argsort(-np.abs(rho), kind="stable")[:SENSITIVITY_SHOWN]
    return tuple((draws.names[i], float(rho[i])) for i in order if abs(rho[i]) >= NO_SIGN_OF_LINK)


def novelty(case: Case) -> float:
    """0 to 1: how far the release moved the price frontier or the feasibility record.

    1 - (1 - reach (1 - rho)) (1 - largest gain in probability), at the mean.
    """
    price = float(np.mean(case.reach * (1.0 - np.exp(case.log_rho))))
    gain = max(
        float(np.mean(case.after.training - case.before.training)),
        float(np.mean(case.after.inference - case.before.inference)),
        0.0,
    )
    return 1.0 - (1.0 - price) * (1.0 - gain)


def closest_earlier(release: ModelRelease, setting: Setting) -> str | None:
    """The earlier release nearest in quality, price and size; an unknown counts three units."""
    if not setting.earlier:
        return None

    def apart(a: float | None, b: float | None) -> float:
        if a is None or b is None or a <= 0 or b <= 0:
            return _UNKNOWN_APART
        return (math.log(a / b) / _CLOSE_LOG) ** 2

    def distance(pair: tuple[ModelRelease, Quality]) -> tuple[float, str]:
        other, quality = pair
        scored = quality.n_scores and setting.own.n_scores
        gap = (
            ((quality.mean - setting.own.mean) / _CLOSE_QUALITY) ** 2 if scored else _UNKNOWN_APART
        )
        gap += apart(release.price_output_usd_per_mtok, other.price_output_usd_per_mtok)
        gap += apart(release.total_params_b, other.total_params_b)
        return gap, other.model

    return min(zip(setting.earlier, setting.qualities, strict=True), key=distance)[0].model
